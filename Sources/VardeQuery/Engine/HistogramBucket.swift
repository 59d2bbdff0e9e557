package import VardeModel

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A bucket of a native histogram with its bounds and absolute count.
package struct HistogramBucket: Sendable, Equatable {
    package var lower: Double
    package var upper: Double
    package var lowerInclusive: Bool
    package var upperInclusive: Bool
    package var count: Double
    /// Index within the schema; 0 for the zero bucket, where it means nothing.
    package var index: Int32

    /// The share of the bucket's width at or below `value`, which lies inside its finite bounds; linear, or on a logarithmic scale.
    package func fractionBelow(_ value: Double, linear: Bool) -> Double {
        if linear { return (value - lower) / (upper - lower) }
        let logLower = log2(lower.magnitude)
        let logUpper = log2(upper.magnitude)
        let logValue = log2(value.magnitude)
        if value > 0 { return (logValue - logLower) / (logUpper - logLower) }
        return 1 - (logValue - logUpper) / (logLower - logUpper)
    }
}

/// Where the buckets of each schema begin and end (Prometheus native histogram specification).
package enum HistogramBounds {
    /// `2^(i/256) / 2` for the 256 bounds between two powers of two in schema 8; coarser schemas take every n-th.
    private static let fractions: [Double] = zip(0..<256, shortfalls.utf8).map { place, shortfall in
        Double(bitPattern: (exp2(Double(place) / 256) / 2).bitPattern + 1 - UInt64(shortfall - UInt8(ascii: "0")))
    }

    /// What Prometheus' bounds fall short of these by, in units of the last place and counted from -1: clients see bounds to the last
    /// digit, and compare them as text.
    private static let shortfalls =
        "1111112111211111112311222222222211211121122211221122102211221122"
        + "1111112222332132112111211112111111121011213311221222112121332222"
        + "2121223322322122222222323233323311221121223321332233212232332232"
        + "2243223233433343333333444455435422322333324422333243223333543344"

    /// Upper bound of the bucket with this index on the positive side of an exponential schema (-4…8).
    package static func exponential(_ index: Int32, schema: Int32) -> Double {
        if schema < 0 {
            let exponent = Int(index) << Int(-schema)
            if exponent == 1024 { return .greatestFiniteMagnitude }
            return Double(sign: .plus, exponent: exponent, significand: 1)
        }
        let fraction = fractions[Int(index & ((1 << schema) - 1)) << Int(8 - min(schema, 8))]
        let exponent = Int(index >> schema) + 1
        if fraction == 0.5, exponent == 1025 { return .greatestFiniteMagnitude }
        return Double(sign: .plus, exponent: exponent, significand: fraction)
    }

    /// Upper bound of a bucket, by custom bounds where the schema says so.
    package static func upper(_ index: Int32, schema: Int32, custom: [Double]) -> Double {
        guard schema == NativeHistogram.customBucketsSchema else { return exponential(index, schema: schema) }
        if index < 0 { return -.infinity }
        return Int(index) < custom.count ? custom[Int(index)] : .infinity
    }

    /// Index a bucket has in a coarser schema.
    package static func index(_ index: Int32, from origin: Int32, to target: Int32) -> Int32 {
        ((index &- 1) >> (origin - target)) &+ 1
    }
}

extension NativeHistogram {
    /// Buckets of one side from the zero bucket outwards, empty ones included.
    package func buckets(positive: Bool) -> [HistogramBucket] {
        let column = BucketColumn(self, positive: positive)
        let custom = usesCustomBuckets
        return (0..<column.count).map { i in
            let index = column.indices[i]
            let near = HistogramBounds.upper(index - 1, schema: schema, custom: customBounds)
            let far = HistogramBounds.upper(index, schema: schema, custom: customBounds)
            let lower = positive ? near : -far
            let upper = positive ? far : -near
            return HistogramBucket(
                lower: lower, upper: upper, lowerInclusive: custom ? index == 0 : lower < 0, upperInclusive: custom ? true : upper > 0,
                count: column.counts[i], index: index)
        }
    }

    /// The zero bucket; exponential schemas alone have one.
    package var zeroBucket: HistogramBucket {
        HistogramBucket(
            lower: -zeroThreshold, upper: zeroThreshold, lowerInclusive: true, upperInclusive: true, count: zeroCount, index: 0)
    }

    /// All buckets from the lowest to the highest; bounds that reach into the zero bucket are cut off at it.
    package func allBuckets() -> [HistogramBucket] {
        var all: [HistogramBucket] = []
        for var bucket in buckets(positive: false).reversed() {
            if bucket.upper < 0, bucket.upper > -zeroThreshold { bucket.upper = -zeroThreshold }
            all.append(bucket)
        }
        if zeroCount > 0, !usesCustomBuckets { all.append(zeroBucket) }
        for var bucket in buckets(positive: true) {
            if bucket.lower > 0, bucket.lower < zeroThreshold { bucket.lower = zeroThreshold }
            if bucket.upper < 0, bucket.upper > -zeroThreshold { bucket.upper = -zeroThreshold }
            all.append(bucket)
        }
        return all
    }
}
