import VardeModel

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Observations as they come, in exponential buckets that become coarser where there would be too many of them.
struct ObservedHistogram: Sendable {
    /// Buckets it has at most.
    static let maxBuckets = 160
    /// Eight buckets a doubling: bounds 9 % apart.
    private static let finest: Int32 = 3

    private var schema = finest
    private var positive: [Int32: Double] = [:]
    private var negative: [Int32: Double] = [:]
    private var zeroes = 0.0
    private var count = 0.0
    private var sum = 0.0

    mutating func observe(_ value: Double, weight: Double) {
        count += weight
        sum += value * weight
        let size = value.magnitude
        if size < 1e-12 {
            zeroes += weight
            return
        }
        let index = Self.index(size, schema)
        if value > 0 { positive[index, default: 0] += weight } else { negative[index, default: 0] += weight }
        while positive.count + negative.count > Self.maxBuckets, schema > -4 { halve() }
    }

    /// The bucket (2^(2^−schema))^(i−1) < size ≤ (2^(2^−schema))^i.
    private static func index(_ size: Double, _ schema: Int32) -> Int32 {
        let place = log2(size) * exp2(Double(schema))
        return Int32(max(-100_000, min(100_000, place.rounded(.up))))
    }

    private mutating func halve() {
        schema -= 1
        func merged(_ buckets: [Int32: Double]) -> [Int32: Double] {
            var half: [Int32: Double] = [:]
            // Two buckets, 2i − 1 and 2i, become i.
            for (index, count) in buckets { half[(index + 1) >> 1, default: 0] += count }
            return half
        }
        positive = merged(positive)
        negative = merged(negative)
    }

    var histogram: NativeHistogram {
        var result = NativeHistogram(schema: schema, zeroThreshold: 1e-12, zeroCount: zeroes, count: count, sum: sum)
        (result.positiveSpans, result.positiveBuckets) = Self.spans(positive)
        (result.negativeSpans, result.negativeBuckets) = Self.spans(negative)
        return result
    }

    private static func spans(_ buckets: [Int32: Double]) -> ([NativeHistogram.BucketSpan], [Double]) {
        var spans: [NativeHistogram.BucketSpan] = []
        var counts: [Double] = []
        var next: Int32 = 0
        for (index, count) in buckets.sorted(by: { $0.key < $1.key }) {
            if spans.isEmpty || index != next { spans.append(.init(offset: spans.isEmpty ? index : index - next, length: 0)) }
            spans[spans.count - 1].length += 1
            counts.append(count)
            next = index + 1
        }
        return (spans, counts)
    }
}
