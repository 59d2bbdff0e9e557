internal import VardeKernels
internal import VardeModel

/// Points in time in Go's layouts, in UTC.
enum TemplateTime {
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ]
    private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    /// Layout elements, longer before shorter.
    private static let elements = [
        "January", "Monday", "2006", "-07:00", "Z07:00", "-0700", "Z0700", "MST", "Jan", "Mon", "002", "01", "02", "03", "04", "05", "06",
        "15", "PM", "pm", "_2", "1", "2", "3", "4", "5",
    ]

    static func now() -> Int64 { WallClock.nanoseconds }

    private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    /// As Go prints a time.
    static func goText(_ nanoseconds: Int64) -> String { format(nanoseconds, layout: "2006-01-02 15:04:05.999999999 -0700 MST") }

    static func format(_ nanoseconds: Int64, layout: String) -> String {
        let daySize: Int64 = 86_400_000_000_000
        let day = nanoseconds >= 0 ? nanoseconds / daySize : (nanoseconds - daySize + 1) / daySize
        let rest = nanoseconds - day * daySize
        let civil = CivilDate(daysSince1970: day)
        let date = (year: civil.year, month: Int(civil.month), day: Int(civil.day))
        let hour = Int(rest / 3_600_000_000_000)
        let minute = Int(rest / 60_000_000_000 % 60)
        let second = Int(rest / 1_000_000_000 % 60)
        let fraction = rest % 1_000_000_000
        var out = ""
        var view = layout[...]
        while !view.isEmpty {
            if let (digits, trims) = fractionElement(view) {
                var text = String(fraction)
                text = String(repeating: "0", count: 9 - text.count) + text
                text = String(text.prefix(digits))
                if trims { while text.hasSuffix("0") { text.removeLast() } }
                if !text.isEmpty { out += String(view.prefix(1)) + text }
                view = view.dropFirst(digits + 1)
                continue
            }
            guard let element = elements.first(where: { view.hasPrefix($0) }) else {
                out.append(view.removeFirst())
                continue
            }
            view = view.dropFirst(element.count)
            switch element {
            case "January": out += months[date.month - 1]
            case "Jan": out += months[date.month - 1].prefix(3)
            case "Monday": out += days[Int(((day % 7) + 11) % 7)]
            case "Mon": out += days[Int(((day % 7) + 11) % 7)].prefix(3)
            case "2006": out += String(repeating: "0", count: max(0, 4 - "\(date.year)".count)) + "\(date.year)"
            case "06": out += two(Int(date.year % 100))
            case "01": out += two(date.month)
            case "1": out += "\(date.month)"
            case "02": out += two(date.day)
            case "_2": out += date.day < 10 ? " \(date.day)" : "\(date.day)"
            case "2": out += "\(date.day)"
            case "002":
                let number = day - CivilDate(year: date.year, month: 1, day: 1).daysSince1970 + 1
                out += String(repeating: "0", count: 3 - "\(number)".count) + "\(number)"
            case "15": out += two(hour)
            case "03": out += two((hour + 11) % 12 + 1)
            case "3": out += "\((hour + 11) % 12 + 1)"
            case "04": out += two(minute)
            case "4": out += "\(minute)"
            case "05": out += two(second)
            case "5": out += "\(second)"
            case "PM": out += hour < 12 ? "AM" : "PM"
            case "pm": out += hour < 12 ? "am" : "pm"
            case "MST": out += "UTC"
            case "Z07:00", "Z0700": out += "Z"
            case "-07:00": out += "+00:00"
            default: out += "+0000"
            }
        }
        return out
    }

    /// `.000` or `.999` at the front: how many digits, and whether zeros at the end go.
    private static func fractionElement(_ view: Substring) -> (Int, Bool)? {
        guard view.first == "." || view.first == ",", let digit = view.dropFirst().first, digit == "0" || digit == "9" else { return nil }
        let count = view.dropFirst().prefix { $0 == digit }.count
        if let after = view.dropFirst(count + 1).first, after.isNumber { return nil }
        return count > 9 ? nil : (count, digit == "9")
    }

    static func parse(_ text: String, layout: String) throws(TemplateCallError) -> Int64 {
        let fault = TemplateCallError("parsing time \(text.quoted) as \(layout.quoted): cannot parse")
        var view = text[...]
        var wanted = layout[...]
        var year: Int64 = 1
        var month: Int64 = 1
        var day: Int64 = 1
        var hour: Int64 = 0
        var minute: Int64 = 0
        var second: Int64 = 0
        var fraction: Int64 = 0
        var zone: Int64 = 0
        var afternoon: Bool?
        func number(_ least: Int, _ most: Int) throws(TemplateCallError) -> Int64 {
            let digits = view.prefix(most).prefix { $0.isASCII && $0.isNumber }
            guard digits.count >= least, let value = Int64(digits) else { throw fault }
            view = view.dropFirst(digits.count)
            return value
        }
        func name(_ list: [String], short: Bool) throws(TemplateCallError) -> Int64 {
            for (i, full) in list.enumerated() {
                let candidate = short ? String(full.prefix(3)) : full
                if view.lowercased().hasPrefix(candidate.lowercased()) {
                    view = view.dropFirst(candidate.count)
                    return Int64(i)
                }
            }
            throw fault
        }
        func readFraction() {
            guard view.first == "." || view.first == "," else { return }
            let digits = view.dropFirst().prefix { $0.isASCII && $0.isNumber }
            view = view.dropFirst(digits.count + 1)
            fraction = Int64(String(digits.prefix(9)) + String(repeating: "0", count: max(0, 9 - digits.count))) ?? 0
        }
        while !wanted.isEmpty {
            if let (digits, _) = fractionElement(wanted) {
                readFraction()
                wanted = wanted.dropFirst(digits + 1)
                continue
            }
            guard let element = elements.first(where: { wanted.hasPrefix($0) }) else {
                guard view.first == wanted.first else { throw fault }
                view.removeFirst()
                wanted.removeFirst()
                continue
            }
            wanted = wanted.dropFirst(element.count)
            switch element {
            case "January": month = try name(months, short: false) + 1
            case "Jan": month = try name(months, short: true) + 1
            case "Monday": _ = try name(days, short: false)
            case "Mon": _ = try name(days, short: true)
            case "2006": year = try number(4, 4)
            case "06":
                let short = try number(2, 2)
                year = short >= 69 ? 1900 + short : 2000 + short
            case "01": month = try number(2, 2)
            case "1": month = try number(1, 2)
            case "02": day = try number(2, 2)
            case "_2":
                if view.first == " " { view.removeFirst() }
                day = try number(1, 2)
            case "2": day = try number(1, 2)
            case "002": day = try number(3, 3)
            case "15", "03": hour = try number(2, 2)
            case "3": hour = try number(1, 2)
            case "04": minute = try number(2, 2)
            case "4": minute = try number(1, 2)
            case "05", "5":
                second = try number(element == "05" ? 2 : 1, 2)
                if fractionElement(wanted) == nil { readFraction() }
            case "PM", "pm":
                afternoon = view.prefix(2).lowercased() == "pm"
                view = view.dropFirst(2)
            case "MST": view = view.drop { $0.isLetter }
            default:
                if element.hasPrefix("Z"), view.first == "Z" {
                    view.removeFirst()
                    continue
                }
                guard let sign = view.first, sign == "+" || sign == "-" else { throw fault }
                view.removeFirst()
                let hours = try number(2, 2)
                if element.contains(":") {
                    guard view.first == ":" else { throw fault }
                    view.removeFirst()
                }
                zone = (hours * 60 + (try number(2, 2))) * (sign == "-" ? -1 : 1)
            }
        }
        guard view.isEmpty, (1...12).contains(month), day <= 366, hour < 25, minute < 60, second < 61, (1678...2261).contains(year) else {
            throw fault
        }
        if let afternoon { hour = hour % 12 + (afternoon ? 12 : 0) }
        let minutes = (CivilDate(year: year, month: month, day: day).daysSince1970 * 24 + hour) * 60 + minute - zone
        return (minutes * 60 + second) * 1_000_000_000 + fraction
    }
}
