import TestSupport
import Testing
import VardeDisk
import VardeModel

@testable import VardeLogs

private let token = "FNR:k1:bcdfghjklmnpqrstvw"
private let placeholder = "<\(token)>"

/// Erasure: what is concerned is out of sight at once and then in no file; every other line stays as it was.
@Suite struct LogErasureTests {
    private static let subject = LogErasure(name: "e1", tokens: [token])

    /// Lines of small and large streams over three days, in segments of several levels, frozen and in memory; every 50th concerned.
    private static func fill(_ store: LogStore, _ clock: TestClock, rounds: Int = 6) async throws {
        for round in 0..<rounds {
            for app in ["small", "large", "third"] {
                let count = app == "large" ? 400 : 30
                let base = noon - Int64(round % 3) * 86_400 * second + Int64(round) * 1000
                let entries = (0..<count).map { i in
                    (base + Int64(i), i % 50 == 7 ? "round \(round) \(i) subject \(placeholder)\(i)" : "round \(round) \(i) other line")
                }
                _ = try await store.append([write(["app": app], entries)])
                _ = try await store.append([
                    write(["app": app], [(base + 500, "metadata \(round)")], metadata: ["user": "x \(placeholder)"]),
                    write(["app": app], [(base + 501, "plain metadata \(round)")], metadata: ["user": "y"]),
                ])
            }
            _ = try await store.append([write(["app": "third", "user": placeholder], [(noon + Int64(round), "in the label \(round)")])])
            if round < rounds - 1 { try store.flush() }
            if round == 3 { try store.maintain(now: clock.now) }
        }
    }

    private static func isConcerned(_ text: String) -> Bool { text.contains(token) }

    private static func raw(_ files: any FileSystem) throws -> [String] {
        var found: [String] = []
        for path in try files.walk("/logs") {
            if path.hasSuffix(".seg") { try LogDump.segment(path: path, fileSystem: files) { if isConcerned($0) { found.append($0) } } }
        }
        _ = try WriteAheadLog.read(directory: "/logs/wal", fileSystem: files) { _, _, payload in
            try LogDump.record(payload) { if isConcerned($0) { found.append($0) } }
        }
        return found
    }

    @Test func `what is hidden is in no answer, wherever it lies, and comes back when it is no longer hidden`() async throws {
        let ground = try LogStoreGround()
        let store = try ground.open()
        try await Self.fill(store, ground.clock)
        let before = try lines(store, everything)
        #expect(before.contains(where: Self.isConcerned))
        try store.hide([Self.subject, LogErasure(name: "other", tokens: ["absent"])])
        let hidden = before.filter { !Self.isConcerned($0) }
        #expect(try lines(store, everything) == hidden)
        #expect(try lines(store, everything) == hidden)
        #expect(try store.labelValues(of: "user", everything) == [])
        #expect(try store.streams(everything).count == 3)
        // Lines that come now and those cut now are hidden too.
        _ = try await store.append([write(["app": "small"], [(noon + 9999, "new \(placeholder)"), (noon + 9999, "new other")])])
        try store.flush()
        #expect(try lines(store, everything).count == hidden.count + 1)
        try store.hide([])
        #expect(try lines(store, everything).count == before.count + 2)
    }

    @Test func `what is erased is in no file, all other lines are as they were`() async throws {
        let ground = try LogStoreGround()
        let store = try ground.open()
        try await Self.fill(store, ground.clock)
        let before = try lines(store, everything)
        let search = try store.search(Self.subject)
        var found = 0
        for page in 0..<search.pageCount { found += try search.page(page)?.places.count ?? 0 }
        let concerned = before.filter(Self.isConcerned).count
        #expect(found == concerned && concerned > 50)
        var calls = 0
        let report = try store.erase(Self.subject) { _ in calls += 1 }
        #expect(report.lines == concerned && report.rewritten > 0 && calls == report.segments)
        #expect(try lines(store, everything) == before.filter { !Self.isConcerned($0) })
        #expect(try Self.raw(ground.disk) == [])
        let again = try store.erase(Self.subject, isThorough: true)
        #expect(again.rewritten == report.rewritten && again.lines == concerned && again.bytesRead > 0)
        #expect(try lines(ground.open(), everything) == before.filter { !Self.isConcerned($0) })
        try store.forgetErasure("e1")
        #expect(try ground.catalog.setting("logs.erased.e1") == nil)
    }

    @Test func `lines of a selector and a range go, and nothing besides`() async throws {
        let ground = try LogStoreGround()
        let store = try ground.open()
        try await Self.fill(store, ground.clock)
        let before = try lines(store, everything)
        let erasure = LogErasure(
            name: "e2", matchers: [LabelMatcher("app", .notEqual, "third")], start: noon, end: noon + 5000,
            required: [[Array("subject".utf8)]]
        ) { _, columns, index in
            String(decoding: columns.lineBytes[columns.lineRange(index)], as: UTF8.self).contains("subject")
        }
        func isGone(_ line: String) -> Bool {
            guard let time = line.split(separator: " ").dropFirst().first.flatMap({ Int64($0) }) else { return false }
            return line.contains("subject") && !line.contains("third") && time >= noon && time < noon + 5000
        }
        let left = before.filter { !isGone($0) }
        #expect(left.count < before.count)
        try store.hide([erasure])
        #expect(try lines(store, everything) == left)
        #expect(try store.erase(erasure).lines == before.count - left.count)
        try store.hide([])
        #expect(try lines(store, everything) == left)
        // All of a stream.
        let whole = LogErasure(
            name: "e3", matchers: [LabelMatcher("app", .equal, "large")], start: .min, end: .max, required: [], test: nil)
        try store.hide([whole])
        #expect(try lines(store, everything) == left.filter { !$0.contains("large") })
        _ = try store.erase(whole)
        #expect(try store.labelValues(of: "app", everything) == ["small", "third"])
    }

    @Test func `after a crash at any call the erasure ends as if there had been none`() async throws {
        var n = 1
        var lost = 0
        while true {
            let ground = try LogStoreGround(isSealed: n % 4 > 1)
            var store = try ground.open()
            try await Self.fill(store, ground.clock, rounds: 3)
            let before = try lines(store, everything)
            let left = before.filter { !Self.isConcerned($0) }
            ground.files.fail(atCall: n, n % 3 == 0 ? .error(5) : .crash)
            do { _ = try store.erase(Self.subject) } catch { lost += 1 }
            let isOver = !ground.files.hasFailed
            if n % 2 == 0 { ground.files.powerCut() } else { ground.files.processKill() }
            store = try ground.open()
            let report = try store.erase(Self.subject)
            #expect(report.lines == before.count - left.count, "crash at call \(n)")
            #expect(try lines(store, everything) == left, "crash at call \(n)")
            #expect(try Self.raw(ground.disk) == [], "crash at call \(n)")
            if isOver { break }
            n += 1
        }
        #expect(lost > 20)
        print("crashes at \(n) calls")
    }
}
