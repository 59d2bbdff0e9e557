package import VardeModel

/// What an aggregation came across that its user should hear of.
package struct AggregationFindings: Sendable {
    /// A histogram met an operator that knows floats only.
    package var ignoredHistogram = false
    /// A group had both floats and histograms at a step.
    package var mixedKinds = false
    /// Metric names at which exponential met custom buckets.
    package var incompatibleNames: Set<String> = []
    package var counterResetCollision = false
    package var boundsReconciled = false

    package init() {}

    package mutating func formUnion(_ other: AggregationFindings) {
        ignoredHistogram = ignoredHistogram || other.ignoredHistogram
        mixedKinds = mixedKinds || other.mixedKinds
        incompatibleNames.formUnion(other.incompatibleNames)
        counterResetCollision = counterResetCollision || other.counterResetCollision
        boundsReconciled = boundsReconciled || other.boundsReconciled
    }
}

/// Groups × steps of running aggregates that series are folded into one after the other; no series is kept.
///
/// Holds `sum avg count min max group stddev stdvar`; memory is groups × steps whatever the number of series.
package struct AggregationFold: Sendable {
    private enum Flag {
        static let seen: UInt8 = 1
        static let float: UInt8 = 2
        static let histogram: UInt8 = 4
        static let incompatible: UInt8 = 8
        static let running: UInt8 = 16
    }

    package let operation: AggregationOperator
    package let stepCount: Int
    package private(set) var findings = AggregationFindings()
    private var values: [Double]
    private var compensations: [Double]
    /// Means of `stddev`, `stdvar` and of an `avg` whose sum would overflow.
    private var means: [Double]
    private var counts: [Double]
    private var flags: [UInt8]
    private var drops: [Bool]
    private var histograms: [Int: HistogramFold] = [:]

    /// A fold of so many groups; the operator must be one that folds.
    package init(_ operation: AggregationOperator, groupCount: Int, stepCount: Int) {
        precondition(operation.folds, "this aggregation needs all series at once")
        self.operation = operation
        self.stepCount = stepCount
        let cells = groupCount * stepCount
        values = [Double](repeating: 0, count: cells)
        flags = [UInt8](repeating: 0, count: cells)
        drops = [Bool](repeating: false, count: groupCount)
        let needsMean = operation == .avg || operation == .stddev || operation == .stdvar
        means = needsMean ? values : []
        counts = needsMean || operation == .count ? values : []
        compensations = operation == .sum || operation == .avg ? values : []
    }

    /// Folds one series into its group.
    package mutating func add(_ row: borrowing StepRow, to group: Int, dropsName: Bool = false, name: @autoclosure () -> String = "") {
        assert(row.stepCount == stepCount, "row and fold have different steps")
        if dropsName { drops[group] = true }
        let base = group * stepCount
        switch operation {
        case .sum: Self.addSum(row, base, &values, &compensations, &flags)
        case .avg: Self.addAverage(row, base, &values, &compensations, &means, &counts, &flags)
        case .min: Self.addExtreme(row, base, &values, &flags) { $1 < $0 }
        case .max: Self.addExtreme(row, base, &values, &flags) { $1 > $0 }
        case .count: Self.addCount(row, base, &counts, &flags)
        case .group:
            for step in 0..<stepCount where row.kinds[step] != PointKind.absent { flags[base + step] = Flag.seen }
        default: Self.addVariance(row, base, &values, &means, &counts, &flags)
        }
        if row.histograms.isEmpty { return }
        addHistograms(row, base, name: name)
    }

    private static func addSum(
        _ row: borrowing StepRow, _ base: Int, _ valueColumn: inout [Double], _ compensationColumn: inout [Double],
        _ flagColumn: inout [UInt8]
    ) {
        let steps = row.stepCount
        let input = row.values.span
        let kinds = row.kinds.span
        var values = valueColumn.mutableSpan
        var compensations = compensationColumn.mutableSpan
        var flags = flagColumn.mutableSpan
        for step in 0..<steps where kinds[step] == PointKind.float {
            let cell = base + step
            if flags[cell] & Flag.float == 0 {
                values[cell] = input[step]
                flags[cell] |= Flag.float | Flag.seen
            } else {
                var sum = KahanSum(values[cell], compensation: compensations[cell])
                sum.add(input[step])
                values[cell] = sum.sum
                compensations[cell] = sum.compensation
            }
        }
    }

    private static func addAverage(
        _ row: borrowing StepRow, _ base: Int, _ valueColumn: inout [Double], _ compensationColumn: inout [Double],
        _ meanColumn: inout [Double], _ countColumn: inout [Double], _ flagColumn: inout [UInt8]
    ) {
        let steps = row.stepCount
        let input = row.values.span
        let kinds = row.kinds.span
        var values = valueColumn.mutableSpan
        var compensations = compensationColumn.mutableSpan
        var means = meanColumn.mutableSpan
        var counts = countColumn.mutableSpan
        var flags = flagColumn.mutableSpan
        for step in 0..<steps where kinds[step] == PointKind.float {
            let cell = base + step
            let value = input[step]
            if flags[cell] & Flag.float == 0 {
                values[cell] = value
                counts[cell] = 1
                flags[cell] |= Flag.float | Flag.seen
                continue
            }
            counts[cell] += 1
            let count = counts[cell]
            if flags[cell] & Flag.running == 0 {
                var sum = KahanSum(values[cell], compensation: compensations[cell])
                sum.add(value)
                if !sum.sum.isInfinite {
                    values[cell] = sum.sum
                    compensations[cell] = sum.compensation
                    continue
                }
                flags[cell] |= Flag.running
                means[cell] = values[cell] / (count - 1)
                compensations[cell] /= count - 1
            }
            let share = (count - 1) / count
            var mean = KahanSum(share * means[cell], compensation: share * compensations[cell])
            mean.add(value / count)
            means[cell] = mean.sum
            compensations[cell] = mean.compensation
        }
    }

    private static func addCount(_ row: borrowing StepRow, _ base: Int, _ countColumn: inout [Double], _ flagColumn: inout [UInt8]) {
        let kinds = row.kinds.span
        var counts = countColumn.mutableSpan
        var flags = flagColumn.mutableSpan
        for step in kinds.indices where kinds[step] != PointKind.absent {
            counts[base + step] += 1
            flags[base + step] = Flag.seen
        }
    }

    @inline(__always)
    private static func addExtreme(
        _ row: borrowing StepRow, _ base: Int, _ valueColumn: inout [Double], _ flagColumn: inout [UInt8],
        _ isBetter: (_ best: Double, Double) -> Bool
    ) {
        let input = row.values.span
        let kinds = row.kinds.span
        var values = valueColumn.mutableSpan
        var flags = flagColumn.mutableSpan
        for step in kinds.indices where kinds[step] == PointKind.float {
            let cell = base + step
            let best = values[cell]
            if flags[cell] == 0 || best.isNaN || isBetter(best, input[step]) { values[cell] = input[step] }
            flags[cell] = Flag.seen
        }
    }

    private static func addVariance(
        _ row: borrowing StepRow, _ base: Int, _ valueColumn: inout [Double], _ meanColumn: inout [Double], _ countColumn: inout [Double],
        _ flagColumn: inout [UInt8]
    ) {
        let input = row.values.span
        let kinds = row.kinds.span
        var values = valueColumn.mutableSpan
        var means = meanColumn.mutableSpan
        var counts = countColumn.mutableSpan
        var flags = flagColumn.mutableSpan
        for step in kinds.indices where kinds[step] == PointKind.float {
            let cell = base + step
            let value = input[step]
            if flags[cell] == 0 {
                flags[cell] = Flag.seen
                counts[cell] = 1
                means[cell] = value
                values[cell] = value.isFinite ? 0 : .nan
                continue
            }
            counts[cell] += 1
            let delta = value - means[cell]
            means[cell] += delta / counts[cell]
            values[cell] += delta * (value - means[cell])
        }
    }

    private mutating func addHistograms(_ row: borrowing StepRow, _ base: Int, name: () -> String) {
        switch operation {
        case .count, .group: return
        case .sum, .avg: break
        default:
            findings.ignoredHistogram = findings.ignoredHistogram || row.kinds.contains(PointKind.histogram)
            return
        }
        for step in 0..<stepCount where row.kinds[step] == PointKind.histogram {
            guard let histogram = row.histograms[step] else { continue }
            let cell = base + step
            flags[cell] |= Flag.histogram | Flag.seen
            if flags[cell] & (Flag.incompatible | Flag.float) != 0 { continue }
            guard var fold = histograms.removeValue(forKey: cell) else {
                histograms[cell] = HistogramFold(histogram)
                continue
            }
            do {
                if operation == .sum { try fold.add(histogram) } else { try fold.average(histogram) }
                histograms[cell] = fold
            } catch {
                findings.incompatibleNames.insert(name())
                flags[cell] |= Flag.incompatible
            }
        }
    }

    /// Joins what another thread folded of other series into the same groups.
    package mutating func merge(_ other: AggregationFold) {
        precondition(other.values.count == values.count && other.operation == operation, "folds differ in shape")
        findings.formUnion(other.findings)
        for group in drops.indices where other.drops[group] { drops[group] = true }
        for cell in values.indices where other.flags[cell] != 0 { mergeCell(cell, other) }
        for (cell, theirs) in other.histograms {
            guard var fold = histograms.removeValue(forKey: cell) else {
                histograms[cell] = theirs
                continue
            }
            do {
                try fold.merge(theirs, averaging: operation == .avg)
                histograms[cell] = fold
            } catch {
                findings.incompatibleNames.insert("")
                flags[cell] |= Flag.incompatible
            }
        }
    }

    private mutating func mergeCell(_ cell: Int, _ other: AggregationFold) {
        let own = flags[cell]
        flags[cell] |= other.flags[cell]
        if own & (operation == .sum || operation == .avg ? Flag.float : Flag.seen) == 0 {
            values[cell] = other.values[cell]
            if !compensations.isEmpty { compensations[cell] = other.compensations[cell] }
            if !means.isEmpty { means[cell] = other.means[cell] }
            if !counts.isEmpty { counts[cell] = other.counts[cell] }
            return
        }
        switch operation {
        case .sum:
            if other.flags[cell] & Flag.float == 0 { return }
            var sum = KahanSum(values[cell], compensation: compensations[cell])
            sum.add(other.values[cell])
            values[cell] = sum.sum
            compensations[cell] = sum.compensation + other.compensations[cell]
        case .avg:
            if other.flags[cell] & Flag.float == 0 { return }
            mergeAverage(cell, ownFlags: own, other)
        case .count: counts[cell] += other.counts[cell]
        case .min:
            if values[cell].isNaN || values[cell] > other.values[cell] { values[cell] = other.values[cell] }
        case .max:
            if values[cell].isNaN || values[cell] < other.values[cell] { values[cell] = other.values[cell] }
        case .stddev, .stdvar:
            let total = counts[cell] + other.counts[cell]
            let delta = other.means[cell] - means[cell]
            values[cell] += other.values[cell] + delta * delta * counts[cell] * other.counts[cell] / total
            means[cell] += delta * other.counts[cell] / total
            counts[cell] = total
        default: break
        }
    }

    private mutating func mergeAverage(_ cell: Int, ownFlags: UInt8, _ other: AggregationFold) {
        let total = counts[cell] + other.counts[cell]
        if (ownFlags | other.flags[cell]) & Flag.running == 0 {
            var sum = KahanSum(values[cell], compensation: compensations[cell])
            sum.add(other.values[cell])
            if !sum.sum.isInfinite {
                values[cell] = sum.sum
                compensations[cell] = sum.compensation + other.compensations[cell]
                counts[cell] = total
                return
            }
        }
        let mine = average(cell, running: ownFlags & Flag.running != 0)
        let theirs = other.average(cell, running: other.flags[cell] & Flag.running != 0)
        means[cell] = mine * (counts[cell] / total) + theirs * (other.counts[cell] / total)
        compensations[cell] = 0
        counts[cell] = total
        flags[cell] |= Flag.running
    }

    private func average(_ cell: Int, running: Bool) -> Double {
        running
            ? means[cell] + compensations[cell]
            : values[cell] / counts[cell] + compensations[cell] / counts[cell]
    }

    /// The aggregates as series with the labels of their groups; groups without a point are left out.
    package mutating func finish(labels: [Labels], grid: StepGrid) -> StepMatrix {
        precondition(grid.count == stepCount && labels.count == drops.count, "fold and groups differ in shape")
        var result = StepMatrix(grid: grid)
        result.reserve(labels.count)
        var row = StepRow(stepCount: stepCount)
        for group in labels.indices {
            row.removeAll()
            var any = false
            for step in 0..<stepCount where finish(group * stepCount + step, step, &row) { any = true }
            if any { result.append(labels[group], dropsName: drops[group], row) }
        }
        return result
    }

    /// Writes one finished cell; says whether there is a point.
    private mutating func finish(_ cell: Int, _ step: Int, _ row: inout StepRow) -> Bool {
        let own = flags[cell]
        if own & Flag.seen == 0 { return false }
        switch operation {
        case .sum, .avg:
            if own & Flag.histogram != 0 {
                if own & Flag.float != 0 {
                    findings.mixedKinds = true
                    return false
                }
                if own & Flag.incompatible != 0 { return false }
                guard let fold = histograms[cell] else { return false }
                if fold.hintsCollide { findings.counterResetCollision = true }
                if fold.boundsReconciled { findings.boundsReconciled = true }
                row.set(step, operation == .sum ? fold.total : fold.averaged)
                return true
            }
            let value = operation == .sum ? values[cell] + compensations[cell] : average(cell, running: own & Flag.running != 0)
            row.set(step, value)
        case .count: row.set(step, counts[cell])
        case .group: row.set(step, 1)
        case .stdvar: row.set(step, values[cell] / counts[cell])
        case .stddev: row.set(step, (values[cell] / counts[cell]).squareRoot())
        default: row.set(step, values[cell])
        }
        return true
    }
}
