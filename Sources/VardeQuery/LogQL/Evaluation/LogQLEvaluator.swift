internal import VardeCompression
internal import VardeModel

/// Evaluates one metric query over a grid of steps.
struct LogQLEvaluator {
    let engine: LogQLEngine
    let grid: StepGrid
    let isRange: Bool
    let budget: QueryBudget

    /// One series without labels that has the same value at every step.
    func constant(_ value: Double) -> StepMatrix {
        var row = StepRow(stepCount: grid.count)
        for step in 0..<grid.count { row.set(step, value) }
        var matrix = StepMatrix(grid: grid)
        matrix.append(.empty, row)
        return matrix
    }

    func vector(_ metric: LogQLMetric, _ statistics: inout LogQLStatistics) throws(QueryError) -> StepMatrix {
        try budget.check()
        switch metric {
        case .range(let range): return try rangeAggregation(range, sumBy: nil, &statistics)
        case .vector(let aggregation): return try aggregate(aggregation, &statistics)
        case .binary(let operation): return try binary(operation, &statistics)
        case .labelReplace(let replace): return try labelReplace(replace, &statistics)
        case .literal(let value), .constant(let value): return constant(value)
        }
    }

    // MARK: Operators

    private func binary(_ node: LogQLBinaryOperation, _ statistics: inout LogQLStatistics) throws(QueryError) -> StepMatrix {
        let operation = node.operation
        var findings: Set<BinaryFinding> = []
        if case .literal(let value) = node.right {
            let left = try vector(node.left, &statistics)
            return StepMatrix.combine(
                operation, left, scalar: scalar(divisor(value, of: operation)), swapped: false, returnsBool: node.returnsBool,
                findings: &findings)
        }
        if case .literal(let value) = node.left {
            let right = try vector(node.right, &statistics)
            return StepMatrix.combine(
                operation, divisors(right, of: operation), scalar: scalar(value), swapped: true, returnsBool: node.returnsBool,
                findings: &findings)
        }
        let left = try vector(node.left, &statistics)
        let right = try vector(node.right, &statistics)
        var matching = node.matching ?? VectorMatching()
        if operation.isSet {
            matching.cardinality = .manyToMany
            return try StepMatrix.combine(operation, left, right, matching)
        }
        do throws(QueryError) {
            return try StepMatrix.combine(
                operation, left, divisors(right, of: operation), matching, returnsBool: node.returnsBool, findings: &findings)
        } catch {
            throw Self.worded(error)
        }
    }

    /// A refusal to match series, in Loki's words.
    private static func worded(_ error: QueryError) -> QueryError {
        guard error.message.hasPrefix("found duplicate series") else { return error }
        let side = error.message.contains("on the left hand-side") ? "left" : "right"
        return .badData(
            "found duplicate series on the \(side) hand-side;many-to-many matching not allowed: matching labels must be unique on one side")
    }

    private func scalar(_ value: Double) -> [Double] { Array(repeating: value, count: grid.count) }

    /// What is divided by nought is no number in LogQL, whichever sign it has.
    private func divisor(_ value: Double, of operation: BinaryOperator) -> Double { operation == .divide && value == 0 ? .nan : value }

    private func divisors(_ matrix: StepMatrix, of operation: BinaryOperator) -> StepMatrix {
        guard operation == .divide else { return matrix }
        var matrix = matrix
        for i in matrix.values.indices where matrix.values[i] == 0 { matrix.values[i] = .nan }
        return matrix
    }

    private func labelReplace(_ node: LogQLLabelReplace, _ statistics: inout LogQLStatistics) throws(QueryError) -> StepMatrix {
        guard let regex = try? Regex(node.pattern) else { throw .badData("invalid regex in label_replace: \(node.pattern)") }
        var matrix = try vector(node.operand, &statistics)
        let names = regex.groupNames
        let replacement = Array(node.replacement.utf8)
        for series in 0..<matrix.seriesCount {
            let value = Array((matrix.labels[series][node.source] ?? "").utf8)
            guard let match = regex.firstMatch(in: value.span, whole: true) else { continue }
            matrix.labels[series].set(node.destination, to: RegexTemplate.expand(replacement, value, match, names))
        }
        return try matrix.mergingEqualLabels()
    }

    // MARK: Aggregations

