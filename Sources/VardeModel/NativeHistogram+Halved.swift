extension NativeHistogram {
    /// The histogram at half the resolution, nil at the coarsest and for custom buckets.
    ///
    /// Bucket `i` of schema `n` lies in bucket `(i + 1) / 2` (rounded up) of schema `n − 1`.
    package func halved() -> NativeHistogram? {
        guard !usesCustomBuckets, schema > Self.exponentialSchemas.lowerBound else { return nil }
        var coarse = self
        coarse.schema -= 1
        (coarse.positiveSpans, coarse.positiveBuckets) = Self.halved(positiveSpans, positiveBuckets)
        (coarse.negativeSpans, coarse.negativeBuckets) = Self.halved(negativeSpans, negativeBuckets)
        return coarse
    }

    private static func halved(_ spans: [BucketSpan], _ buckets: [Double]) -> ([BucketSpan], [Double]) {
        var out: [BucketSpan] = []
        var counts: [Double] = []
        var index = 0
        var next = 0
        var last: Int?
        for span in spans {
            index += Int(span.offset)
            for _ in 0..<Int(span.length) where next < buckets.count {
                let coarse = (index - 1) >> 1 + 1
                if coarse == last {
                    counts[counts.count - 1] += buckets[next]
                } else {
                    if let last, coarse == last + 1 {
                        out[out.count - 1].length += 1
                    } else {
                        out.append(BucketSpan(offset: Int32(clamping: last.map { coarse - $0 - 1 } ?? coarse), length: 1))
                    }
                    counts.append(buckets[next])
                    last = coarse
                }
                index += 1
                next += 1
            }
        }
        return (out, counts)
    }
}
