package import VardeModel

/// A description of series that is not understood.
package struct PromQLNotationError: Error, CustomStringConvertible {
    package var description: String
    init(_ description: String) { self.description = description }
}

/// One value of a sequence.
package enum PromQLNotationValue: Sendable {
    case omitted
    case float(Double)
    case histogram(NativeHistogram, hintWritten: Bool)
}

/// Reads the series descriptions of Prometheus' test language: `metric{a="b"} 1+1x3 _ {{count:1}}x2`.
///
/// Unit tests of rules use it as well.
package struct PromQLSeriesNotation {
    /// Values one description may unfold to.
    private static let maxValues = 10_000_000

    private let bytes: [UInt8]
    private var position = 0

    package init(_ text: String) { bytes = Array(text.utf8) }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpaces() { while let byte = peek, byte == 32 || byte == 9 { position += 1 } }

    private mutating func accept(_ text: String) -> Bool {
        let wanted = Array(text.utf8)
        guard position + wanted.count <= bytes.count, Array(bytes[position..<position + wanted.count]) == wanted else { return false }
        position += wanted.count
        return true
    }

    private func fail(_ what: String) -> PromQLNotationError {
        PromQLNotationError("\(what) at \(position) of `\(String(decoding: bytes, as: UTF8.self))`")
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// The metric, and whether what follows are start timestamps.
    package mutating func metric() throws -> (labels: Labels, isStart: Bool) {
        skipSpaces()
        let start = position
        while let byte = peek, byte != 32, byte != 9, byte != UInt8(ascii: "{"), byte != UInt8(ascii: "@") { position += 1 }
        if peek == UInt8(ascii: "{") {
            var quote: UInt8?
            while let byte = peek {
                position += 1
                if let open = quote {
                    if byte == UInt8(ascii: "\\") { position += 1 } else if byte == open { quote = nil }
                } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`") {
                    quote = byte
                } else if byte == UInt8(ascii: "}") {
                    break
                }
            }
        }
        let source = text(start..<position)
        let matchers = try PromQLParser.parseSelector(source.isEmpty ? "{}" : source)
        guard matchers.allSatisfy({ $0.operation == .equal }) else { throw fail("not a metric") }
        return (Labels(matchers.map { Label($0.name, $0.value) }), accept("@st"))
    }

    package mutating func values() throws -> [PromQLNotationValue] {
        var values: [PromQLNotationValue] = []
        while true {
            skipSpaces()
            guard let byte = peek else { return values }
            if values.count > Self.maxValues { throw fail("more than \(Self.maxValues) values") }
            if byte == UInt8(ascii: "_") {
                position += 1
                let count = accept("x") ? try integer() : 1
                values += Array(repeating: .omitted, count: count)
            } else if accept("{{") {
                values += try histograms()
            } else if accept("stale") {
                let count = accept("x") ? try integer() + 1 : 1
                values += Array(repeating: .float(.staleMarker), count: count)
            } else {
                values += try floats().map { .float($0) }
            }
        }
    }

    /// Offsets from the samples' own times, in ms; nil for none.
    package mutating func starts() throws -> [Int64?] {
        var starts: [Int64?] = []
        while true {
            skipSpaces()
            guard let byte = peek else { return starts }
            if byte == UInt8(ascii: "_") {
                position += 1
                starts += Array(repeating: nil, count: accept("x") ? try integer() : 1)
                continue
            }
            var value = try duration()
            var increment: Int64 = 0
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { increment = try duration() }
            let count = accept("x") ? try integer() + 1 : 1
            for _ in 0..<count {
                starts.append(value)
                value += increment
            }
        }
    }

    private mutating func duration() throws -> Int64 {
        var sign: Int64 = 1
        if accept("-") { sign = -1 } else { _ = accept("+") }
        let start = position
        while let byte = peek, (48...57).contains(byte) || "mshdwy".utf8.contains(byte) { position += 1 }
        guard let value = DurationText.milliseconds(text(start..<position)) else { throw fail("not a duration") }
        return sign * value
    }

    private mutating func integer() throws -> Int {
        let start = position
        while let byte = peek, (48...57).contains(byte) { position += 1 }
        guard let value = Int(text(start..<position)), value <= Self.maxValues else { throw fail("not a count") }
        return value
    }

    private mutating func number() throws -> Double {
        let start = position
        if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
        while let byte = peek {
            let isExponentSign =
                (byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")) && position > start
                && bytes[position - 1] | 32 == UInt8(ascii: "e")
                && position > start + 1 && (48...57).contains(bytes[position - 2])
            let isWord = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: ".")
            guard isExponentSign || (isWord && byte != UInt8(ascii: "x")) else { break }
            position += 1
        }
        guard let value = GoNumber.float(text(start..<position)) else { throw fail("not a number: \(text(start..<position))") }
        return value.isNaN ? .normalNaN : value
    }

    private mutating func smallInteger() throws -> Int32 {
        let start = position
        guard let integer = Int32(exactly: try number()) else { throw fail("not an integer of 32 bits: \(text(start..<position))") }
        return integer
    }

    private mutating func floats() throws -> [Double] {
        var value = try number()
        var increment = 0.0
        if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { increment = try number() }
        var values: [Double] = []
        for _ in 0..<(accept("x") ? try integer() + 1 : 1) {
            values.append(value)
            value += increment
        }
        return values
    }

    private mutating func histograms() throws -> [PromQLNotationValue] {
        var (current, written) = try histogram()
        var increment: NativeHistogram?
        var negative = false
        if accept("+{{") {
            (increment, written) = try histogram()
        } else if accept("-{{") {
            (increment, written) = try histogram()
            negative = true
        }
        var values: [PromQLNotationValue] = [.histogram(current, hintWritten: written)]
        guard accept("x") else { return values }
        for _ in 0..<(try integer()) {
            if let increment {
                var sum = HistogramSum(current, compensates: false)
                try sum.add(increment, negative: negative)
                current = sum.histogram()
            }
            values.append(.histogram(current, hintWritten: written))
        }
        return values
    }

    /// What stands between `{{` and `}}`.
    private mutating func histogram() throws -> (NativeHistogram, hintWritten: Bool) {
        var histogram = NativeHistogram()
        var written = false
        var offsets: (positive: Int32, negative: Int32) = (0, 0)
        while true {
            skipSpaces()
            if accept("}}") { break }
            let start = position
            while let byte = peek, byte != UInt8(ascii: ":") { position += 1 }
            let key = text(start..<position)
            guard accept(":") else { throw fail("histogram without end") }
            switch key {
            case "schema": histogram.schema = try smallInteger()
            case "sum": histogram.sum = try number()
            case "count": histogram.count = try number()
            case "z_bucket": histogram.zeroCount = try number()
            case "z_bucket_w": histogram.zeroThreshold = try number()
            case "custom_values": histogram.customBounds = try list()
            case "buckets": histogram.positiveBuckets = try list()
            case "n_buckets": histogram.negativeBuckets = try list()
            case "offset": offsets.positive = try smallInteger()
            case "n_offset": offsets.negative = try smallInteger()
            case "counter_reset_hint":
                written = true
                if accept("unknown") {
                    histogram.counterResetHint = .unknown
                } else if accept("reset") {
                    histogram.counterResetHint = .reset
                } else if accept("not_reset") {
                    histogram.counterResetHint = .notReset
                } else if accept("gauge") {
                    histogram.counterResetHint = .gauge
                } else {
                    throw fail("unknown hint")
                }
            default: throw fail("unknown histogram key \(key)")
            }
        }
        if !histogram.positiveBuckets.isEmpty {
            histogram.positiveSpans = [.init(offset: offsets.positive, length: UInt32(histogram.positiveBuckets.count))]
        }
        if !histogram.negativeBuckets.isEmpty {
            histogram.negativeSpans = [.init(offset: offsets.negative, length: UInt32(histogram.negativeBuckets.count))]
        }
        return (histogram, written)
    }

    private mutating func list() throws -> [Double] {
        guard accept("[") else { throw fail("list expected") }
        var values: [Double] = []
        while true {
            skipSpaces()
            if accept("]") { return values }
            values.append(try number())
        }
    }
}
