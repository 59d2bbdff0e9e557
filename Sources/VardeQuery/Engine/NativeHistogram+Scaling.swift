package import VardeModel

extension NativeHistogram {
    /// All counts and the sum times a factor; a negative one makes it a gauge.
    func multiplied(by factor: Double) -> NativeHistogram {
        var result = self
        result.zeroCount *= factor
        result.count *= factor
        result.sum *= factor
        for i in result.positiveBuckets.indices { result.positiveBuckets[i] *= factor }
        for i in result.negativeBuckets.indices { result.negativeBuckets[i] *= factor }
        if factor < 0 { result.counterResetHint = .gauge }
        return result
    }

    /// All counts and the sum divided; by zero the buckets go, by a negative number it becomes a gauge.
    func divided(by divisor: Double) -> NativeHistogram {
        var result = self
        result.zeroCount /= divisor
        result.count /= divisor
        result.sum /= divisor
        if divisor == 0 {
            result.positiveBuckets = []
            result.negativeBuckets = []
            result.positiveSpans = []
            result.negativeSpans = []
            return result
        }
        for i in result.positiveBuckets.indices { result.positiveBuckets[i] /= divisor }
        for i in result.negativeBuckets.indices { result.negativeBuckets[i] /= divisor }
        if divisor < 0 { result.counterResetHint = .gauge }
        return result
    }

    /// The same histogram without empty buckets.
    package func compacted() -> NativeHistogram {
        var result = self
        (result.positiveSpans, result.positiveBuckets) = BucketColumn(self, positive: true).compacted()
        (result.negativeSpans, result.negativeBuckets) = BucketColumn(self, positive: false).compacted()
        return result
    }

    /// Whether both hold the same data by bits and in the same bucket layout, whatever their hints.
    package func hasSameData(as other: NativeHistogram) -> Bool {
        schema == other.schema && count.bitPattern == other.count.bitPattern && sum.bitPattern == other.sum.bitPattern
            && zeroThreshold == other.zeroThreshold && zeroCount.bitPattern == other.zeroCount.bitPattern
            && (!usesCustomBuckets || customBounds == other.customBounds)
            && BucketColumn(self, positive: true).matches(BucketColumn(other, positive: true))
            && BucketColumn(self, positive: false).matches(BucketColumn(other, positive: false))
    }
}

extension BucketColumn {
    fileprivate func matches(_ other: BucketColumn) -> Bool {
        indices == other.indices && zip(counts, other.counts).allSatisfy { $0.bitPattern == $1.bitPattern }
    }
}
