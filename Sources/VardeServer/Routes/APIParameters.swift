import Foundation
import VardeModel
import VardeQuery

/// Readings of parameters as Prometheus' API takes them, with its words for what is wrong.
extension APIRequest {
    /// Milliseconds of a time, nil where it is not given: Unix seconds with fraction, or RFC 3339.
    func time(_ name: String) throws -> Int64? {
        guard let text = value(name), !text.isEmpty else { return nil }
        guard let time = Self.parseTime(text) else {
            throw APIFailure.badData(
                "invalid parameter \"\(name)\": invalid time value for '\(name)': cannot parse \(text.quoted) to a valid timestamp")
        }
        return time
    }

    /// As `time`, where it must be given.
    func requiredTime(_ name: String) throws -> Int64 {
        let text = value(name) ?? ""
        guard let time = Self.parseTime(text) else {
            throw APIFailure.badData("invalid parameter \"\(name)\": cannot parse \(text.quoted) to a valid timestamp")
        }
        return time
    }

    static func parseTime(_ text: String) -> Int64? {
        if let seconds = Double(text) {
            guard seconds.isFinite, seconds.magnitude < 9e15 else { return nil }
            return Int64((seconds * 1000).rounded())
        }
        guard let moment = RFC3339.moment(text) else { return nil }
        return moment.seconds * 1000 + moment.nanoseconds / 1_000_000
    }

    /// Nanoseconds of a duration, nil where it is not given: seconds with fraction, or Prometheus' notation.
    func duration(_ name: String) throws -> Int64? {
        (value(name) ?? "").isEmpty ? nil : try requiredDuration(name)
    }

    /// As `duration`, where it must be given.
    func requiredDuration(_ name: String) throws -> Int64 {
        do {
            return try Self.parseDuration(value(name) ?? "")
        } catch let failure as APIFailure {
            throw APIFailure.badData("invalid parameter \"\(name)\": \(failure.message)")
        }
    }

    /// As `duration`, whose error does not name the parameter.
    func plainDuration(_ name: String) throws -> Int64? {
        guard let text = value(name), !text.isEmpty else { return nil }
        return try Self.parseDuration(text)
    }

    private static func parseDuration(_ text: String) throws -> Int64 {
        if let seconds = Double(text) {
            guard (seconds * 1e9).magnitude < 0x1p63 else {
                throw APIFailure.badData("cannot parse \(text.quoted) to a valid duration. It overflows int64")
            }
            return Int64(seconds * 1e9)
        }
        guard let milliseconds = DurationText.milliseconds(text), milliseconds < .max / 1_000_000 else {
            throw APIFailure.badData("cannot parse \(text.quoted) to a valid duration")
        }
        return milliseconds * 1_000_000
    }

    /// A count; 0 for none.
    func limit() throws -> Int {
        guard let text = value("limit"), !text.isEmpty else { return 0 }
        guard let number = Int(text) else {
            let digits = text.drop { $0 == "-" || $0 == "+" }
            let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { $0 >= 48 && $0 <= 57 }
            throw APIFailure.badData(
                "invalid parameter \"limit\": strconv.Atoi: parsing \(text.quoted): "
                    + (isNumber ? "value out of range" : "invalid syntax"))
        }
        guard number >= 0 else { throw APIFailure.badData("invalid parameter \"limit\": limit must be non-negative") }
        return number
    }

    /// Sets of matchers of `match[]`, each selector read by the PromQL parser; none may match everything.
    func matcherSets(prefix: String = "") throws -> [[LabelMatcher]] {
        var sets: [[LabelMatcher]] = []
        for text in values("match[]") {
            do throws(QueryError) {
                sets.append(try PromQLEngine.matchers(ofSelector: text))
            } catch {
                throw APIFailure.badData(prefix + error.message)
            }
        }
        for set in sets where set.allSatisfy(\.matchesEmpty) {
            throw APIFailure.badData(prefix + "match[] must contain at least one non-empty matcher")
        }
        return sets
    }
}

/// Dates of RFC 3339.
enum RFC3339 {
    /// Nanoseconds since the epoch; nil where the text is no date, or one too far away to count so.
    static func nanoseconds(_ text: String) -> Int64? {
        guard let moment = moment(text), moment.seconds.magnitude < 9_000_000_000 else { return nil }
        return moment.seconds * 1_000_000_000 + moment.nanoseconds
    }

    /// Seconds since the epoch and nanoseconds of the second, nil where the text is no date.
    static func moment(_ text: String) -> (seconds: Int64, nanoseconds: Int64)? {
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
        // Days from the civil calendar, March first.
        let y = month <= 2 ? year - 1 : year
        let era = y / 400
        let yearOfEra: Int = y - era * 400
        let monthFromMarch: Int = month > 2 ? month - 3 : month + 9
        let dayOfYear: Int = (153 * monthFromMarch + 2) / 5 + day - 1
        let dayOfEra: Int = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days: Int = era * 146_097 + dayOfEra - 719_468
        let seconds: Int = days * 86_400 + hour * 3_600 + minute * 60 + second - offset
        return (Int64(seconds), fraction)
    }

    /// A moment as text in UTC, with the fraction it has.
    static func text(milliseconds: Int64) -> String {
        if milliseconds == 0 { return "0001-01-01T00:00:00Z" }
        let format = ISO8601DateFormatter()
        format.formatOptions = milliseconds % 1000 == 0 ? [.withInternetDateTime] : [.withInternetDateTime, .withFractionalSeconds]
        return format.string(from: Date(timeIntervalSince1970: Double(milliseconds) / 1000))
    }
}
