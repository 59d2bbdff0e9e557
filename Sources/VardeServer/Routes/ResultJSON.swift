import VardeModel
import VardeQuery
import VardeWire

/// Query results as Prometheus' API writes them, straight from columns to bytes.
enum ResultJSON {
    /// Everything of `data` before the first series.
    static func begin(_ value: PromQLResult.Value, to json: inout JSONWriter) {
        json.raw("{\"resultType\":")
        switch value {
        case .scalar: json.raw("\"scalar\",\"result\":")
        case .string: json.raw("\"string\",\"result\":")
        case .vector: json.raw("\"vector\",\"result\":[")
        case .matrix, .series: json.raw("\"matrix\",\"result\":[")
        }
    }

    /// Everything of `data` behind the last series, without the closing brace.
    static func end(_ value: PromQLResult.Value, to json: inout JSONWriter) {
        switch value {
        case .scalar, .string: break
        case .vector, .matrix, .series: json.raw("]")
        }
    }

    /// How far the series of a result are written.
    struct Progress {
        var next = 0
        var hasWritten = false
    }

    /// Writes further series until there are so many bytes; whether there are more.
    static func writeSeries(
        of value: PromQLResult.Value, from progress: inout Progress, to json: inout JSONWriter, until size: Int
    ) -> Bool {
        switch value {
        case .scalar(let time, let value):
            point(time, value, to: &json)
            return false
        case .string(let time, let text):
            json.raw("[")
            json.seconds(milliseconds: time)
            json.raw(",")
            json.string(text)
            json.raw("]")
            return false
        case .vector(let matrix):
            return write(matrix.seriesCount, from: &progress, to: &json, until: size) { vectorSeries(matrix, $0, to: &$1) }
        case .matrix(let matrix):
            return write(matrix.seriesCount, from: &progress, to: &json, until: size) { matrixSeries(matrix, $0, to: &$1) }
        case .series(let series):
            return write(series.count, from: &progress, to: &json, until: size) { rawSeries(series[$0], to: &$1) }
        }
    }

    private static func write(
        _ count: Int, from progress: inout Progress, to json: inout JSONWriter, until size: Int, _ one: (Int, inout JSONWriter) -> Bool
    ) -> Bool {
        while progress.next < count {
            if json.bytes.count >= size { return true }
            if progress.hasWritten { json.raw(",") }
            if one(progress.next, &json) {
                progress.hasWritten = true
            } else if progress.hasWritten {
                json.bytes.removeLast()
            }
            progress.next += 1
        }
        return false
    }

    /// Each of these says whether the series had anything to write.
    private static func vectorSeries(_ matrix: StepMatrix, _ series: Int, to json: inout JSONWriter) -> Bool {
        if matrix.kind(series, 0) == 0 { return false }
        json.raw("{\"metric\":")
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
        return true
    }

    private static func matrixSeries(_ matrix: StepMatrix, _ series: Int, to json: inout JSONWriter) -> Bool {
        if !matrix.hasPoints(series) { return false }
        json.raw("{\"metric\":")
        labels(matrix.labels[series], to: &json)
        points(matrix.grid.count, to: &json) { step in
            matrix.kind(series, step) == 0 ? nil : (matrix.grid.time(step), matrix.value(series, step), matrix.histogram(series, step))
        }
        json.raw("}")
        return true
    }

    private static func rawSeries(_ one: PromQLSeries, to json: inout JSONWriter) -> Bool {
        json.raw("{\"metric\":")
        labels(one.labels, to: &json)
        points(one.samples.count, to: &json) { index in
            let histogram = one.samples.histograms.isEmpty ? nil : one.samples.histograms[index]
            return (one.samples.timestamps[index], one.samples.values[index], histogram)
        }
        json.raw("}")
        return true
    }

    /// The one step of a vector as a list.
    static func vector(_ matrix: StepMatrix, to json: inout JSONWriter) { list(.vector(matrix), to: &json) }

    /// A matrix as a list of series.
    static func write(_ matrix: StepMatrix, to json: inout JSONWriter) { list(.matrix(matrix), to: &json) }

    private static func list(_ value: PromQLResult.Value, to json: inout JSONWriter) {
        json.raw("[")
        var progress = Progress()
        _ = writeSeries(of: value, from: &progress, to: &json, until: .max)
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