    private func aggregate(_ node: LogQLVectorAggregation, _ statistics: inout LogQLStatistics) throws(QueryError) -> StepMatrix {
        // A sum of counts is a count of more: counted by group while lines are read, whatever the number of series.
        if node.operation == .sum, case .range(let range) = node.operand, range.canSum, !(node.grouping?.without ?? false) {
            return try rangeAggregation(range, sumBy: node.grouping?.labels ?? [], &statistics)
        }
        let input = try vector(node.operand, &statistics)
        switch node.operation {
        case .sum: return fold(.sum, input, node.grouping)
        case .avg: return fold(.avg, input, node.grouping)
        case .min: return fold(.min, input, node.grouping)
        case .max: return fold(.max, input, node.grouping)
        case .count: return fold(.count, input, node.grouping)
        case .stddev: return fold(.stddev, input, node.grouping)
        case .stdvar: return fold(.stdvar, input, node.grouping)
        case .approxTopk where isRange: throw .badData("approx_topk is only supported on instant queries")
        case .topk, .approxTopk: return best(input, node.grouping, node.parameter ?? 0, largest: true)
        case .bottomk: return best(input, node.grouping, node.parameter ?? 0, largest: false)
        case .sort: return sorted(input, descending: false)
        case .sortDesc: return sorted(input, descending: true)
        }
    }

    /// The group of each series, and each group's labels.
    private func groups(_ labels: [Labels], _ grouping: LogQLGrouping?) -> (ofSeries: [Int], labels: [Labels]) {
        guard let grouping else { return (Array(repeating: 0, count: labels.count), labels.isEmpty ? [] : [.empty]) }
        var ids: [Labels: Int] = [:]
        var groups: [Labels] = []
        let ofSeries = labels.map { own in
            let key = grouping.without ? own.removing(grouping.labels) : own.keeping(grouping.labels)
            if let id = ids[key] { return id }
            ids[key] = groups.count
            groups.append(key)
            return groups.count - 1
        }
        return (ofSeries, groups)
    }

    private func fold(_ operation: AggregationOperator, _ input: StepMatrix, _ grouping: LogQLGrouping?) -> StepMatrix {
        let groups = groups(input.labels, grouping)
        var fold = AggregationFold(operation, groupCount: groups.labels.count, stepCount: grid.count)
        var row = StepRow(stepCount: grid.count)
        for series in 0..<input.seriesCount {
            input.read(series, into: &row)
            if !row.isEmpty { fold.add(row, to: groups.ofSeries[series]) }
        }
        return fold.finish(labels: groups.labels, grid: grid)
    }

    /// So many series of each group at each step, best first where there is one step.
    private func best(_ input: StepMatrix, _ grouping: LogQLGrouping?, _ limit: Int, largest: Bool) -> StepMatrix {
        let groups = groups(input.labels, grouping)
        var members = [[Int]](repeating: [], count: groups.labels.count)
        var kept = [Bool](repeating: false, count: input.kinds.count)
        var order: [Int] = []
        for step in 0..<grid.count {
            for group in members.indices { members[group].removeAll(keepingCapacity: true) }
            for series in 0..<input.seriesCount where input.kind(series, step) != PointKind.absent {
                members[groups.ofSeries[series]].append(series)
            }
            for group in members.indices {
                let ranked = members[group].sorted { a, b in
                    let x = input.value(a, step)
                    let y = input.value(b, step)
                    if x.isNaN || y.isNaN { return !x.isNaN && y.isNaN }
                    return largest ? x > y : x < y
                }
                for series in ranked.prefix(limit) {
                    kept[series * grid.count + step] = true
                    if grid.isInstant { order.append(series) }
                }
            }
        }
        if grid.isInstant { return input.reordered(order) }
        var result = StepMatrix(grid: grid)
        var row = StepRow(stepCount: grid.count)
        for series in 0..<input.seriesCount {
            input.read(series, into: &row)
            for step in 0..<grid.count where !kept[series * grid.count + step] && row.kinds[step] != PointKind.absent { row.remove(step) }
            if !row.isEmpty { result.append(input.labels[series], row) }
        }
        return result
    }

    private func sorted(_ input: StepMatrix, descending: Bool) -> StepMatrix {
        guard grid.isInstant else { return input }
        let order = (0..<input.seriesCount).filter { input.kind($0, 0) != PointKind.absent }.sorted { a, b in
            let x = input.value(a, 0)
            let y = input.value(b, 0)
            if x.isNaN || y.isNaN { return !x.isNaN && y.isNaN }
            return descending ? x > y : x < y
        }
        return input.reordered(order)
    }
}

extension LogQLRangeAggregation {
    /// Whether summing the results of groups gives the result of all their lines.
    fileprivate var canSum: Bool {
        switch operation {
        case .count, .rate, .bytes, .bytesRate, .sum: grouping == nil
        default: false
        }
    }
}
