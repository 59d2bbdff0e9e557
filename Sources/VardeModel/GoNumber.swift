/// Numbers as Go's `strconv.ParseFloat` reads them, and thereby Prometheus in requests and labels.
package enum GoNumber {
    /// A sign, then `Inf`, `Infinity` or `NaN` in any case, or a decimal number, or a hexadecimal one with an exponent of two; underscores
    /// between digits. Nil for anything else and for what is too large.
    package static func float(_ text: String) -> Double? {
        var body = Array(text.utf8)[...]
        var sign = 1.0
        if let first = body.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-") {
            if first == UInt8(ascii: "-") { sign = -1 }
            body = body.dropFirst()
        }
        let lower = String(decoding: body, as: UTF8.self).lowercased()
        if lower == "inf" || lower == "infinity" { return sign * .infinity }
        if lower == "nan" { return .nan }
        guard let first = body.first, isDigit(first) || first == UInt8(ascii: ".") else { return nil }
        let isHexadecimal = lower.hasPrefix("0x")
        if isHexadecimal, !lower.contains("p") { return nil }
        guard underscoresFit(body) else { return nil }
        var number = String(decoding: body.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
        // Swift's own parser wants digits on both sides of a point.
        if number.hasPrefix(".") { number = "0" + number }
        if let point = number.firstIndex(of: ".") {
            let next = number.index(after: point)
            if next == number.endIndex || "eEpP".contains(number[next]) { number.insert("0", at: next) }
        }
        guard let value = Double(number), value.isFinite else { return nil }
        return sign * value
    }

    /// Whether all underscores stand between digits, or behind a prefix such as `0x`.
    package static func underscoresFit(_ text: some Collection<UInt8>) -> Bool {
        var before: UInt8?
        let isPrefixed = text.first == UInt8(ascii: "0") && text.dropFirst().first.map { "xXbBoO".utf8.contains($0) } ?? false
        for byte in text {
            if byte == UInt8(ascii: "_") {
                guard let before, isDigit(before) || isPrefixed, before != byte else { return false }
            } else if before == UInt8(ascii: "_"), !isDigit(byte), !isPrefixed {
                return false
            }
            before = byte
        }
        return before != UInt8(ascii: "_")
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
