internal import VardeModel

extension NativeHistogram {
    /// Whether a counter must have been reset between `previous` and this histogram: a count fell or a populated bucket is gone.
    ///
    /// Hints decide where they are set. Source: Prometheus native histogram specification, counter resets.
    func isReset(after previous: NativeHistogram) -> Bool {
        switch counterResetHint {
        case .reset: return true
        case .notReset: return false
        case .unknown, .gauge: break
        }
        if count < previous.count { return true }
        if usesCustomBuckets {
            if !previous.usesCustomBuckets { return true }
            if customBounds != previous.customBounds { return isResetWithOtherBounds(previous) }
        }
        if schema > previous.schema || zeroThreshold < previous.zeroThreshold { return true }
        let sameLayout =
            schema == previous.schema && zeroThreshold == previous.zeroThreshold && positiveSpans == previous.positiveSpans
            && negativeSpans == previous.negativeSpans && positiveBuckets.count == previous.positiveBuckets.count
            && negativeBuckets.count == previous.negativeBuckets.count
        if sameLayout, usesCustomBuckets || zeroThreshold == 0 {
            if zeroCount < previous.zeroCount { return true }
            for i in positiveBuckets.indices where positiveBuckets[i] < previous.positiveBuckets[i] { return true }
            for i in negativeBuckets.indices where negativeBuckets[i] < previous.negativeBuckets[i] { return true }
            return false
        }
        let previousPositive = BucketColumn(previous, positive: true)
        let previousNegative = BucketColumn(previous, positive: false)
        if !usesCustomBuckets {
            var zero = KahanSum(previous.zeroCount)
            let threshold = HistogramSum.widenZero(
                &zero, from: previous.zeroThreshold, to: zeroThreshold, previousPositive, previousNegative, schema: previous.schema)
            if threshold != zeroThreshold || zeroCount < zero.sum { return true }
        }
        return Self.fell(BucketColumn(self, positive: true), previousPositive, self, previous)
            || Self.fell(BucketColumn(self, positive: false), previousNegative, self, previous)
    }

    private static func fell(
        _ current: BucketColumn, _ before: BucketColumn, _ histogram: NativeHistogram, _ previous: NativeHistogram
    ) -> Bool {
        var current = current
        var before = before
        if !histogram.usesCustomBuckets {
            before = before.reduced(from: previous.schema, to: histogram.schema)
            before = before.dropping(upTo: histogram.zeroThreshold, schema: histogram.schema)
            current = current.dropping(upTo: histogram.zeroThreshold, schema: histogram.schema)
        }
        var i = 0
        for j in 0..<before.count {
            while i < current.count, current.indices[i] < before.indices[j] { i += 1 }
            if i < current.count, current.indices[i] == before.indices[j] {
                if current.counts[i] < before.counts[j] { return true }
            } else if before.counts[j] != 0 {
                return true
            }
        }
        return false
    }

    /// As `isReset` for custom bounds that differ: compares what lies between the bounds both have.
    private func isResetWithOtherBounds(_ previous: NativeHistogram) -> Bool {
        var current = 0
        var before = 0
        let own = buckets(positive: true)
        let others = previous.buckets(positive: true)
        let common = customBounds.filter { previous.customBounds.contains($0) } + [.infinity]
        for bound in common {
            var sum = 0.0
            var previousSum = 0.0
            while current < own.count, own[current].upper <= bound {
                sum += own[current].count
                current += 1
            }
            while before < others.count, others[before].upper <= bound {
                previousSum += others[before].count
                before += 1
            }
            if sum < previousSum { return true }
        }
        return false
    }
}
