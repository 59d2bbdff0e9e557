import VardeModel
import VardeQuery
import VardeWire

/// Query results as Prometheus' API writes them, straight from columns to bytes.
enum ResultJSON {
    static func write(_ result: PromQLResult, to json: inout JSONWriter) {
        json.raw("{\"resultType\":")
        switch result.value {
        case .scalar(let time, let value):
            json.raw("\"scalar\",\"result\":")
            point(time, value, to: &json)
        case .string(let time, let text):
            json.raw("\"string\",\"result\":[")
            json.seconds(milliseconds: time)
            json.raw(",")
            json.string(text)
            json.raw("]")
        case .vector(let matrix):
            json.raw("\"vector\",\"result\":")
            vector(matrix, to: &json)
        case .matrix(let matrix):
            json.raw("\"matrix\",\"result\":")
            write(matrix, to: &json)
        case .series(let series):
            json.raw("\"matrix\",\"result\":")
            json.list(series) { json, one in
                json.raw("{\"metric\":")
                labels(one.labels, to: &json)
                points(one.samples.count, to: &json) { index in
                    let histogram = one.samples.histograms.isEmpty ? nil : one.samples.histograms[index]
                    return (one.samples.timestamps[index], one.samples.values[index], histogram)
                }
                json.raw("}")
            }
        }
    }

    /// The one step of a vector as a list.
    static func vector(_ matrix: StepMatrix, to json: inout JSONWriter) {
        json.raw("[")
        var first = true
        for series in 0..<matrix.seriesCount where matrix.kind(series, 0) != 0 {
            json.raw(first ? "{\"metric\":" : ",{\"metric\":")
            first = false
            labels(matrix.labels[series], to: &json)
            if let histogram = matrix.histogram(series, 0) {
                json.raw(",\"histogram\":[")
                json.seconds(milliseconds: matrix.grid.time(0))
                json.raw(",")
                HistogramJSON.write(histogram, to: &json)
                json.raw("]}")
            } else {
                json.raw(",\"value\":")
                point(matrix.grid.time(0), matrix.value(series, 0), to: &json)
                json.raw("}")
            }
        }
        json.raw("]")
    }

    /// A matrix as a list of series.
    static func write(_ matrix: StepMatrix, to json: inout JSONWriter) {
        json.raw("[")
        var first = true
        for series in 0..<matrix.seriesCount where matrix.hasPoints(series) {
            json.raw(first ? "{\"metric\":" : ",{\"metric\":")
            first = false
            labels(matrix.labels[series], to: &json)
            points(matrix.grid.count, to: &json) { step in
                matrix.kind(series, step) == 0 ? nil : (matrix.grid.time(step), matrix.value(series, step), matrix.histogram(series, step))
            }
            json.raw("}")
        }
        json.raw("]")
    }

    /// `"values":[…]` and `"histograms":[…]`, each only where there are any.
    private static func points(_ count: Int, to json: inout JSONWriter, _ at: (Int) -> (Int64, Double, NativeHistogram?)?) {
        var hasHistograms = false
        var open = false
        for index in 0..<count {
            guard let (time, value, histogram) = at(index) else { continue }
            if histogram != nil {
                hasHistograms = true
                continue
            }
            json.raw(open ? "," : ",\"values\":[")
            open = true
            point(time, value, to: &json)
        }
        if open { json.raw("]") }
        guard hasHistograms else { return }
        open = false
        for index in 0..<count {
            guard let (time, _, histogram) = at(index), let histogram else { continue }
            json.raw(open ? ",[" : ",\"histograms\":[[")
            open = true
            json.seconds(milliseconds: time)
            json.raw(",")
            HistogramJSON.write(histogram, to: &json)
            json.raw("]")
        }
        json.raw("]")
    }

    static func point(_ time: Int64, _ value: Double, to json: inout JSONWriter) {
        json.raw("[")
        json.seconds(milliseconds: time)
        json.raw(",")
        json.value(value)
        json.raw("]")
    }

    static func labels(_ labels: Labels, to json: inout JSONWriter) {
        json.raw("{")
        for (index, label) in labels.enumerated() {
            if index > 0 { json.raw(",") }
            json.string(label.name)
            json.raw(":")
            json.string(label.value)
        }
        json.raw("}")
    }
}
