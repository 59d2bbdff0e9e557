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

    /// Series of a result and points of each at most; a scalar and a string are one.
    static func size(of value: PromQLResult.Value) -> (series: Int, points: Int) {
        switch value {
        case .scalar, .string: (1, 1)
        case .vector(let matrix), .matrix(let matrix): (matrix.seriesCount, max(matrix.grid.count, 1))
        case .series(let series): (series.count, series.reduce(1) { max($0, $1.samples.count) })
        }
    }

    /// Whether a series has anything to write.
    static func isWritten(_ series: Int, of value: PromQLResult.Value) -> Bool {
        switch value {
        case .scalar, .string, .series: true
        case .vector(let matrix), .matrix(let matrix): matrix.hasPoints(series)
        }
    }

    /// Writes some of the series, commas between; whether one had anything to write.
    static func write(_ range: Range<Int>, of value: PromQLResult.Value, to json: inout JSONWriter) -> Bool {
        switch value {
        case .scalar(let time, let value):
            // Prometheus writes scalars without exponents.
            json.raw("[")
            json.seconds(milliseconds: time)
            json.raw(",\"\(FloatText.plain(value))\"]")
            return true
        case .string(let time, let text):
            json.raw("[")
            json.seconds(milliseconds: time)
            json.raw(",")
            json.string(text)
            json.raw("]")
            return true
        case .vector(let matrix): return write(range, to: &json) { vectorSeries(matrix, $0, to: &$1) }
        case .matrix(let matrix):
            let times = (0..<matrix.grid.count).map { matrix.grid.time($0) }
            return write(range, to: &json) { matrixSeries(matrix, $0, times, to: &$1) }
        case .series(let series): return write(range, to: &json) { rawSeries(series[$0], to: &$1) }
        }
    }

    private static func write(_ range: Range<Int>, to json: inout JSONWriter, _ one: (Int, inout JSONWriter) -> Bool) -> Bool {
        var hasWritten = false
        for series in range {
            if hasWritten { json.raw(",") }
            if one(series, &json) {
                hasWritten = true
            } else if hasWritten {
                json.bytes.removeLast()
            }
        }
        return hasWritten
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

    private static func matrixSeries(_ matrix: StepMatrix, _ series: Int, _ times: [Int64], to json: inout JSONWriter) -> Bool {
        if !matrix.hasPoints(series) { return false }
        json.raw("{\"metric\":")
        labels(matrix.labels[series], to: &json)
        let own = matrix.range(of: series)
        values(times.span, matrix.values.span.extracting(own), matrix.kinds.span.extracting(own), to: &json)
        histograms(matrix.histograms[series], times, to: &json)
        json.raw("}")
        return true
    }

    private static func rawSeries(_ one: PromQLSeries, to json: inout JSONWriter) -> Bool {
        json.raw("{\"metric\":")
        labels(one.labels, to: &json)
        var kinds = [UInt8](repeating: PointKind.float, count: one.samples.count)
        for (index, histogram) in one.samples.histograms.enumerated() where histogram != nil { kinds[index] = PointKind.histogram }
        values(one.samples.timestamps.span, one.samples.values.span, kinds.span, to: &json)
        histograms(one.samples.histograms, one.samples.timestamps, to: &json)
        json.raw("}")
        return true
    }

    /// The one step of a vector as a list.
    static func vector(_ matrix: StepMatrix, to json: inout JSONWriter) { list(.vector(matrix), to: &json) }

    /// A matrix as a list of series.
    static func write(_ matrix: StepMatrix, to json: inout JSONWriter) { list(.matrix(matrix), to: &json) }

    private static func list(_ value: PromQLResult.Value, to json: inout JSONWriter) {
        json.raw("[")
        _ = write(0..<size(of: value).series, of: value, to: &json)
        json.raw("]")
    }

    /// `"values":[…]` where there are any floats.
    private static func values(_ times: Span<Int64>, _ values: Span<Double>, _ kinds: Span<UInt8>, to json: inout JSONWriter) {
        let start = json.bytes.count
        json.raw(",\"values\":[")
        if json.points(times, values, kinds, kind: PointKind.float) {
            json.raw("]")
        } else {
            json.bytes.removeLast(json.bytes.count - start)
        }
    }

    /// `"histograms":[…]` where there are any.
    private static func histograms(_ histograms: [NativeHistogram?], _ times: [Int64], to json: inout JSONWriter) {
        var isOpen = false
        for (index, histogram) in histograms.enumerated() {
            guard let histogram else { continue }
            json.raw(isOpen ? ",[" : ",\"histograms\":[[")
            isOpen = true
            json.seconds(milliseconds: times[index])
            json.raw(",")
            HistogramJSON.write(histogram, to: &json)
            json.raw("]")
        }
        if isOpen { json.raw("]") }
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
