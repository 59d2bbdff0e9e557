internal import VardeModel

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Numbers and durations of queries, with the limits Go's types put on them.
enum PromQLNumberText {
    /// The longest duration, in milliseconds: 2^63 nanoseconds.
    static let maxDuration: Int64 = 9_223_372_036_854
    /// The same in seconds.
    static let maxSeconds = 0x1p63 / 1e9

    /// Milliseconds of a number of seconds, by way of whole nanoseconds, towards zero.
    static func milliseconds(_ seconds: Double) -> Int64 {
        let nanoseconds = (seconds * 1e9).rounded(.toNearestOrAwayFromZero)
        if nanoseconds >= 0x1p63 { return maxDuration }
        if nanoseconds <= -0x1p63 { return -maxDuration }
        return Int64(nanoseconds) / 1_000_000
    }

    /// The value of a number literal: decimal, octal by a leading 0, `0x`, `0b`, `0o`, underscores between digits, `Inf`, `NaN`.
    static func value(_ text: String) -> Double? {
        let lower = text.lowercased()
        if lower == "inf" { return .infinity }
        if lower == "nan" { return .normalNaN }
        var digits = lower.filter { $0 != "_" }
        for (prefix, radix) in [("0x", 16), ("0b", 2), ("0o", 8)] where digits.hasPrefix(prefix) {
            digits.removeFirst(2)
            return Int64(digits, radix: radix).map(Double.init)
        }
        if digits.utf8.count > 1, digits.hasPrefix("0"), let octal = Int64(digits, radix: 8) { return Double(octal) }
        if let integer = Int64(digits) { return Double(integer) }
        if digits.hasSuffix(".") { digits.removeLast() }
        if digits.hasPrefix(".") { digits = "0" + digits }
        if let point = digits.range(ofPointBeforeExponent: ()) { digits.remove(at: point) }
        guard let value = Double(digits), value.isFinite else { return nil }
        return value
    }

    /// A float as bucket labels have it: signs, exponents, `Inf` and `NaN` in any case.
    static func float(_ text: String) -> Double? {
        var body = Substring(text.lowercased())
        var sign = 1.0
        if body.hasPrefix("+") || body.hasPrefix("-") {
            if body.hasPrefix("-") { sign = -1 }
            body = body.dropFirst()
        }
        if body == "inf" || body == "infinity" { return sign * .infinity }
        if body == "nan" { return .nan }
        guard let first = body.utf8.first, (48...57).contains(first) || first == 46 else { return nil }
        if body.hasSuffix(".") { body = body.dropLast() }
        return Double(body.hasPrefix(".") ? "0" + body : body).map { sign * $0 }
    }

    /// Why a number literal has no value, as Go says it.
    static func problem(_ text: String) -> String {
        let lower = text.lowercased()
        return Double(lower.filter { $0 != "_" })?.isInfinite == true ? "value out of range" : "invalid syntax"
    }

    /// Why a duration literal has no value.
    static func durationProblem(_ text: String) -> String {
        var order = -1
        let units = ["y", "w", "d", "h", "m", "s", "ms"]
        var rest = Substring(text)
        while !rest.isEmpty {
            rest = rest.drop { $0.isNumber }
            let unit = rest.prefix { !$0.isNumber }
            guard let place = units.firstIndex(of: String(unit)), place > order else {
                return "not a valid duration string: \(text.quoted)"
            }
            order = place
            rest = rest.dropFirst(unit.count)
        }
        return "duration out of range"
    }

    /// As Go's `%f`: six digits after the point.
    static func fixed(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return fixed(value, digits: 6)
    }

    /// As Go's `%.nf`.
    static func fixed(_ value: Double, digits: Int) -> String {
        if value.magnitude >= 1e15 {
            return FloatText.plain(value) + "." + String(repeating: "0", count: digits)
        }
        let scale = pow(10, Double(digits))
        let scaled = (value.magnitude * scale).rounded(.toNearestOrEven)
        let whole = (scaled / scale).rounded(.down)
        let fraction = Int64(scaled - whole * scale)
        let text = String(fraction)
        return (value < 0 ? "-" : "") + FloatText.plain(whole) + "." + String(repeating: "0", count: max(0, digits - text.utf8.count))
            + text
    }
}

extension String {
    /// The index of a point that has an exponent right behind it (`1.e5`), which Swift's own parser does not take.
    fileprivate func range(ofPointBeforeExponent: Void) -> String.Index? {
        guard let point = firstIndex(of: ".") else { return nil }
        let next = index(after: point)
        return next < endIndex && self[next] == "e" ? point : nil
    }
}
