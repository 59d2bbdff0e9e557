internal import VardeModel

extension PromQLEvaluator {
    /// Series that are buckets of one classic histogram, or one native histogram.
    private struct HistogramGroup {
        var labels: Labels
        /// The metric's name for annotations; empty where names are dropped at once.
        var name: String
        var drops: Bool
        var buckets: [(series: Int, bound: Double)] = []
        /// Series that may hold native histograms.
        var natives: [Int] = []
    }

    /// `histogram_quantile`, `histogram_quantiles` and `histogram_fraction` over classic and native histograms.
    func histogramFunction(_ node: PromQLCall, _ grid: StepGrid, _ notes: inout PromQLAnnotations) throws(QueryError) -> StepMatrix {
        let name = node.function.name
        let vectorPlace = name == "histogram_quantile" ? 1 : name == "histogram_fraction" ? 2 : 0
        let position = node.arguments[vectorPlace].range
        var parameters: [[Double]] = []
        var label: String?
        if name == "histogram_quantiles" {
            label = try text(node.arguments[1])
            for argument in node.arguments.dropFirst(2) { parameters.append(try scalar(argument, grid, &notes)) }
        } else {
            for argument in node.arguments[..<vectorPlace] { parameters.append(try scalar(argument, grid, &notes)) }
        }
        let input = try vector(node.arguments[vectorPlace], grid, &notes)
        if name != "histogram_fraction" {
            for (i, values) in parameters.enumerated() {
                for q in values where q.isNaN || q < 0 || q > 1 {
                    notes.invalidQuantile(q, node.arguments[label == nil ? i : i + 2].range)
                }
            }
        }
        let groups = histogramGroups(input, position, &notes)
        var result = StepMatrix(grid: grid)
        var forcings = StepForcings(stepCount: grid.count)
        defer { forcings.report(position, to: &notes) }
        if let label {
            for quantiles in parameters {
                // Each value a quantile takes makes series of its own.
                try budget.hold(Set(quantiles.map(\.bitPattern)).count * groups.count * grid.count)
                for (place, group) in groups.enumerated() {
                    appendQuantiles(quantiles, label: label, group, place, input, position, to: &result, &forcings, &notes)
                }
            }
            return grid.isInstant ? result : try result.mergingEqualLabels()
        }
        var row = StepRow(stepCount: grid.count)
        for (place, group) in groups.enumerated() {
            row.removeAll()
            evaluate(group, input, position, &notes) { step, histogram, notes in
                name == "histogram_quantile"
                    ? histogram.quantile(parameters[0][step], group.name, position, &notes) {
                        forcings.note(group.name, place, step, grid.time(step), $0)
                    }
                    : histogram.fraction(parameters[0][step], parameters[1][step], group.name, position, &notes)
            } emit: {
                row.set($0, $1)
            }
            if !row.isEmpty { result.append(group.labels, dropsName: true, row) }
        }
        return grid.isInstant ? result : try result.mergingEqualLabels()
    }

    private func appendQuantiles(
        _ quantiles: [Double], label: String, _ group: HistogramGroup, _ place: Int, _ input: StepMatrix, _ position: SourceRange,
        to result: inout StepMatrix, _ forcings: inout StepForcings, _ notes: inout PromQLAnnotations
    ) {
        let grid = input.grid
        var rows: [String: StepRow] = [:]
        var order: [String] = []
        evaluate(group, input, position, &notes) { step, histogram, notes in
            histogram.quantile(quantiles[step], group.name, position, &notes) {
                forcings.note(group.name, place, step, grid.time(step), $0)
            }
        } emit: { step, value in
            let text = FloatText.openMetrics(quantiles[step])
            if rows[text] == nil { order.append(text) }
            rows[text, default: StepRow(stepCount: grid.count)].set(step, value)
        }
        for text in order {
            if let row = rows[text] { result.append(group.labels.setting(label, to: text), dropsName: label != Labels.metricName, row) }
        }
    }

    /// Puts series together that differ in `le` alone.
    private func histogramGroups(_ input: StepMatrix, _ position: SourceRange, _ notes: inout PromQLAnnotations) -> [HistogramGroup] {
        var groups: [HistogramGroup] = []
        var places: [Labels: Int] = [:]
        func place(_ labels: Labels, _ series: Int) -> Int {
            if let place = places[labels] { return place }
            places[labels] = groups.count
            let name = options.delaysNameRemoval ? labels.name : ""
            groups.append(HistogramGroup(labels: labels, name: name, drops: input.dropsName[series]))
            return groups.count - 1
        }
        for series in 0..<input.seriesCount {
            let labels = input.labels[series]
            let hasFloats = input.kinds[input.range(of: series)].contains(PointKind.float)
            if hasFloats {
                let text = labels["le"] ?? ""
                if let bound = GoNumber.float(text) {
                    groups[place(labels.removing(["le"]), series)].buckets.append((series, bound))
                } else {
                    notes.badBucketLabel(options.delaysNameRemoval ? labels.name : "", text, position)
                }
            }
            if !input.histograms[series].isEmpty { groups[place(labels, series)].natives.append(series) }
        }
        for i in groups.indices { groups[i].buckets.sort { $0.bound < $1.bound } }
        return groups
    }

