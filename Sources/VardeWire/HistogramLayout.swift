import VardeModel

/// Lays buckets out by spans, and merges those of histograms finer than are stored.
enum HistogramLayout {
    /// Finest schema senders may use (Prometheus native histogram specification: 9…52 are reserved and merged into 8).
    static let finestSent: Int32 = 52
    /// A gap up to so many empty buckets is cheaper filled with zeros than bridged by a span.
    static let longestFilledGap = 2

    /// The histogram with its resolution reduced to the finest that is stored.
    static func storable(_ histogram: NativeHistogram) -> NativeHistogram {
        let finest = NativeHistogram.exponentialSchemas.upperBound
        guard histogram.schema > finest, histogram.schema <= finestSent, histogram.complaintBesidesSchema == nil else { return histogram }
        var coarse = histogram
        let shift = histogram.schema - finest
        coarse.schema = finest
        (coarse.positiveSpans, coarse.positiveBuckets) = merged(histogram.positiveSpans, histogram.positiveBuckets, shift)
        (coarse.negativeSpans, coarse.negativeBuckets) = merged(histogram.negativeSpans, histogram.negativeBuckets, shift)
        return coarse
    }

    private static func merged(
        _ spans: [NativeHistogram.BucketSpan], _ buckets: [Double], _ shift: Int32
    ) -> ([NativeHistogram.BucketSpan], [Double]) {
        var wide: [(index: Int, count: Double)] = []
        var index = 0
        var next = 0
        for span in spans {
            index += Int(span.offset)
            for _ in 0..<Int(span.length) {
                append((index - 1) >> Int(shift) + 1, buckets[next], to: &wide)
                index += 1
                next += 1
            }
        }
        return lay(wide)
    }

    /// Adds to the last bucket where the index is the same; indices ascend.
    static func append(_ index: Int, _ count: Double, to buckets: inout [(index: Int, count: Double)]) {
        if let last = buckets.indices.last, buckets[last].index == index {
            buckets[last].count += count
        } else {
            buckets.append((index, count))
        }
    }

    /// Spans and counts of buckets in ascending order of their indices.
    static func lay(_ buckets: [(index: Int, count: Double)]) -> ([NativeHistogram.BucketSpan], [Double]) {
        var spans: [NativeHistogram.BucketSpan] = []
        var counts: [Double] = []
        var next = 0
        for (index, count) in buckets {
            let gap = index - next
            if let last = spans.indices.last, gap <= longestFilledGap {
                for _ in 0..<gap { counts.append(0) }
                spans[last].length += UInt32(gap + 1)
            } else {
                spans.append(.init(offset: Int32(clamping: gap), length: 1))
            }
            counts.append(count)
            next = index + 1
        }
        return (spans, counts)
    }
}

extension NativeHistogram {
    /// As `complaint`, with a schema finer than the stored ones let pass.
    fileprivate var complaintBesidesSchema: String? {
        var copy = self
        copy.schema = Self.exponentialSchemas.upperBound
        return copy.complaint
    }
}
