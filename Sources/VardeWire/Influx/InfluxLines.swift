import VardeKernels
package import VardeModel

/// InfluxDB's line protocol, unfolded to Prometheus' series: `measurement,tag=a field=1,other=2i 1700000000000000000`.
///
/// A series is named `measurement_field`, or `measurement` where the field is called `value`, as Prometheus' own exporter for Influx has
/// it; characters a classic name may not hold become underscores. Truth is 1 or 0; texts are no samples and are left out.
package enum InfluxLines {
    /// What a timestamp counts.
    package enum Precision: String, Sendable, CaseIterable {
        case nanoseconds = "ns"
        case microseconds = "us"
        case milliseconds = "ms"
        case seconds = "s"
        case minutes = "m"
        case hours = "h"

        /// Reads the words clients use.
        package init?(word: String) {
            switch word {
            case "", "n", "ns": self = .nanoseconds
            case "u", "µ", "us": self = .microseconds
            default: self.init(rawValue: word)
            }
        }

        func milliseconds(_ count: Int64) -> Int64? {
            switch self {
            case .nanoseconds: count / 1_000_000
            case .microseconds: count / 1_000
            case .milliseconds: count
            case .seconds: scaled(count, 1_000)
            case .minutes: scaled(count, 60_000)
            case .hours: scaled(count, 3_600_000)
            }
        }

        private func scaled(_ count: Int64, _ by: Int64) -> Int64? {
            let (product, overflow) = count.multipliedReportingOverflow(by: by)
            return overflow ? nil : product
        }
    }

    /// What a body held besides what went into the batch.
    package struct Decoded: Sendable {
        /// Lines that could not be read; the others stand.
        package var refusedLines = 0
        /// Why, of the first ten.
        package var reasons: [String] = []
    }

    /// Reads lines into `batch`; `extra` labels stand where a line has no tag of the same name.
    ///
    /// - Parameter now: milliseconds, for lines that say no time.
    /// - Throws: where the labels of all lines together would unfold too far.
    package static func decode(
        _ body: Span<UInt8>, _ precision: Precision, extra: [Label] = [], now: Int64, into batch: inout RawSampleBatch
    ) throws(WireError) -> Decoded {
        batch.removeAll()
        var decoded = Decoded()
        var at = 0
        var number = 0
        while at < body.count {
            number += 1
            var line = InfluxLine(at: at, isQuiet: false)
            do throws(InfluxLine.Fault) {
                try line.read(body, precision, now)
            } catch {
                decoded.refusedLines += 1
                if decoded.reasons.count < 10 { decoded.reasons.append("line \(number): \(error.message)") }
                at = line.end(body)
                continue
            }
            at = line.end(body)
            for (field, value) in line.fields {
                batch.beginSeries()
                batch.label(Labels.metricName, name(line.measurement, field))
                var names: Set<String> = [Labels.metricName]
                for (tag, text) in line.tags where !text.isEmpty {
                    let label = escaped(tag, allowsColon: false)
                    if names.insert(label).inserted { batch.label(label, text) }
                }
                for label in extra where names.insert(label.name).inserted { batch.label(label.name, label.value) }
                try batch.endLabels(from: at)
                batch.sample(line.time, value)
                batch.endSeries()
            }
        }
        return decoded
    }

    static func name(_ measurement: String, _ field: String) -> String {
        escaped(field == "value" ? measurement : measurement + "_" + field, allowsColon: true)
    }

    /// A name with what a classic name may not hold made underscores.
    static func escaped(_ name: String, allowsColon: Bool) -> String {
        var out: [UInt8] = []
        for scalar in NameSigns.withoutPersons(name).unicodeScalars {
            let isPlain =
                scalar.isASCII
                && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == "_" || allowsColon && scalar == ":")
            out.append(isPlain ? UInt8(scalar.value) : UInt8(ascii: "_"))
        }
        if let first = out.first, first >= UInt8(ascii: "0"), first <= UInt8(ascii: "9") { out.insert(UInt8(ascii: "_"), at: 0) }
        return String(decoding: out, as: UTF8.self)
    }
}

/// One line, read from its beginning.
struct InfluxLine {
    struct Fault: Error {
        var message: String
    }

    /// Tags and fields of one line.
    private static let maxParts = 10_000

    private var at: Int
    /// Whether the line says nothing: empty, or a comment.
    private(set) var isQuiet: Bool
    private(set) var measurement = ""
    private(set) var tags: [(String, String)] = []
    private(set) var fields: [(String, Double)] = []
    private(set) var time: Int64 = 0

    init(at: Int, isQuiet: Bool) {
        self.at = at
        self.isQuiet = isQuiet
    }

    /// Where the next line begins.
    func end(_ bytes: Span<UInt8>) -> Int {
        var end = at
        while end < bytes.count, bytes[end] != 10 { end += 1 }
        return min(end + 1, bytes.count)
    }

