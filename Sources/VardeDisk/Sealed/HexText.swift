import VardeModel

/// Bytes as hexadecimal digits.
enum HexText {
    private static let digits = Array("0123456789abcdef".utf8)

    static func of(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// nil where a character is no digit, or one is left over.
    static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        var values: [UInt8] = []
        for character in text.utf8 {
            switch character {
            case 0x30...0x39: values.append(character - 0x30)
            case 0x61...0x66: values.append(character - 0x57)
            case 0x41...0x46: values.append(character - 0x37)
            default: return nil
            }
        }
        if values.count % 2 != 0 { return nil }
        return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }
}

/// Days since 1970 as 2026-11-26.
package enum CivilDay {
    /// The day in words; days no calendar has as their number.
    package static func text(_ day: Int) -> String {
        guard (-719_000...2_900_000).contains(day) else { return "day\(day)" }
        // The civil calendar's cycle of 400 years, counted from a first of March.
        let shifted = day + 719_468
        let cycle = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let ofCycle = shifted - cycle * 146_097
        let yearOfCycle = (ofCycle - ofCycle / 1_460 + ofCycle / 36_524 - ofCycle / 146_096) / 365
        let ofYear = ofCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let fromMarch = (5 * ofYear + 2) / 153
        let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        let year = yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0)
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(ofYear - (153 * fromMarch + 2) / 5 + 1, 2))"
    }

    /// nil where a text is no day.
    package static func number(_ text: some StringProtocol) -> Int? {
        if text.hasPrefix("day") { return Int(text.dropFirst(3)) }
        guard text.utf8.count == 10, let time = RFC3339.moment(text + "T00:00:00Z") else { return nil }
        return Int(time.seconds / 86_400)
    }
}
