import VardeLogs
import VardeModel
import VardePrivacy
import VardeQuery
import VardeWire

/// An answer about a person as JSON Lines, a piece at a time. As much is read as was taken, and no more: an answer of any size is in
/// memory by a page. Third parties are pseudonyms in it as they are in the stores.
struct SubjectPieces: Sendable {
    /// Bytes gathered before they are given on; a piece is longer by one line or row at most.
    static let size = 256 << 10
    /// Milliseconds of one series read at once, where it has samples, and how many of them a longer stretch may hold.
    static let stretch: Int64 = 6 * 3_600_000
    private static let maxSamples = 50_000

    /// What is written, in this order; the last line sums up, so that who has it has all.
    private enum Part { case lines, streams, series, exemplars, summary, end }

    private let found: SubjectFinding
    private let tokens: SubjectTokens
    /// Lines and samples, or only where they are.
    private let isWhole: Bool
    private var part: Part
    /// Of the page, stream, series or exemplar that comes next.
    private var index = 0
    /// The page that is being written, and the first of its places that is not yet.
    private var hit: LogSearch.Hit?
    private var place = 0
    /// First millisecond of the series begun that is not yet written.
    private var sampleTime: Int64?
    private var hasSample = false
    /// Milliseconds of it read next.
    private var length = Self.stretch
    private var streams: [(labels: Labels, stream: SubjectFinding.Stream)] = []
    /// Lines in the pieces so far.
    private(set) var lines = 0

