internal import VardeModel

extension NativeHistogram {
    /// Without the observations above a value; the bucket it falls into is split by interpolation.
    func trimmed(above limit: Double) -> NativeHistogram { trimmed(at: limit, keepsLower: true) }

    /// Without the observations below a value.
    func trimmed(below limit: Double) -> NativeHistogram { trimmed(at: limit, keepsLower: false) }

    private func trimmed(at limit: Double, keepsLower: Bool) -> NativeHistogram {
        var result = self
        var kept = 0.0
        var sum = 0.0
        var changed = false
        var populated = (positive: false, negative: false)
        for positive in [true, false] {
            let own = buckets(positive: positive)
            for (i, bucket) in own.enumerated() where bucket.count != 0 {
                if positive { populated.positive = true } else { populated.negative = true }
                let whole = keepsLower ? bucket.upper <= limit : bucket.lower >= limit
                let split = keepsLower ? bucket.lower < limit : bucket.upper > limit
                var count = 0.0
                if whole {
                    count = bucket.count
                    sum += Self.midpoint(bucket.lower, bucket.upper, positive: positive, linear: usesCustomBuckets) * count
                } else if split {
                    let (share, middle) = trim(bucket, at: limit, keepsLower: keepsLower, positive: positive)
                    count = share
                    sum += middle * share
                }
                kept += count
                if count != bucket.count {
                    changed = true
                    if positive { result.positiveBuckets[i] = count } else { result.negativeBuckets[i] = count }
                }
            }
        }
        if zeroCount > 0 {
            let (count, middle) = trimZero(at: limit, keepsLower: keepsLower, populated)
            if count != zeroCount {
                result.zeroCount = count
                changed = true
            }
            kept += count
            sum += middle * count
        }
        if !changed { return self }
        result.count = kept
        result.sum = sum
        return result.compacted()
    }

    /// What is kept of a bucket the limit falls into, and the value its observations are taken to have.
    private func trim(_ bucket: HistogramBucket, at limit: Double, keepsLower: Bool, positive: Bool) -> (count: Double, middle: Double) {
        if bucket.lower == -.infinity || bucket.upper == .infinity { return Self.trimInfinite(bucket, at: limit, keepsLower: keepsLower) }
        let below: Double
        if limit <= bucket.lower {
            below = 0
        } else if limit >= bucket.upper {
            below = bucket.count
        } else {
            below = bucket.count * bucket.fractionBelow(limit, linear: usesCustomBuckets)
        }
        if keepsLower { return (below, Self.midpoint(bucket.lower, limit, positive: positive, linear: usesCustomBuckets)) }
        return (bucket.count - below, Self.midpoint(limit, bucket.upper, positive: positive, linear: usesCustomBuckets))
    }

    private static func trimInfinite(_ bucket: HistogramBucket, at limit: Double, keepsLower: Bool) -> (count: Double, middle: Double) {
        func finite(_ value: Double) -> Double { value.isInfinite ? 0 : value }
        if bucket.lower == -.infinity {
            if keepsLower {
                if limit >= bucket.upper { return (bucket.count, 0) }
                if limit > 0, bucket.upper > 0, bucket.upper != .infinity { return (bucket.count * limit / bucket.upper, limit / 2) }
                if bucket.upper <= 0 { return (bucket.count, limit) }
                return (0, finite(bucket.upper))
            }
            if limit <= bucket.lower { return (bucket.count, 0) }
            if limit >= 0, bucket.upper > limit, bucket.upper != .infinity {
                return (bucket.count * (1 - limit / bucket.upper), (limit + bucket.upper) / 2)
            }
            return (0, finite(bucket.upper))
        }
        if keepsLower { return (0, finite(bucket.lower)) }
        return limit >= bucket.lower ? (bucket.count, limit) : (0, finite(bucket.lower))
    }

    private func trimZero(
        at limit: Double, keepsLower: Bool, _ populated: (positive: Bool, negative: Bool)
    ) -> (
        count: Double, middle: Double
    ) {
        let lower = populated.positive && !populated.negative ? 0 : -zeroThreshold
        let upper = populated.negative && !populated.positive ? 0 : zeroThreshold
        if keepsLower {
            if limit <= lower { return (0, 0) }
            if limit >= upper { return (zeroCount, (lower + upper) / 2) }
            return (zeroCount * ((limit - lower) / (upper - lower)), (lower + limit) / 2)
        }
        if limit <= lower { return (zeroCount, (lower + upper) / 2) }
        if limit >= upper { return (0, 0) }
        return (zeroCount * ((upper - limit) / (upper - lower)), (limit + upper) / 2)
    }

    private static func midpoint(_ lower: Double, _ upper: Double, positive: Bool, linear: Bool) -> Double {
        if lower.isInfinite {
            if upper.isInfinite { return 0 }
            return upper > 0 ? upper / 2 : upper
        }
        if upper.isInfinite { return lower }
        if linear { return (lower + upper) / 2 }
        let mean = (lower * upper).magnitude.squareRoot()
        return positive ? mean : -mean
    }
}
