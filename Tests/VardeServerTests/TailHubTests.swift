import Testing
import VardeModel

@testable import VardeQuery
@testable import VardeServer

/// What waits for those who follow the log and read too slowly.
@Suite struct TailHubTests {
    private static func batch(_ app: String, lines: Int, bytes: Int, from time: Int64) -> [LogStreamWrite] {
        var columns = LogColumns()
        let line = [UInt8](repeating: 97, count: bytes)
        for index in 0..<lines { columns.append(time + Int64(index), line: line.span) }
        return [LogStreamWrite(labels: ["app": app], entries: columns)]
    }

    @Test func `what waits for a slow reader is bounded, and it is told what it missed`() async throws {
        let hub = TailHub()
        let reader = try hub.subscribe([LabelMatcher("app", .equal, "a")])
        for number in 0..<40 {
            hub.publish(Self.batch("a", lines: 10, bytes: 100_000, from: Int64(number) * 100))
            // Nothing is missed of what is not followed.
            hub.publish(Self.batch("b", lines: 1, bytes: 10, from: 1))
        }
        #expect(reader.pendingBytes <= TailSubscription.maxPending)
        hub.end(reader)
        #expect(hub.followerCount == 0)
        var (seen, told, named) = (0, 0, [Int64]())
        await reader.forEach { writes, missed in
            seen += writes.filter { $0.labels["app"] == "a" }.reduce(0) { $0 + $1.entries.count }
            told += missed.count
            named += missed.named.map(\.time)
            #expect(missed.named.allSatisfy { $0.labels == ["app": "a"] })
        }
        // Eight batches of a megabyte have room, and the others are told once.
        #expect(seen == 80 && told == 320 && named.count == 320)
        #expect(named.first == 800 && named.last == 3_909)
        #expect(reader.pendingBytes == 0)
    }

    @Test func `a batch larger than all that may wait is handed on where nothing waits`() async throws {
        let hub = TailHub()
        let reader = try hub.subscribe([])
        hub.publish(Self.batch("a", lines: 20, bytes: 1_000_000, from: 0))
        hub.publish(Self.batch("a", lines: 5_000, bytes: 1, from: 1_000))
        hub.end(reader)
        var seen: [Int] = []
        await reader.forEach { writes, missed in
            seen.append(writes[0].entries.count)
            // The first thousand by name, all by number.
            #expect(missed.count == 5_000 && missed.named.count == TailSubscription.maxNamed)
        }
        #expect(seen == [20])
    }

    @Test func `no more than so many follow`() throws {
        let hub = TailHub()
        let readers = try (0..<TailHub.maxFollowers).map { _ in try hub.subscribe([]) }
        #expect(throws: APIFailure.self) { try hub.subscribe([]) }
        hub.end(readers[0])
        _ = try hub.subscribe([])
    }

    @Test func `missed lines are told as Loki tells them`() {
        let none = LogQLStreams(streams: [], statistics: LogQLStatistics())
        let missed = TailSubscription.Missed(named: [(["app": "a"], 5), (["app": "b"], 7)], count: 9)
        let told = #"[{"labels":{"app":"a"},"timestamp":"5"},{"labels":{"app":"b"},"timestamp":"7"}],"dropped_total":9"#
        #expect(TailSession.frame(none, missed, false) == #"{"streams":[],"dropped_entries":\#(told)}"#)
        #expect(TailSession.frame(none, .init(), false) == #"{"streams":[],"dropped_entries":null}"#)
    }
}
