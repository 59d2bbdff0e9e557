import VardeKernels
import VardeModel

/// Gathers the series of classic histograms over one scrape, to make native histograms with custom buckets of them, as Prometheus'
/// `convert_classic_histograms_to_nhcb` does.
struct ClassicHistograms {
    /// One histogram's parts as they came.
    struct Parts {
        /// Upper bounds with what was counted up to them.
        var buckets: [(bound: Double, count: Double)] = []
        var count: Double?
        var sum = 0.0
        /// Milliseconds, where the target says a time.
        var time: Int64?
        var exemplars: [Exemplar] = []

        /// nil where the parts make no histogram: no bucket, bounds twice, counts that go down.
        var histogram: NativeHistogram? {
            let sorted = buckets.sorted { $0.bound < $1.bound }
            var bounds: [Double] = []
            var counts: [Double] = []
            var before = 0.0
            for (bound, upTo) in sorted {
                guard upTo >= before, bounds.last != bound, !bound.isNaN else { return nil }
                counts.append(upTo - before)
                before = upTo
                if bound < .infinity { bounds.append(bound) }
            }
            if sorted.last?.bound != .infinity {
                // What no bucket says lies above all of them.
                guard let count, count >= before else { return nil }
                counts.append(count - before)
                before = count
            }
            guard !sorted.isEmpty, count == nil || count == before else { return nil }
            var result = NativeHistogram(
                schema: NativeHistogram.customBucketsSchema, count: before, sum: sum, customBounds: bounds)
            Self.layOut(counts, in: &result)
            return result
        }

        /// Buckets that hold something, by spans.
        private static func layOut(_ counts: [Double], in histogram: inout NativeHistogram) {
            var next = 0
            for (index, count) in counts.enumerated() where count > 0 {
                if histogram.positiveSpans.isEmpty || index != next {
                    histogram.positiveSpans.append(.init(offset: Int32(index - next), length: 0))
                }
                histogram.positiveSpans[histogram.positiveSpans.count - 1].length += 1
                histogram.positiveBuckets.append(count)
                next = index + 1
            }
        }
    }

    /// In the order they began, by the labels the native histogram has.
    private(set) var all: [(labels: Labels, parts: Parts)] = []
    private var places: [Labels: Int] = [:]

    /// The family a series would belong to if that were a classic histogram; nil where its name says it does not.
    static func family(of name: String) -> String? {
        for end in ["_bucket", "_count", "_sum"] where name.hasSuffix(end) { return String(name.dropLast(end.utf8.count)) }
        return nil
    }

    /// Takes a sample of a family that is a histogram; false where it is none of its parts, such as a bucket without a bound.
    mutating func take(_ labels: Labels, family: String, _ value: Double, time: Int64?, exemplar: Exemplar?) -> Bool {
        var own = labels.setting(Labels.metricName, to: family)
        let isBucket = labels.name.hasSuffix("_bucket")
        var bound = Double.nan
        if isBucket {
            guard let text = labels["le"], let number = DecimalParser.double(Array(text.utf8).span) else { return false }
            bound = number
            own = own.setting("le", to: "")
        }
        let place = places[own] ?? all.count
        if place == all.count {
            places[own] = place
            all.append((own, Parts()))
        }
        all[place].parts.time = time ?? all[place].parts.time
        if let exemplar { all[place].parts.exemplars.append(exemplar) }
        if isBucket {
            all[place].parts.buckets.append((bound, value))
        } else if labels.name.hasSuffix("_count") {
            all[place].parts.count = value
        } else {
            all[place].parts.sum = value
        }
        return true
    }
}
