import VardeKernels
import VardeModel

/// Reads one line of an OpenMetrics text to the letter of the specification's ABNF: single spaces, no comma at the end of labels.
struct OpenMetricsLine {
    private var at: Int
    private let end: Int
    private let start: Int
    private let number: Int

    /// A line, or the part of one that began at `from`.
    init(_ range: Range<Int>, number: Int, from start: Int? = nil) {
        at = range.lowerBound
        self.start = start ?? at
        end = range.upperBound
        self.number = number
    }

    func fault(_ message: String) -> ExpositionParser.Fault { .init(line: number, column: at - start + 1, message: message) }

    private func peek(_ bytes: Span<UInt8>) -> UInt8? { at < end ? bytes[at] : nil }

    private mutating func takes(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
        guard at < end, bytes[at] == byte else { return false }
        at += 1
        return true
    }

    /// Bytes up to the next space, or the end.
    private mutating func word(_ bytes: Span<UInt8>) -> String {
        let start = at
        while at < end, bytes[at] != 32 { at += 1 }
        return Bytes.string(bytes.extracting(start..<at))
    }

    /// `# TYPE name text`: keyword, name and the rest as written.
    mutating func metadata(_ bytes: Span<UInt8>) throws(ExpositionParser.Fault) -> (keyword: String, name: String, text: String) {
        guard takes(UInt8(ascii: "#"), bytes), takes(32, bytes) else { throw fault("a line with # is metadata: “# TYPE name …”") }
        let keyword = word(bytes)
        guard ["HELP", "TYPE", "UNIT"].contains(keyword) else { throw fault("“\(keyword.prefix(40))” is none of HELP, TYPE and UNIT") }
        guard takes(32, bytes) else { throw fault("\(keyword) without a metric name") }
        let name = word(bytes)
        guard name.isClassicMetricName else { throw fault("“\(name.prefix(80))” is not a metric name") }
        guard takes(32, bytes) else { throw fault("\(keyword) of \(name) says nothing") }
        return (keyword, name, Bytes.string(bytes.extracting(at..<end)))
    }

    mutating func sample(_ bytes: Span<UInt8>) throws(ExpositionParser.Fault) -> OpenMetricsSample {
        let nameStart = at
        while at < end, bytes[at] != 32, bytes[at] != UInt8(ascii: "{") { at += 1 }
        let name = Bytes.string(bytes.extracting(nameStart..<at))
        guard name.isClassicMetricName else {
            at = nameStart
            throw fault("“\(name.prefix(80))” is not a metric name")
        }
        let labels = peek(bytes) == UInt8(ascii: "{") ? try labels(bytes) : []
        guard takes(32, bytes) else { throw fault("the value is missing") }
        var sample = OpenMetricsSample(name: name, labels: labels, value: try value(bytes))
        guard at < end else { return sample }
        at += 1
        if peek(bytes) != UInt8(ascii: "#") {
            sample.timestamp = try timestamp(bytes)
            guard at < end else { return sample }
            at += 1
        }
        let exemplar = try exemplar(bytes)
        if exemplar.isTooLong { throw fault("the exemplar's labels have more than \(OpenMetricsExemplar.maxLabelLength) characters") }
        sample.exemplar = exemplar
        return sample
    }

    private mutating func exemplar(_ bytes: Span<UInt8>) throws(ExpositionParser.Fault) -> OpenMetricsExemplar {
        guard takes(UInt8(ascii: "#"), bytes), takes(32, bytes) else { throw fault("expected an exemplar: “# {labels} value”") }
        return try exemplarBody(bytes)
    }

    /// An exemplar from its labels on.
    mutating func exemplarBody(_ bytes: Span<UInt8>) throws(ExpositionParser.Fault) -> OpenMetricsExemplar {
        guard peek(bytes) == UInt8(ascii: "{") else { throw fault("an exemplar begins with its labels") }
        let labels = try labels(bytes)
        guard takes(32, bytes) else { throw fault("the exemplar's value is missing") }
        var exemplar = OpenMetricsExemplar(labels: labels, value: try value(bytes))
        if at < end {
            at += 1
            exemplar.timestamp = try timestamp(bytes)
        }
        guard at == end else { throw fault("text after the exemplar") }
        return exemplar
    }

