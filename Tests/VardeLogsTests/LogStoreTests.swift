import Synchronization
import TestSupport
import Testing
import VardeDisk
import VardeModel

@testable import VardeLogs

/// 2026-06-01 12:00 UTC, in nanoseconds.
let noon: Int64 = 1_780_315_200_000_000_000
let second: Int64 = 1_000_000_000

/// A clock that stands where a test puts it.
final class TestClock: Sendable {
    private let time = Mutex(noon)
    var now: Int64 {
        get { time.withLock { $0 } }
        set { time.withLock { $0 = newValue } }
    }
}

/// A store on files in memory, with a catalog that outlives it.
struct LogStoreGround {
    let files = InMemoryFileSystem()
    /// The files as the store sees them: sealed in some tests.
    let disk: any FileSystem
    var catalog: Catalog
    let clock = TestClock()
    var options: LogStoreOptions

    init(isSealed: Bool = false) throws {
        disk = isSealed ? SealedFileSystem(files, keys: .inMemory(), seals: true, root: "/logs") : files
        catalog = try Catalog(path: nil)
        let clock = clock
        options = LogStoreOptions { clock.now }
        options.cutsInBackground = false
        options.pageSize = 4096
    }

    func open() throws -> LogStore { try LogStore.open(directory: "/logs", fileSystem: disk, catalog: catalog, options: options) }
}

func write(_ labels: Labels, _ entries: [(Int64, String)], metadata: Labels = .empty) -> LogStreamWrite {
    var columns = LogColumns()
    for (time, line) in entries {
        let index = columns.metadataIndex(for: metadata)
        columns.append(time, line: Array(line.utf8).span, metadataIndex: index)
    }
    return LogStreamWrite(labels: labels, entries: columns)
}

/// Every entry a request's pages hold, as text, sorted.
func lines(_ store: LogStore, _ request: LogRequest) throws -> [String] {
    let selection = try store.select(request)
    var columns = LogColumns()
    var found: [String] = []
    for page in selection.pages {
        try selection.read(page, into: &columns)
        #expect(columns.ascends)
        #expect(columns.count == page.entryCount && columns.lineBytes.count == page.byteCount)
        for i in columns.timestamps.indices where columns.timestamps[i] >= request.start && columns.timestamps[i] < request.end {
            let line = String(decoding: columns.lineBytes[columns.lineRange(i)], as: UTF8.self)
            let metadata = columns.metadata(i)
            found.append(
                "\(selection.streams[page.stream].labels) \(columns.timestamps[i]) \(line)" + (metadata.isEmpty ? "" : " \(metadata)"))
        }
    }
    return found.sorted()
}

let everything = LogRequest(matchers: [], start: .min, end: .max)

@Suite struct LogStoreTests {
    @Test func `what was written is read, before and after a cut and a reopening`() async throws {
        let ground = try LogStoreGround()
        var store = try ground.open()
        let report = try await store.append([
            write(["app": "a"], [(noon, "one"), (noon + 1, "two")]),
            write(["app": "b"], [(noon, "three")], metadata: ["trace": "x"]),
        ])
        #expect(report.accepted == 3 && report.duplicates == 0 && report.refused.isEmpty)
        let all = ["{app=\"a\"} \(noon) one", "{app=\"a\"} \(noon + 1) two", "{app=\"b\"} \(noon) three {trace=\"x\"}"]
        #expect(try lines(store, everything) == all)
        store = try ground.open()
        #expect(try lines(store, everything) == all)
        try store.flush()
        #expect(store.statistics.segments == 1 && store.statistics.streamsInMemory == 0)
        #expect(try lines(store, everything) == all)
        store = try ground.open()
        #expect(try lines(store, everything) == all)
        #expect(ground.files.paths.filter { $0.hasSuffix(".wal") }.isEmpty)
    }

    @Test func `exact duplicates are dropped wherever the first one is`() async throws {
        let ground = try LogStoreGround()
        var store = try ground.open()
        let first = write(["app": "a"], [(noon, "x"), (noon, "x"), (noon, "y"), (noon + 5, "x")])
        #expect(try await store.append([first]).accepted == 3)
        #expect(try await store.append([first]).duplicates == 4)
        store = try ground.open()
        #expect(try await store.append([first]).duplicates == 4)
        try store.flush()
        #expect(try await store.append([first]).duplicates == 4)
        store = try ground.open()
        #expect(try await store.append([first]).duplicates == 4)
        // Another line, another time, another stream, other metadata: none is a duplicate.
        let others = [
            write(["app": "a"], [(noon, "z"), (noon + 1, "x")]), write(["app": "b"], [(noon, "x")]),
            write(["app": "a"], [(noon, "x")], metadata: ["m": "1"]),
        ]
        #expect(try await store.append(others).accepted == 4)
        #expect(try lines(store, everything).count == 7)
    }

