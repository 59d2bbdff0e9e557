import TestSupport
import Testing
import VardeKernels

@testable import VardeDisk

/// The check, the copy and the way back, over a small data directory of the machine's own files.
@Suite struct DataDirectoryTests {
    let folder: TemporaryFolder
    let files = PosixFileSystem()
    var data: String { folder.path + "/data" }

    init() throws {
        folder = try TemporaryFolder()
        try files.makeDirectories(data + "/metrics/blocks")
        let log = try WriteAheadLog.open(directory: data + "/metrics/wal", fileSystem: files) { _, _, _ in }.log
        for i in UInt8(0)..<5 { try log.appendAndSync(kind: i, [UInt8](repeating: i, count: 30).span) }
        let catalog = try Catalog(path: data + "/catalog.sqlite")
        for name in ["1.block", "2.block"] {
            let writer = try SectionedFileWriter(path: data + "/metrics/blocks/" + name, kind: .metricsBlock, day: nil, fileSystem: files)
            try writer.section("pages", Array(0..<200).span)
            try writer.section("meta", Array("meta of \(name)".utf8).span)
            let size = try writer.finish()
            try catalog.change(add: [CatalogTests.entry(name, bytes: size)], remove: [])
        }
        try files.writeAtomically(Array("a file of another part".utf8).span, to: data + "/audit.chain")
        _ = try DirectoryLock.take(directory: data, fileSystem: files)
    }

    func check() throws -> DataDirectoryCheck.Report { try DataDirectoryCheck.run(directory: data, fileSystem: files) }

    func flip(_ path: String, at offset: Int) throws {
        let file = try files.open(path, .write)
        var byte: [UInt8] = []
        try file.read(at: offset, count: 1, into: &byte)
        try file.write([byte[0] ^ 0x10].span, at: offset)
    }

    @Test func aSoundDirectoryHasNoFindings() throws {
        let report = try check()
        #expect(report.damage == [])
        #expect(report.leftovers == [])
        #expect(report.logRecords == 5)
        #expect(report.sections == 4)
    }

    @Test func anyByteOfADataFileIsWatched() throws {
        let path = data + "/metrics/blocks/1.block"
        for offset in stride(from: 0, to: try files.size(of: path), by: 13) {
            try flip(path, at: offset)
            let damage = try check().damage
            #expect(damage.contains { $0.path == path }, "byte \(offset): \(damage)")
            try flip(path, at: offset)
        }
    }

    @Test func damageInTheLogIsNamedWithItsOffset() throws {
        let path = data + "/metrics/wal/0000000000000001.wal"
        try flip(path, at: LogFormat.headerSize + 43 + 20)
        let report = try check()
        #expect(report.damage.map(\.path) == [path])
        #expect(report.damage.map(\.offset) == [LogFormat.headerSize + 43])
        #expect(report.logRecords == 4)
    }

    @Test func leftoversOfACrashAreNoDamage() throws {
        let path = data + "/metrics/wal/0000000000000001.wal"
        try files.open(path, .write).truncate(to: try files.size(of: path) - 3)
        try files.writeAtomically([1].span, to: data + "/metrics/blocks/3.block")
        try files.rename(data + "/metrics/blocks/3.block", to: data + "/metrics/blocks/3.block.tmp")
        try files.copy(data + "/metrics/blocks/1.block", to: data + "/metrics/blocks/4.block")
        let report = try check()
        #expect(report.damage == [])
        #expect(report.leftovers.count == 3)
    }

    @Test func aFileTheCatalogNamesAndTheDiskLacksIsDamage() throws {
        try files.remove(data + "/metrics/blocks/2.block")
        #expect(try check().damage.map(\.description).contains { $0.contains("2.block") && $0.contains("not on disk") })
    }

    @Test func aDamagedDatabaseIsFound() throws {
        for offset in stride(from: 4_096, to: 8_192, by: 1) { try flip(data + "/catalog.sqlite", at: offset) }
        #expect(try check().damage.contains { $0.path == data + "/catalog.sqlite" })
    }

    @Test func aDumpGivesEveryRecordAndSection() throws {
        var parts: [String] = []
        var bytes = 0
        _ = try DataDirectoryCheck.run(directory: data, fileSystem: files) { part, content in
            parts.append(part.name)
            bytes += content.count
        }
        #expect(parts.filter { $0.hasPrefix("record kind") }.count == 5)
        #expect(parts.filter { $0 == "pages" }.count == 2)
        #expect(bytes == 5 * 30 + 2 * 200 + 2 * "meta of 1.block".utf8.count)
    }

