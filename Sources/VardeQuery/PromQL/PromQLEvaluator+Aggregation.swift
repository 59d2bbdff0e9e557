internal import VardeModel

extension PromQLEvaluator {
    func aggregate(_ node: PromQLAggregate, _ grid: StepGrid, _ notes: inout PromQLAnnotations) throws(QueryError) -> StepMatrix {
        let operation = node.operation
        if operation == .countValues { return try countValues(node, grid, &notes) }
        if operation.folds {
            if let pipeline = try pipeline(node.expression, grid, &notes), canFold(pipeline, node) {
                let selection = try select(pipeline)
                if try mayClash(pipeline) ? areDifferentWithoutNames(selection) : true {
                    let (result, findings) = try fold(
                        operation, by: node.grouping, without: node.without, pipeline, selection, grid, &notes)
                    notes.add(findings, operation, node.expression.range)
                    return result
                }
            }
            let input = try vector(node.expression, grid, &notes)
            return foldMatrix(input, node, &notes)
        }
        let parameters = try node.parameter.map { parameter throws(QueryError) in try scalar(parameter, grid, &notes) } ?? []
        let input = try vector(node.expression, grid, &notes)
        let groups = groups(of: input.labels, node)
        switch operation {
        case .quantile: return quantile(input, groups, parameters, node, &notes)
        case .topk, .bottomk, .limitk: return try bestSeries(input, groups, parameters, node, &notes)
        default: return try ratioOfSeries(input, parameters, node, &notes)
        }
    }

    /// Whether the series' own labels decide the groups: not where names are dropped before and would be asked for.
    private func canFold(_ pipeline: RowPipeline, _ node: PromQLAggregate) -> Bool {
        if options.delaysNameRemoval || !pipeline.dropsName { return true }
        return !options.typeAndUnitLabels && !node.grouping.contains { metadataLabels.contains($0) }
    }

    /// Whether two series could be the same once their names are dropped.
    private func mayClash(_ pipeline: RowPipeline) -> Bool {
        if options.delaysNameRemoval || !pipeline.dropsName { return false }
        return !pipeline.selector.matchers.contains { $0.name == Labels.metricName && $0.operation == .equal }
    }

    private func areDifferentWithoutNames(_ selection: any SeriesSelection) throws(QueryError) -> Bool {
        try budget.hold(selection.count)
        defer { budget.release(selection.count) }
        return selection.areDifferentWithoutNames()
    }

    /// The group of each series, and each group's labels.
    private func groups(of labels: [Labels], _ node: PromQLAggregate) -> (ofSeries: [Int], labels: [Labels]) {
        if !node.without, node.grouping.isEmpty { return (Array(repeating: 0, count: labels.count), labels.isEmpty ? [] : [.empty]) }
        var ids: [Labels: Int] = [:]
        var groups: [Labels] = []
        let dropped = node.grouping + [Labels.metricName]
        let ofSeries = labels.map { own in
            let key = node.without ? own.removing(dropped) : own.keeping(node.grouping)
            if let id = ids[key] { return id }
            ids[key] = groups.count
            groups.append(key)
            return groups.count - 1
        }
        return (ofSeries, groups)
    }

    private func foldMatrix(_ input: StepMatrix, _ node: PromQLAggregate, _ notes: inout PromQLAnnotations) -> StepMatrix {
        let groups = groups(of: input.labels, node)
        var fold = AggregationFold(node.operation, groupCount: groups.labels.count, stepCount: input.grid.count)
        var row = StepRow(stepCount: input.grid.count)
        for series in 0..<input.seriesCount {
            input.read(series, into: &row)
            if row.isEmpty { continue }
            fold.add(row, to: groups.ofSeries[series], dropsName: input.dropsName[series], name: input.labels[series].name)
        }
        let result = fold.finish(labels: groups.labels, grid: input.grid)
        notes.add(fold.findings, node.operation, node.expression.range)
        return result
    }

    private func parameterRange(_ node: PromQLAggregate) -> SourceRange { node.parameter?.range ?? node.range }

