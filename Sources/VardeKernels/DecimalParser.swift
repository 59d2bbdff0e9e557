/// Decimal numbers from bytes: exact, and quick for the short ones that exposition consists of.
package enum DecimalParser {
    /// The double nearest to the text: Go's syntax for floats as far as exposition allows it, with `NaN`, `Inf`, `+Inf`, `-Inf` in any
    /// case, without hexadecimal ones; infinite beyond all of them, nil where it is no number.
    package static func double(_ bytes: Span<UInt8>) -> Double? {
        var at = 0
        var negative = false
        if at < bytes.count, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") {
            negative = bytes[at] == UInt8(ascii: "-")
            at += 1
        }
        // Up to 19 digits fit 64 bits; a mantissa below 2^53 and a power of ten up to 10^22 give a correctly rounded quotient or product.
        var mantissa: UInt64 = 0
        var digits = 0
        var fraction = 0
        var seenPoint = false
        while at < bytes.count {
            let byte = bytes[at]
            if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                if digits == 18 { return slow(bytes) }
                mantissa = mantissa &* 10 &+ UInt64(byte &- UInt8(ascii: "0"))
                if mantissa != 0 { digits += 1 }
                if seenPoint { fraction += 1 }
            } else if byte == UInt8(ascii: "."), !seenPoint {
                seenPoint = true
            } else if byte == UInt8(ascii: "e"), at > 0, bytes[at - 1] &- UInt8(ascii: "0") < 10,
                let exponent = exponent(bytes, from: at + 1)
            {
                // What Go's exporters write from a million on.
                let power = exponent - fraction
                guard mantissa < 1 << 53, power >= -22, power <= 22 else { return slow(bytes) }
                let value = power < 0 ? Double(mantissa) / powers[-power] : Double(mantissa) * powers[power]
                return negative ? -value : value
            } else {
                return slow(bytes)
            }
            at += 1
        }
        if at == (bytes.count > 0 && (bytes[0] == UInt8(ascii: "-") || bytes[0] == UInt8(ascii: "+")) ? 1 : 0) { return nil }
        if seenPoint, at == bytes.count, fraction == 0, mantissa == 0, digits == 0, bytes.count <= 2 { return slow(bytes) }
        guard mantissa < 1 << 53, fraction <= 22 else { return slow(bytes) }
        let value = fraction == 0 ? Double(mantissa) : Double(mantissa) / powers[fraction]
        return negative ? -value : value
    }

    /// One to three digits behind a sign, or without one, to the end; nil for anything else.
    private static func exponent(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var at = start
        guard at < bytes.count else { return nil }
        let isNegative = bytes[at] == UInt8(ascii: "-")
        if isNegative || bytes[at] == UInt8(ascii: "+") { at += 1 }
        guard at < bytes.count, bytes.count - at <= 3 else { return nil }
        var number = 0
        while at < bytes.count {
            let digit = bytes[at] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            number = number * 10 + Int(digit)
            at += 1
        }
        return isNegative ? -number : number
    }

    private static let powers: [Double] = (0...22).map { exponent in (0..<exponent).reduce(1.0) { power, _ in power * 10 } }

    /// Anything else: exponents, many digits, special values.
    private static func slow(_ bytes: Span<UInt8>) -> Double? {
        let text = Bytes.string(bytes)
        switch text.lowercased() {
        case "nan": return Double(bitPattern: 0x7ff8_0000_0000_0001)
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        default: break
        }
        guard let last = text.utf8.last, last != UInt8(ascii: "."), text.utf8.count < 400 || text.utf8.allSatisfy({ $0 != 0 }) else {
            let rest = text.dropLast()
            // A point at the end is fine behind digits, not behind an exponent.
            let isPlain = rest.utf8.allSatisfy {
                $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+")
            }
            return text.utf8.last == UInt8(ascii: ".") && isPlain ? Double(rest) : nil
        }
        let body = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        guard let first = body.utf8.first, first == UInt8(ascii: ".") || (first >= UInt8(ascii: "0") && first <= UInt8(ascii: "9")),
            !body.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "x") })
        else { return nil }
        return Double(text)
    }
}
