import Synchronization
import TestSupport
import Testing
import VardeCollect
import VardeDisk
import VardeLogs
import VardeMetrics
import VardeModel
import VardePrivacy

@testable import VardeServer

/// An erasure over all stores, the n-th call to the disk failing, for every n: it ends as if none had failed.
@Suite struct ErasureCrashTests {
    private static let now: Int64 = 1_800_000_000_000
    private static let token = "FNR:k1:bcdfghjklmnpqrstvw"
    private static let other = "FNR:k1:zzzfghjklmnpqrstvw"

    /// A data directory on files in memory; the catalog and what was noted outlive a crash.
    private final class Ground {
        let files = InMemoryFileSystem()
        /// The files as the stores see them.
        let disk: any FileSystem
        let catalog: Catalog
        let signer = AuditSigner()
        private(set) var stores: ErasedStores
        private(set) var saga: ErasureSaga
        var holds: [PrivacySettings.LegalHold] = []

        init(isSealed: Bool = false) throws {
            disk = isSealed ? SealedFileSystem(files, keys: .inMemory(), seals: true, root: "/data") : files
            catalog = try Catalog(path: nil)
            (stores, saga) = try Self.open(disk, catalog, signer, holds: { [] })
        }

        private static func open(
            _ files: any FileSystem, _ catalog: Catalog, _ signer: AuditSigner,
            holds: @escaping @Sendable () -> [PrivacySettings.LegalHold]
        ) throws -> (ErasedStores, ErasureSaga) {
            let metrics = try MetricStore.open(
                directory: "/data/metrics", fileSystem: files, catalog: catalog, options: MetricStoreOptions()
            ) { now }
            var options = LogStoreOptions { now * 1_000_000 }
            options.cutsInBackground = false
            options.pageSize = 4096
            let stores = ErasedStores(
                metrics: metrics,
                logs: try LogStore.open(directory: "/data/logs", fileSystem: files, catalog: catalog, options: options),
                exemplars: try ExemplarStore.open(directory: "/data/exemplars", fileSystem: files, catalog: catalog),
                pushed: try PushedGroups.open(directory: "/data/pushed", fileSystem: files, catalog: catalog).groups)
            let ground = StoreErasureGround(
                stores: stores, holds: LegalHolds(catalog: catalog, configured: holds, clock: { now }), note: { _, _, _ in },
                copies: { _ in [] }, pace: {})
            return (
                stores,
                try ErasureSaga(
                    catalog: catalog, ground: ground, receipts: "/data/receipts", fileSystem: files, signer: signer, clock: { now })
            )
        }

        func reopen(holds: [PrivacySettings.LegalHold] = []) throws {
            (stores, saga) = try Self.open(disk, catalog, signer, holds: { holds })
        }

        func fill() async throws {
            for round in 0..<3 {
                for app in ["a", "b"] {
                    var columns = LogColumns()
                    for i in 0..<60 {
                        let text = i % 20 == 3 ? " <\(token)>" : i % 20 == 5 ? " <\(other)>" : ""
                        let line = Array("round \(round) line \(i)\(text) and what follows".utf8)
                        let time = (now - Int64(round % 2) * 86_400_000) * 1_000_000 + Int64(round * 1000 + i)
                        columns.append(time, line: line.span)
                    }
                    _ = try await stores.logs.append([LogStreamWrite(labels: ["app": app], entries: columns)])
                }
                if round < 2 { try stores.logs.flush() }
            }
            for round in 0..<2 as Range<Int64> {
                var batch = SampleBatch()
                for labels: Labels in [["__name__": "m", "user": "<\(token)>"], ["__name__": "m", "user": "<\(other)>"]] {
                    batch.append(try stores.metrics.resolve(labels), now - 1000 + round, Double(round))
                }
                _ = try await stores.metrics.append(batch)
                if round == 0 { try stores.metrics.maintain(now: now, force: true) }
            }
            try await stores.exemplars.add([
                (["__name__": "m"], Exemplar(labels: ["user": "<\(token)>"], value: 1, timestamp: now)),
                (["__name__": "n"], Exemplar(labels: ["user": "<\(other)>"], value: 1, timestamp: now)),
            ])
            for user in [token, other] {
                let family = PushedFamily(
                    name: "p", type: "gauge", help: "", samples: [PushedSample(labels: ["__name__": "p", "user": user], value: 1)])
                try stores.pushed.push([family], to: ["user": user], replacingAll: true, now: now)
            }
            try stores.exemplars.close()
        }

        /// Every text of every file.
        func texts() throws -> [String] {
            var texts: [String] = []
            _ = try DataDirectoryExamination.run(directory: "/data", fileSystem: disk) { texts.append($0) }
            return texts
        }

