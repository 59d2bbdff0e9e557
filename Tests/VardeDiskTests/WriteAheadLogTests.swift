import TestSupport
import Testing
import VardeKernels

@testable import VardeDisk

/// One record as replay gives it.
struct Replayed: Equatable {
    var kind: UInt8
    var payload: [UInt8]
}

@Suite struct WriteAheadLogTests {
    let files = InMemoryFileSystem()

    func open(
        _ files: (any FileSystem)? = nil, directory: String = "/wal", mode: WriteAheadLog.SyncMode = .every, segmentSize: Int = 1 << 20
    ) throws -> (log: WriteAheadLog, damage: [WriteAheadLog.Damage], records: [Replayed]) {
        var records: [Replayed] = []
        let (log, damage) = try WriteAheadLog.open(
            directory: directory, fileSystem: files ?? self.files, mode: mode, segmentSize: segmentSize
        ) { _, kind, payload in
            records.append(Replayed(kind: kind, payload: Bytes.array(payload)))
        }
        return (log, damage, records)
    }

    static func record(_ i: Int, _ size: Int) -> Replayed {
        Replayed(kind: UInt8(truncatingIfNeeded: i), payload: (0..<size).map { UInt8(truncatingIfNeeded: i &* 31 &+ $0 &* 7) })
    }

    @Test func whatWasSyncedIsReplayedInOrderAfterAPowerCut() throws {
        let expected = (0..<50).map { Self.record($0, $0 * 13) }
        let log = try open(segmentSize: 2_000).log
        for record in expected { try log.appendAndSync(kind: record.kind, record.payload.span) }
        _ = try log.appendBuffered(kind: 9, [1, 2, 3].span)
        files.powerCut()
        let again = try open()
        #expect(again.damage == [])
        #expect(again.records == expected)
        #expect(files.paths.count > 5)
    }

    @Test func anEmptyPayloadAndOneLargerThanTheWindowAreKept() throws {
        let expected = [Self.record(1, 0), Self.record(2, 3 << 20), Self.record(3, 1)]
        let log = try open().log
        for record in expected { try log.appendAndSync(kind: record.kind, record.payload.span) }
        #expect(try open().records == expected)
    }

    @Test func aTailTornAtAnyByteLosesOnlyTheLastRecordAndIsNoDamageThenOrLater() throws {
        let expected = (0..<4).map { Self.record($0, 20 + $0) }
        let log = try open().log
        for record in expected { try log.appendAndSync(kind: record.kind, record.payload.span) }
        let path = "/wal/0000000000000001.wal"
        let whole = try files.read(path)
        var ends = [LogFormat.headerSize]
        for record in expected { ends.append(ends[ends.count - 1] + LogFormat.recordHeaderSize + record.payload.count) }
        for cut in 0..<whole.count {
            let torn = InMemoryFileSystem()
            try torn.makeDirectories("/wal")
            try torn.writeAtomically(whole.span.extracting(0..<cut), to: path)
            let kept = ends.dropFirst().filter { $0 <= cut }.count
            let first = try open(torn)
            #expect(first.damage == [], "cut at \(cut)")
            #expect(first.records == Array(expected[..<kept]), "cut at \(cut)")
            try first.log.appendAndSync(kind: 200, [7].span)
            let second = try open(torn)
            #expect(second.damage == [], "cut at \(cut)")
            #expect(second.records == Array(expected[..<kept]) + [Replayed(kind: 200, payload: [7])], "cut at \(cut)")
        }
    }

    @Test func aFlippedByteAnywhereCostsAtMostOneRecordAndIsReportedUnlessItIsTheLast() throws {
        let expected = (0..<5).map { Self.record($0, 15) }
        let log = try open().log
        for record in expected { try log.appendAndSync(kind: record.kind, record.payload.span) }
        let path = "/wal/0000000000000001.wal"
        let whole = try files.read(path)
        for offset in LogFormat.headerSize..<whole.count {
            let damaged = InMemoryFileSystem()
            try damaged.makeDirectories("/wal")
            try damaged.writeAtomically(whole.span, to: path)
            damaged.flip(path, at: offset)
            let hit = (offset - LogFormat.headerSize) / 28
            let again = try open(damaged)
            var rest = expected
            rest.remove(at: hit)
            #expect(again.records == rest, "flip at \(offset)")
            #expect(again.damage.map(\.offset) == (hit == 4 ? [] : [LogFormat.headerSize + hit * 28]), "flip at \(offset)")
        }
    }

