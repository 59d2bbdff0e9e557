package import VardeKernels
package import VardeModel

/// Prometheus' text formats 0.0.4 and 1.0.0 and OpenMetrics, read in place as a scrape reads them: each sample's series is a range of
/// bytes, decoded to labels on demand only. What OpenMetrics forbids beyond what a scrape needs is for `OpenMetricsParser` to say.
package struct ExpositionParser {
    /// A sample line.
    package struct Sample: Sendable, Equatable {
        /// Bytes of the series as written: name and labels.
        package var series: Range<Int>
        package var value: Double
        /// Milliseconds, nil where the line gives none.
        package var timestamp: Int64?
        /// Bytes of the exemplar behind an OpenMetrics sample, from its brace on.
        package var exemplar: Range<Int>?
    }

    /// What a line is.
    package enum Line: Sendable, Equatable {
        case sample(Sample)
        case help(name: String, text: String)
        case type(name: String, type: String)
        case unit(name: String, unit: String)
    }

    /// A line that cannot be read; both numbers from 1.
    package struct Fault: Error, Sendable, Equatable, CustomStringConvertible {
        package var line: Int
        package var column: Int
        package var message: String
        package var description: String { "line \(line), column \(column): \(message)" }
    }

    private let isOpenMetrics: Bool
    private var at = 0
    private var lineStart = 0
    private var lineNumber = 0
    /// Whether `# EOF` was read.
    package private(set) var hasEnded = false
    /// The label that holds a number in the family the samples now belong to.
    package private(set) var numberLabel = NumberLabel.none

    /// Types a family may have in Prometheus' own formats.
    private static let types: Set<String> = ["counter", "gauge", "histogram", "summary", "untyped"]

    /// A label whose value is a number.
    package enum NumberLabel: String, Sendable {
        case none = ""
        case le, quantile

        fileprivate init(ofType type: String) {
            switch type {
            case "histogram", "gaugehistogram": self = .le
            case "summary": self = .quantile
            default: self = .none
            }
        }
    }

    /// Reads a body in a text format; protobuf is for `ProtobufExposition`.
    package init(_ format: ExpositionFormat = .text0) {
        isOpenMetrics = format.isOpenMetrics
    }

    /// The next line that says something, nil at the end.
    package mutating func next(_ bytes: Span<UInt8>) throws(Fault) -> Line? {
        while at < bytes.count {
            lineStart = at
            lineNumber += 1
            if !isOpenMetrics { skipBlanks(bytes) }
            if at >= bytes.count { break }
            if hasEnded { throw fault("text after # EOF") }
            if isOpenMetrics, bytes[at] <= 32 { throw fault("a line is empty or begins with a blank") }
            if bytes[at] == 10 {
                at += 1
                continue
            }
            if bytes[at] == UInt8(ascii: "#") {
                if let line = try readComment(bytes) { return line }
                continue
            }
            return .sample(try sample(bytes))
        }
        if isOpenMetrics, !hasEnded { throw fault("the text does not end with # EOF") }
        return nil
    }

    /// Passes over the line that could not be read; false where there is none behind it.
    package mutating func skipLine(_ bytes: Span<UInt8>) -> Bool {
        if at >= bytes.count { return false }
        // A fault is found on its line, or at the line end that labels ran into.
        at = min(lineEnd(bytes) + 1, bytes.count)
        return true
    }

    private func fault(_ message: String) -> Fault { Fault(line: lineNumber, column: at - lineStart + 1, message: message) }

    private mutating func skipBlanks(_ bytes: Span<UInt8>) {
        while at < bytes.count, bytes[at] == 32 || bytes[at] == 9 || bytes[at] == 13 { at &+= 1 }
    }

    /// Passes over what parts two words of a line, in OpenMetrics a single space; false where the line ends.
    @inline(__always)
    private mutating func skipGap(_ bytes: Span<UInt8>) throws(Fault) -> Bool {
        if !isOpenMetrics { skipBlanks(bytes) }
        if at >= bytes.count || bytes[at] == 10 { return false }
        if isOpenMetrics {
            guard bytes[at] == 32, at + 1 < bytes.count, bytes[at + 1] > 32 else { throw fault("one space parts the words of a line") }
            at &+= 1
        }
        return true
    }

    private func lineEnd(_ bytes: Span<UInt8>) -> Int {
        var end = at
        while end < bytes.count, bytes[end] != 10 { end &+= 1 }
        return end
    }

    /// `# HELP name text`, `# TYPE name type` and `# UNIT name unit`, the name in quotes or not; other comments say nothing.
    private func comment(_ bytes: Span<UInt8>, _ end: Int) -> Line? {
        var cursor = at + 1
        func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }
        func skipBlanks() { while cursor < end, isBlank(bytes[cursor]) { cursor += 1 } }
        skipBlanks()
        // Most comments that are none of the three end here, before anything is allocated.
        guard end - cursor > 5, isBlank(bytes[cursor + 4]) else { return nil }
        let keyword = Bytes.load32(bytes, at: cursor)
        guard keyword == 0x504C_4548 || keyword == 0x4550_5954 || keyword == 0x5449_4E55 else { return nil }
        cursor += 4
        skipBlanks()
        let name: String
        if cursor < end, bytes[cursor] == UInt8(ascii: "\"") {
            var close = cursor + 1
            while close < end, bytes[close] != UInt8(ascii: "\"") { close += bytes[close] == UInt8(ascii: "\\") ? 2 : 1 }
            guard close < end else { return nil }
            name = ExpositionEscapes.unescape(bytes.extracting((cursor + 1)..<close))
            cursor = close + 1
        } else {
            let start = cursor
            while cursor < end, !isBlank(bytes[cursor]) { cursor += 1 }
            name = Bytes.string(bytes.extracting(start..<cursor))
        }
        guard !name.isEmpty else { return nil }
        skipBlanks()
        var last = end
        if keyword == 0x504C_4548 {
            if last > cursor, bytes[last - 1] == 13 { last -= 1 }
            return .help(name: name, text: ExpositionEscapes.unescape(bytes.extracting(cursor..<last)))
        }
        while last > cursor, isBlank(bytes[last - 1]) { last -= 1 }
        let word = Bytes.string(bytes.extracting(cursor..<last))
        return keyword == 0x4550_5954 ? .type(name: name, type: word) : .unit(name: name, unit: word)
    }

    private mutating func sample(_ bytes: Span<UInt8>) throws(Fault) -> Sample {
        let start = at
        // Name and labels end at the first blank outside braces and quotes.
        if bytes[at] != UInt8(ascii: "{") {
            while at < bytes.count, bytes[at] != 32, bytes[at] != 9, bytes[at] != UInt8(ascii: "{"), bytes[at] != 10 { at &+= 1 }
        }
        var seriesEnd = at
        if !isOpenMetrics { skipBlanks(bytes) }
        if at < bytes.count, bytes[at] == UInt8(ascii: "{") {
            try skipBraces(bytes)
            seriesEnd = at
        }
        return try tail(bytes, of: start..<seriesEnd)
    }

    /// The next line's sample, if the line begins with a series of `length` bytes that hash to `low`: what an unchanged target sends
    /// is recognised without being read. nil, and nothing is taken, where the line is another.
    @inline(__always)
    package mutating func nextKnown(
        _ bytes: Span<UInt8>, length: Int, low: UInt64, hash: KeyedHash
    ) throws(Fault) -> Sample? {
        let end = at &+ length
        guard length > 0, end < bytes.count, bytes[end] == 32, bytes[at] != UInt8(ascii: "#"), !hasEnded else { return nil }
        guard hash(bytes.extracting(at..<end)).low == low else { return nil }
        let start = at
        lineStart = at
        lineNumber &+= 1
        at = end
        return try tail(bytes, of: start..<end)
    }

    /// The comment line that comes next, without its end; nil where another line does.
    @inline(__always)
    package func commentAhead(_ bytes: Span<UInt8>) -> Range<Int>? {
        guard at < bytes.count, bytes[at] == UInt8(ascii: "#"), !hasEnded else { return nil }
        return at..<lineEnd(bytes)
    }

    /// Passes over a comment line that comes next, which is known to make `label` the one of numbers.
    package mutating func passComment(_ line: Range<Int>, _ bytes: Span<UInt8>, _ label: NumberLabel) {
        lineNumber &+= 1
        at = min(line.upperBound &+ 1, bytes.count)
        numberLabel = label
    }

    /// Reads a comment line that comes next; nil where it says nothing.
    package mutating func takeComment(_ bytes: Span<UInt8>) throws(Fault) -> Line? {
        lineStart = at
        lineNumber += 1
        return try readComment(bytes)
    }

    /// The next comment line that says something, of a text that was read before, whatever stands before it; nil where there is none.
    package mutating func nextComment(_ bytes: Span<UInt8>) -> Line? {
        while at < bytes.count {
            skipBlanks(bytes)
            let end = lineEnd(bytes)
            let line = at < end && bytes[at] == UInt8(ascii: "#") ? comment(bytes, end) : nil
            at = min(end + 1, bytes.count)
            if let line { return line }
        }
        return nil
    }

    private mutating func readComment(_ bytes: Span<UInt8>) throws(Fault) -> Line? {
        let end = lineEnd(bytes)
        let line = comment(bytes, end)
        if isOpenMetrics {
            if line == nil, Bytes.string(bytes.extracting(at..<end)) == "# EOF" {
                hasEnded = true
            } else if let complaint = OpenMetricsComment.complaint(about: line, bytes.extracting(at..<end)) {
                throw fault(complaint)
            }
        }
        if case .type(_, let type) = line {
            if !isOpenMetrics, !Self.types.contains(type) { throw fault("“\(type.prefix(60))” is not a metric type") }
            numberLabel = NumberLabel(ofType: type)
        }
        at = min(end + 1, bytes.count)
        return line
    }

    /// Value, timestamp and exemplar behind a series.
    private mutating func tail(_ bytes: Span<UInt8>, of series: Range<Int>) throws(Fault) -> Sample {
        guard try skipGap(bytes) else { throw fault("the value is missing") }
        let valueStart = at
        while at < bytes.count, bytes[at] > 32 { at &+= 1 }
        // A number in digits that no double comes near is none.
        guard let value = DecimalParser.double(bytes.extracting(valueStart..<at)), value.isFinite || bytes[at &- 1] > UInt8(ascii: "9")
        else {
            let text = Bytes.string(bytes.extracting(valueStart..<at))
            at = valueStart
            throw fault("“\(text.prefix(60))” is not a number")
        }
        var sample = Sample(series: series, value: value)
        if try skipGap(bytes), !isOpenMetrics || bytes[at] != UInt8(ascii: "#") {
            let begin = at
            while at < bytes.count, bytes[at] > 32 { at &+= 1 }
            sample.timestamp = timestamp(bytes.extracting(begin..<at))
            if sample.timestamp == nil {
                let text = Bytes.string(bytes.extracting(begin..<at))
                at = begin
                throw fault("“\(text.prefix(60))” is not a timestamp in \(isOpenMetrics ? "seconds" : "milliseconds")")
            }
            _ = try skipGap(bytes)
        }
        if at < bytes.count, bytes[at] == UInt8(ascii: "#"), isOpenMetrics {
            at &+= 1
            guard try skipGap(bytes), bytes[at] == UInt8(ascii: "{") else { throw fault("an exemplar begins with its labels") }
            let begin = at
            at = lineEnd(bytes)
            sample.exemplar = begin..<at
        }
        if at < bytes.count {
            if bytes[at] != 10 { throw fault("text after the sample") }
            at += 1
        }
        return sample
    }

    private func timestamp(_ text: Span<UInt8>) -> Int64? {
        if text.isEmpty { return nil }
        if isOpenMetrics { return OpenMetricsLine.time(text)?.milliseconds }
        var at = 0
        var number: Int64 = 0
        guard text.count < 20 else { return nil }
        while at < text.count {
            let digit = text[at] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            let (scaled, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, overflow2) = scaled.addingReportingOverflow(Int64(digit))
            if overflow || overflow2 { return nil }
            number = sum
            at &+= 1
        }
        return number
    }

    /// The exemplar of a sample, nil where it has none or one too long to be kept; at `defaultTimestamp` (ms) where it says no time.
    package func exemplar(of sample: Sample, _ bytes: Span<UInt8>, at defaultTimestamp: Int64) throws(Fault) -> Exemplar? {
        guard let range = sample.exemplar else { return nil }
        var line = OpenMetricsLine(range, number: lineNumber, from: lineStart)
        let exemplar = try line.exemplarBody(bytes)
        if exemplar.isTooLong { return nil }
        let time = exemplar.timestamp?.milliseconds ?? sample.timestamp ?? defaultTimestamp
        return Exemplar(
            labels: Labels(exemplar.labels), value: exemplar.value, timestamp: time, hasOwnTime: exemplar.timestamp != nil)
    }

    /// Labels of the sample `next` returned last: as `labels`, with faults placed in the whole
    /// body, and the numbers in `le` and `quantile` of histograms and summaries in their one form.
    package func labels(of sample: Sample, _ bytes: Span<UInt8>) throws(Fault) -> Labels {
        var decoder = SeriesDecoder()
        return try labels(of: sample, bytes, &decoder)
    }

    /// As `labels(of:)`, with what is known of the series of this body that were decoded before.
    package func labels(of sample: Sample, _ bytes: Span<UInt8>, _ decoder: inout SeriesDecoder) throws(Fault) -> Labels {
        do throws(Fault) {
            if isOpenMetrics { try Self.refuseBlanks(bytes.extracting(sample.series)) }
            let labels = try decoder.labels(bytes, sample.series)
            guard numberLabel != .none, let written = labels[numberLabel.rawValue] else { return labels }
            let normalized = LabelFloat.normalized(written)
            return normalized.hasSameUTF8(as: written) ? labels : labels.setting(numberLabel.rawValue, to: normalized)
        } catch {
            throw Fault(line: lineNumber, column: sample.series.lowerBound - lineStart + error.column, message: error.message)
        }
    }

    /// OpenMetrics has no blanks in a series but inside quotes.
    private static func refuseBlanks(_ series: Span<UInt8>) throws(Fault) {
        var inQuotes = false
        var at = 0
        while at < series.count {
            switch series[at] {
            case UInt8(ascii: "\""): inQuotes.toggle()
            case UInt8(ascii: "\\"): at &+= 1
            case 9, 32: if !inQuotes { throw Fault(line: 1, column: at + 1, message: "a blank in a series") }
            default: break
            }
            at &+= 1
        }
    }

    /// From an opening brace to behind the closing one, quotes respected.
    private mutating func skipBraces(_ bytes: Span<UInt8>) throws(Fault) {
        at &+= 1
        var inQuotes = false
        while at < bytes.count {
            let byte = bytes[at]
            if inQuotes {
                if byte == UInt8(ascii: "\\") { at &+= 1 } else if byte == UInt8(ascii: "\"") { inQuotes = false }
            } else if byte == UInt8(ascii: "\"") {
                inQuotes = true
            } else if byte == UInt8(ascii: "}") {
                at &+= 1
                return
            } else if byte == 10 {
                throw fault("the labels do not end on their line")
            }
            at &+= 1
        }
        throw fault("the labels do not end")
    }

    /// Labels of a series from its bytes: `name{a="b"}` or `{"name", a="b"}`.
    ///
    /// - Throws: in words, with the column in the series' own bytes.
    package static func labels(_ bytes: Span<UInt8>) throws(Fault) -> Labels {
        var reader = SeriesReader()
        return try reader.read(bytes)
    }
}