    mutating func read(_ bytes: Span<UInt8>, _ precision: InfluxLines.Precision, _ now: Int64) throws(Fault) {
        skipBlanks(bytes)
        if isAtEnd(bytes) || bytes[at] == UInt8(ascii: "#") {
            isQuiet = true
            return
        }
        measurement = try word(bytes, until: [UInt8(ascii: ","), 32])
        if measurement.isEmpty { throw Fault(message: "the measurement is missing") }
        while !isAtEnd(bytes), bytes[at] == UInt8(ascii: ",") {
            at += 1
            let name = try word(bytes, until: [UInt8(ascii: "="), UInt8(ascii: ","), 32])
            guard !isAtEnd(bytes), bytes[at] == UInt8(ascii: "="), !name.isEmpty else { throw Fault(message: "a tag without a value") }
            at += 1
            tags.append((name, try word(bytes, until: [UInt8(ascii: ","), 32])))
            if tags.count > Self.maxParts { throw Fault(message: "more than \(Self.maxParts) tags") }
        }
        skipBlanks(bytes)
        if isAtEnd(bytes) { throw Fault(message: "the fields are missing") }
        while true {
            try field(bytes)
            if isAtEnd(bytes) || bytes[at] != UInt8(ascii: ",") { break }
            at += 1
        }
        skipBlanks(bytes)
        time = now
        if isAtEnd(bytes) { return }
        let text = try word(bytes, until: [32])
        guard let count = Int64(text), let milliseconds = precision.milliseconds(count) else {
            throw Fault(message: "“\(text.prefix(40))” is not a timestamp")
        }
        time = milliseconds
        skipBlanks(bytes)
        if !isAtEnd(bytes) { throw Fault(message: "text after the timestamp") }
    }

    private mutating func field(_ bytes: Span<UInt8>) throws(Fault) {
        let name = try word(bytes, until: [UInt8(ascii: "="), UInt8(ascii: ","), 32])
        guard !isAtEnd(bytes), bytes[at] == UInt8(ascii: "="), !name.isEmpty else { throw Fault(message: "a field without a value") }
        at += 1
        if !isAtEnd(bytes), bytes[at] == UInt8(ascii: "\"") { return try skipText(bytes) }
        let text = try word(bytes, until: [UInt8(ascii: ","), 32])
        switch text {
        case "t", "T", "true", "True", "TRUE": fields.append((name, 1))
        case "f", "F", "false", "False", "FALSE": fields.append((name, 0))
        default:
            var digits = Array(text.utf8)
            let ending = digits.last
            let isWhole = ending == UInt8(ascii: "i") || ending == UInt8(ascii: "u")
            if isWhole { digits.removeLast() }
            let whole = String(decoding: digits, as: UTF8.self)
            let fits = ending == UInt8(ascii: "i") ? Int64(whole) != nil : UInt64(whole) != nil
            guard let value = DecimalParser.double(digits.span), value.isFinite, !isWhole || fits else {
                throw Fault(message: "field \(name.prefix(60)): “\(text.prefix(40))” is not a value")
            }
            fields.append((name, value))
        }
        if fields.count > Self.maxParts { throw Fault(message: "more than \(Self.maxParts) fields") }
    }

    /// A text in quotes, which may hold line ends.
    private mutating func skipText(_ bytes: Span<UInt8>) throws(Fault) {
        var close = at + 1
        while close < bytes.count, bytes[close] != UInt8(ascii: "\"") { close += bytes[close] == UInt8(ascii: "\\") ? 2 : 1 }
        guard close < bytes.count else { throw Fault(message: "a text does not end") }
        at = close + 1
        guard isAtEnd(bytes) || bytes[at] == UInt8(ascii: ",") || bytes[at] == 32 else { throw Fault(message: "text after a text") }
    }

    private func isAtEnd(_ bytes: Span<UInt8>) -> Bool {
        at >= bytes.count || bytes[at] == 10 || bytes[at] == 13 && (at + 1 == bytes.count || bytes[at + 1] == 10)
    }

    private mutating func skipBlanks(_ bytes: Span<UInt8>) { while at < bytes.count, bytes[at] == 32 || bytes[at] == 9 { at += 1 } }

    /// Bytes up to one of those that end them; a backslash takes the meaning of a separator behind it.
    private mutating func word(_ bytes: Span<UInt8>, until ends: [UInt8]) throws(Fault) -> String {
        var out: [UInt8] = []
        while !isAtEnd(bytes), !ends.contains(bytes[at]) {
            if bytes[at] == UInt8(ascii: "\\"), at + 1 < bytes.count, [UInt8(ascii: ","), UInt8(ascii: "="), 32].contains(bytes[at + 1]) {
                at += 1
            }
            out.append(bytes[at])
            at += 1
        }
        guard UTF8Check.isValid(out.span) else { throw Fault(message: "bytes that are not UTF-8") }
        return String(decoding: out, as: UTF8.self)
    }
}
