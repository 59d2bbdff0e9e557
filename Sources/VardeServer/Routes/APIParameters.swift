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

    /// The first and last time Prometheus' own clients write, for a range without bounds; no RFC 3339 reads their years.
    private static let unbounded: [String: Int64] = [
        "-292273086-05-16T16:47:06Z": -9_000_000_000_000_000_000, "292277025-08-18T07:12:54.999999999Z": 9_000_000_000_000_000_000,
    ]

    static func parseTime(_ text: String) -> Int64? {
        if let time = unbounded[text] { return time }
        if let seconds = GoNumber.float(text) {
            guard seconds.isFinite, seconds.magnitude < 9e15 else { return nil }
            return Int64((seconds * 1000).rounded())
        }
        // Prometheus knows capital letters alone, and no leap seconds.
        guard text.dropFirst(10).hasPrefix("T"), !text.hasSuffix("z"), !text.dropFirst(17).hasPrefix("60"),
            let moment = RFC3339.moment(text)
        else { return nil }
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
        if let seconds = GoNumber.float(text) {
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
