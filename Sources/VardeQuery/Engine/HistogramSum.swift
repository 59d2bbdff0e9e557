internal import VardeModel

/// Exponential and custom buckets cannot be put together.
struct IncompatibleHistogramSchemas: Error, Equatable {}

/// What adding one histogram to another had to settle.
struct HistogramReconciliation: Sendable {
    /// One was marked as following a counter reset, the other as not.
    var counterResetCollision = false
    /// Custom bounds differed and were reduced to those both have.
    var boundsReconciled = false
}

/// A running sum of native histograms; schema, zero threshold and custom bounds are reconciled on the way.
struct HistogramSum: Sendable {
    private(set) var schema: Int32
    private(set) var hint: NativeHistogram.CounterResetHint
    private var zeroThreshold: Double
    private var zero: KahanSum
    private var count: KahanSum
    private var sum: KahanSum
    private var positive: BucketColumn
    private var negative: BucketColumn
    private var customBounds: [Double]
    /// Whether what rounding takes away is kept (Kahan's method).
    private let compensates: Bool

    init(_ first: NativeHistogram, compensates: Bool) {
        schema = first.schema
        hint = first.counterResetHint
        zeroThreshold = first.zeroThreshold
        zero = KahanSum(first.zeroCount)
        count = KahanSum(first.count)
        sum = KahanSum(first.sum)
        positive = BucketColumn(first, positive: true)
        negative = BucketColumn(first, positive: false)
        customBounds = first.customBounds
        self.compensates = compensates
    }

    private var usesCustomBuckets: Bool { schema == NativeHistogram.customBucketsSchema }

    /// Adds a histogram, or subtracts it.
    @discardableResult
    mutating func add(
        _ other: NativeHistogram, negative subtracts: Bool = false
    ) throws(IncompatibleHistogramSchemas)
        -> HistogramReconciliation
    {
        if usesCustomBuckets != other.usesCustomBuckets { throw IncompatibleHistogramSchemas() }
        var outcome = HistogramReconciliation()
        outcome.counterResetCollision = adjustHint(other.counterResetHint)
        let sign = subtracts ? -1.0 : 1.0
        var otherPositive = BucketColumn(other, positive: true)
        if usesCustomBuckets {
            if customBounds != other.customBounds {
                outcome.boundsReconciled = true
                let common = Self.intersection(customBounds, other.customBounds)
                positive = positive.mapped(from: customBounds, to: common)
                otherPositive = otherPositive.mapped(from: other.customBounds, to: common)
                customBounds = common
            }
            positive.add(otherPositive, negative: subtracts)
        } else {
            var otherNegative = BucketColumn(other, positive: false)
            let otherZero = reconcileZero(other, otherPositive, otherNegative)
            zero.add(sign * otherZero)
            if other.schema < schema {
                positive = positive.reduced(from: schema, to: other.schema)
                negative = negative.reduced(from: schema, to: other.schema)
                schema = other.schema
            } else if other.schema > schema {
                otherPositive = otherPositive.reduced(from: other.schema, to: schema)
                otherNegative = otherNegative.reduced(from: other.schema, to: schema)
            }
            positive.add(otherPositive.dropping(upTo: zeroThreshold, schema: schema), negative: subtracts)
            negative.add(otherNegative.dropping(upTo: zeroThreshold, schema: schema), negative: subtracts)
        }
        count.add(sign * other.count)
        sum.add(sign * other.sum)
        if !compensates {
            zero.compensation = 0
            count.compensation = 0
            sum.compensation = 0
            positive.forgetCompensations()
            negative.forgetCompensations()
        }
        return outcome
    }

    /// Puts buckets into a coarser exponential schema.
    mutating func reduce(to target: Int32) {
        guard !usesCustomBuckets, target < schema, target != NativeHistogram.customBucketsSchema else { return }
        positive = positive.reduced(from: schema, to: target)
        negative = negative.reduced(from: schema, to: target)
        schema = target
    }

    mutating func multiply(by factor: Double) {
        for path in [\HistogramSum.zero, \.count, \.sum] {
            self[keyPath: path].sum *= factor
            self[keyPath: path].compensation *= factor
        }
        positive.scale(by: factor)
        negative.scale(by: factor)
    }

