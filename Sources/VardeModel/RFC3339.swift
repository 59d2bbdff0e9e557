/// Dates of RFC 3339.
package enum RFC3339 {
    /// Nanoseconds since the epoch; nil where the text is no date, or one too far away to count so.
    package static func nanoseconds(_ text: String) -> Int64? {
        guard let moment = moment(text), moment.seconds.magnitude < 9_000_000_000 else { return nil }
        return moment.seconds * 1_000_000_000 + moment.nanoseconds
    }

    /// Seconds since the epoch and nanoseconds of the second, nil where the text is no date.
    package static func moment(_ text: String) -> (seconds: Int64, nanoseconds: Int64)? {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int? {
            guard range.upperBound <= bytes.count, bytes[range].allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
            return Int(String(decoding: bytes[range], as: UTF8.self))
        }
        guard bytes.count >= 20, let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), bytes[4] == 45, bytes[7] == 45, bytes[13] == 58, bytes[16] == 58,
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61,
            [UInt8(ascii: "T"), UInt8(ascii: "t"), 32].contains(bytes[10])
        else { return nil }
        var at = 19
        var fraction: Int64 = 0
        if bytes[at] == UInt8(ascii: ".") {
            var scale: Int64 = 100_000_000
            at += 1
            guard number(at..<at + 1) != nil else { return nil }
            while at < bytes.count, bytes[at] >= 48, bytes[at] <= 57 {
                fraction += Int64(bytes[at] - 48) * scale
                scale /= 10
                at += 1
            }
        }
        guard at < bytes.count else { return nil }
        var offset = 0
        switch bytes[at] {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"): at += 1
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard let hours = number((at + 1)..<(at + 3)), at + 6 <= bytes.count, bytes[at + 3] == 58,
                let minutes = number((at + 4)..<(at + 6))
            else { return nil }
            offset = (hours * 60 + minutes) * (bytes[at] == UInt8(ascii: "-") ? -60 : 60)
            at += 6
        default: return nil
        }
        guard at == bytes.count else { return nil }
        let date = CivilDate(year: Int64(year), month: Int64(month), day: Int64(day))
        let days = date.daysSince1970
        // The thirtieth of February would be another day.
        guard CivilDate(daysSince1970: days) == date else { return nil }
        let seconds: Int = Int(days) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        return (Int64(seconds), fraction)
    }
    /// A moment as text in UTC, with the fraction it has; 0 is the time before all others.
    package static func text(milliseconds: Int64) -> String {
        if milliseconds == 0 { return "0001-01-01T00:00:00Z" }
        let day: Int64 = 86_400_000
        let rest = (milliseconds % day + day) % day
        let (second, fraction) = (rest / 1_000, rest % 1_000)
        func padded(_ value: Int64, _ width: Int) -> String { String(String(value + 1_000_000).suffix(width)) }
        let time = [second / 3_600, second / 60 % 60, second % 60].map { padded($0, 2) }.joined(separator: ":")
        let date = CivilDate(daysSince1970: (milliseconds - rest) / day).text
        return "\(date)T\(time)\(fraction == 0 ? "" : ".\(padded(fraction, 3))")Z"
    }
}
