import VardeModel

/// Days since 1970 as 2026-11-26.
package enum CivilDay {
    /// The day in words; days no calendar has as their number.
    package static func text(_ day: Int) -> String {
        guard (-719_000...2_900_000).contains(day) else { return "day\(day)" }
        return CivilDate(daysSince1970: Int64(day)).text
    }

    /// nil where a text is no day.
    package static func number(_ text: some StringProtocol) -> Int? {
        if text.hasPrefix("day") { return Int(text.dropFirst(3)) }
        guard text.utf8.count == 10, let time = RFC3339.moment(text + "T00:00:00Z") else { return nil }
        return Int(time.seconds / 86_400)
    }
}
