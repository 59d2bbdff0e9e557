import Foundation
import TestSupport
import Testing
import VardeCollect
import VardeDisk
import VardeLogs
import VardeMetrics
import VardeModel

@testable import VardePrivacy
@testable import VardeServer

/// A bit of any byte of any file of a data directory changes: `varde check data` tells.
@Suite struct FlippedByteTests {
    private static let now: Int64 = 1_800_000_000_000
    /// Flips tried, spread over all files; all bytes with VARDE_EVERY_BYTE set.
    private static let flips = 1_500

    private let files = PosixFileSystem()
    private let data: String

    init() throws {
        data = FileManager.default.temporaryDirectory.appendingPathComponent("varde-flip-" + UUID().uuidString).path
        try files.makeDirectories(data)
    }

    /// A directory with something in every kind of file the stores write.
    private func fill() async throws {
        let catalog = try Catalog(path: data + "/catalog.sqlite")
        let metrics = try MetricStore.open(
            directory: data + "/metrics", fileSystem: files, catalog: catalog, options: MetricStoreOptions()
        ) { Self.now }
        for round in 0..<3 as Range<Int64> {
            var batch = SampleBatch()
            for i in 0..<5 { batch.append(try metrics.resolve(["__name__": "m", "i": "\(i)"]), Self.now + round, Double(i) + 0.5) }
            _ = try await metrics.append(batch)
            if round < 2 { try metrics.maintain(now: Self.now, force: true) }
        }
        _ = try metrics.delete([LabelMatcher("i", .equal, "3")], from: Self.now, through: Self.now)
        var batch = SampleBatch()
        batch.append(try metrics.resolve(["__name__": "m", "i": "0"]), Self.now + 5, 7)
        _ = try await metrics.append(batch)
        try metrics.close()
        let logs = try LogStore.open(
            directory: data + "/logs", fileSystem: files, catalog: catalog, options: LogStoreOptions { Self.now * 1_000_000 })
        for round in 0..<2 {
            var columns = LogColumns()
            let line = Array("a line of round \(round)".utf8)
            columns.append(Self.now * 1_000_000 + Int64(round), line: line.span)
            _ = try await logs.append([LogStreamWrite(labels: ["app": "a"], entries: columns)])
            if round == 0 { try logs.flush() }
        }
        let exemplars = try ExemplarStore.open(directory: data + "/exemplars", fileSystem: files, catalog: catalog)
        try await exemplars.add([(["__name__": "m"], Exemplar(labels: ["trace_id": "abc"], value: 1, timestamp: Self.now))])
        try exemplars.close()
        let family = PushedFamily(
            name: "p", type: "gauge", help: "", samples: [PushedSample(labels: ["__name__": "p", "job": "a"], value: 1)])
        try PushedGroups.open(directory: data + "/pushed", fileSystem: files, catalog: catalog).groups.push(
            [family], to: ["job": "a"], replacingAll: true, now: Self.now)
        try files.makeDirectories(data + "/receipts")
        let receipt = try Receipt.make(kind: "erasure", signer: AuditSigner()) { _ in }
        try files.writeAtomically(receipt.span, to: data + "/receipts/a.json")
        let audit = try AuditLog(
            directory: data + "/audit", checkpoints: data + "-checkpoints", fileSystem: files, signer: AuditSigner()
        ) { Self.now }
        for i in 0..<3 {
            try await audit.append(AuditEntry(time: Self.now, who: "kari", from: "10.0.0.1", action: "read", what: "q\(i)", lines: i))
        }
        try catalog.expectAll(in: "receipts", suffix: ".json", of: data, fileSystem: files)
        try catalog.expectAll(in: "audit", suffix: ".audit", of: data, fileSystem: files)
    }

    private func flip(_ path: String, _ offset: Int, _ bit: UInt8) throws {
        let file = try files.open(path, .write)
        var byte: [UInt8] = []
        try file.read(at: offset, count: 1, into: &byte)
        try file.write([byte[0] ^ bit].span, at: offset)
    }

    /// What a catalog says, as far as it can be read.
    private func catalogContent() -> [String]? {
        guard let catalog = try? Catalog(path: data + "/catalog.sqlite"), let problems = try? catalog.integrityProblems(), problems.isEmpty,
            let all = try? catalog.files(of: "metrics") + catalog.files(of: "logs"),
            let start = try? catalog.setting("metrics.wal_start")
        else { return nil }
        return all.map { "\($0)" } + [start]
    }

    @Test func `every flipped byte is found`() async throws {
        defer { try? FileManager.default.removeItem(atPath: data) }
        try await fill()
        let sound = try DataDirectoryExamination.run(directory: data, fileSystem: files)
        #expect(sound.damage == [] && sound.leftovers == [])
        let content = catalogContent()
        // A lock holds no data, and what SQLite keeps beside a database is empty or made anew.
        let paths = try files.walk(data).filter { !$0.hasSuffix("/LOCK") && !$0.hasSuffix("-shm") && !$0.hasSuffix("-wal") }
        for part in ["/metrics/wal/", ".block", "/tombstones", "/logs/wal/", ".seg", "/exemplars/", ".push", ".audit", ".sqlite"] {
            #expect(paths.contains { $0.contains(part) }, "no file of \(part)")
        }
        let sizes = try paths.map { try files.size(of: $0) }
        let all = ProcessInfo.processInfo.environment["VARDE_EVERY_BYTE"] != nil
        var generator = SeededGenerator(seed: .random(in: 0 ... .max))
        for (path, size) in zip(paths, sizes) {
            let step = all ? 1 : max(1, size * paths.count / Self.flips)
            for start in stride(from: 0, to: size, by: step) {
                let offset = min(size - 1, start + Int.random(in: 0..<step, using: &generator))
                let bit = UInt8(1) << UInt8.random(in: 0..<8, using: &generator)
                try flip(path, offset, bit)
                let report = try DataDirectoryExamination.run(directory: data, fileSystem: files)
                // Bytes of a database that mean nothing may change: then it says all it said before. So may the mark that a log ends
                // with: then it looks as if what is behind it was torn.
                let isMark = path.hasSuffix(".wal") && offset >= size - 13 && report.leftovers.count == 1
                let isFound = !report.damage.isEmpty || isMark
                #expect(isFound || path.hasSuffix(".sqlite") && catalogContent() == content, "\(path), byte \(offset), bit \(bit)")
                try flip(path, offset, bit)
            }
        }
        #expect(try DataDirectoryExamination.run(directory: data, fileSystem: files).damage == [])
        try expectMissed(paths)
    }

    /// Takes away, and empties, each file in turn.
    private func expectMissed(_ paths: [String]) throws {
        for path in paths {
            for bytes in [nil, [UInt8]()] {
                try files.rename(path, to: data + "-away")
                if let bytes { try files.writeAtomically(bytes.span, to: path) }
                let report = try DataDirectoryExamination.run(directory: data, fileSystem: files)
                #expect(!report.damage.isEmpty, "\(path) \(bytes == nil ? "is missing" : "is empty")")
                if bytes != nil { try files.remove(path) }
                try files.rename(data + "-away", to: path)
            }
        }
        #expect(try DataDirectoryExamination.run(directory: data, fileSystem: files).damage == [])
    }
}
