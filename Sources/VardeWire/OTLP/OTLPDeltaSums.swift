import Synchronization
import VardeKernels
import VardeModel

/// Running sums of what senders report as differences: OTLP's delta temporality made cumulative, as Prometheus' series are.
///
/// Kept in memory only: after a restart sums begin anew, with the start time of the first difference, which reads as a counter's reset.
/// A point sent again (same time as the last) is answered with the sum as it stands, so a retry counts nothing twice.
package final class OTLPDeltaSums: Sendable {
    /// Series summed at once; a new one beyond that is refused until others have been idle.
    package static let maxSeries = 200_000
    /// A series without a point for so long may be forgotten for a new one, in nanoseconds.
    static let maxIdle: Int64 = 3_600_000_000_000
    /// Most buckets of one side of an exponential sum; the scale is made coarser to stay at that.
    static let maxBuckets = 320

    /// By a hash of what tells a series from others, and without their attributes: both may hold personal data.
    private let sums = Mutex<[KeyedHash.Value: OTLPPoint]>([:])
    private static let keyHash = KeyedHash()

    package init() {}

    package var count: Int { sums.withLock { $0.count } }

    /// Why a point is not added.
    enum Refusal: Error {
        case outOfOrder
        case tooMany

        var words: String {
            switch self {
            case .outOfOrder: "a delta value is older than the sum it belongs to"
            case .tooMany: "more than \(OTLPDeltaSums.maxSeries) series of delta values"
            }
        }
    }

    /// The sum including `point`, which it takes time, flags, attributes and exemplars from.
    ///
    /// - Parameter key: of the series: metric and labels.
    func add(_ point: OTLPPoint, _ kind: OTLPMetric.Kind, key: String) throws(Refusal) -> OTLPPoint {
        let key = Self.keyHash(key.utf8Span.span)
        let result = sums.withLock { sums -> Result<OTLPPoint, Refusal> in
            guard let sum = sums[key] else {
                if sums.count >= Self.maxSeries {
                    for (known, value) in sums where value.time < point.time - Self.maxIdle { sums[known] = nil }
                    if sums.count >= Self.maxSeries { return .failure(.tooMany) }
                }
                if point.hasNoValue { return .success(point) }
                var first = point
                if first.start == 0 { first.start = first.time }
                first.exemplars = []
                first.attributes = []
                sums[key] = first
                var answer = first
                answer.attributes = point.attributes
                answer.exemplars = point.exemplars
                return .success(answer)
            }
            if point.hasNoValue {
                sums[key] = nil
                return .success(point)
            }
            if point.time < sum.time { return .failure(.outOfOrder) }
            var next = sum
            if point.time > sum.time {
                next = Self.sum(sum, point, kind)
                sums[key] = next
            }
            next.attributes = point.attributes
            next.exemplars = point.exemplars
            return .success(next)
        }
        return try result.get()
    }

    private static func sum(_ sum: OTLPPoint, _ point: OTLPPoint, _ kind: OTLPMetric.Kind) -> OTLPPoint {
        var next = point
        next.exemplars = []
        next.attributes = []
        next.start = sum.start
        next.count = sum.count &+ point.count
        next.sum = sum.sum.flatMap { old in point.sum.map { old + $0 } }
        switch kind {
        case .histogram:
            // Other bounds are another histogram: it begins anew.
            guard sum.bounds == point.bounds, sum.bucketCounts.count == point.bucketCounts.count else {
                next = point
                if next.start == 0 { next.start = sum.time }
                next.exemplars = []
                next.attributes = []
                return next
            }
            next.bucketCounts = zip(sum.bucketCounts, point.bucketCounts).map { $0 &+ $1 }
        case .exponential:
            next.zeroCount = sum.zeroCount &+ point.zeroCount
            next.zeroThreshold = max(sum.zeroThreshold, point.zeroThreshold)
            next.scale = min(sum.scale, point.scale)
            func atScale(_ scale: Int32) -> [OTLPPoint.Buckets] {
                [
                    coarser(sum.positive, sum.scale - scale), coarser(point.positive, point.scale - scale),
                    coarser(sum.negative, sum.scale - scale), coarser(point.negative, point.scale - scale),
                ]
            }
            var sides = atScale(next.scale)
            let shift = max(shift(sides[0], sides[1]), shift(sides[2], sides[3]))
            if shift > 0 {
                next.scale -= shift
                sides = atScale(next.scale)
            }
            next.positive = merged(sides[0], sides[1])
            next.negative = merged(sides[2], sides[3])
        default: next.value = sum.value + point.value
        }
        return next
    }

    /// Buckets at a scale smaller by `shift`: each takes in 2^shift of the finer ones.
    static func coarser(_ buckets: OTLPPoint.Buckets, _ shift: Int32) -> OTLPPoint.Buckets {
        if shift <= 0 || buckets.counts.isEmpty { return buckets }
        let shift = min(shift, 31)
        var out = OTLPPoint.Buckets(offset: buckets.offset >> shift, counts: [])
        for (place, count) in buckets.counts.enumerated() {
            let index = (Int(buckets.offset) + place) >> Int(shift) - Int(out.offset)
            while out.counts.count <= index { out.counts.append(0) }
            out.counts[index] &+= count
        }
        return out
    }

    /// Counts of two sides at one scale added.
    private static func merged(_ a: OTLPPoint.Buckets, _ b: OTLPPoint.Buckets) -> OTLPPoint.Buckets {
        if a.counts.isEmpty { return b }
        if b.counts.isEmpty { return a }
        let first = min(Int(a.offset), Int(b.offset))
        let end = max(Int(a.offset) + a.counts.count, Int(b.offset) + b.counts.count)
        var out = OTLPPoint.Buckets(offset: Int32(first), counts: Array(repeating: 0, count: end - first))
        for side in [a, b] {
            for (place, count) in side.counts.enumerated() { out.counts[Int(side.offset) + place - first] &+= count }
        }
        return out
    }

    /// How much coarser two sides must be to be laid out together in `maxBuckets`.
    private static func shift(_ a: OTLPPoint.Buckets, _ b: OTLPPoint.Buckets) -> Int32 {
        var shift: Int32 = 0
        let sides = [a, b].filter { !$0.counts.isEmpty }
        guard let first = sides.map({ Int($0.offset) }).min(), let last = sides.map({ Int($0.offset) + $0.counts.count - 1 }).max() else {
            return 0
        }
        while (last >> Int(shift)) - (first >> Int(shift)) >= maxBuckets { shift += 1 }
        return shift
    }
}
