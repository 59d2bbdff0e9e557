package import VardeModel

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// What NaN observations did to a quantile or fraction.
package enum HistogramNaNFinding: Sendable {
    case resultIsNaN
    case resultIsSkewed
    case excluded
}

extension NativeHistogram {
    /// The q-quantile; exponential interpolation inside exponential buckets, linear in the zero bucket and in custom ones.
    package func quantile(_ q: Double) -> (value: Double, finding: HistogramNaNFinding?) {
        if q < 0 { return (-.infinity, nil) }
        if q > 1 { return (.infinity, nil) }
        if count == 0 || q.isNaN { return (.nan, nil) }
        let forward = sum.isNaN || q < 0.5
        let all = forward ? allBuckets() : allBuckets().reversed()
        var rank = forward ? q * count : (1 - q) * count
        var bucket = HistogramBucket(lower: 0, upper: 0, lowerInclusive: false, upperInclusive: false, count: 0, index: 0)
        var seen = 0.0
        var next = 0
        while next < all.count {
            bucket = all[next]
            next += 1
            if bucket.count == 0 { continue }
            seen += bucket.count
            if seen >= rank { break }
        }
        if !usesCustomBuckets, bucket.lower < 0, bucket.upper > 0 {
            if negativeBuckets.isEmpty, !positiveBuckets.isEmpty {
                bucket.lower = 0
            } else if positiveBuckets.isEmpty, !negativeBuckets.isEmpty {
                bucket.upper = 0
            }
        } else if usesCustomBuckets {
            if bucket.lower == -.infinity {
                if bucket.upper <= 0 { return (bucket.upper, nil) }
                bucket.lower = 0
            } else if bucket.upper == .infinity {
                return (bucket.lower, nil)
            }
        }
        seen = min(seen, count)
        if seen < rank { return sum.isNaN ? (.nan, .resultIsNaN) : (bucket.upper, nil) }
        if forward { rank -= seen - bucket.count } else { rank = seen - rank }
        var finding: HistogramNaNFinding?
        let fraction: Double
        if sum.isNaN {
            // Prometheus goes on with the last bucket it looks at here; the skew is told where buckets hold less than the count.
            while next < all.count {
                bucket = all[next]
                seen += bucket.count
                next += 1
            }
            if seen < count { finding = .resultIsSkewed }
        }
        fraction = rank / bucket.count
        if usesCustomBuckets || (bucket.lower <= 0 && bucket.upper >= 0) {
            return (bucket.lower + (bucket.upper - bucket.lower) * fraction, finding)
        }
        let logLower = log2(bucket.lower.magnitude)
        let logUpper = log2(bucket.upper.magnitude)
        if bucket.lower > 0 { return (exp2(logLower + (logUpper - logLower) * fraction), finding) }
        return (-exp2(logUpper + (logLower - logUpper) * (1 - fraction)), finding)
    }

    /// The share of observations between two values.
    package func fraction(from lower: Double, to upper: Double) -> (value: Double, finding: HistogramNaNFinding?) {
        if count == 0 || lower.isNaN || upper.isNaN { return (.nan, nil) }
        if lower >= upper { return (0, nil) }
        var total = 0.0
        var rank = 0.0
        var lowerRank: Double?
        var upperRank: Double?
        let all = allBuckets()
        var next = 0
        while next < all.count {
            var bucket = all[next]
            next += 1
            total += bucket.count
            let isZero = bucket.lower <= 0 && bucket.upper >= 0
            if isZero {
                if negativeBuckets.isEmpty, !positiveBuckets.isEmpty {
                    bucket.lower = 0
                } else if positiveBuckets.isEmpty, !negativeBuckets.isEmpty {
                    bucket.upper = 0
                }
            }
            let own = bucket
            let before = rank
            let linear = usesCustomBuckets || isZero
            func interpolate(_ value: Double) -> Double {
                if linear, own.lower == -.infinity { return own.count }
                return before + own.count * own.fractionBelow(value, linear: linear)
            }
            if lowerRank == nil, bucket.lower >= lower { lowerRank = rank }
            if upperRank == nil, bucket.lower >= upper { upperRank = rank }
            if lowerRank != nil, upperRank != nil { break }
            if lowerRank == nil, bucket.lower < lower, bucket.upper > lower { lowerRank = interpolate(lower) }
            if upperRank == nil, bucket.lower < upper, bucket.upper > upper { upperRank = interpolate(upper) }
            if lowerRank != nil, upperRank != nil { break }
            rank += bucket.count
        }
        var finding: HistogramNaNFinding?
        if sum.isNaN {
            while next < all.count {
                total += all[next].count
                next += 1
            }
            if total < count { finding = .excluded }
        } else {
            total = count
        }
        return ((min(upperRank ?? total, total) - min(lowerRank ?? total, total)) / count, finding)
    }

    /// The variance of the observations as far as buckets tell it.
    package var variance: Double {
        let mean = sum / count
        var result = KahanSum()
        for bucket in allBuckets() where bucket.count != 0 {
            let value: Double
            if usesCustomBuckets {
                value = (bucket.upper + bucket.lower) / 2
            } else if bucket.lower <= 0, bucket.upper >= 0 {
                value = 0
            } else {
                let middle = (bucket.upper * bucket.lower).squareRoot()
                value = bucket.upper < 0 ? -middle : middle
            }
            let delta = value - mean
            result.add(bucket.count * delta * delta)
        }
        return result.total / count
    }
}

extension NativeHistogram {
    /// The histogram as `count_values` names it: `{count:3, sum:2, (0.5,1]:3}`.
    package var text: String {
        var text = "{count:\(FloatText.general(count)), sum:\(FloatText.general(sum))"
        func write(_ bucket: HistogramBucket) {
            if bucket.count == 0 { return }
            text += ", " + (bucket.lowerInclusive ? "[" : "(") + FloatText.general(bucket.lower) + ","
            text += FloatText.general(bucket.upper) + (bucket.upperInclusive ? "]" : ")") + ":" + FloatText.general(bucket.count)
        }
        for bucket in buckets(positive: false).reversed() { write(bucket) }
        if zeroCount != 0 { write(zeroBucket) }
        for bucket in buckets(positive: true) { write(bucket) }
        return text + "}"
    }
}