    @Test func damageInOneSegmentLeavesTheOthersReadable() throws {
        let log = try open().log
        for i in 0..<3 {
            try log.appendAndSync(kind: UInt8(i), [UInt8(i)].span)
            #expect(try log.cut() == UInt64(i + 2))
        }
        files.flip("/wal/0000000000000002.wal", at: 3)
        let again = try open()
        #expect(again.records.map(\.kind) == [0, 2])
        #expect(again.damage.map(\.path) == ["/wal/0000000000000002.wal"])
    }

    @Test func aSegmentThatIsMissingIsReported() throws {
        let log = try open().log
        for i in 0..<3 {
            try log.appendAndSync(kind: UInt8(i), [UInt8(i)].span)
            _ = try log.cut()
        }
        try files.remove("/wal/0000000000000002.wal")
        #expect(try open().damage.count == 1)
    }

    @Test func numbersNeverComeAgainOnceAllSegmentsAreRemoved() throws {
        let log = try open().log
        try log.appendAndSync(kind: 1, [1].span)
        let (later, damage) = try WriteAheadLog.open(directory: "/wal", fileSystem: files, firstSegment: 7) { _, _, _ in }
        #expect(damage == [])
        try later.appendAndSync(kind: 2, [2].span)
        #expect(files.paths == ["/wal/0000000000000001.wal", "/wal/0000000000000007.wal"])
        let again = try open()
        #expect(again.records.map(\.kind) == [1, 2])
        #expect(again.damage == [])
    }

    @Test func anEndLostFromASegmentThatIsNotTheLastIsReported() throws {
        let log = try open().log
        for i in 0..<2 {
            try log.appendAndSync(kind: UInt8(i), [UInt8(i)].span)
            _ = try log.cut()
        }
        try files.open("/wal/0000000000000001.wal", .write).truncate(to: LogFormat.headerSize)
        let again = try open()
        #expect(again.records.map(\.kind) == [1])
        #expect(again.damage.count == 1)
    }