    /// Calls the body with the histogram a group has at each step, classic or native, and emits what it yields.
    private func evaluate(
        _ group: HistogramGroup, _ input: StepMatrix, _ position: SourceRange, _ notes: inout PromQLAnnotations,
        _ body: (Int, AnyHistogram, inout PromQLAnnotations) -> Double, emit: (Int, Double) -> Void
    ) {
        var classic = ClassicHistogram()
        for step in 0..<input.grid.count {
            classic.buckets.removeAll(keepingCapacity: true)
            for (series, bound) in group.buckets where input.kind(series, step) == PointKind.float {
                classic.buckets.append(.init(upperBound: bound, count: input.value(series, step)))
            }
            var native: NativeHistogram?
            for series in group.natives where input.kind(series, step) == PointKind.histogram { native = input.histogram(series, step) }
            if let native {
                if classic.buckets.isEmpty {
                    emit(step, body(step, .native(native), &notes))
                } else {
                    notes.mixedClassicNative(group.name, position)
                }
            } else if !classic.buckets.isEmpty {
                emit(step, body(step, .classic(classic), &notes))
            }
        }
    }
}

/// Histograms whose buckets had to be made monotonic, step by step, and how Prometheus counts them.
private struct StepForcings {
    private struct Place: Hashable {
        var group: Int
        var step: Int
    }

    let stepCount: Int
    /// By metric name, one for each step.
    private var found: [String: [PromQLAnnotations.ForcedMonotonicity?]] = [:]
    private var seen: Set<Place> = []

    init(stepCount: Int) { self.stepCount = stepCount }

    /// Once for a histogram at a step: further quantiles of it find it as it was made.
    mutating func note(_ name: String, _ group: Int, _ step: Int, _ time: Int64, _ forcing: ClassicHistogram.Forcing) {
        guard seen.insert(Place(group: group, step: step)).inserted else { return }
        let own = PromQLAnnotations.ForcedMonotonicity(
            first: time, last: time, minBucket: forcing.minBucket, maxBucket: forcing.maxBucket, maxDifference: forcing.maxDifference)
        if found[name] == nil { found[name] = Array(repeating: nil, count: stepCount) }
        let before = found[name]?[step]
        found[name]?[step] = before.map { $0.joined(with: own) } ?? own
    }

    /// Prometheus joins, at every step behind the first, what it has told so far with itself: the count doubles from there on.
    func report(_ position: SourceRange, to notes: inout PromQLAnnotations) {
        for (name, steps) in found {
            var total: PromQLAnnotations.ForcedMonotonicity?
            for step in steps {
                if let before = total {
                    let joined = step.map { before.joined(with: $0) } ?? before
                    total = joined.joined(with: joined)
                } else {
                    total = step
                }
            }
            if let total { notes.forcedMonotonicity(name, total, position) }
        }
    }
}

/// A histogram of either kind.
private enum AnyHistogram {
    case classic(ClassicHistogram)
    case native(NativeHistogram)

    func quantile(
        _ q: Double, _ name: String, _ position: SourceRange, _ notes: inout PromQLAnnotations,
        onForcing: (ClassicHistogram.Forcing) -> Void
    ) -> Double {
        switch self {
        case .native(let histogram):
            let (value, finding) = histogram.quantile(q)
            switch finding {
            case .resultIsNaN: notes.quantileIsNaN(name, position)
            case .resultIsSkewed: notes.quantileIsSkewed(name, position)
            default: break
            }
            return value
        case .classic(var histogram):
            let (value, forcing) = histogram.quantile(q)
            if let forcing { onForcing(forcing) }
            return value
        }
    }

    func fraction(_ lower: Double, _ upper: Double, _ name: String, _ position: SourceRange, _ notes: inout PromQLAnnotations) -> Double {
        switch self {
        case .native(let histogram):
            let (value, finding) = histogram.fraction(from: lower, to: upper)
            if finding == .excluded { notes.fractionExcludesNaN(name, position) }
            return value
        case .classic(var histogram): return histogram.fraction(from: lower, to: upper)
        }
    }
}
