internal import VardeModel

/// Native histograms of one group at one step on their way to a sum or a mean.
struct HistogramFold: Sendable {
    private var sum: HistogramSum
    /// The running mean once the sum would overflow.
    private var mean: HistogramSum?
    private(set) var count = 1.0
    private(set) var sawReset = false
    private(set) var sawNoReset = false
    private(set) var boundsReconciled = false

    init(_ first: NativeHistogram) {
        sum = HistogramSum(first, compensates: true)
        note(first.counterResetHint)
    }

    private mutating func note(_ hint: NativeHistogram.CounterResetHint) {
        if hint == .reset { sawReset = true }
        if hint == .notReset { sawNoReset = true }
    }

    /// Whether some histograms were said to follow a reset and others not to.
    var hintsCollide: Bool { sawReset && sawNoReset }

    /// Adds one more to a sum.
    mutating func add(_ other: NativeHistogram) throws(IncompatibleHistogramSchemas) {
        note(other.counterResetHint)
        count += 1
        if try sum.add(other).boundsReconciled { boundsReconciled = true }
    }

    /// Adds one more to a mean, going over to a running mean before the sum overflows.
    mutating func average(_ other: NativeHistogram) throws(IncompatibleHistogramSchemas) {
        note(other.counterResetHint)
        count += 1
        if mean == nil {
            var next = sum
            if try next.add(other).boundsReconciled { boundsReconciled = true }
            if !next.hasOverflow {
                sum = next
                return
            }
            var start = sum
            start.divide(by: count - 1)
            mean = start
        }
        guard var running = mean else { return }
        running.multiply(by: (count - 1) / count)
        if try running.add(other.divided(by: count)).boundsReconciled { boundsReconciled = true }
        mean = running
    }

    /// Joins what another thread folded.
    mutating func merge(_ other: HistogramFold, averaging: Bool) throws(IncompatibleHistogramSchemas) {
        sawReset = sawReset || other.sawReset
        sawNoReset = sawNoReset || other.sawNoReset
        boundsReconciled = boundsReconciled || other.boundsReconciled
        if averaging, mean != nil || other.mean != nil {
            let total = count + other.count
            var own = mean ?? Self.divided(sum, by: count)
            own.multiply(by: count / total)
            let theirs = other.averaged.multiplied(by: other.count / total)
            if try own.add(theirs).boundsReconciled { boundsReconciled = true }
            mean = own
        } else {
            if try sum.add(other.sum.histogram()).boundsReconciled { boundsReconciled = true }
        }
        count += other.count
    }

    private static func divided(_ sum: HistogramSum, by divisor: Double) -> HistogramSum {
        var copy = sum
        copy.divide(by: divisor)
        return copy
    }

    /// The sum of all that were added.
    var total: NativeHistogram { sum.histogram() }

    /// The mean of all that were averaged.
    var averaged: NativeHistogram { (mean ?? Self.divided(sum, by: count)).histogram() }
}
