import VardeKernels

/// Appends JSON to bytes, as Prometheus' and Loki's clients expect it.
package struct JSONWriter: Sendable {
    package var bytes: [UInt8] = []

    package init() {}

    package mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    package mutating func string(_ text: String) { string(text.utf8.span) }

    /// A string from UTF-8 bytes.
    package mutating func string(_ text: Span<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        var clean = 0
        for i in text.indices where text[i] < 32 || text[i] == UInt8(ascii: "\"") || text[i] == UInt8(ascii: "\\") {
            Bytes.append(text.extracting(clean..<i), to: &bytes)
            escaped(text[i])
            clean = i + 1
        }
        Bytes.append(text.extracting(clean..<text.count), to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): raw("\\\"")
        case UInt8(ascii: "\\"): raw("\\\\")
        case 10: raw("\\n")
        case 13: raw("\\r")
        case 9: raw("\\t")
        case 0..<32:
            raw("\\u00")
            for digit in [byte >> 4, byte & 15] { bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10) }
        default: bytes.append(byte)
        }
    }

    package mutating func integer(_ value: some BinaryInteger) { raw(String(value)) }

    /// Milliseconds as seconds: a whole number, or exactly three decimals.
    package mutating func seconds(milliseconds: Int64) {
        let (seconds, rest) = milliseconds.magnitude.quotientAndRemainder(dividingBy: 1000)
        if milliseconds < 0 { bytes.append(UInt8(ascii: "-")) }
        raw(String(seconds))
        if rest != 0 {
            bytes.append(UInt8(ascii: "."))
            bytes.append(UInt8(ascii: "0") + UInt8(rest / 100))
            bytes.append(UInt8(ascii: "0") + UInt8(rest / 10 % 10))
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
        }
    }

    /// `[seconds,"value"]` for each point of one kind, commas between; whether there was any.
    package mutating func points(_ times: Span<Int64>, _ values: Span<Double>, _ kinds: Span<UInt8>, kind: UInt8) -> Bool {
        NumberText.appendPoints(times, values, kinds, kind: kind, to: &bytes)
    }

    /// A sample value in quotes.
    package mutating func value(_ value: Double) {
        bytes.append(UInt8(ascii: "\""))
        SampleText.append(value, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }
}