        /// What answers give.
        func answers() throws -> Set<String> {
            var found: Set<String> = []
            let search = try stores.logs.search(LogErasure(name: "all", matchers: [], start: .min, end: .max, required: [], test: nil))
            for page in 0..<search.pageCount {
                guard let hit = try search.page(page) else { continue }
                for place in hit.places {
                    let line = String(decoding: hit.columns.lineBytes[hit.columns.lineRange(place)], as: UTF8.self)
                    found.insert("\(hit.stream.labels) \(hit.columns.timestamps[place]) \(line)")
                }
            }
            let series = try stores.metrics.select(SeriesRequest(matchers: [], from: .min / 2, through: .max / 2))
            for index in 0..<series.count {
                var columns = SampleColumns()
                try series.readSamples(at: index, from: .min / 2, through: .max / 2, into: &columns)
                found.insert("\(series.labels(at: index)) \(columns.timestamps) \(columns.values)")
            }
            return found
        }

        /// Works until nothing is left; what fails is tried again.
        func finish() {
            for _ in 0..<40 where !saga.open.isEmpty { _ = try? saga.work() }
        }
    }

    private static func request() -> ErasureRequest {
        ErasureRequest(id: "e1", target: .subject([token]), by: "kari", reason: "17", requested: now)
    }

    private static func check(_ ground: Ground, _ left: Set<String>, _ place: String) throws {
        let failures = ground.saga.open.map(\.failure)
        #expect(failures == [], "\(place)")
        let isLeft = try ground.answers() == left
        #expect(isLeft, "\(place)")
        let texts = try ground.texts()
        #expect(!texts.contains { $0.contains(token) }, "\(place): \(texts.first { $0.contains(token) } ?? "")")
        #expect(texts.contains { $0.contains(other) }, "\(place)")
        let receipt = try #require(try ground.saga.receipt("e1"), "\(place)")
        guard case .sound("erasure", _) = Receipt.verify(receipt, publicKey: ground.signer.publicKeyText) else {
            Issue.record("\(place): the receipt is not sound")
            return
        }
        let done = try #require(ErasureRequest(receipt: String(decoding: receipt, as: UTF8.self)))
        #expect(done.lines == 18 && done.series == 1 && done.target == .subject([]), "\(place): \(done)")
        #expect(try ground.catalog.jobs(of: "erasure").isEmpty && ground.catalog.setting("logs.erased.e1") == nil, "\(place)")
    }

    @Test(arguments: [InMemoryFileSystem.Failure.crash, .error(5), .short(28)].indices, [false, true])
    func `whatever call fails, the erasure is whole and all else as it was`(fault: Int, isSealed: Bool) async throws {
        let failure = [InMemoryFileSystem.Failure.crash, .error(5), .short(28)][fault]
        var n = 1
        while true {
            let ground = try Ground(isSealed: isSealed)
            try await ground.fill()
            let left = try ground.answers().filter { !$0.contains(Self.token) }
            ground.files.fail(atCall: n, failure)
            // Not taken where it cannot be written down; asked for again then.
            let isTaken = (try? ground.saga.submit(Self.request())) != nil
            ground.finish()
            let isOver = !ground.files.hasFailed
            // What has not failed by now is not to fail while the outcome is looked at.
            if isOver { ground.files.processKill() }
            if fault == 0 || !isTaken {
                if n % 2 == 0 { ground.files.powerCut() } else { ground.files.processKill() }
                try ground.reopen()
                if try ground.saga.open.isEmpty && ground.saga.receipt("e1") == nil { _ = try ground.saga.submit(Self.request()) }
                ground.finish()
            }
            try Self.check(ground, left, "call \(n), fault \(fault)")
            if isOver { break }
            n += 1
        }
        print("fault \(fault): \(n) calls")
        #expect(n > 50)
    }

    @Test func `a hold keeps it waiting and in sight, and its end lets it go`() async throws {
        let ground = try Ground()
        try await ground.fill()
        let before = try ground.answers()
        try ground.reopen(holds: [.init(name: "h", selector: "{app=\"b\"}", reason: "lov", until: "")])
        let held = try ground.saga.submit(Self.request())
        #expect(held.step == .mark && held.heldBy == "h: lov")
        #expect(try !ground.saga.work())
        #expect(try ground.answers() == before)
        // A hold on streams the person is not in keeps nothing; nor does one that is over.
        try ground.reopen(holds: [
            .init(name: "h", selector: "{app=\"c\"}", reason: "lov", until: ""),
            .init(name: "i", selector: "", reason: "x", until: "2020-01-01"),
        ])
        ground.finish()
        try Self.check(ground, before.filter { !$0.contains(Self.token) }, "released")
        // Called off: nothing has changed.
        let other = ErasureRequest(id: "e2", target: .subject([Self.other]), by: "kari", reason: "", requested: Self.now)
        let left = try ground.answers()
        _ = try ground.saga.submit(other)
        #expect(try ground.answers() != left)
        try ground.saga.cancel("e2")
        #expect(try ground.answers() == left)
        #expect(throws: ErasureSaga.Refusal.unknown("e2")) { try ground.saga.cancel("e2") }
    }
}
