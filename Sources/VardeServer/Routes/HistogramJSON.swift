import VardeModel
import VardeQuery
import VardeWire

/// Native histograms as Prometheus' API writes them: count, sum and the buckets that are not empty.
enum HistogramJSON {
    static func write(_ histogram: NativeHistogram, to json: inout JSONWriter) {
        json.raw("{\"count\":")
        json.value(histogram.count)
        json.raw(",\"sum\":")
        json.value(histogram.sum)
        let buckets = histogram.allBuckets().filter { $0.count != 0 }
        if !buckets.isEmpty {
            json.raw(",\"buckets\":")
            json.list(buckets) { json, bucket in
                // 0: open left, 1: open right, 2: open both, 3: closed both.
                let boundaries = bucket.lowerInclusive ? (bucket.upperInclusive ? 3 : 1) : (bucket.upperInclusive ? 0 : 2)
                json.raw("[\(boundaries),")
                json.value(bucket.lower)
                json.raw(",")
                json.value(bucket.upper)
                json.raw(",")
                json.value(bucket.count)
                json.raw("]")
            }
        }
        json.raw("}")
    }
}
