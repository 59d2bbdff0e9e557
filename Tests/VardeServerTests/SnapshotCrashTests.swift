import Foundation
import Testing
import VardeCollect
import VardeLogs
import VardeMetrics
import VardeModel
import VardePrivacy

@testable import VardeDisk
@testable import VardeServer

/// An erasure from snapshots, the n-th call to the disk failing, for every n: it is taken up, and what is left is what is to be left.
@Suite struct SnapshotCrashTests {
    private static let now: Int64 = 1_800_000_000_000
    private static let token = "FNR:k1:bcdfghjklmnpqrstvw"
    private static let other = "FNR:k1:zzzfghjklmnpqrstvw"

    private static func options() -> (metrics: MetricStoreOptions, logs: LogStoreOptions) {
        var logs = LogStoreOptions { now * 1_000_000 }
        logs.cutsInBackground = false
        logs.pageSize = 4096
        return (MetricStoreOptions(), logs)
    }

    /// A folder with snapshots made once, and copies of it to fail with.
    private final class Ground {
        let folder: URL
        let keys: StorageKeys?
        let signer = AuditSigner()
        /// Checksums of what the copies share with the snapshots made once, by path.
        private var shared: [String: UInt32] = [:]
        private(set) var left: [String: Set<String>] = [:]

        private var made: String { folder.path + "/made" }
        var trial: String { folder.path + "/trial" }
        /// A snapshot is sealed under the keys of its data directory.
        func files(_ device: any FileSystem, _ root: String) -> SealedFileSystem {
            SealedFileSystem(device, keys: keys, seals: keys != nil, root: root)
        }

