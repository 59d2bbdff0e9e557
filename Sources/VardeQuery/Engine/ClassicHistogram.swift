/// Buckets of a classic histogram at one step: upper bounds with cumulative counts.
package struct ClassicHistogram: Sendable {
    package struct Bucket: Sendable {
        package var upperBound: Double
        package var count: Double

        package init(upperBound: Double, count: Double) {
            self.upperBound = upperBound
            self.count = count
        }
    }

    /// What had to be raised so that counts do not fall from bucket to bucket.
    package struct Forcing: Sendable {
        package var minBucket = Double.infinity
        package var maxBucket = -Double.infinity
        package var maxDifference = 0.0
    }

    private static let tolerance = 1e-12

    package var buckets: [Bucket] = []

    package init() {}

    /// Sorts by bound and joins buckets of the same bound; false unless the last bound is +Inf.
    private mutating func arrange() -> Bool {
        // Callers that ask step after step give them in order already.
        var ascending = true
        for i in 1..<max(buckets.count, 1) where !(buckets[i - 1].upperBound < buckets[i].upperBound) { ascending = false }
        if ascending { return buckets.last?.upperBound == .infinity }
        buckets.sort { $0.upperBound < $1.upperBound }
        guard let last = buckets.last, last.upperBound == .infinity else { return false }
        var joined: [Bucket] = []
        for bucket in buckets {
            if let before = joined.last, before.upperBound == bucket.upperBound {
                joined[joined.count - 1].count += bucket.count
            } else {
                joined.append(bucket)
            }
        }
        buckets = joined
        return true
    }

    private mutating func forceMonotonicity() -> Forcing? {
        var forcing: Forcing?
        var previous = buckets[0].count
        for i in 1..<max(buckets.count, 1) {
            let count = buckets[i].count
            if count == previous { continue }
            if Self.almostEqual(previous, count) {
                buckets[i].count = previous
            } else if count < previous {
                buckets[i].count = previous
                var own = forcing ?? Forcing()
                own.minBucket = min(own.minBucket, buckets[i].upperBound)
                own.maxBucket = max(own.maxBucket, buckets[i].upperBound)
                own.maxDifference = max(own.maxDifference, previous - count)
                forcing = own
            } else {
                previous = count
            }
        }
        return forcing
    }

    private static func almostEqual(_ a: Double, _ b: Double) -> Bool {
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
        if a == b { return true }
        let sum = a.magnitude + b.magnitude
        let difference = (a - b).magnitude
        if a == 0 || b == 0 || sum < .leastNormalMagnitude { return difference < tolerance * .leastNormalMagnitude }
        return difference / min(sum, .greatestFiniteMagnitude) < tolerance
    }

    /// The q-quantile, linear inside a bucket; the second highest bound where it falls into the last one.
    package mutating func quantile(_ q: Double) -> (value: Double, forcing: Forcing?) {
        if q.isNaN { return (.nan, nil) }
        if q < 0 { return (-.infinity, nil) }
        if q > 1 { return (.infinity, nil) }
        guard arrange() else { return (.nan, nil) }
        let forcing = forceMonotonicity()
        let last = buckets.count - 1
        let observations = buckets[last].count
        if buckets.count < 2 || observations == 0 { return (.nan, forcing) }
        var rank = q * observations
        // The first bucket among all but the last that reaches the rank, by halving as counts ascend.
        var low = 0
        var high = last
        while low < high {
            let middle = (low + high) / 2
            if buckets[middle].count >= rank { high = middle } else { low = middle + 1 }
        }
        if low == last { return (buckets[last - 1].upperBound, forcing) }
        if low == 0, buckets[0].upperBound <= 0 { return (buckets[0].upperBound, forcing) }
        var start = 0.0
        var count = buckets[low].count
        if low > 0 {
            start = buckets[low - 1].upperBound
            count -= buckets[low - 1].count
            rank -= buckets[low - 1].count
        }
        return (start + (buckets[low].upperBound - start) * (rank / count), forcing)
    }

    /// The share of observations between two values.
    package mutating func fraction(from lower: Double, to upper: Double) -> Double {
        guard arrange() else { return .nan }
        let count = buckets[buckets.count - 1].count
        if count == 0 || lower.isNaN || upper.isNaN { return .nan }
        if lower >= upper { return 0 }
        var rank = 0.0
        var lowerRank: Double?
        var upperRank: Double?
        var bound = buckets[0].upperBound <= 0 ? -Double.infinity : 0
        for (i, bucket) in buckets.enumerated() {
            if i > 0 { bound = buckets[i - 1].upperBound }
            func interpolate(_ value: Double) -> Double {
                bound == -.infinity ? bucket.count : rank + (bucket.count - rank) * (value - bound) / (bucket.upperBound - bound)
            }
            if lowerRank == nil, bound >= lower { lowerRank = rank }
            if upperRank == nil, bound >= upper { upperRank = rank }
            if lowerRank == nil, bound < lower, bucket.upperBound > lower { lowerRank = interpolate(lower) }
            if upperRank == nil, bound < upper, bucket.upperBound > upper { upperRank = interpolate(upper) }
            if lowerRank != nil, upperRank != nil { break }
            rank = bucket.count
        }
        return (min(upperRank ?? count, count) - min(lowerRank ?? count, count)) / count
    }
}
