import Foundation

/// Follows a log query over the WebSocket: connected again where it is lost, going on from the newest line seen, each line once.
struct LogFollow {
    /// Lines asked for in a request.
    private static let page = 5_000
    /// Lines remembered so that none is shown twice.
    private static let maxSeen = 100_000
    /// Frames received that wait to be shown; where there are more, what follows is fetched once they are.
    private static let maxFrames = 256
    /// Lines the server left out are fetched where they are no older than this against the newest seen, in nanoseconds.
    private static let reach: Int64 = 600_000_000_000
    /// Longest wait before connecting again, in milliseconds.
    private static let longestPause = 10_000

    let connection: ServerConnection
    let query: String
    /// Shows lines, oldest first.
    let show: ([QueryData.Stream]) -> Void
    /// Is told of lost connections, and of lines the server left out.
    let tell: (String) -> Void

    private struct Key: Hashable {
        var time: Int64
        var labels: [String: String]
        var line: String
    }

    /// What was shown. Touched by one task at a time.
    private final class Seen {
        var keys: Set<Key> = []
        var order: [Key] = []
        var newest: Int64

        init(newest: Int64) { self.newest = newest }

        /// Lines not shown yet, noted.
        func fresh(_ streams: [QueryData.Stream]) -> [QueryData.Stream] {
            var result: [QueryData.Stream] = []
            for stream in streams {
                var kept = stream
                kept.values = stream.values.filter { entry in
                    newest = max(newest, entry.nanoseconds)
                    let key = Key(time: entry.nanoseconds, labels: stream.stream, line: entry.line)
                    guard keys.insert(key).inserted else { return false }
                    order.append(key)
                    return true
                }
                if !kept.values.isEmpty { result.append(kept) }
            }
            if order.count > LogFollow.maxSeen {
                let half = order.count / 2
                for key in order[..<half] { keys.remove(key) }
                order.removeFirst(half)
            }
            return result
        }
    }

    /// More came than is kept until it is shown.
    private struct Behind: Error {}

    private struct Frame: Decodable {
        struct Dropped: Decodable {
            var timestamp: String

            var nanoseconds: Int64? { Int64(timestamp) }
        }

        var streams: [QueryData.Stream]?
        /// Lines the server had no room to keep until they could be sent.
        var dropped: [Dropped]?

        private enum CodingKeys: String, CodingKey {
            case streams
            case dropped = "dropped_entries"
        }
    }

    /// Follows until the program is ended.
    ///
    /// - Parameters:
    ///   - shown: what was shown already.
    ///   - moment: nanoseconds; lines from then on are shown.
    /// - Throws: where the server refuses for a reason that waiting does not mend.
    func run(after shown: [QueryData.Stream], from moment: Int64) async throws {
        let seen = Seen(newest: moment)
        _ = seen.fresh(shown)
        var pause = 250
        var isLost = false
        func lost() {
            if !isLost { tell("the connection to the server is lost, trying again") }
            isLost = true
        }
        while true {
            do {
                try await catchUp(seen)
                let texts = AsyncStream<String>.makeStream(bufferingPolicy: .bufferingOldest(Self.maxFrames))
                let (connection, parameters) = (connection, parameters(from: seen.newest))
                let task = Task {
                    defer { texts.continuation.finish() }
                    try await connection.follow("/loki/api/v1/tail", parameters) { text in
                        // Lines that are shown too slowly are not kept here: the connection ends, and they are fetched.
                        if case .dropped = texts.continuation.yield(text) { throw Behind() }
                    }
                }
                defer { task.cancel() }
                for await text in texts.stream {
                    pause = 250
                    isLost = false
                    if take(text, seen) { throw Behind() }
                }
                try await task.value
                lost()
            } catch is Behind {
                continue
            } catch let refusal as ServerConnection.Refusal where !refusal.isTemporary {
                throw refusal
            } catch {
                lost()
            }
            try await Task.sleep(for: .milliseconds(pause))
            pause = min(pause * 2, Self.longestPause)
        }
    }

    private func parameters(from start: Int64) -> [(String, String)] {
        [("query", query), ("start", String(start)), ("limit", String(Self.page))]
    }

    /// Shows what was stored since the newest line seen, however much it is.
    private func catchUp(_ seen: Seen) async throws {
        while true {
            let start = seen.newest
            let end = Int64((Date().timeIntervalSince1970 + 1) * 1e9)
            let body = try await connection.get(
                "/loki/api/v1/query_range", parameters(from: start) + [("end", String(max(end, start + 1))), ("direction", "forward")],
                explaining: query)
            let response = try connection.decode(PrometheusResponse<QueryData>.self, from: body)
            guard case .streams(let streams)? = response.data?.result else { return }
            show(seen.fresh(streams))
            if streams.reduce(0, { $0 + $1.values.count }) < Self.page { return }
            // More lines of one moment than a request has.
            if seen.newest == start { seen.newest += 1 }
        }
    }

    /// Shows a frame's lines; whether the server left out lines that are to be fetched.
    private func take(_ text: String, _ seen: Seen) -> Bool {
        guard let frame = try? JSONDecoder().decode(Frame.self, from: Data(text.utf8)) else {
            tell("the server sent what cannot be read; is it a Varde or Loki server?")
            return false
        }
        show(seen.fresh(frame.streams ?? []))
        guard let dropped = frame.dropped, let oldest = dropped.compactMap(\.nanoseconds).min() else { return false }
        guard oldest >= seen.newest - Self.reach else {
            tell("\(dropped.count) lines or more came faster than they were read and are not shown")
            return false
        }
        seen.newest = min(seen.newest, oldest)
        return true
    }
}
