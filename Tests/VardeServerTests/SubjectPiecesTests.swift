import Foundation
import Synchronization
import Testing
import VardeCollect
import VardeDisk
import VardeLogs
import VardeMetrics
import VardeModel
import VardePrivacy

@testable import VardeServer

/// What is handed out of a person comes in pieces of bounded size, all of it, each made once the one before it was taken.
@Suite struct SubjectPiecesTests {
    private static let now: Int64 = 1_800_000_000_000
    private static let day: Int64 = 86_400_000
    private static let token = "FNR:k1:bcdfghjklmnpqrstvw"
    private static let lineLength = 2_000
    private static let sampleTimes = Array(stride(from: now - 9 * day, to: now - 7 * day, by: 30_000)) + [now - day, now, now + 1_000]

    private struct Gone: Error {}

    private static func finding() async throws -> SubjectFinding {
        let files = InMemoryFileSystem()
        let catalog = try Catalog(path: nil)
        let metrics = try MetricStore.open(
            directory: "/data/metrics", fileSystem: files, catalog: catalog, options: MetricStoreOptions()
        ) { now }
        var options = LogStoreOptions { now * 1_000_000 }
        options.cutsInBackground = false
        options.pageSize = 1 << 20
        let logs = try LogStore.open(directory: "/data/logs", fileSystem: files, catalog: catalog, options: options)
        for app in ["a", "b"] {
            var columns = LogColumns()
            for i in 0..<2_000 {
                let text = i % 2 == 0 ? "<\(token)>" : "nobody"
                let line = "\(app) \(i) \(text) " + String(repeating: "x", count: lineLength)
                columns.append(now * 1_000_000 + Int64(i), line: Array(line.utf8).span)
            }
            _ = try await logs.append([LogStreamWrite(labels: ["app": app], entries: columns)])
            if app == "a" { try logs.flush() }
        }
        for user in ["<\(token)>", "system"] {
            var batch = SampleBatch()
            let id = try metrics.resolve(["__name__": "m", "user": user])
            for time in sampleTimes { batch.append(id, time, Double(time % 1_000)) }
            _ = try await metrics.append(batch)
        }
        let stores = ErasedStores(
            metrics: metrics, logs: logs,
            exemplars: try ExemplarStore.open(directory: "/data/exemplars", fileSystem: files, catalog: catalog),
            pushed: try PushedGroups.open(directory: "/data/pushed", fileSystem: files, catalog: catalog).groups)
        return try SubjectFinding(stores, LogErasureRange(texts: [token], start: .min, end: .max), now: now)
    }

    private static func tokens() -> SubjectTokens {
        SubjectTokens(identifiers: ["02013299997"], pseudonyms: Pseudonyms(KeyRing(now: 0)), policy: RedactionPolicy())
    }

    @Test func `Every line and sample once, in pieces of bounded size`() async throws {
        let found = try await Self.finding()
        let pool = QueryPool(concurrency: 1, maxWaiting: 0)
        let pieces = Mutex<[[UInt8]]>([])
        let progress = Mutex<[Int]>([])
        try await SubjectPieces(found, Self.tokens(), isWhole: true).write(in: pool) { piece in
            // Nothing is being made while a piece is taken.
            #expect(pool.load.running == 0)
            pieces.withLock { $0.append(piece) }
        } progress: { lines in
            progress.withLock { $0.append(lines) }
        }
        let all = pieces.withLock { $0 }
        #expect(all.count > 15)
        #expect(all.allSatisfy { $0.count <= SubjectPieces.size + Self.lineLength + 200 })
        #expect(progress.withLock { $0 }.last == 2_000)
        let objects = all.joined().split(separator: UInt8(ascii: "\n")).map {
            (try? JSONSerialization.jsonObject(with: Data($0))) as? [String: Any] ?? [:]
        }
        let lines = objects.filter { $0["kind"] as? String == "line" }.compactMap { $0["line"] as? String }
        #expect(lines.count == 2_000 && Set(lines).count == 2_000 && lines.allSatisfy { $0.contains(Self.token) })
        let series = objects.filter { $0["kind"] as? String == "series" }
        #expect(series.count == 1)
        let times = (series.first?["values"] as? [[Any]] ?? []).compactMap { ($0[0] as? Double).map { Int64(($0 * 1000).rounded()) } }
        #expect(times == Self.sampleTimes)
        #expect(objects.last?["kind"] as? String == "summary" && objects.last?["lines"] as? Int == 2_000)
        #expect(objects.count == 2_002)
    }

    @Test func `A reader that has gone ends the work, and it is known how many lines it got`() async throws {
        let found = try await Self.finding()
        let taken = Mutex(0)
        let lines = Mutex(0)
        await #expect(throws: Gone.self) {
            try await SubjectPieces(found, Self.tokens(), isWhole: true).write(in: QueryPool(concurrency: 1, maxWaiting: 0)) { piece in
                let count = taken.withLock { count in
                    count += piece.split(separator: UInt8(ascii: "\n")).count
                    return count
                }
                if count > 500 { throw Gone() }
            } progress: { now in
                lines.withLock { $0 = now }
            }
        }
        #expect(lines.withLock { $0 } <= 500 && lines.withLock { $0 } > 300)
        #expect(taken.withLock { $0 } < 800)
    }

    @Test func `Finding says where, and reads no line twice`() async throws {
        let found = try await Self.finding()
        let text = Mutex("")
        try await SubjectPieces(found, Self.tokens(), isWhole: false).write(in: QueryPool(concurrency: 1, maxWaiting: 0)) { piece in
            text.withLock { $0 += String(decoding: piece, as: UTF8.self) }
        }
        let kinds = text.withLock { $0 }.split(separator: "\n").map { $0.prefix(13) }
        #expect(kinds == ["{\"kind\":\"stre", "{\"kind\":\"stre", "{\"kind\":\"seri", "{\"kind\":\"summ"])
    }
}