    @Test func aVersionFromTheFutureIsRefusedByName() throws {
        let log = try open().log
        try log.appendAndSync(kind: 1, [1].span)
        let path = "/wal/0000000000000001.wal"
        var bytes = try files.read(path)
        bytes[4] = 9
        let checksum = CRC32C.checksum(bytes.span.extracting(0..<28))
        for i in 0..<4 { bytes[28 + i] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * i)) }
        try files.writeAtomically(bytes.span, to: path)
        #expect { try open() } throws: { "\($0)".contains("version 9") }
    }

    @Test func aClientsPayloadThatLooksLikeARecordIsNeverTakenForOne() throws {
        // The bytes of a sound record of another log, inside a payload whose own frame is damaged.
        let other = InMemoryFileSystem()
        let first = try open(other).log
        try first.appendAndSync(kind: 66, [6, 6, 6].span)
        let record = Array(try other.read("/wal/0000000000000001.wal").dropFirst(LogFormat.headerSize))
        let log = try open().log
        try log.appendAndSync(kind: 1, record.span)
        try log.appendAndSync(kind: 2, [2].span)
        files.flip("/wal/0000000000000001.wal", at: LogFormat.headerSize)
        #expect(try open().records.map(\.kind) == [2])
    }

    @Test func recordsBeforeACutAreInSegmentsThatMayBeRemoved() throws {
        let log = try open().log
        try log.appendAndSync(kind: 1, [1].span)
        _ = try log.appendBuffered(kind: 2, [2].span)
        log.markCut()
        _ = try log.appendBuffered(kind: 3, [3].span)
        let segment = try log.finishCut()
        try log.removeSegments(before: segment)
        #expect(try log.diskBytes() == LogFormat.headerSize + LogFormat.recordHeaderSize + 1)
        files.powerCut()
        let again = try open()
        #expect(again.records.map(\.kind) == [3])
        #expect(again.damage == [])
        try again.log.appendAndSync(kind: 4, [4].span)
        #expect(try open().records.map(\.kind) == [3, 4])
    }

    @Test func modeIntervalAnswersAfterTheWriteAndACutSyncs() throws {
        let log = try open(mode: .interval(milliseconds: 3_600_000)).log
        try log.appendAndSync(kind: 1, [1].span)
        #expect(log.statistics.syncs == 0)
        #expect(log.statistics.pendingBytes == LogFormat.recordHeaderSize + 1)
        _ = try log.cut()
        #expect(log.statistics.pendingBytes == 0)
        try log.appendAndSync(kind: 2, [2].span)
        files.processKill()
        #expect(try open().records.map(\.kind) == [1, 2])
        files.powerCut()
        #expect(try open().records.map(\.kind) == [1])
    }

    @Test func modeIntervalKeepsWhatAFailedSyncLost() throws {
        let log = try open(mode: .interval(milliseconds: 3_600_000)).log
        try log.appendAndSync(kind: 1, [1].span)
        files.fail(atCall: 1, .error(5))
        #expect(throws: DiskError.self) { try log.cut() }
        _ = try log.cut()
        files.powerCut()
        let again = try open()
        #expect(again.records.map(\.kind) == [1])
        #expect(again.damage == [])
    }

    @Test func aFullDiskRefusesAndLosesNothingAndWorksAgainOnceThereIsRoom() throws {
        let log = try open().log
        try log.appendAndSync(kind: 1, [1].span)
        files.limit(to: 60)
        #expect { try log.appendAndSync(kind: 2, [2, 2, 2].span) } throws: { ($0 as? DiskError)?.isNoSpace == true }
        #expect(log.statistics.failures == 1)
        files.limit(to: .max)
        try log.appendAndSync(kind: 3, [3].span)
        files.powerCut()
        let again = try open()
        #expect(again.records.map(\.kind) == [1, 2, 3])
        #expect(again.damage == [])
    }

    @Test func theBufferIsBounded() throws {
        let log = try open().log
        let payload = [UInt8](repeating: 1, count: 100 << 20)
        _ = try log.appendBuffered(kind: 1, payload.span)
        _ = try log.appendBuffered(kind: 1, payload.span)
        #expect(throws: DiskError.self) { try log.appendBuffered(kind: 1, payload.span) }
        #expect(log.statistics.pendingBytes == 2 * ((100 << 20) + LogFormat.recordHeaderSize))
    }

    @Test func manyWhoWaitAreServedByFewerSyncsAndNothingAnsweredIsLost() async throws {
        let log = try open(segmentSize: 10_000).log
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<40 {
                group.addTask {
                    for i in 0..<25 {
                        let position = try log.appendBuffered(kind: 5, Array("\(task) \(i)".utf8).span)
                        try await log.sync(through: position)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(log.statistics.records == 1_000)
        #expect(log.statistics.syncs < 1_000)
        files.powerCut()
        let again = try open()
        let texts = again.records.map { String(decoding: $0.payload, as: UTF8.self) }
        #expect(Set(texts).count == 1_000 && texts.count == 1_000)
        // Each task's records are in the order it appended them.
        for task in 0..<40 {
            #expect(texts.filter { $0.hasPrefix("\(task) ") } == (0..<25).map { "\(task) \($0)" })
        }
    }

    @Test func theMachinesOwnFilesServeAsWell() async throws {
        let folder = try TemporaryFolder()
        let expected = (0..<100).map { Self.record($0, $0 * 50) }
        let log = try open(PosixFileSystem(), directory: folder.path + "/a/wal", segmentSize: 10_000).log
        for record in expected {
            try await log.sync(through: try log.appendBuffered(kind: record.kind, record.payload.span))
        }
        #expect(log.statistics.syncs == 100)
        let again = try open(PosixFileSystem(), directory: folder.path + "/a/wal")
        #expect(again.records == expected)
        #expect(again.damage == [])
    }
}
