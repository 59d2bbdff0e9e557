/// Durations as Prometheus writes them: `1h30m`, `15s`, `500ms`; units y w d h m s ms, each once, in this order.
package enum DurationText {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// Why a text is no duration, in Prometheus' words.
    package struct Problem: Error, Equatable {
        package let reason: String

        package init(reason: String) { self.reason = reason }
    }

    /// Milliseconds of a duration, or nil where the text is not one or overflows. `0` alone is allowed.
    package static func milliseconds(_ text: String) -> Int64? { try? parse(text) }

    /// Milliseconds of a duration. `0` alone is allowed.
    package static func parse(_ text: String) throws(Problem) -> Int64 {
        if text == "0" { return 0 }
        if text.isEmpty { throw Problem(reason: "empty duration string") }
        let malformed = { Problem(reason: "not a valid duration string: \(text.quoted)") }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        var total: Int64 = 0
        var nextUnit = 0
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.prefix { digits.contains($0) }
            rest = rest.dropFirst(count.count)
            let name = rest.prefix { !digits.contains($0) }
            rest = rest.dropFirst(name.count)
            guard let number = UInt64(String(decoding: count, as: UTF8.self)), !name.isEmpty else { throw malformed() }
            guard let unit = units.firstIndex(where: { $0.name.utf8.elementsEqual(name) }) else {
                throw Problem(reason: "unknown unit \(String(decoding: name, as: UTF8.self).quoted) in duration \(text.quoted)")
            }
            if unit < nextUnit { throw malformed() }
            let (part, overflow) = Int64(clamping: number).multipliedReportingOverflow(by: units[unit].milliseconds)
            let (sum, overflow2) = total.addingReportingOverflow(part)
            // Beyond this its nanoseconds are, which Prometheus counts in.
            if overflow || overflow2 || sum > Int64.max / 1_000_000 { throw Problem(reason: "duration out of range") }
            total = sum
            nextUnit = unit + 1
        }
        return total
    }

    /// The shortest text in Prometheus' manner: weeks and years only where nothing else is left over.
    package static func format(milliseconds: Int64) -> String {
        if milliseconds == 0 { return "0s" }
        var rest = milliseconds.magnitude
        var text = milliseconds < 0 ? "-" : ""
        for unit in units {
            let size = UInt64(unit.milliseconds)
            let exactOnly = unit.name == "y" || unit.name == "w"
            if exactOnly, rest % size != 0 { continue }
            if rest >= size {
                text += "\(rest / size)\(unit.name)"
                rest %= size
            }
        }
        return text
    }
}
