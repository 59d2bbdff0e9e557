import Foundation
import TestSupport
import Testing
import VardeDisk
import VardeModel

@testable import VardeLogs
@testable import VardeQuery

/// Shapes that bring log stores down. What is bounded is counted in bytes, pages and requests, not by the clock.
@Suite struct LogExtremesTests {
    private static let noon: Int64 = 1_780_315_200_000_000_000
    /// `VARDE_EXTREMES=1` has the figures of the promise; without, a tenth of them.
    private static let isFull = ProcessInfo.processInfo.environment["VARDE_EXTREMES"] != nil

    private static func open(_ change: (inout LogStoreOptions) -> Void = { _ in }) throws -> LogStore {
        var options = LogStoreOptions { noon + 1_000_000_000 }
        options.cutsInBackground = false
        change(&options)
        return try LogStore.open(directory: "/logs", fileSystem: InMemoryFileSystem(), catalog: try Catalog(path: nil), options: options)
    }

    private static func columns(_ lines: [(Int64, String)]) -> LogColumns {
        var columns = LogColumns()
        for (time, line) in lines { columns.append(time, line: Array(line.utf8).span) }
        return columns
    }

    private static func count(_ store: LogStore, _ query: String) throws -> Int {
        guard case .log(let parsed) = try LogQLEngine.parse(query) else { return -1 }
        let found = try LogQLEngine(source: store).lines(
            parsed, start: noon - 1, end: noon + 1_000_000_000, limit: 2_000_000, direction: .backward)
        return found.streams.reduce(0) { $0 + $1.entries.count }
    }

    @Test func `as many streams as lines are written, listed and found, in memory and on disk`() async throws {
        let streams = Self.isFull ? 100_000 : 10_000
        let store = try Self.open()
        for start in stride(from: 0, to: streams, by: 1_000) {
            let writes = (start..<(start + 1_000)).map { number in
                LogStreamWrite(
                    labels: ["app": "a\(number % 10)", "pod": "p\(number)"],
                    entries: Self.columns([(Self.noon + Int64(number), "line \(number)")]))
            }
            #expect(try await store.append(writes).accepted == 1_000)
        }
        // A stream of one line costs little more than its labels.
        #expect(store.statistics.memoryBytes < streams * 1_500)
        let all = LogRequest(matchers: [], start: Self.noon, end: Self.noon + 1_000_000)
        for isOnDisk in [false, true] {
            if isOnDisk { try store.flush() }
            #expect(try store.labelNames(all) == ["app", "pod"])
            #expect(try store.labelValues(of: "app", all).count == 10)
            #expect(try store.labelValues(of: "pod", all).count == streams)
            #expect(try store.streams(all).count == streams)
            #expect(try Self.count(store, "{pod=\"p777\"}") == 1)
            #expect(try Self.count(store, "{app=\"a3\"} |= \"line 1003\"") == (streams > 10_030 ? 11 : 1))
        }
        // They share blocks: a file of many streams has few.
        #expect(store.statistics.segments == 1 && store.statistics.segmentBytes < streams * 100)
    }

    @Test func `a stream whose lines all have one time is written, found and merged`() async throws {
        let lines = Self.isFull ? 1_000_000 : 60_000
        let store = try Self.open { $0.maxHeadBytes = 8 << 20 }
        let part = 5_000
        for start in stride(from: 0, to: lines, by: part) {
            let write = LogStreamWrite(
                labels: ["app": "one"], entries: Self.columns((start..<(start + part)).map { (Self.noon, "number \($0) of all") }))
            #expect(try await store.append([write]).accepted == part)
            if (start / part) % 4 == 3 { try store.flush() }
        }
        // What was written is recognised, wherever it lies.
        let again = LogStreamWrite(labels: ["app": "one"], entries: Self.columns((0..<100).map { (Self.noon, "number \($0 * 7) of all") }))
        #expect(try await store.append([again]).duplicates == 100)
        try store.maintain(now: Self.noon + 1_000_000_000)
        #expect(try Self.count(store, "{app=\"one\"}") == lines)
        #expect(try Self.count(store, "{app=\"one\"} |= \"number 4711 of\"") == 1)
    }

    @Test func `lines of a megabyte are kept, found and cut to pages of their own`() async throws {
        let store = try Self.open()
        var generator = SeededGenerator(seed: 3)
        let block = (0..<(1 << 16) - 2).map { _ in UInt8.random(in: 97...122, using: &generator) }
        let base = Array(repeatElement(block, count: 16).joined())
        for number in 10..<18 {
            var columns = LogColumns()
            columns.append(Self.noon + Int64(number), line: (base + Array(" end=\(number) of it".utf8)).span)
            #expect(try await store.append([LogStreamWrite(labels: ["app": "long"], entries: columns)]).accepted == 1)
        }
        for isOnDisk in [false, true] {
            if isOnDisk { try store.flush() }
            #expect(try Self.count(store, "{app=\"long\"} |= \"end=17 of\"") == 1)
            #expect(try Self.count(store, "{app=\"long\"} |~ \"end=1[0-4] of it$\"") == 5)
        }
        #expect(store.statistics.segmentBytes < 8 << 20)
    }

    @Test(arguments: [
        "(a+)+$", "(a|aa)+$", "(a*)*b", "(.*a){12}$", "([a-z]+)*[0-9]", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$",
    ])
    func `an expression that a backtracking engine never ends on is answered`(_ expression: String) async throws {
        let store = try Self.open()
        let lines = (0..<40).map { (Self.noon + Int64($0), String(repeating: $0 % 2 == 0 ? "a" : "x", count: 30_000) + "!") }
        #expect(try await store.append([LogStreamWrite(labels: ["app": "re"], entries: Self.columns(lines))]).accepted == 40)
        #expect(try Self.count(store, "{app=\"re\"} |~ `\(expression)`") <= 40)
    }
}