    /// - Parameter isWhole: every line and sample rather than a count of them by stream and series.
    init(_ found: SubjectFinding, _ tokens: SubjectTokens, isWhole: Bool) {
        self.found = found
        self.tokens = tokens
        self.isWhole = isWhole
        part = isWhole ? .lines : .streams
        if !isWhole { streams = found.streams.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }

    /// Gives all pieces to `write`, each made once the one before it was taken.
    ///
    /// - Parameter progress: is told the lines handed over so far.
    func write(
        in pool: QueryPool, to write: ([UInt8]) async throws -> Void, progress: (Int) -> Void = { _ in }
    ) async throws {
        var rest = self
        while true {
            let now = rest
            let (next, piece) = try await pool.run(QueryBudget(), waitsAnyhow: true) {
                var next = now
                let piece = try next.next()
                return (next, piece)
            }
            guard let piece else { return }
            if !piece.isEmpty { try await write(piece) }
            rest = next
            progress(rest.lines)
        }
    }

    /// The next piece, empty where a page had nothing; nil once all were given. Blocks on the disk.
    mutating func next() throws -> [UInt8]? {
        if part == .end { return nil }
        var json = JSONWriter()
        repeat {
            if try step(&json) { break }
        } while part != .end && json.bytes.count < Self.size
        return json.bytes
    }

    /// Writes one more thing; whether it read so much that the piece is to end.
    private mutating func step(_ json: inout JSONWriter) throws -> Bool {
        switch part {
        case .lines: return try writeLines(&json)
        case .streams:
            guard index < streams.count else { return go(to: .series) }
            writeStream(&json)
        case .series:
            guard index < found.series.count else { return go(to: .exemplars) }
            if isWhole {
                try writeSamples(&json)
                return true
            }
            writeSeries(&json)
            json.raw("}\n")
        case .exemplars:
            guard index < found.exemplars.count else { return go(to: .summary) }
            writeExemplar(&json)
        case .summary:
            writeSummary(&json)
            return go(to: .end)
        case .end: return true
        }
        index += 1
        return false
    }

    private mutating func go(to next: Part) -> Bool {
        part = next
        index = 0
        return false
    }

    // MARK: lines

    private mutating func writeLines(_ json: inout JSONWriter) throws -> Bool {
        if hit == nil {
            guard index < found.search.pageCount else { return go(to: .series) }
            hit = try found.search.page(index)
            index += 1
            place = 0
        }
        guard let page = hit else { return true }
        while place < page.places.count, json.bytes.count < Self.size {
            Self.writeLine(page.places[place], of: page, &json)
            place += 1
            lines += 1
        }
        if place == page.places.count { hit = nil }
        return true
    }

    private static func writeLine(_ place: Int, of page: LogSearch.Hit, _ json: inout JSONWriter) {
        json.raw("{\"kind\":\"line\",\"time\":\"\(page.columns.timestamps[place])\",\"labels\":")
        ResultJSON.labels(page.stream.labels, to: &json)
        let metadata = page.columns.metadata(place)
        if !metadata.isEmpty {
            json.raw(",\"metadata\":")
            ResultJSON.labels(metadata, to: &json)
        }
        json.raw(",\"line\":")
        json.string(page.columns.lineBytes.span.extracting(page.columns.lineRange(place)))
        json.raw("}\n")
    }

    private func writeStream(_ json: inout JSONWriter) {
        let (labels, stream) = streams[index]
        json.raw("{\"kind\":\"stream\",\"labels\":")
        ResultJSON.labels(labels, to: &json)
        json.raw(",\"lines\":\(stream.lines),\"first\":\"\(stream.first)\",\"last\":\"\(stream.last)\"}\n")
    }

    // MARK: samples

    private func writeSeries(_ json: inout JSONWriter) {
        let (selection, place) = found.series[index]
        json.raw("{\"kind\":\"series\",\"labels\":")
        ResultJSON.labels(selection.labels(at: place), to: &json)
    }

    /// One stretch of the series' samples, with what stands before the first and behind the last.
    private mutating func writeSamples(_ json: inout JSONWriter) throws {
        let range = found.range
        let first = range.start == .min ? .min / 2 : range.start / 1_000_000
        let last = range.end == .max ? .max / 2 : (range.end - 1) / 1_000_000
        if sampleTime == nil {
            writeSeries(&json)
            json.raw(",\"values\":[")
            hasSample = false
            length = Self.stretch
        }
        let from = sampleTime ?? first
        let (selection, place) = found.series[index]
        var columns = SampleColumns()
        var through = last
        repeat {
            // What is before the oldest sample comes with the first stretch behind it; what is in the future with the last.
            let begin = max(from, found.oldestSample ?? last)
            through = begin >= last - length || begin > found.made ? last : begin + length - 1
            columns = SampleColumns()
            try selection.readSamples(at: place, from: from, through: through, into: &columns)
            // Through years without a sample it goes by ever longer stretches, and back where there are samples.
            length = columns.count == 0 ? min(length * 2, .max / 8) : max(length / 2, Self.stretch)
        } while columns.count > Self.maxSamples && length > Self.stretch
        let isLast = through == last
        for i in 0..<columns.count {
            if hasSample { json.raw(",") }
            hasSample = true
            ResultJSON.point(columns.timestamps[i], columns.values[i], to: &json)
        }
        sampleTime = through + 1
        guard isLast else { return }
        json.raw("]}\n")
        sampleTime = nil
        index += 1
    }

    // MARK: the rest

    private func writeExemplar(_ json: inout JSONWriter) {
        let (labels, exemplar) = found.exemplars[index]
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

    private func writeSummary(_ json: inout JSONWriter) {
        json.raw("{\"kind\":\"summary\",\"lines\":\(found.lines),\"streams\":\(found.streams.count),\"series\":\(found.series.count)")
        json.raw(",\"exemplars\":\(found.exemplars.count),\"tokens\":\(tokens.texts.count),\"types\":")
        json.strings(tokens.types)
        json.raw(",\"epochs\":\(tokens.epochs),\"complete\":\(tokens.isComplete),\"lost_epochs_before\":\(tokens.lostBefore)")
        json.raw(",\"raw_streams\":")
        json.strings(tokens.rawStreams)
        json.raw(",\"unknown_identifiers\":\(tokens.unknown)}\n")
    }
}
