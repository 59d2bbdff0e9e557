extension String {
    /// Whether both have the same bytes; `==` alone would take canonically equivalent texts for equal.
    package func hasSameUTF8(as other: String) -> Bool {
        guard self == other else { return false }
        return utf8Span.isKnownASCII || utf8.elementsEqual(other.utf8)
    }

    /// Whether the UTF-8 bytes come before those of `other`: the order of Go's strings, independent of Unicode normalisation.
    package func utf8Precedes(_ other: String) -> Bool {
        // Texts of ASCII are ordered by their bytes anyhow, and compared many at a time.
        if utf8Span.isKnownASCII, other.utf8Span.isKnownASCII { return self < other }
        return utf8.lexicographicallyPrecedes(other.utf8)
    }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`, the label names every PromQL version reads unquoted.
    package var isClassicLabelName: Bool { isClassicName(allowingColon: false) }

    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`, the metric names every PromQL version reads unquoted.
    package var isClassicMetricName: Bool { isClassicName(allowingColon: true) }

    private func isClassicName(allowingColon: Bool) -> Bool {
        var first = true
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): break
            case UInt8(ascii: ":") where allowingColon: break
            case UInt8(ascii: "0")...UInt8(ascii: "9") where !first: break
            default: return false
            }
            first = false
        }
        return !first
    }

    /// The string in double quotes, escaped as Go's `strconv.Quote` escapes printable text: quote, backslash and control characters.
    package var quoted: String {
        var out: [UInt8] = [UInt8(ascii: "\"")]
        out.reserveCapacity(utf8.count + 2)
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "\""): out += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\\"): out += [byte, byte]
            case 7: out += "\\a".utf8
            case 8: out += "\\b".utf8
            case 9: out += "\\t".utf8
            case 10: out += "\\n".utf8
            case 11: out += "\\v".utf8
            case 12: out += "\\f".utf8
            case 13: out += "\\r".utf8
            case 0..<32, 127:
                let digits = Array("0123456789abcdef".utf8)
                out += [UInt8(ascii: "\\"), UInt8(ascii: "x"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
        return String(decoding: out, as: UTF8.self)
    }
}
