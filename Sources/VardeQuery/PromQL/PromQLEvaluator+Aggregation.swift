internal import VardeModel

extension PromQLEvaluator {
    func aggregate(_ node: PromQLAggregate, _ grid: StepGrid, _ notes: inout PromQLAnnotations) throws(QueryError) -> StepMatrix {
        let operation = node.operation
        if operation == .countValues { return try countValues(node, grid, &notes) }
        if operation.folds {
            if let pipeline = try pipeline(node.expression, grid, &notes), canFold(pipeline, node) {
                let (result, findings) = try fold(operation, by: node.grouping, without: node.without, pipeline, grid, &notes)
                notes.add(findings, operation, node.expression.range)
                return result
            }
            let input = try vector(node.expression, grid, &notes)
            return foldMatrix(input, node, &notes)
        }
        let parameters = try node.parameter.map { parameter throws(QueryError) in try scalar(parameter, grid, &notes) } ?? []
        let input = try vector(node.expression, grid, &notes)
        let groups = groups(of: input.labels, node)
        switch operation {
        case .quantile: return try quantile(input, groups, parameters, node, &notes)
        case .topk, .bottomk, .limitk: return try bestSeries(input, groups, parameters, node, &notes)
        default: return try ratioOfSeries(input, parameters, node, &notes)
        }
    }

    /// Whether the series' own labels decide the groups: not where names are dropped before and would be asked for.
    private func canFold(_ pipeline: RowPipeline, _ node: PromQLAggregate) -> Bool {
        if options.delaysNameRemoval || !pipeline.dropsName { return true }
        return !options.typeAndUnitLabels && !node.grouping.contains { metadataLabels.contains($0) }
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

    /// Points of a matrix a thread takes at least, so that starting it is worth while.
    private static let pointsPerThread = 10_000

    private func parameterRange(_ node: PromQLAggregate) -> SourceRange { node.parameter?.range ?? node.range }

    private func quantile(
        _ input: StepMatrix, _ groups: (ofSeries: [Int], labels: [Labels]), _ parameters: [Double], _ node: PromQLAggregate,
        _ notes: inout PromQLAnnotations
    ) throws(QueryError) -> StepMatrix {
        if parameters.contains(where: \.isNaN) { notes.invalidQuantile(.nan, parameterRange(node)) }
        if let largest = parameters.filter({ !$0.isNaN }).max(), largest > 1 { notes.invalidQuantile(largest, parameterRange(node)) }
        if let smallest = parameters.filter({ !$0.isNaN }).min(), smallest < 0 { notes.invalidQuantile(smallest, parameterRange(node)) }
        var members = [[Int]](repeating: [], count: groups.labels.count)
        for (series, group) in groups.ofSeries.enumerated() { members[group].append(series) }
        // Each thread takes some of the steps, of all groups.
        let threads = threadCount(most: input.kinds.count / Self.pointsPerThread)
        let (all, allMembers) = (parameters, members)
        let parts = try Threads.split(input.grid.count, into: threads) { steps in GroupQuantiles(input, allMembers, all, steps) }
        if parts.contains(where: \.hasMetHistogram) { notes.histogramIgnored(in: .quantile, node.expression.range) }
        var result = StepMatrix(grid: input.grid)
        var row = StepRow(stepCount: input.grid.count)
        for (group, labels) in groups.labels.enumerated() {
            row.removeAll()
            for part in parts { part.read(group, into: &row) }
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
        for steps in input.grid.stretches(of: BestSeries.mostCells / max(1, groups.labels.count)) {
            var best = BestSeries(input, steps, groupCount: groups.labels.count, limits: parameters)
            for series in 0..<input.seriesCount {
                let group = groups.ofSeries[series]
                switch node.operation {
                case .limitk: best.offerFirst(series, of: group)
                case .topk: best.offer(series, of: group) { $0 > $1 }
                default: best.offer(series, of: group) { $0 < $1 }
                }
            }
            if best.hasMetHistogram { notes.histogramIgnored(in: node.operation, node.range) }
            best.choose(into: &chosen)
        }
        return chosen.result
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
                    try budget.hold(grid.count)
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

extension Optional {
    /// As `map`, for closures that throw a `QueryError`.
    fileprivate func map<T>(_ body: (Wrapped) throws(QueryError) -> T) throws(QueryError) -> T? {
        guard let self else { return nil }
        return try body(self)
    }
}
