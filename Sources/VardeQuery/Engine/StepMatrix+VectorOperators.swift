internal import VardeModel

extension StepMatrix {
    fileprivate func operand(_ series: Int, _ step: Int) -> BinaryOperand? {
        switch kind(series, step) {
        case PointKind.float: .float(value(series, step))
        case PointKind.histogram: histogram(series, step).map(BinaryOperand.histogram)
        default: nil
        }
    }

    /// An operator between a vector and a scalar that has one value a step; `swapped` where the scalar stands on the left.
    package static func combine(
        _ operation: BinaryOperator, _ vector: StepMatrix, scalar: [Double], swapped: Bool, returnsBool: Bool,
        findings: inout Set<BinaryFinding>
    ) -> StepMatrix {
        var result = StepMatrix(grid: vector.grid)
        result.reserve(vector.seriesCount)
        let steps = vector.grid.count
        var row = StepRow(stepCount: steps)
        for series in 0..<vector.seriesCount {
            vector.read(series, into: &row)
            row.combine(operation, scalar: scalar, swapped: swapped, returnsBool: returnsBool) { findings.insert($1) }
            if !row.isEmpty {
                let drops = vector.dropsName[series] || operation.changesMetricSchema || returnsBool
                result.append(vector.labels[series], dropsName: drops, row)
            }
        }
        return result
    }

    /// An arithmetic or comparison operator between two vectors whose series are matched by labels.
    package static func combine(
        _ operation: BinaryOperator, _ left: StepMatrix, _ right: StepMatrix, _ matching: VectorMatching, returnsBool: Bool,
        dropsNamesAtOnce: Bool = false, findings: inout Set<BinaryFinding>
    ) throws(QueryError) -> StepMatrix {
        precondition(!operation.isSet && left.grid == right.grid, "not an operation over one grid")
        let swapped = matching.cardinality == .oneToMany
        let many = swapped ? right : left
        let one = swapped ? left : right
        let isBare = returnsBool && dropsNamesAtOnce
        if let result = combineFloats(operation, many, one, matching, swapped: swapped, returnsBool: returnsBool, isBare: isBare) {
            return result
        }
        var join = VectorJoin(
            operation: operation, many: many, one: one, matching: matching, swapped: swapped, returnsBool: returnsBool, isBare: isBare)
        try join.run()
        findings.formUnion(join.lastFindings.compactMap { $0 })
        return join.result.removingEmptySeries()
    }
}

extension StepMatrix {
    /// The common case: floats alone, every series with one partner at most, no two results alike. Nil in any other case.
    private static func combineFloats(
        _ operation: BinaryOperator, _ many: StepMatrix, _ one: StepMatrix, _ matching: VectorMatching, swapped: Bool, returnsBool: Bool,
        isBare: Bool
    ) -> StepMatrix? {
        if matching.fillLeft != nil || matching.fillRight != nil || operation.isTrim { return nil }
        for matrix in [many, one] where matrix.histograms.contains(where: { !$0.isEmpty }) { return nil }
        let groups = matching.groups(many.labels, one.labels)
        var partners = [Int](repeating: -1, count: groups.count)
        for (series, group) in groups.right.enumerated() {
            if partners[group] >= 0 { return nil }
            partners[group] = series
        }
        if matching.cardinality == .oneToOne {
            var seen = [Bool](repeating: false, count: groups.count)
            for group in groups.left {
                if seen[group] { return nil }
                seen[group] = true
            }
        }
        var result = StepMatrix(grid: many.grid)
        result.reserve(many.seriesCount)
        var labels = Set<Labels>(minimumCapacity: many.seriesCount)
        for (series, group) in groups.left.enumerated() where partners[group] >= 0 {
            let own = operation.resultLabels(many.labels[series], one.labels[partners[group]], matching, isBare: isBare)
            if !labels.insert(own).inserted { return nil }
            result.appendCombination(
                operation, many, series, one, partners[group], labels: own, swapped: swapped, returnsBool: returnsBool)
        }
        return result
    }

