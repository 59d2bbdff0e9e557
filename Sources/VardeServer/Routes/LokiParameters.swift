import VardeModel
import VardeQuery

/// Readings of parameters as Loki's API takes them, with its words for what is wrong.
extension APIRequest {
    /// Nanoseconds of a time: Unix seconds with fraction or of at most ten digits, nanoseconds, or RFC 3339; from 1896 to 2116, so that
    /// whatever is added or taken away stays a time.
    func lokiTime(_ name: String) throws -> Int64? { try anyLokiTime(name).map { min(max($0, -1 << 61), 1 << 62) } }

    /// The longest duration, 36 years.
    private static let longest: Int64 = 1 << 60

    private func anyLokiTime(_ name: String) throws -> Int64? {
        guard let text = value(name), !text.isEmpty else { return nil }
        if text.contains("."), let seconds = Double(text), seconds.isFinite, seconds.magnitude < 9e9 {
            let whole = seconds.rounded(.down)
            return Int64(whole) * 1_000_000_000 + Int64(((seconds - whole) * 1e9).rounded())
        }
        if let number = Int64(text) {
            guard text.utf8.count <= 10 else { return number }
            return number.multipliedReportingOverflow(by: 1_000_000_000).overflow ? .max : number * 1_000_000_000
        }
        guard let time = RFC3339.nanoseconds(text) else {
            throw APIFailure.badData("could not parse '\(name)' parameter: cannot parse \(text.quoted) to a valid timestamp")
        }
        return time
    }

    /// `start` and `end`, or `since` before the end; the last hour where nothing is said.
    func lokiRange(now: Int64) throws -> (start: Int64, end: Int64) {
        let end = try lokiTime("end") ?? now
        var since: Int64 = 3_600_000_000_000
        if let text = value("since"), !text.isEmpty {
            guard let milliseconds = DurationText.milliseconds(text) else {
                throw APIFailure.badData("could not parse 'since' parameter: not a valid duration string: \(text.quoted)")
            }
            since = min(milliseconds, Self.longest / 1_000_000) * 1_000_000
        }
        let start = try lokiTime("start") ?? max(min(end, now) - since, -1 << 61)
        return (start, end)
    }

    /// Nanoseconds of a step or interval: seconds with fraction, or a duration.
    func lokiDuration(_ name: String) throws -> Int64? {
        guard let text = value(name), !text.isEmpty else { return nil }
        if let seconds = Double(text), seconds.isFinite, seconds.magnitude < 9e9 {
            return min(max(Int64((seconds * 1e9).rounded()), -Self.longest), Self.longest)
        }
        guard let milliseconds = DurationText.milliseconds(text) else {
            throw APIFailure.badData("cannot parse \(text.quoted) to a valid duration")
        }
        return min(milliseconds, Self.longest / 1_000_000) * 1_000_000
    }

    /// How many entries are wanted.
    func lokiLimit(most: Int) throws -> Int {
        guard let text = value("limit"), !text.isEmpty else { return 100 }
        guard let number = Int(text) else { throw APIFailure.badData("strconv.ParseUint: parsing \(text.quoted): invalid syntax") }
        if number <= 0 { throw APIFailure.badData("limit must be a positive value") }
        if number > most {
            throw APIFailure.badData("max entries limit per query exceeded, limit > max_entries_limit_per_query (\(number) > \(most))")
        }
        return number
    }

    func lokiDirection() throws -> LogQLDirection {
        let text = (value("direction") ?? "").lowercased()
        if text.isEmpty { return .backward }
        guard let direction = LogQLDirection(rawValue: text) else { throw APIFailure.badData("invalid direction '\(text)'") }
        return direction
    }

    /// Whether metadata and parsed labels are to be told apart from the stream's.
    var wantsCategories: Bool {
        (headers["x-loki-response-encoding-flags"] ?? "").split(separator: ",").contains { $0.trimmingPrefix(" ") == "categorize-labels" }
    }
}
