internal import VardeModel

/// A point in time as the calendar and clock show it in UTC (proleptic Gregorian).
package struct CivilTime: Sendable, Equatable {
    package var year: Int64
    /// 1…12.
    package var month: Int64
    /// 1…31.
    package var day: Int64
    /// 0 for Sunday.
    package var weekday: Int64
    /// 1…366.
    package var yearDay: Int64
    package var hour: Int64
    package var minute: Int64
    package var second: Int64

    /// The civil time of so many seconds since the epoch.
    package init(seconds: Int64) {
        var (days, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
        if rest < 0 {
            days -= 1
            rest += 86_400
        }
        hour = rest / 3600
        minute = rest % 3600 / 60
        second = rest % 60
        weekday = ((days + 4) % 7 + 7) % 7
        let date = CivilDate(daysSince1970: days)
        day = date.day
        month = date.month
        year = date.year
        let lengths: [Int64] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
        yearDay = lengths[Int(month - 1)] + day
        if month > 2, isLeapYear { yearDay += 1 }
    }

    private var isLeapYear: Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    /// 28…31.
    package var daysInMonth: Int64 {
        switch month {
        case 2: isLeapYear ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// `2026-01-01T00:00:00Z`.
    package var rfc3339: String {
        func padded(_ value: Int64, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
        let date = CivilDate(year: year, month: month, day: day)
        return "\(date.text)T\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2))Z"
    }
}