    private mutating func appendCombination(
        _ operation: BinaryOperator, _ many: StepMatrix, _ series: Int, _ one: StepMatrix, _ partner: Int, labels own: Labels,
        swapped: Bool,
        returnsBool: Bool
    ) {
        let count = grid.count
        let left = swapped ? one : many
        let right = swapped ? many : one
        let leftBase = (swapped ? partner : series) * count
        let rightBase = (swapped ? series : partner) * count
        let a = left.values.span.extracting(leftBase..<leftBase + count)
        let b = right.values.span.extracting(rightBase..<rightBase + count)
        let aKinds = left.kinds.span.extracting(leftBase..<leftBase + count)
        let bKinds = right.kinds.span.extracting(rightBase..<rightBase + count)
        let base = values.count
        var any = false
        for step in 0..<count {
            // Both are floats or absent: the product of the kinds is 1 where both are there.
            let present = aKinds[step] & bKinds[step]
            var value = 0.0
            var kept = present
            switch operation {
            case .add: value = a[step] + b[step]
            case .subtract: value = a[step] - b[step]
            case .multiply: value = a[step] * b[step]
            case .divide: value = a[step] / b[step]
            default:
                if operation.isComparison {
                    let holds = operation.holds(a[step], b[step])
                    value = returnsBool ? (holds ? 1 : 0) : a[step]
                    if !holds, !returnsBool { kept = PointKind.absent }
                } else if present != 0 {
                    value = operation.arithmetic(a[step], b[step])
                }
            }
            values.append(value)
            kinds.append(kept)
            any = any || kept != PointKind.absent
        }
        if any {
            labels.append(own)
            dropsName.append(returnsBool)
            histograms.append([])
        } else {
            values.removeLast(values.count - base)
            kinds.removeLast(kinds.count - base)
        }
    }
}

extension BinaryOperator {
    /// The labels of what two matched series yield.
    fileprivate func resultLabels(_ own: Labels, _ other: Labels, _ matching: VectorMatching, isBare: Bool) -> Labels {
        var labels = changesMetricSchema || isBare ? own.removingMetadata() : own
        if matching.cardinality == .oneToOne {
            labels = matching.on ? labels.keeping(matching.labels) : labels.removing(matching.labels)
        }
        for name in matching.include { labels.set(name, to: other[name] ?? "") }
        return labels
    }
}

/// The work of one operation between two vectors; `many` is the side of which several series may match one.
private struct VectorJoin {
    let operation: BinaryOperator
    let many: StepMatrix
    let one: StepMatrix
    let matching: VectorMatching
    let swapped: Bool
    let returnsBool: Bool
    /// Whether results lose their names before they are compared.
    let isBare: Bool

    var result: StepMatrix
    /// What Prometheus would report: the last finding at each step.
    var lastFindings: [BinaryFinding?]
    /// The one side's series of each group at each step, -1 for none.
    private var oneAt: [Int32]
    private var manyGroups: [Int] = []
    private var oneGroups: [Int] = []
    /// Whether there is anything to do at a step.
    private var active: [Bool]
    /// That of the first step that has one.
    private var failure: QueryError?
    /// Group × step: whether a match was made.
    private var matched: [Bool]
    private var rows: [Labels: Int] = [:]
    private var rowGroups: [Int] = []
    /// Result series × step: whether a match produced it, even if a comparison did not keep it.
    private var touched: [Bool] = []

    init(
        operation: BinaryOperator, many: StepMatrix, one: StepMatrix, matching: VectorMatching, swapped: Bool, returnsBool: Bool,
        isBare: Bool
    ) {
        self.operation = operation
        self.many = many
        self.one = one
        self.matching = matching
        self.swapped = swapped
        self.returnsBool = returnsBool
        self.isBare = isBare
        let steps = many.grid.count
        result = StepMatrix(grid: many.grid)
        lastFindings = Array(repeating: nil, count: steps)
        let groups = matching.groups(many.labels, one.labels)
        manyGroups = groups.left
        oneGroups = groups.right
        oneAt = [Int32](repeating: -1, count: groups.count * steps)
        matched = [Bool](repeating: false, count: groups.count * steps)
        active = [Bool](repeating: false, count: steps)
    }

    private var steps: Int { many.grid.count }
    /// Fill for the side named: after swapping, `one` is the left-hand side as written. The values stay with "left" and "right"
    /// of the swapped sides, as Prometheus has it.
    private var fillOne: Double? { matching.fillRight }
    private var fillMany: Double? { matching.fillLeft }

    mutating func run() throws(QueryError) {
        findActiveSteps()
        if let conflict = indexOneSide() { stop(at: conflict.step, conflict.error) }
        for series in 0..<many.seriesCount {
            let base = manyGroups[series] * steps
            for step in 0..<steps where active[step] {
                guard let own = many.operand(series, step) else { continue }
                let partner = Int(oneAt[base + step])
                if partner >= 0, let other = one.operand(partner, step) {
                    emit(own, other, many.labels[series], one.labels[partner], manyGroups[series], step, pair: (series, partner))
                } else if let fill = fillOne {
                    let labels = matching.matchLabels(many.labels[series])
                    emit(own, .float(fill), many.labels[series], labels, manyGroups[series], step, pair: (series, -1))
                }
            }
        }
        if let fill = fillMany { fillManySide(fill) }
        if let failure { throw failure }
    }

    private mutating func fillManySide(_ fill: Double) {
        for series in 0..<one.seriesCount {
            let group = oneGroups[series]
            for step in 0..<steps where active[step] && !matched[group * steps + step] {
                guard let other = one.operand(series, step) else { continue }
                let labels = matching.matchLabels(one.labels[series])
                emit(.float(fill), other, labels, one.labels[series], group, step, pair: (-1, series))
            }
        }
    }

