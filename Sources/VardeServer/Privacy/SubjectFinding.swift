import VardeLogs
import VardeMetrics
import VardeModel
import VardePrivacy
import VardeWire

/// What of a person is looked for: the words, and nanoseconds from `start` to before `end`.
struct LogErasureRange: Sendable {
    var texts: [String]
    var start: Int64
    var end: Int64
}

/// What is stored of a person, as JSON Lines. Third parties are pseudonyms in it as they are in the stores.
struct SubjectFinding: Sendable {
    /// Lines of one stream.
    struct Stream: Sendable {
        var lines = 0
        var first = Int64.max
        var last = Int64.min
    }

    let search: LogSearch
    private(set) var streams: [Labels: Stream] = [:]
    let series: [(selection: any SeriesSelection, index: Int)]
    private let exemplars: [(series: Labels, exemplar: Exemplar)]
    private let range: LogErasureRange

    /// Looks through the stores; blocks.
    init(_ stores: ErasedStores, _ range: LogErasureRange) throws {
        self.range = range
        search = try stores.logs.search(LogErasure(name: "", tokens: range.texts, start: range.start, end: range.end))
        for page in 0..<search.pageCount {
            guard let hit = try search.page(page) else { continue }
            var stream = streams[hit.stream.labels] ?? Stream()
            stream.lines += hit.places.count
            for place in hit.places {
                stream.first = min(stream.first, hit.columns.timestamps[place])
                stream.last = max(stream.last, hit.columns.timestamps[place])
            }
            streams[hit.stream.labels] = stream
        }
        series = try stores.series(holding: range.texts)
        let needles = ErasedStores.Needles(range.texts)
        exemplars = stores.exemplars.exemplars { needles.stand(in: $0) || needles.stand(in: $1.labels) }
    }

    var lines: Int { streams.values.reduce(0) { $0 + $1.lines } }

    /// Streams and series, a line each, and a last line that sums up.
    func write(_ tokens: SubjectTokens, to json: inout JSONWriter) {
        for (labels, stream) in streams.sorted(by: { $0.key < $1.key }) {
            json.raw("{\"kind\":\"stream\",\"labels\":")
            ResultJSON.labels(labels, to: &json)
            json.raw(",\"lines\":\(stream.lines),\"first\":\"\(stream.first)\",\"last\":\"\(stream.last)\"}\n")
        }
        for (selection, index) in series {
            json.raw("{\"kind\":\"series\",\"labels\":")
            ResultJSON.labels(selection.labels(at: index), to: &json)
            json.raw("}\n")
        }
        writeExemplars(to: &json)
        writeSummary(tokens, to: &json)
    }

    func writeExemplars(to json: inout JSONWriter) {
        for (labels, exemplar) in exemplars {
            json.raw("{\"kind\":\"exemplar\",\"series\":")
            ResultJSON.labels(labels, to: &json)
            json.raw(",\"labels\":")
            ResultJSON.labels(exemplar.labels, to: &json)
            json.raw(",\"time\":")
            json.seconds(milliseconds: exemplar.timestamp)
            json.raw(",\"value\":")
            json.value(exemplar.value)
            json.raw("}\n")
        }
    }

    func writeSummary(_ tokens: SubjectTokens, to json: inout JSONWriter) {
        json.raw("{\"kind\":\"summary\",\"lines\":\(lines),\"streams\":\(streams.count),\"series\":\(series.count)")
        json.raw(",\"exemplars\":\(exemplars.count),\"tokens\":\(tokens.texts.count),\"types\":")
        json.strings(tokens.types)
        json.raw(",\"epochs\":\(tokens.epochs),\"unknown_identifiers\":\(tokens.unknown)}\n")
    }

    /// Lines of one page that concern the person; blocks.
    func page(_ index: Int) throws -> [UInt8] {
        guard let hit = try search.page(index) else { return [] }
        var json = JSONWriter()
        for place in hit.places {
            json.raw("{\"kind\":\"line\",\"time\":\"\(hit.columns.timestamps[place])\",\"labels\":")
            ResultJSON.labels(hit.stream.labels, to: &json)
            let metadata = hit.columns.metadata(place)
            if !metadata.isEmpty {
                json.raw(",\"metadata\":")
                ResultJSON.labels(metadata, to: &json)
            }
            json.raw(",\"line\":")
            json.string(hit.columns.lineBytes.span.extracting(hit.columns.lineRange(place)))
            json.raw("}\n")
        }
        return json.bytes
    }

    /// One of the series with its samples; blocks.
    func samples(_ index: Int) throws -> [UInt8] {
        let (selection, place) = series[index]
        var columns = SampleColumns()
        let from = range.start == .min ? .min / 2 : range.start / 1_000_000
        let through = range.end == .max ? .max / 2 : (range.end - 1) / 1_000_000
        try selection.readSamples(at: place, from: from, through: through, into: &columns)
        var json = JSONWriter()
        json.raw("{\"kind\":\"series\",\"labels\":")
        ResultJSON.labels(selection.labels(at: place), to: &json)
        json.raw(",\"values\":[")
        for i in 0..<columns.count {
            if i > 0 { json.raw(",") }
            ResultJSON.point(columns.timestamps[i], columns.values[i], to: &json)
        }
        json.raw("]}\n")
        return json.bytes
    }
}