    @Test func aBackupOfADirectoryInUseComesBackWhole() throws {
        let catalog = try Catalog(path: data + "/catalog.sqlite")
        let log = try WriteAheadLog.open(directory: data + "/metrics/wal", fileSystem: files) { _, _, _ in }.log
        try log.appendAndSync(kind: 77, [7].span)
        let (count, _) = try DataBackup.backup(data, to: folder.path + "/copy", fileSystem: files)
        // What comes after the copy is not in it, and does not change it.
        try log.appendAndSync(kind: 78, [8].span)
        try files.remove(data + "/metrics/blocks/1.block")
        try catalog.change(add: [], remove: [("metrics", "1.block")], settings: [("later", "1")])
        let restored = folder.path + "/restored"
        #expect(try DataBackup.restore(folder.path + "/copy", to: restored, fileSystem: files).files == count)
        let report = try DataDirectoryCheck.run(directory: restored, fileSystem: files)
        #expect(report.damage == [] && report.leftovers == [])
        var kinds: [UInt8] = []
        _ = try WriteAheadLog.open(directory: restored + "/metrics/wal", fileSystem: files) { _, kind, _ in kinds.append(kind) }
        #expect(kinds == [0, 1, 2, 3, 4, 77])
        let copy = try Catalog(path: restored + "/catalog.sqlite")
        #expect(try copy.files(of: "metrics").map(\.name) == ["1.block", "2.block"])
        #expect(try copy.setting("later") == nil)
        #expect(try files.read(restored + "/audit.chain") == Array("a file of another part".utf8))
        #expect(!files.exists(restored + "/LOCK") && !files.exists(restored + "/BACKUP"))
    }

    @Test func aDamagedOrUnfinishedBackupIsNotRestored() throws {
        let copy = folder.path + "/copy"
        _ = try DataBackup.backup(data, to: copy, fileSystem: files)
        try flip(copy + "/audit.chain", at: 2)
        #expect { try DataBackup.restore(copy, to: folder.path + "/r", fileSystem: files) } throws: { "\($0)".contains("audit.chain") }
        try flip(copy + "/audit.chain", at: 2)
        try files.remove(copy + "/BACKUP")
        #expect { try DataBackup.restore(copy, to: folder.path + "/r", fileSystem: files) } throws: {
            "\($0)".contains("no finished backup")
        }
        #expect(!files.exists(folder.path + "/r"))
    }

    @Test func aManifestDoesNotLeadOutOfTheDirectory() throws {
        let copy = folder.path + "/copy"
        try files.makeDirectories(copy)
        try files.writeAtomically(Array("00000000 0 ../x\n".utf8).span, to: copy + "/BACKUP")
        #expect(throws: DiskError.self) { try DataBackup.restore(copy, to: folder.path + "/r", fileSystem: files) }
    }

    @Test func nothingIsOverwritten() throws {
        let copy = folder.path + "/copy"
        _ = try DataBackup.backup(data, to: copy, fileSystem: files)
        #expect(throws: DiskError.self) { try DataBackup.backup(data, to: copy, fileSystem: files) }
        #expect(throws: DiskError.self) { try DataBackup.restore(copy, to: data, fileSystem: files) }
    }

    @Test func aRestoreUnderFaultsIsWholeOrAbsent() throws {
        for failure in LogFaultTests.failures {
            var number = 0
            var fired = true
            while fired {
                number += 1
                let files = InMemoryFileSystem()
                let log = try WriteAheadLog.open(directory: "/data/wal", fileSystem: files) { _, _, _ in }.log
                try log.appendAndSync(kind: 1, [1].span)
                _ = try DataBackup.backup("/data", to: "/copy", fileSystem: files)
                files.fail(atCall: number, failure)
                let isRestored = (try? DataBackup.restore("/copy", to: "/back", fileSystem: files)) != nil
                fired = files.hasFailed
                files.powerCut()
                if isRestored || files.exists("/back") {
                    #expect(try files.read("/back/wal/0000000000000001.wal").count > LogFormat.headerSize, "call \(number)")
                } else {
                    #expect(try DataBackup.restore("/copy", to: "/back", fileSystem: files).files == 2)
                }
            }
            #expect(number > 8)
        }
    }
}
