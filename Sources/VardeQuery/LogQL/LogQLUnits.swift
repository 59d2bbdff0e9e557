internal import VardeModel

/// Durations and byte sizes as LogQL and Go write them.
package enum LogQLUnits {
    private static let durationUnits: [(name: [UInt8], nanoseconds: Double)] = [
        (Array("ns".utf8), 1), (Array("us".utf8), 1e3), (Array("µs".utf8), 1e3), (Array("μs".utf8), 1e3), (Array("ms".utf8), 1e6),
        (Array("s".utf8), 1e9), (Array("m".utf8), 60e9), (Array("h".utf8), 3600e9),
    ]

    /// What Go's `time.ParseDuration` says about a text: nanoseconds or its error message.
    package static func goDuration(_ text: [UInt8]) -> Result<Int64, LogQLValueError> {
        func bad(_ what: String) -> Result<Int64, LogQLValueError> {
            .failure(LogQLValueError("time: \(what) " + String(decoding: text, as: UTF8.self).quoted))
        }
        var rest = text[...]
        var negative = false
        if let first = rest.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            negative = first == UInt8(ascii: "-")
            rest = rest.dropFirst()
        }
        if rest.elementsEqual([UInt8(ascii: "0")]) { return .success(0) }
        if rest.isEmpty { return bad("invalid duration") }
        var total = 0.0
        var exact: Int64 = 0
        var isExact = true
        while !rest.isEmpty {
            let number = rest.prefix { isDigit($0) || $0 == UInt8(ascii: ".") }
            let dots = number.count { $0 == UInt8(ascii: ".") }
            if number.isEmpty || dots > 1 || number.count == dots { return bad("invalid duration") }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { !isDigit($0) && $0 != UInt8(ascii: ".") }
            if unit.isEmpty { return bad("missing unit in duration") }
            guard let known = durationUnits.first(where: { $0.name.elementsEqual(unit) }) else {
                let name = String(decoding: unit, as: UTF8.self).quoted
                return .failure(
                    LogQLValueError("time: unknown unit \(name) in duration " + String(decoding: text, as: UTF8.self).quoted))
            }
            rest = rest.dropFirst(unit.count)
            let numberText = String(decoding: number, as: UTF8.self)
            guard
                let value = Double(numberText.hasPrefix(".") ? "0" + numberText : numberText.hasSuffix(".") ? numberText + "0" : numberText)
            else { return bad("invalid duration") }
            total += value * known.nanoseconds
            if dots == 0, let whole = Int64(numberText) {
                let (part, o1) = whole.multipliedReportingOverflow(by: Int64(known.nanoseconds))
                let (sum, o2) = exact.addingReportingOverflow(part)
                if o1 || o2 { return bad("invalid duration") }
                exact = sum
            } else {
                isExact = false
            }
        }
        if total > 9.2e18 { return bad("invalid duration") }
        let magnitude = isExact ? exact : Int64(total)
        return .success(negative ? -magnitude : magnitude)
    }

    private static let longUnits: [(name: String, nanoseconds: Int64)] = [
        ("y", 365 * 86_400_000_000_000), ("w", 7 * 86_400_000_000_000), ("d", 86_400_000_000_000),
    ]

    /// Nanoseconds of a duration in a query: Go's form, or Prometheus' with days, weeks and years; nil where it is neither.
    package static func queryDuration(_ text: String) -> Int64? {
        if case .success(let value) = goDuration(Array(text.utf8)) { return value }
        let negative = text.hasPrefix("-")
        guard let ms = DurationText.milliseconds(negative ? String(text.dropFirst()) : text) else { return nil }
        let (value, overflow) = ms.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? nil : negative ? -value : value
    }

    /// As Go prints a duration: `1h0m0s`, `1.5s`, `340µs`.
    package static func goText(_ nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "0s" }
        let sign = nanoseconds < 0 ? "-" : ""
        let magnitude = nanoseconds.magnitude
        func fraction(_ value: UInt64, per unit: UInt64) -> String {
            let whole = value / unit
            var rest = value % unit
            if rest == 0 { return "\(whole)" }
            var digits = ""
            var size = unit / 10
            while rest > 0 {
                digits += "\(rest / size)"
                rest %= size
                size /= 10
            }
            return "\(whole).\(digits)"
        }
        if magnitude < 1_000 { return sign + "\(magnitude)ns" }
        if magnitude < 1_000_000 { return sign + fraction(magnitude, per: 1_000) + "µs" }
        if magnitude < 1_000_000_000 { return sign + fraction(magnitude, per: 1_000_000) + "ms" }
        let hours = magnitude / 3_600_000_000_000
        let minutes = magnitude / 60_000_000_000 % 60
        let seconds = fraction(magnitude % 60_000_000_000, per: 1_000_000_000) + "s"
        if hours > 0 { return sign + "\(hours)h\(minutes)m" + seconds }
        return sign + (minutes > 0 ? "\(minutes)m" : "") + seconds
    }

    /// As Prometheus prints a duration, to the millisecond.
    package static func modelText(_ nanoseconds: Int64) -> String {
        nanoseconds % 1_000_000 == 0 ? DurationText.format(milliseconds: nanoseconds / 1_000_000) : goText(nanoseconds)
    }

    private static let byteUnits: [String: Double] = [
        "": 1, "b": 1, "kb": 1e3, "k": 1e3, "mb": 1e6, "m": 1e6, "gb": 1e9, "g": 1e9, "tb": 1e12, "t": 1e12, "pb": 1e15, "p": 1e15,
        "eb": 1e18, "e": 1e18, "kib": 1024, "ki": 1024, "mib": 1_048_576, "mi": 1_048_576, "gib": 1_073_741_824, "gi": 1_073_741_824,
        "tib": 0x1p40, "ti": 0x1p40, "pib": 0x1p50, "pi": 0x1p50, "eib": 0x1p60, "ei": 0x1p60,
    ]

    /// Bytes of a size such as `25MB`, `1.5 KiB`, `2,048`, or the error message of the library Loki reads them with.
    package static func byteSize(_ text: [UInt8]) -> Result<UInt64, LogQLValueError> {
        let number = text.prefix { isDigit($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ",") }
        let plain = String(decoding: number.filter { $0 != UInt8(ascii: ",") }, as: UTF8.self)
        guard let value = goFloat(plain) else {
            return .failure(LogQLValueError("strconv.ParseFloat: parsing \(plain.quoted): invalid syntax"))
        }
        let unit = String(decoding: text.dropFirst(number.count), as: UTF8.self).lowercased().trimmingSpaces
        guard let factor = byteUnits[unit] else { return .failure(LogQLValueError("unhandled size name: \(unit)")) }
        let bytes = value * factor
        if bytes >= 0x1p64 { return .failure(LogQLValueError("too large: " + String(decoding: text, as: UTF8.self))) }
        return .success(UInt64(bytes))
    }

    /// A float as Go's `strconv.ParseFloat` reads it; nil where it is none.
    package static func goFloat(_ text: String) -> Double? { plainFloat(text) ?? anyFloat(text) }

    private static let powersOfTen: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15]

    /// A number of at most fifteen digits with at most one point between them, as most are: exact, since both parts of the quotient
    /// are. nil for any other text.
    private static func plainFloat(_ text: String) -> Double? {
        var digits = 0
        var decimals = -1
        var mantissa: Int64 = 0
        var isNegative = false
        var isFirst = true
        var last: UInt8 = 0
        for byte in text.utf8 {
            if isDigit(byte) {
                digits += 1
                if digits > 15 { return nil }
                mantissa = mantissa * 10 + Int64(byte - 48)
                if decimals >= 0 { decimals += 1 }
            } else if byte == UInt8(ascii: "."), digits > 0, decimals < 0 {
                decimals = 0
            } else if byte == UInt8(ascii: "-"), isFirst {
                isNegative = true
            } else {
                return nil
            }
            isFirst = false
            last = byte
        }
        guard digits > 0, isDigit(last) else { return nil }
        let value = Double(mantissa) / powersOfTen[max(decimals, 0)]
        return isNegative ? -value : value
    }

    private static func anyFloat(_ text: String) -> Double? {
        var body = text[...]
        var negative = false
        if let first = body.first, first == "-" || first == "+" {
            negative = first == "-"
            body = body.dropFirst()
        }
        switch body.lowercased() {
        case "inf", "infinity": return negative ? -.infinity : .infinity
        case "nan": return .nan
        default: break
        }
        guard let first = body.utf8.first, isDigit(first) || first == UInt8(ascii: ".") else { return nil }
        let isHex = body.hasPrefix("0x") || body.hasPrefix("0X")
        if isHex, !body.contains(where: { $0 == "p" || $0 == "P" }) { return nil }
        var normal = String(body)
        if normal.hasPrefix(".") { normal = "0" + normal }
        if normal.hasSuffix(".") { normal += "0" }
        if let dot = normal.firstIndex(of: "."), let next = normal[normal.index(after: dot)...].first, next == "e" || next == "E" {
            normal.insert("0", at: normal.index(after: dot))
        }
        guard normal != "0.0" || body != ".", let value = Double(normal) else { return nil }
        return negative ? -value : value
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
}

/// Why a value cannot be converted, in the words of the library Loki uses.
package struct LogQLValueError: Error, Sendable, Equatable {
    package var message: String

    package init(_ message: String) { self.message = message }
}

extension String {
    /// Without spaces and tabs at both ends.
    var trimmingSpaces: String {
        var view = self[...]
        while let first = view.first, first.isWhitespace { view.removeFirst() }
        while let last = view.last, last.isWhitespace { view.removeLast() }
        return String(view)
    }
}