    private func quantile(
        _ input: StepMatrix, _ groups: (ofSeries: [Int], labels: [Labels]), _ parameters: [Double], _ node: PromQLAggregate,
        _ notes: inout PromQLAnnotations
    ) -> StepMatrix {
        if parameters.contains(where: \.isNaN) { notes.invalidQuantile(.nan, parameterRange(node)) }
        if let largest = parameters.filter({ !$0.isNaN }).max(), largest > 1 { notes.invalidQuantile(largest, parameterRange(node)) }
        if let smallest = parameters.filter({ !$0.isNaN }).min(), smallest < 0 { notes.invalidQuantile(smallest, parameterRange(node)) }
        var members = [[Int]](repeating: [], count: groups.labels.count)
        for (series, group) in groups.ofSeries.enumerated() { members[group].append(series) }
        var result = StepMatrix(grid: input.grid)
        var row = StepRow(stepCount: input.grid.count)
        var values: [Double] = []
        for (group, labels) in groups.labels.enumerated() {
            row.removeAll()
            for step in 0..<input.grid.count {
                values.removeAll(keepingCapacity: true)
                for series in members[group] {
                    switch input.kind(series, step) {
                    case PointKind.float: values.append(input.value(series, step))
                    case PointKind.histogram: notes.histogramIgnored(in: .quantile, node.expression.range)
                    default: break
                    }
                }
                if !values.isEmpty { row.set(step, Quantiles.quantile(parameters[step], of: &values)) }
            }
            let drops = members[group].contains { input.dropsName[$0] }
            if !row.isEmpty { result.append(labels, dropsName: drops, row) }
        }
        return result
    }

    /// `topk`, `bottomk`, `limitk`: so many series of each group at each step.
    private func bestSeries(
        _ input: StepMatrix, _ groups: (ofSeries: [Int], labels: [Labels]), _ parameters: [Double], _ node: PromQLAggregate,
        _ notes: inout PromQLAnnotations
    ) throws(QueryError) -> StepMatrix {
        if parameters.allSatisfy({ $0 < 1 }) { return StepMatrix(grid: input.grid) }
        if parameters.contains(where: \.isNaN) { throw .execution("Parameter value is NaN") }
        if let smallest = parameters.min(), smallest <= -0x1p63 {
            throw .execution("Scalar value \(FloatText.general(smallest)) underflows int64")
        }
        if let largest = parameters.max(), largest >= 0x1p63 {
            throw .execution("Scalar value \(FloatText.general(largest)) overflows int64")
        }
        var chosen = StepChoice(input)
        var best = [[Int]](repeating: [], count: groups.labels.count)
        for step in 0..<input.grid.count {
            let limit = min(Int(parameters[step]), input.seriesCount)
            if limit < 1 { continue }
            for group in best.indices { best[group].removeAll(keepingCapacity: true) }
            for series in 0..<input.seriesCount {
                let kind = input.kind(series, step)
                if kind == PointKind.absent { continue }
                let group = groups.ofSeries[series]
                if node.operation == .limitk {
                    if best[group].count < limit { best[group].append(series) }
                } else if kind == PointKind.histogram {
                    notes.histogramIgnored(in: node.operation, node.range)
                } else {
                    insert(series, into: &best[group], limit: limit) {
                        input.value($0, step)
                    } isBetter: { a, b in
                        if a.isNaN { return false }
                        return b.isNaN || (node.operation == .topk ? a > b : a < b)
                    }
                }
            }
            for group in best { for series in group { chosen.keep(series, step) } }
        }
        return chosen.result
    }

    /// Inserts into a list of the best so far, best first; of equal ones the first stands before.
    private func insert(
        _ series: Int, into best: inout [Int], limit: Int, value: (Int) -> Double, isBetter: (Double, Double) -> Bool
    ) {
        let own = value(series)
        if best.count == limit, let last = best.last, !isBetter(own, value(last)) { return }
        var place = best.count
        while place > 0, isBetter(own, value(best[place - 1])) { place -= 1 }
        best.insert(series, at: place)
        if best.count > limit { best.removeLast() }
    }

