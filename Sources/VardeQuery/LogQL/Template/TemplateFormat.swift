internal import VardeModel

/// `printf` and rounding as Go and sprig have them.
enum TemplateFormat {
    /// Rounds to so many decimals, away from zero from `threshold` on.
    static func round(_ value: Double, _ decimals: Int64, _ threshold: Double) -> Double {
        var power = 1.0
        for _ in 0..<max(0, min(decimals, 300)) { power *= 10 }
        let digit = power * value
        let whole = digit.rounded(.towardZero)
        let result = (digit - whole).magnitude >= threshold ? (value < 0 ? digit.rounded(.down) : digit.rounded(.up)) : whole
        return result.isFinite ? result / power : value
    }

    /// So many decimals.
    static func fixed(_ value: Double, _ decimals: Int) -> String {
        if !value.isFinite { return FloatText.plain(value) }
        let places = min(decimals, 60)
        let plain = FloatText.plain(value.magnitude)
        let parts = plain.split(separator: ".", omittingEmptySubsequences: false)
        var digits = Array(parts[0].utf8) + (parts.count > 1 ? Array(parts[1].utf8) : [])
        let whole = parts[0].utf8.count
        let wanted = whole + places
        if digits.count > wanted {
            let up = digits[wanted] >= UInt8(ascii: "5")
            digits.removeLast(digits.count - wanted)
            if up {
                var i = digits.count - 1
                while i >= 0, digits[i] == UInt8(ascii: "9") {
                    digits[i] = UInt8(ascii: "0")
                    i -= 1
                }
                if i >= 0 { digits[i] += 1 } else { digits.insert(UInt8(ascii: "1"), at: 0) }
            }
        }
        while digits.count < wanted { digits.append(UInt8(ascii: "0")) }
        let split = digits.count - places
        let text = String(decoding: digits[..<split], as: UTF8.self)
        return (value.sign == .minus ? "-" : "") + (places == 0 ? text : text + "." + String(decoding: digits[split...], as: UTF8.self))
    }

    static func printf(_ format: String, _ arguments: [TemplateValue]) -> String {
        let bytes = Array(format.utf8)
        var out: [UInt8] = []
        var next = 0
        var i = 0
        while i < bytes.count {
            guard bytes[i] == UInt8(ascii: "%") else {
                out.append(bytes[i])
                i += 1
                continue
            }
            i += 1
            var flags: Set<UInt8> = []
            while i < bytes.count, Array("+-# 0".utf8).contains(bytes[i]) {
                flags.insert(bytes[i])
                i += 1
            }
            func number() -> Int? {
                var value: Int?
                while i < bytes.count, LogQLUnits.isDigit(bytes[i]) {
                    value = min((value ?? 0) * 10 + Int(bytes[i] - 48), 100_000)
                    i += 1
                }
                return value
            }
            let width = number()
            var precision: Int?
            if i < bytes.count, bytes[i] == UInt8(ascii: ".") {
                i += 1
                precision = number() ?? 0
            }
            guard i < bytes.count else {
                out += Array("%!(NOVERB)".utf8)
                break
            }
            let verb = bytes[i]
            i += 1
            if verb == UInt8(ascii: "%") {
                out.append(verb)
                continue
            }
            let name = String(decoding: [verb], as: UTF8.self)
            guard next < arguments.count else {
                out += Array("%!\(name)(MISSING)".utf8)
                continue
            }
            let argument = arguments[next]
            next += 1
            var text = text(name, argument, precision, plus: flags.contains(UInt8(ascii: "+")))
            let missing = (width ?? 0) - text.unicodeScalars.count
            if missing > 0 {
                if flags.contains(UInt8(ascii: "-")) {
                    text += String(repeating: " ", count: missing)
                } else if flags.contains(UInt8(ascii: "0")) {
                    let signed = text.hasPrefix("-") || text.hasPrefix("+")
                    text =
                        (signed ? String(text.prefix(1)) : "") + String(repeating: "0", count: missing)
                        + (signed ? String(text.dropFirst()) : text)
                } else {
                    text = String(repeating: " ", count: missing) + text
                }
            }
            out += Array(text.utf8)
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func text(_ verb: String, _ argument: TemplateValue, _ precision: Int?, plus: Bool) -> String {
        func signed(_ text: String) -> String { plus && !text.hasPrefix("-") ? "+" + text : text }
        func bad(_ type: String) -> String { "%!\(verb)(\(type)=\(argument.text))" }
        switch (verb, argument) {
        case ("v", .float), ("v", .integer): return signed(argument.text)
        case ("v", _): return argument.text
        case ("s", .integer): return bad("int64")
        case ("s", .float): return bad("float64")
        case ("s", .bool): return bad("bool")
        case ("s", _): return precision.map { String(String.UnicodeScalarView(argument.text.unicodeScalars.prefix($0))) } ?? argument.text
        case ("q", _): return argument.text.quoted
        case ("t", .bool): return argument.text
        case ("d", .integer(let value)): return signed("\(value)")
        case ("d", .string): return bad("string")
        case ("d", .float): return bad("float64")
        case ("x", .integer(let value)): return String(value, radix: 16)
        case ("X", .integer(let value)): return String(value, radix: 16, uppercase: true)
        case ("o", .integer(let value)): return String(value, radix: 8)
        case ("b", .integer(let value)): return String(value, radix: 2)
        case ("c", .integer(let value)): return UInt32(exactly: value).flatMap(Unicode.Scalar.init).map { String($0) } ?? "\u{FFFD}"
        case ("x", .string(let text)):
            return text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        case ("f", .float(let value)), ("F", .float(let value)): return signed(fixed(value, precision ?? 6))
        case ("f", .integer): return bad("int64")
        case ("f", .string): return bad("string")
        case ("g", .float(let value)): return signed(TemplateNumbers.general(value))
        default: return bad("string")
        }
    }
}
