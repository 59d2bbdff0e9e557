import Foundation

/// Lines around each line found, of the same stream, as `grep -C` shows them.
struct LogContext {
    /// Nanoseconds before and after a line in which its neighbours are looked for: a day.
    static let reach: Int64 = 86_400_000_000_000
    /// Most neighbours on each side.
    static let most = 1_000
    /// Most lines asked for at once, where streams with more labels stand between.
    private static let largestPage = 5_000

    /// A line to show, and whether it is one of those that were looked for.
    struct Line {
        var entry: QueryData.Entry
        var isMatch: Bool
    }

    /// Lines of one stream that follow each other without a gap.
    struct Group {
        var labels: [String: String]
        var lines: [Line]
    }

    private struct Key: Hashable {
        var time: Int64
        var line: String

        init(_ entry: QueryData.Entry) {
            time = entry.nanoseconds
            line = entry.line
        }
    }

    let connection: ServerConnection
    /// Neighbours on each side.
    let count: Int

    /// Groups in order of time; neighbours that several lines share are shown once.
    ///
    /// - Parameter streams: what was found, by the labels of streams alone.
    func groups(around streams: [QueryData.Stream]) async throws -> [Group] {
        var all: [Group] = []
        for stream in streams {
            let matches = Set(stream.values.map(Key.init))
            var group: Group?
            for match in stream.values.sorted(by: { $0.nanoseconds < $1.nanoseconds }) {
                let key = Key(match)
                var window = try await neighbours(of: match, stream.stream)
                if let last = group?.lines.last {
                    // Goes on where the group ends, if that is a neighbour too.
                    if group?.lines.contains(where: { Key($0.entry) == key }) == true, window.last.map(Key.init) == Key(last.entry) {
                        continue
                    }
                    if let at = window.lastIndex(where: { Key($0) == Key(last.entry) }) {
                        window.removeSubrange(...at)
                    } else {
                        if let group { all.append(group) }
                        group = nil
                    }
                }
                let lines = window.map { Line(entry: $0, isMatch: matches.contains(Key($0))) }
                if group == nil { group = Group(labels: stream.stream, lines: lines) } else { group?.lines += lines }
            }
            if let group { all.append(group) }
        }
        return all.sorted { ($0.lines.first?.entry.nanoseconds ?? 0) < ($1.lines.first?.entry.nanoseconds ?? 0) }
    }

    /// A line with those before and after it, oldest first; lines of its own moment stay in their order.
    private func neighbours(of match: QueryData.Entry, _ labels: [String: String]) async throws -> [QueryData.Entry] {
        let time = match.nanoseconds
        let before = try await lines(labels, from: time.subtractingReach, to: time, forward: false, limit: count)
        let same = try await lines(labels, from: time, to: time + 1, forward: true, limit: Self.largestPage)
        let after = try await lines(labels, from: time + 1, to: time.addingReach, forward: true, limit: count)
        let place = same.firstIndex { $0.line == match.line } ?? 0
        let earlier = (before.reversed() + same[..<place]).suffix(count)
        let later = (same.dropFirst(place + 1) + after).prefix(count)
        return earlier + [match] + later
    }

    /// Lines of exactly one stream.
    private func lines(
        _ labels: [String: String], from start: Int64, to end: Int64, forward: Bool, limit: Int
    ) async throws -> [QueryData.Entry] {
        let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.quoted($0.value))" }
        var page = limit
        while true {
            let body = try await connection.get(
                "/loki/api/v1/query_range",
                [
                    ("query", "{\(pairs.joined(separator: ", "))}"), ("start", String(start)), ("end", String(end)),
                    ("limit", String(page)), ("direction", forward ? "forward" : "backward"),
                ], headers: Self.byStream)
            guard case .streams(let streams)? = try connection.decode(PrometheusResponse<QueryData>.self, from: body).data?.result else {
                return []
            }
            let own = streams.filter { $0.stream == labels }.flatMap(\.values)
            let all = streams.reduce(0) { $0 + $1.values.count }
            // Streams with these labels and more fill the page too.
            if own.count >= limit || all < page || page >= Self.largestPage { return Array(own.prefix(limit)) }
            page = min(page * 4, Self.largestPage)
        }
    }

    /// Has answers name streams by their own labels.
    static let byStream = [("X-Loki-Response-Encoding-Flags", "categorize-labels")]

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
    }
}

extension Int64 {
    fileprivate var subtractingReach: Int64 { subtractingReportingOverflow(LogContext.reach).partialValue }
    fileprivate var addingReach: Int64 { addingReportingOverflow(LogContext.reach).partialValue }
}