    /// `limit_ratio`: the series whose hash falls into a share of all hashes.
    private func ratioOfSeries(
        _ input: StepMatrix, _ parameters: [Double], _ node: PromQLAggregate, _ notes: inout PromQLAnnotations
    ) throws(QueryError) -> StepMatrix {
        if parameters.allSatisfy({ $0 == 0 }) { return StepMatrix(grid: input.grid) }
        if parameters.contains(where: \.isNaN) { throw .execution("Ratio value is NaN") }
        if let largest = parameters.max(), largest > 1 { notes.invalidRatio(largest, cappedTo: 1, parameterRange(node)) }
        if let smallest = parameters.min(), smallest < -1 { notes.invalidRatio(smallest, cappedTo: -1, parameterRange(node)) }
        let places = input.labels.map { Double($0.prometheusHash) / Double(UInt64.max) }
        var chosen = StepChoice(input)
        for step in 0..<input.grid.count {
            let ratio = max(-1, min(1, parameters[step]))
            if ratio == 0 { continue }
            for series in 0..<input.seriesCount where input.kind(series, step) != PointKind.absent {
                if ratio > 0 ? places[series] < ratio : places[series] >= 1 + ratio { chosen.keep(series, step) }
            }
        }
        return chosen.result
    }

    private func countValues(_ node: PromQLAggregate, _ grid: StepGrid, _ notes: inout PromQLAnnotations) throws(QueryError) -> StepMatrix {
        guard case .string(let label)? = node.parameter else { throw .execution("count_values needs a label name") }
        if label.value.isEmpty || label.invalidBytes != nil {
            throw .execution("invalid label name \(PromQLExpression.string(label))")
        }
        let input = try vector(node.expression, grid, &notes)
        var result = StepMatrix(grid: grid)
        var rows: [Labels: Int] = [:]
        let dropped = node.grouping + [Labels.metricName]
        for step in 0..<grid.count {
            for series in 0..<input.seriesCount {
                let text: String
                switch input.kind(series, step) {
                case PointKind.float: text = FloatText.plain(input.value(series, step))
                case PointKind.histogram: text = input.histogram(series, step)?.text ?? ""
                default: continue
                }
                let own = input.labels[series].setting(label.value, to: text)
                let key = node.without ? own.removing(dropped) : own.keeping(node.grouping + [label.value])
                let row: Int
                if let known = rows[key] {
                    row = known
                } else {
                    row = result.seriesCount
                    rows[key] = row
                    result.appendEmpty(key)
                }
                let before = result.kind(row, step) == PointKind.absent ? 0 : result.value(row, step)
                result.set(row, step, before + 1)
            }
        }
        return result
    }
}

/// Some points of a matrix: at one step in the order they are chosen, else in the order of the series.
private struct StepChoice {
    private let input: StepMatrix
    private var order: [Int] = []
    private var kept: [Bool]

    init(_ input: StepMatrix) {
        self.input = input
        kept = [Bool](repeating: false, count: input.kinds.count)
    }

    mutating func keep(_ series: Int, _ step: Int) {
        kept[series * input.grid.count + step] = true
        if input.grid.isInstant { order.append(series) }
    }

    var result: StepMatrix {
        if input.grid.isInstant { return input.reordered(order) }
        var result = StepMatrix(grid: input.grid)
        var row = StepRow(stepCount: input.grid.count)
        for series in 0..<input.seriesCount {
            input.read(series, into: &row)
            let base = series * input.grid.count
            for step in 0..<input.grid.count where !kept[base + step] && row.kinds[step] != PointKind.absent { row.remove(step) }
            if !row.isEmpty { result.append(input.labels[series], dropsName: input.dropsName[series], row) }
        }
        return result
    }
}

extension Optional {
    /// As `map`, for closures that throw a `QueryError`.
    fileprivate func map<T>(_ body: (Wrapped) throws(QueryError) -> T) throws(QueryError) -> T? {
        guard let self else { return nil }
        return try body(self)
    }
}