    @Test func `entries are taken in any order within retention and read in order`() async throws {
        let ground = try LogStoreGround()
        let store = try ground.open()
        var generator = SeededGenerator(seed: 11)
        let times = (0..<2000).map { noon - Int64($0) * 60 * second }.shuffled(using: &generator)
        for chunk in stride(from: 0, to: times.count, by: 37) {
            let part = times[chunk..<min(chunk + 37, times.count)].map { ($0, "line at \($0)") }
            #expect(try await store.append([write(["app": "a"], part)]).accepted == part.count)
            if chunk % 370 == 0 { try store.flush() }
        }
        try store.flush()
        try store.maintain(now: ground.clock.now)
        let expected = times.map { "{app=\"a\"} \($0) line at \($0)" }.sorted()
        #expect(try lines(store, everything) == expected)
    }

    @Test func `times too far ahead or behind are refused in Loki's words, the rest is taken`() async throws {
        let ground = try LogStoreGround()
        let store = try ground.open()
        let report = try await store.append([
            write(["app": "a"], [(noon + 601 * second, "new"), (noon + 600 * second, "ok"), (noon - 16 * 86_400 * second, "old")])
        ])
        #expect(report.accepted == 1)
        #expect(
            report.refused.map(\.reason) == [
                "entry for stream '{app=\"a\"}' has timestamp too new: 2026-06-01T12:10:01Z",
                "entry for stream '{app=\"a\"}' has timestamp too old: 2026-05-16T12:00:00Z, oldest acceptable timestamp is: 2026-05-17T12:00:00Z",
            ])
    }

    @Test func `beyond the limit of streams new ones are refused and known ones go on`() async throws {
        var ground = try LogStoreGround()
        ground.options.maxStreams = 2
        let store = try ground.open()
        _ = try await store.append([write(["app": "a"], [(noon, "1")]), write(["app": "b"], [(noon, "1")])])
        let report = try await store.append([write(["app": "c"], [(noon, "1"), (noon, "2")]), write(["app": "a"], [(noon + 1, "2")])])
        #expect(report.held?.reason.contains("maximum active stream limit exceeded") == true)
        #expect(report.held?.count == 2 && report.accepted == 1)
        #expect(try lines(store, everything).count == 3)
        #expect(try lines(ground.open(), everything).count == 3)
    }

    @Test func `lines too long and labels too many are refused`() async throws {
        var ground = try LogStoreGround()
        ground.options.maxLineSize = 10
        ground.options.maxLabelNames = 2
        let store = try ground.open()
        let report = try await store.append([
            write(["app": "a"], [(noon, "12345678901"), (noon, "1234567890")]), write(["a": "1", "b": "2", "c": "3"], [(noon, "x")]),
        ])
        #expect(report.accepted == 1)
        #expect(
            report.refused.map(\.reason) == [
                "max entry size '10' bytes exceeded for stream '{app=\"a\"}' while adding an entry with length '11' bytes",
                "entry for stream '{a=\"1\", b=\"2\", c=\"3\"}' has 3 label names; limit 2",
            ])
    }

    @Test func `matchers choose streams as Loki's selectors do`() async throws {
        let ground = try LogStoreGround()
        let store = try ground.open()
        for labels: Labels in [["app": "a", "env": "p"], ["app": "b"], ["app": "ab", "env": "q"]] {
            _ = try await store.append([write(labels, [(noon, "x")])])
        }
        func apps(_ matchers: LabelMatcher...) throws -> [String] {
            try store.streams(LogRequest(matchers: matchers, start: noon, end: noon + 1)).map { $0.labels["app"] ?? "" }.sorted()
        }
        for _ in 0..<2 {
            #expect(try apps(LabelMatcher("app", .equal, "a")) == ["a"])
            #expect(try apps(LabelMatcher("app", .notEqual, "a")) == ["ab", "b"])
            #expect(try apps(LabelMatcher("app", .matches, "a.*")) == ["a", "ab"])
            #expect(try apps(LabelMatcher("env", .equal, "")) == ["b"])
            #expect(try apps(LabelMatcher("env", .notMatches, "p|")) == ["ab"])
            #expect(try apps(LabelMatcher("env", .matches, ".*"), LabelMatcher("app", .matches, "b|ab")) == ["ab", "b"])
            #expect(try apps(LabelMatcher("none", .matches, ".+")) == [])
            #expect(try store.labelNames(everything) == ["app", "env"])
            #expect(try store.labelValues(of: "app", everything) == ["a", "ab", "b"])
            #expect(try store.labelNames(LogRequest(matchers: [], start: noon + 1, end: .max)) == [])
            try store.flush()
        }
        #expect(throws: LogStoreError.self) { try apps(LabelMatcher("app", .matches, "(")) }
    }

    @Test func `retention removes what has expired, by the first policy that matches`() async throws {
        var ground = try LogStoreGround()
        let day = 86_400 * second
        ground.options.policies = [LogRetentionPolicy(matchers: [LabelMatcher("level", .equal, "debug")], duration: 2 * day)]
        let store = try ground.open()
        for hour in 0..<24 {
            let time = noon - day + Int64(hour) * 3600 * second
            _ = try await store.append([write(["level": "debug"], [(time, "d\(hour)")]), write(["level": "info"], [(time, "i\(hour)")])])
        }
        try store.flush()
        ground.clock.now = noon + day + 2 * 3600 * second
        try store.maintain(now: ground.clock.now)
        let left = try lines(store, everything)
        #expect(left.filter { $0.contains("info") }.count == 24)
        // Two hours and half an hour of grace: lines of the first two hours have gone, from the disk too.
        #expect(left.filter { $0.contains("debug") }.count == 22)
        #expect(try lines(ground.open(), everything) == left)
        ground.clock.now = noon + 16 * day
        try store.maintain(now: ground.clock.now)
        #expect(try lines(store, everything) == [])
        #expect(ground.files.paths.filter { $0.hasSuffix(".seg") }.isEmpty)
    }

    @Test func `a selection stays readable while its segments are merged and removed`() async throws {
        let ground = try LogStoreGround()
        let store = try ground.open()
        for i in 0..<5 {
            _ = try await store.append([write(["app": "a"], (0..<300).map { (noon + Int64(i * 300 + $0), "line \(i) \($0)") })])
            try store.flush()
        }
        let selection = try store.select(everything)
        let before = try lines(store, everything)
        try store.maintain(now: ground.clock.now)
        #expect(store.statistics.compactions == 1)
        #expect(try lines(store, everything) == before)
        var columns = LogColumns()
        var count = 0
        for page in selection.pages {
            try selection.read(page, into: &columns)
            count += columns.count
        }
        #expect(count == 1500)
    }

    @Test func `a lost catalog is made anew from the segments`() async throws {
        let ground = try LogStoreGround()
        var store = try ground.open()
        _ = try await store.append([write(["app": "a"], [(noon + 100, "one"), (noon + 200, "two")])])
        try store.flush()
        _ = try await store.append([write(["app": "a"], [(noon + 300, "three")])])
        try store.close()
        var other = ground
        other.catalog = try Catalog(path: nil)
        store = try other.open()
        #expect(try lines(store, everything).count == 3)
        #expect(store.damage.count == 2)
        _ = try await store.append([write(["app": "a"], [(noon + 400, "four")])])
        try store.close()
        store = try other.open()
        #expect(store.damage.isEmpty)
        #expect(try lines(store, everything).count == 4)
    }

    @Test func `a damaged segment is reported and the others are read`() async throws {
        let ground = try LogStoreGround()
        let store = try ground.open()
        _ = try await store.append([write(["app": "a"], [(noon, "x")]), write(["app": "a"], [(noon - 86_400 * second, "y")])])
        try store.flush()
        let path = try #require(ground.files.paths.first { $0.hasSuffix(".seg") })
        ground.files.flip(path, at: try ground.files.size(of: path) - 30)
        let reopened = try ground.open()
        #expect(reopened.damage.count == 1 && reopened.damage[0].contains(path))
        #expect(try lines(reopened, everything).count == 1)
    }
}
