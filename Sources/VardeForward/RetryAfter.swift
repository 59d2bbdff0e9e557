internal import VardeModel

/// The header `Retry-After` (RFC 9110, 10.2.3): seconds, or a date in the form all servers write today.
enum RetryAfter {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Milliseconds to wait from `now` (ms since the epoch) on; nil where the text is neither, or lies in the past.
    static func milliseconds(_ text: String, now: Int64) -> Int64? {
        let text = text.filter { $0 != "," }
        if let seconds = Int64(text) { return seconds >= 0 && seconds < 1 << 40 ? seconds * 1000 : nil }
        // Sun, 06 Nov 1994 08:49:37 GMT
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let day = Int64(parts[1]), (1...31).contains(day),
            let month = months.firstIndex(of: String(parts[2])), let year = Int64(parts[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int64($0) }
        guard clock.count == 3 else { return nil }
        let date = CivilDate(year: year, month: Int64(month) + 1, day: day)
        let time = date.daysSince1970 * 86_400 + clock[0] * 3_600 + clock[1] * 60 + clock[2]
        return time * 1000 > now ? time * 1000 - now : nil
    }
}
