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
            // A segment is named once its header is whole.
            if cut >= LogFormat.headerSize { try LogExtent(first: 1, last: 1).write(in: "/wal", fileSystem: torn) }
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

    @Test func aFlippedByteAnywhereCostsAtMostOneRecordAndIsReportedAlsoAtTheNextStart() throws {
        let expected = (0..<5).map { Self.record($0, 15) }
        let log = try open().log
        for record in expected { try log.appendAndSync(kind: record.kind, record.payload.span) }
        let path = "/wal/0000000000000001.wal"
        let whole = try files.read(path)
        for offset in LogFormat.headerSize..<whole.count {
            let damaged = InMemoryFileSystem()
            try damaged.makeDirectories("/wal")
            try damaged.writeAtomically(whole.span, to: path)
            try LogExtent(first: 1, last: 1).write(in: "/wal", fileSystem: damaged)
            damaged.flip(path, at: offset)
            let hit = (offset - LogFormat.headerSize) / 28
            let again = try open(damaged)
            var rest = expected
            // Behind the last record stands the mark: without it nothing is missing.
            if hit < 5 { rest.remove(at: hit) }
            #expect(again.records == rest, "flip at \(offset)")
            let places = hit < 5 ? [LogFormat.headerSize + hit * 28] : []
            #expect(again.damage.map(\.offset) == places, "flip at \(offset)")
            try again.log.appendAndSync(kind: 200, [7].span)
            let third = try open(damaged)
            #expect(third.records == rest + [Replayed(kind: 200, payload: [7])], "flip at \(offset)")
            #expect(third.damage.map(\.offset) == places, "flip at \(offset)")
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
        let whole = try files.read("/wal/extent")
        for missing in [[1], [2], [3], [1, 2], [2, 3], [1, 3], [1, 2, 3]] {
            let copy = InMemoryFileSystem()
            try copy.makeDirectories("/wal")
            try copy.writeAtomically(whole.span, to: "/wal/extent")
            for number in 1...3 where !missing.contains(number) {
                let path = "/wal/000000000000000\(number).wal"
                let segment = try files.read(path)
                try copy.writeAtomically(segment.span, to: path)
            }
            for _ in 0..<2 {
                let again = try open(copy)
                #expect(again.records.map { Int($0.kind) } == (0..<3).filter { !missing.contains($0 + 1) })
                #expect(again.damage.count == (missing == [1, 3] ? 2 : 1), "\(missing)")
            }
        }
    }

    @Test func aSegmentThatWasEmptiedIsReported() throws {
        let log = try open().log
        try log.appendAndSync(kind: 1, [1].span)
        for size in [0, 20, LogFormat.headerSize - 1] {
            try files.open("/wal/0000000000000001.wal", .write).truncate(to: size)
            #expect(try open().damage.count == 1, "\(size)")
        }
    }

    @Test func theListOfSegmentsIsMissedAndMadeAnew() throws {
        let log = try open().log
        try log.appendAndSync(kind: 1, [1].span)
        let harms: [(InMemoryFileSystem) throws -> Void] = [
            { try $0.remove("/wal/extent") }, { $0.flip("/wal/extent", at: 12) },
            { try $0.open("/wal/extent", .write).truncate(to: 0) },
        ]
        for harm in harms {
            try harm(files)
            let again = try open()
            #expect(again.damage.map(\.path) == ["/wal/extent"])
            #expect(again.records.map(\.kind) == [1])
            #expect(try open().damage == [])
        }
    }

    @Test func aLogFromBeforeThereWereMarksAndListsIsReadAndGoesOn() throws {
        var bytes = LogFormat.Header(number: 1, before: 0, salt: 7, isMarked: false).bytes
        let payload: [UInt8] = [1, 2]
        bytes += LogFormat.recordHeader(kind: 5, payload.span, salt: 7)
        bytes += payload
        try files.makeDirectories("/wal")
        try files.writeAtomically(bytes.span, to: "/wal/0000000000000001.wal")
        let first = try open()
        #expect(first.damage == [] && first.records.map(\.kind) == [5])
        try first.log.appendAndSync(kind: 6, [6].span)
        let second = try open()
        #expect(second.damage == [] && second.records.map(\.kind) == [5, 6])
    }

    @Test func numbersNeverComeAgainOnceAllSegmentsAreRemoved() throws {
        let log = try open().log
        try log.appendAndSync(kind: 1, [1].span)
        let (later, damage) = try WriteAheadLog.open(directory: "/wal", fileSystem: files, firstSegment: 7) { _, _, _ in }
        #expect(damage == [])
        try later.appendAndSync(kind: 2, [2].span)
        #expect(files.paths == ["/wal/0000000000000001.wal", "/wal/0000000000000007.wal", "/wal/extent"])
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
        // The header, a record of a byte, the mark.
        #expect(try log.diskBytes() == LogFormat.headerSize + LogFormat.recordHeaderSize + 1 + LogFormat.recordHeaderSize)
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