    private mutating func findActiveSteps() {
        var manyPresent = [Bool](repeating: false, count: steps)
        var onePresent = manyPresent
        for series in 0..<many.seriesCount {
            for step in 0..<steps where many.kind(series, step) != PointKind.absent { manyPresent[step] = true }
        }
        for series in 0..<one.seriesCount {
            for step in 0..<steps where one.kind(series, step) != PointKind.absent { onePresent[step] = true }
        }
        let fills = matching.fillLeft != nil || matching.fillRight != nil
        for step in 0..<steps { active[step] = fills ? manyPresent[step] || onePresent[step] : manyPresent[step] && onePresent[step] }
    }

    /// Leaves what lies behind a step with an error: the first step's is told.
    private mutating func stop(at step: Int, _ error: QueryError) {
        failure = error
        for later in step..<steps { active[later] = false }
    }

    /// Finds the one side's series of each group; where there are two, the first step that has them.
    private mutating func indexOneSide() -> (step: Int, error: QueryError)? {
        var conflict: (step: Int, series: Int, before: Int)?
        for series in 0..<one.seriesCount {
            let base = oneGroups[series] * steps
            for step in 0..<steps where active[step] && one.kind(series, step) != PointKind.absent {
                let before = Int(oneAt[base + step])
                if before < 0 {
                    oneAt[base + step] = Int32(series)
                } else if conflict.map({ step < $0.step }) ?? true {
                    conflict = (step, series, before)
                }
            }
        }
        guard let conflict else { return nil }
        let labels = one.labels[conflict.series]
        let pair = [labels, one.labels[conflict.before]].map(\.matchText).sorted { $0.utf8Precedes($1) }
        return (
            conflict.step,
            .execution(
                "found duplicate series for the match group \(matching.matchLabels(labels).matchText) on the \(swapped ? "left" : "right") "
                    + "hand-side of the operation: [\(pair[0]), \(pair[1])]"
                    + ";many-to-many matching not allowed: matching labels must be unique on one side")
        )
    }

    /// Result rows by the pair of series they came from, so that labels are put together once a pair.
    private var pairRows: [Int: Int] = [:]

    private mutating func emit(
        _ own: BinaryOperand, _ other: BinaryOperand, _ ownLabels: Labels, _ otherLabels: Labels, _ group: Int, _ step: Int,
        pair: (many: Int, one: Int)
    ) {
        let outcome = swapped ? operation.combine(other, own) : operation.combine(own, other)
        if let finding = outcome.finding { lastFindings[step] = finding }
        if outcome.result == nil { return }
        let isOneToOne = matching.cardinality == .oneToOne
        if isOneToOne {
            if matched[group * steps + step] {
                return stop(
                    at: step, .execution("multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"))
            }
        }
        matched[group * steps + step] = true
        let row: Int
        do throws(QueryError) { row = try resultRow(ownLabels, otherLabels, group, step, pair) } catch { return stop(at: step, error) }
        touched[row * steps + step] = true
        if returnsBool {
            result.set(row, step, outcome.keep ? 1 : 0)
        } else if outcome.keep {
            switch outcome.result {
            case .float(let value)?: result.set(row, step, value)
            case .histogram(let histogram)?: result.set(row, step, histogram)
            case nil: break
            }
        }
    }

    /// The result series of a pair; throws where another pair has a point there already.
    private mutating func resultRow(
        _ own: Labels, _ other: Labels, _ group: Int, _ step: Int, _ pair: (many: Int, one: Int)
    ) throws(QueryError)
        -> Int
    {
        let key = (pair.many + 1) * (one.seriesCount + 1) + (pair.one + 1)
        let row: Int
        if let known = pairRows[key] {
            row = known
        } else {
            let labels = operation.resultLabels(own, other, matching, isBare: isBare)
            if let known = rows[labels], !(result.grid.isInstant && rowGroups[known] != group) {
                row = known
            } else {
                row = result.seriesCount
                rows[labels] = row
                rowGroups.append(group)
                result.appendEmpty(labels, dropsName: returnsBool)
                touched.append(contentsOf: repeatElement(false, count: steps))
            }
            pairRows[key] = row
        }
        if touched[row * steps + step] {
            throw rowGroups[row] == group && matching.cardinality != .oneToOne
                ? .execution("multiple matches for labels: grouping labels must ensure unique matches")
                : .sameLabels
        }
        return row
    }
}

extension Labels {
    /// All labels in braces, the metric's name among them, as error messages of vector matching show them.
    var matchText: String {
        "{" + map { ($0.name.isClassicLabelName ? $0.name : $0.name.quoted) + "=" + $0.value.quoted }.joined(separator: ", ") + "}"
    }
}