    private mutating func labels(_ bytes: Span<UInt8>) throws(ExpositionParser.Fault) -> [Label] {
        at += 1
        var labels: [Label] = []
        if takes(UInt8(ascii: "}"), bytes) { return labels }
        while true {
            let nameStart = at
            while at < end, bytes[at] != UInt8(ascii: "="), bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "}") { at += 1 }
            let name = Bytes.string(bytes.extracting(nameStart..<at))
            guard name.isClassicLabelName else {
                at = nameStart
                throw fault("“\(name.prefix(80))” is not a label name")
            }
            guard !labels.contains(where: { $0.name.hasSameUTF8(as: name) }) else { throw fault("label \(name) is given twice") }
            guard takes(UInt8(ascii: "="), bytes) else { throw fault("expected = after the label name") }
            labels.append(Label(name, try quoted(bytes)))
            if takes(UInt8(ascii: "}"), bytes) { return labels }
            guard takes(UInt8(ascii: ","), bytes) else { throw fault("expected , or } after the value of \(name)") }
        }
    }

    private mutating func quoted(_ bytes: Span<UInt8>) throws(ExpositionParser.Fault) -> String {
        guard takes(UInt8(ascii: "\""), bytes) else { throw fault("a label's value stands in quotes") }
        let start = at
        while at < end, bytes[at] != UInt8(ascii: "\"") { at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1 }
        guard at < end else {
            at = start
            throw fault("a quoted text does not end")
        }
        defer { at += 1 }
        return ExpositionEscapes.unescape(bytes.extracting(start..<at))
    }

    private mutating func value(_ bytes: Span<UInt8>) throws(ExpositionParser.Fault) -> Double {
        let start = at
        while at < end, bytes[at] != 32 { at += 1 }
        guard let value = Self.number(bytes.extracting(start..<at)) else {
            let text = Bytes.string(bytes.extracting(start..<at))
            at = start
            throw fault(text.isEmpty ? "the value is missing" : "“\(text.prefix(60))” is not a number")
        }
        return value
    }

    private mutating func timestamp(_ bytes: Span<UInt8>) throws(ExpositionParser.Fault) -> OpenMetricsTime {
        let start = at
        while at < end, bytes[at] != 32 { at += 1 }
        guard let time = Self.time(bytes.extracting(start..<at)) else {
            let text = Bytes.string(bytes.extracting(start..<at))
            at = start
            throw fault("“\(text.prefix(60))” is not a timestamp in seconds")
        }
        return time
    }

    /// `realnumber`, or infinity or NaN in any case: no hexadecimal, no underscores.
    static func number(_ bytes: Span<UInt8>) -> Double? {
        guard !bytes.isEmpty else { return nil }
        for i in bytes.indices {
            switch bytes[i] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "e"),
                UInt8(ascii: "E"):
                continue
            default: return special(Bytes.string(bytes))
            }
        }
        return DecimalParser.double(bytes)
    }

    private static func special(_ text: String) -> Double? {
        var word = text.lowercased()
        let negative = word.hasPrefix("-")
        if negative || word.hasPrefix("+") { word.removeFirst() }
        switch word {
        case "inf", "infinity": return negative ? -.infinity : .infinity
        case "nan": return text.utf8.count == 3 ? .nan : nil
        default: return nil
        }
    }

    /// Decimal seconds are kept digit by digit to the nanosecond; those with an exponent as exactly as a double does.
    static func time(_ bytes: Span<UInt8>) -> OpenMetricsTime? {
        guard let whole = number(bytes), whole.isFinite, whole.magnitude < 9e18 else { return nil }
        var seconds: Int64 = 0
        var nanoseconds: Int32 = 0
        var unit: Int32 = 0
        let negative = bytes[0] == UInt8(ascii: "-")
        for i in bytes.indices {
            switch bytes[i] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let digit = bytes[i] - UInt8(ascii: "0")
                if unit == 0 { seconds = seconds &* 10 &+ Int64(digit) } else { nanoseconds += Int32(digit) * (unit / 10) }
                if unit > 0 { unit = max(unit / 10, 1) }
            case UInt8(ascii: "."): unit = 1_000_000_000
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                let seconds = whole.rounded(.towardZero)
                return OpenMetricsTime(seconds: Int64(seconds), nanoseconds: Int32((whole - seconds) * 1e9))
            default: continue
            }
        }
        return OpenMetricsTime(seconds: negative ? -seconds : seconds, nanoseconds: negative ? -nanoseconds : nanoseconds)
    }
}