    mutating func divide(by divisor: Double) {
        for path in [\HistogramSum.zero, \.count, \.sum] {
            self[keyPath: path].sum /= divisor
            self[keyPath: path].compensation /= divisor
        }
        positive.divide(by: divisor)
        negative.divide(by: divisor)
    }

    /// Whether a count or the sum has become infinite.
    var hasOverflow: Bool {
        zero.sum.isInfinite || count.sum.isInfinite || sum.sum.isInfinite || positive.hasInfinity || negative.hasInfinity
            || customBounds.contains { $0.isInfinite }
    }

    /// The sum as a histogram without empty buckets.
    func histogram(hint own: NativeHistogram.CounterResetHint? = nil) -> NativeHistogram {
        let (positiveSpans, positiveBuckets) = positive.compacted()
        let (negativeSpans, negativeBuckets) = negative.compacted()
        return NativeHistogram(
            counterResetHint: own ?? hint, schema: schema, zeroThreshold: zeroThreshold, zeroCount: zero.total, count: count.total,
            sum: sum.total, positiveSpans: positiveSpans, negativeSpans: negativeSpans, positiveBuckets: positiveBuckets,
            negativeBuckets: negativeBuckets, customBounds: customBounds)
    }

    /// Settles the counter-reset hint of the sum; says whether the two contradict each other.
    private mutating func adjustHint(_ other: NativeHistogram.CounterResetHint) -> Bool {
        if other == hint || hint == .gauge { return false }
        if other == .gauge {
            hint = .gauge
            return false
        }
        if hint == .unknown { return false }
        if other == .unknown {
            hint = .unknown
            return false
        }
        hint = .unknown
        return true
    }

    /// Widens the zero bucket until neither side has a populated bucket across its edge; the other's zero count then.
    private mutating func reconcileZero(_ other: NativeHistogram, _ otherPositive: BucketColumn, _ otherNegative: BucketColumn) -> Double {
        var otherZero = KahanSum(other.zeroCount)
        var otherThreshold = other.zeroThreshold
        while otherThreshold != zeroThreshold {
            if zeroThreshold > otherThreshold {
                otherZero = KahanSum(other.zeroCount)
                otherThreshold = Self.widenZero(
                    &otherZero, from: other.zeroThreshold, to: zeroThreshold, otherPositive, otherNegative, schema: other.schema)
            }
            if otherThreshold > zeroThreshold {
                zeroThreshold = Self.widenZero(&zero, from: zeroThreshold, to: otherThreshold, positive, negative, schema: schema)
                positive = positive.droppingOverlap(with: zeroThreshold, schema: schema)
                negative = negative.droppingOverlap(with: zeroThreshold, schema: schema)
            }
        }
        return otherZero.total
    }

    /// Adds the buckets inside a larger threshold to a zero count; gives the threshold, moved out of populated buckets.
    static func widenZero(
        _ zero: inout KahanSum, from old: Double, to wanted: Double, _ positive: BucketColumn, _ negative: BucketColumn, schema: Int32
    ) -> Double {
        if wanted == old { return wanted }
        let original = zero
        var threshold = wanted
        while true {
            zero = original
            for i in 0..<positive.count {
                if HistogramBounds.exponential(positive.indices[i] - 1, schema: schema) >= threshold { break }
                zero.add(positive.counts[i])
                let upper = HistogramBounds.exponential(positive.indices[i], schema: schema)
                if upper > threshold {
                    if positive.counts[i] != 0 { threshold = upper }
                    break
                }
            }
            var moved = false
            for i in 0..<negative.count {
                if HistogramBounds.exponential(negative.indices[i] - 1, schema: schema) >= threshold { break }
                zero.add(negative.counts[i])
                let far = HistogramBounds.exponential(negative.indices[i], schema: schema)
                if far > threshold {
                    if negative.counts[i] != 0 {
                        threshold = far
                        moved = true
                    }
                    break
                }
            }
            if !moved { return threshold }
        }
    }

    private static func intersection(_ a: [Double], _ b: [Double]) -> [Double] {
        var result: [Double] = []
        var i = 0
        var j = 0
        while i < a.count, j < b.count {
            if a[i] == b[j] {
                result.append(a[i])
                i += 1
                j += 1
            } else if a[i] < b[j] {
                i += 1
            } else {
                j += 1
            }
        }
        return result
    }
}
