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

    /// Milliseconds of a number of seconds, by way of whole nanoseconds, towards zero; of what is no number the least, as in Go.
    static func milliseconds(_ seconds: Double) -> Int64 {
        let nanoseconds = (seconds * 1e9).rounded(.toNearestOrAwayFromZero)
        if nanoseconds >= 0x1p63 { return maxDuration }
        guard nanoseconds > -0x1p63 else { return -maxDuration }
        return Int64(nanoseconds) / 1_000_000
    }

    /// The value of a number literal: decimal, octal by a leading 0, `0x`, `0b`, `0o`, underscores between digits, `Inf`, `NaN`.
    static func value(_ text: String) -> Double? {
        let lower = text.lowercased()
        if lower == "inf" { return .infinity }
        if lower == "nan" { return .normalNaN }
        guard GoNumber.underscoresFit(lower.utf8) else { return nil }
        let digits = lower.filter { $0 != "_" }
        for (prefix, radix) in [("0x", 16), ("0b", 2), ("0o", 8)] where digits.hasPrefix(prefix) {
            return Int64(digits.dropFirst(2), radix: radix).map(Double.init)
        }
        if digits.utf8.count > 1, digits.hasPrefix("0"), let octal = Int64(digits, radix: 8) { return Double(octal) }
        if let integer = Int64(digits) { return Double(integer) }
        return GoNumber.float(digits)
    }

    /// Why a number literal has no value, as Go says it.
    static func problem(_ text: String) -> String {
        let lower = text.lowercased()
        return Double(lower.filter { $0 != "_" })?.isInfinite == true ? "value out of range" : "invalid syntax"
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