        init(isSealed: Bool) async throws {
            folder = FileManager.default.temporaryDirectory.appendingPathComponent("varde-snapshots-\(UUID().uuidString)")
            keys = isSealed ? .inMemory() : nil
            let data = folder.path + "/data"
            let disk = files(PosixFileSystem(), data)
            try disk.makeDirectories(data)
            let catalog = try Catalog(path: data + "/catalog.sqlite")
            let stores = try Self.open(data, disk, catalog)
            for round in 0..<2 {
                try await fill(stores, round)
                _ = try DataBackup.backup(data, to: "\(made)/s\(round)", fileSystem: disk)
            }
            for name in ["s0", "s1"] {
                try refill()
                left[name] = try answers(name).filter { !$0.contains(token) }
            }
            for path in try PosixFileSystem().walk(made) where try SectionedFile.isOne(path, fileSystem: files(PosixFileSystem(), made)) {
                shared[path] = try PosixFileSystem().checksum(of: path).checksum
            }
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        private static func open(_ path: String, _ disk: any FileSystem, _ catalog: Catalog) throws -> ErasedStores {
            ErasedStores(
                metrics: try MetricStore.open(
                    directory: path + "/metrics", fileSystem: disk, catalog: catalog, options: options().metrics
                ) { now },
                logs: try LogStore.open(directory: path + "/logs", fileSystem: disk, catalog: catalog, options: options().logs),
                exemplars: try ExemplarStore.open(directory: path + "/exemplars", fileSystem: disk, catalog: catalog),
                pushed: try PushedGroups.open(directory: path + "/pushed", fileSystem: disk, catalog: catalog).groups)
        }

        private func fill(_ stores: ErasedStores, _ round: Int) async throws {
            var columns = LogColumns()
            for i in 0..<40 {
                let text = i % 20 == 3 ? " <\(token)>" : i % 20 == 5 ? " <\(other)>" : ""
                columns.append(now * 1_000_000 + Int64(round * 1000 + i), line: Array("round \(round) line \(i)\(text) end".utf8).span)
            }
            _ = try await stores.logs.append([LogStreamWrite(labels: ["app": "a"], entries: columns)])
            for user in [token, other] {
                var batch = SampleBatch()
                batch.append(try stores.metrics.resolve(["__name__": "m", "user": "<\(user)>"]), now - 1000 + Int64(round), 1)
                _ = try await stores.metrics.append(batch)
                try await stores.exemplars.add([
                    (["__name__": "m"], Exemplar(labels: ["user": "<\(user)>"], value: 1, timestamp: now + Int64(round)))
                ]
                )
                let family = PushedFamily(
                    name: "p", type: "gauge", help: "", samples: [PushedSample(labels: ["__name__": "p", "user": user], value: 1)])
                try stores.pushed.push([family], to: ["user": user], replacingAll: true, now: now)
            }
            if round == 0 {
                try stores.logs.flush()
                try stores.metrics.maintain(now: now, force: true)
            }
            try stores.exemplars.maintain()
        }

        /// Makes the trial's snapshots anew, immutable files as links: as snapshots are made.
        func refill() throws {
            try? FileManager.default.removeItem(atPath: trial)
            let disk = PosixFileSystem()
            for path in try disk.walk(made) {
                let other = trial + path.dropFirst(made.count)
                try FileManager.default.createDirectory(
                    atPath: disk.parent(of: other), withIntermediateDirectories: true)
                if shared[path] != nil { try disk.link(path, to: other) } else { try disk.copy(path, to: other) }
            }
        }

        func erasure(_ device: any FileSystem) -> SnapshotErasure {
            SnapshotErasure(
                directory: trial,
                room: StorageRoom(
                    files: files(device, folder.path + "/data"), keys: keys, texts: .plain, seals: keys != nil, keyPath: ""),
                options: { options() }, clock: { now }, pace: {})
        }

        /// What answers of a snapshot give, opened as a copy of it.
        func answers(_ name: String) throws -> Set<String> {
            let path = folder.path + "/opened"
            try? FileManager.default.removeItem(atPath: path)
            try FileManager.default.copyItem(atPath: trial + "/" + name, toPath: path)
            let disk = files(PosixFileSystem(), path)
            let stores = try Self.open(path, disk, try Catalog(path: path + "/catalog.sqlite"))
            var found: Set<String> = []
            let search = try stores.logs.search(LogErasure(name: "all", matchers: [], start: .min, end: .max, required: [], test: nil))
            for page in 0..<search.pageCount {
                guard let hit = try search.page(page) else { continue }
                for place in hit.places {
                    found.insert(
                        "\(hit.columns.timestamps[place]) \(String(decoding: hit.columns.lineBytes[hit.columns.lineRange(place)], as: UTF8.self))"
                    )
                }
            }
            let series = try stores.metrics.select(SeriesRequest(matchers: [], from: .min / 2, through: .max / 2))
            for index in 0..<series.count {
                var columns = SampleColumns()
                try series.readSamples(at: index, from: .min / 2, through: .max / 2, into: &columns)
                found.insert("\(series.labels(at: index)) \(columns.timestamps) \(columns.values)")
            }
            for (labels, exemplar) in stores.exemplars.exemplars(where: { _, _ in true }) {
                found.insert("\(labels) \(exemplar.labels) \(exemplar.timestamp)")
            }
            return found
        }

        /// A snapshot that says it is finished is as it was, or without the person: nothing between.
        func checkBetween(_ place: String) throws {
            for name in ["s0", "s1"] where FileManager.default.fileExists(atPath: "\(trial)/\(name)/BACKUP") {
                _ = try DataBackup.verify("\(trial)/\(name)", fileSystem: PosixFileSystem())
                let held = try answers(name)
                let isWhole = held.filter { !$0.contains(token) } == left[name] && (held == left[name] || held.count > left[name]!.count)
                #expect(isWhole, "\(place): \(name) is neither what it was nor what it is to be")
            }
        }

        func checkEnd(_ place: String) throws {
            for name in ["s0", "s1"] {
                let path = trial + "/" + name
                _ = try DataBackup.verify(path, fileSystem: PosixFileSystem())
                #expect(!FileManager.default.fileExists(atPath: path + "/ERASING"), "\(place)")
                var texts: [String] = []
                _ = try DataDirectoryExamination.run(directory: path, fileSystem: files(PosixFileSystem(), path)) {
                    texts.append($0)
                }
                #expect(!texts.contains { $0.contains(token) }, "\(place): \(name)")
                #expect(texts.contains { $0.contains(other) }, "\(place): \(name)")
                if keys == nil {
                    for file in try PosixFileSystem().walk(path) {
                        let isClean = Data(try PosixFileSystem().read(file)).range(of: Data(token.utf8)) == nil
                        #expect(isClean, "\(place): \(file)")
                    }
                }
                let isLeft = try answers(name) == left[name]
                #expect(isLeft, "\(place): \(name)")
            }
        }

        /// What the snapshots have in common with the data directory was not changed under it.
        func checkShared() throws {
            for (path, checksum) in shared { #expect(try PosixFileSystem().checksum(of: path).checksum == checksum, "\(path)") }
        }
    }

    private static func request() -> ErasureRequest {
        ErasureRequest(id: "e1", target: .subject([token]), by: "kari", reason: "17", requested: now)
    }

    @Test(arguments: FailingFileSystem.Failure.allCases, [false, true])
    func `whatever call fails, no snapshot keeps the person and all else is as it was`(
        failure: FailingFileSystem.Failure, isSealed: Bool
    ) async throws {
        let ground = try await Ground(isSealed: isSealed)
        let clean = ground.left
        #expect(clean["s0"]!.count >= 38 && clean["s1"]!.count > clean["s0"]!.count)
        var n = 1
        // Some of them, others in each run; VARDE_EVERY_CALL=1 for all.
        let isFull = ProcessInfo.processInfo.environment["VARDE_EVERY_CALL"] != nil
        let step = isFull ? 1 : failure == .crash && !isSealed ? 8 : 40
        n = Int.random(in: 1...step)
        while true {
            try ground.refill()
            let device = FailingFileSystem(PosixFileSystem())
            device.fail(atCall: n, failure)
            let names = try? ground.erasure(device).erase(Self.request())
            let isOver = !device.hasFailed
            #expect(names != nil || !isOver)
            try ground.checkBetween("call \(n)")
            if !isOver {
                device.revive()
                // As at a start: what was left of snapshots being made goes, and the erasure is taken up.
                if failure == .crash { try ground.erasure(device).removeUnfinished() }
                #expect(try ground.erasure(device).erase(Self.request()) == ["s0", "s1"], "call \(n)")
            }
            try ground.checkEnd("call \(n), \(failure)")
            if isOver { break }
            n += step
        }
        try ground.checkShared()
        print("\(failure), every \(step), sealed \(isSealed): \(n) calls")
        #expect(n > 60)
    }
}
