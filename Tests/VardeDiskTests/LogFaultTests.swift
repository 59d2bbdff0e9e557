import TestSupport
import Testing
import VardeKernels

@testable import VardeDisk

/// The log under a disk that fails at every n-th call, n = 1, 2, 3 … until the failure no longer happens.
@Suite struct LogFaultTests {
    enum Ending: CaseIterable { case powerCut, processKill }

    static let failures: [InMemoryFileSystem.Failure] = [.error(5), .error(28), .short(28), .short(5), .crash]

    /// Appends, syncs, cuts and removes; what was acknowledged, and what was tried.
    func work(_ files: any FileSystem, mode: WriteAheadLog.SyncMode) -> (acknowledged: [UInt8], tried: [UInt8], removedBelow: UInt8) {
        var acknowledged: [UInt8] = []
        var tried: [UInt8] = []
        var removedBelow: UInt8 = 0
        guard
            let log = try? WriteAheadLog.open(directory: "/d/wal", fileSystem: files, mode: mode, segmentSize: 150, replay: { _, _, _ in })
                .log
        else { return ([], [], 0) }
        for i in UInt8(0)..<24 {
            let payload = [UInt8](repeating: i, count: 20)
            tried.append(i)
            if (try? log.appendAndSync(kind: i, payload.span)) != nil { acknowledged.append(i) }
            if i == 9 || i == 17 {
                log.markCut()
                if let segment = try? log.finishCut() {
                    removedBelow = i + 1
                    try? log.removeSegments(before: segment)
                }
            }
        }
        return (acknowledged, tried, removedBelow)
    }

    @Test(arguments: Ending.allCases, [false, true])
    func nothingAcknowledgedIsLostAndNothingIsThereTwice(_ ending: Ending, isSealed: Bool) throws {
        for mode in [WriteAheadLog.SyncMode.every, .interval(milliseconds: 3_600_000)] {
            if case .interval = mode, ending == .powerCut { continue }
            for failure in Self.failures {
                var number = 0
                var fired = true
                while fired {
                    number += 1
                    let files = InMemoryFileSystem()
                    let disk: any FileSystem =
                        isSealed ? SealedFileSystem(files, keys: .inMemory(), seals: true, root: "/d") : files
                    files.fail(atCall: number, failure)
                    let (acknowledged, tried, removedBelow) = work(disk, mode: mode)
                    fired = files.hasFailed
                    if ending == .powerCut { files.powerCut() } else { files.processKill() }
                    var replayed: [UInt8] = []
                    let (log, damage) = try WriteAheadLog.open(directory: "/d/wal", fileSystem: disk) { _, kind, payload in
                        #expect(Bytes.array(payload) == [UInt8](repeating: kind, count: 20))
                        replayed.append(kind)
                    }
                    let context = Comment("\(failure) at call \(number), \(ending)")
                    #expect(damage == [], context)
                    #expect(replayed == replayed.sorted() && Set(replayed).count == replayed.count, context)
                    #expect(Set(replayed).isSubset(of: tried), context)
                    #expect(Set(acknowledged.filter { $0 >= removedBelow }).isSubset(of: replayed), context)
                    // The log goes on, and a second start finds the same and the new.
                    try log.appendAndSync(kind: 99, [UInt8](repeating: 99, count: 20).span)
                    var again: [UInt8] = []
                    let second = try WriteAheadLog.open(directory: "/d/wal", fileSystem: disk) { _, kind, _ in again.append(kind) }
                    #expect(second.damage == [], context)
                    #expect(again == replayed + [99], context)
                    // A disk that works again is used again: only a crash ends the acknowledgements for good.
                    if case .crash = failure {} else { #expect(acknowledged.count >= tried.count - 1, context) }
                }
                #expect(number > 50)
            }
        }
    }

    @Test func aSyncThatFailsTwiceLeavesOneCopy() throws {
        let files = InMemoryFileSystem()
        let log = try WriteAheadLog.open(directory: "/wal", fileSystem: files) { _, _, _ in }.log
        try log.appendAndSync(kind: 1, [1].span)
        // The write succeeds, the sync fails, and so does cutting the segment off.
        files.fail(atCall: 2, .error(5))
        #expect(throws: DiskError.self) { try log.appendAndSync(kind: 2, [2].span) }
        try log.appendAndSync(kind: 3, [3].span)
        files.processKill()
        var kinds: [UInt8] = []
        _ = try WriteAheadLog.open(directory: "/wal", fileSystem: files) { _, kind, _ in kinds.append(kind) }
        #expect(kinds == [1, 2, 3])
        #expect(files.paths == ["/wal/0000000000000001.wal", "/wal/0000000000000002.wal", "/wal/extent"])
    }

    @Test func openingUnderFaultsEitherFailsOrReplaysAll() throws {
        for failure in Self.failures {
            var number = 0
            var fired = true
            while fired {
                number += 1
                let files = InMemoryFileSystem()
                let log = try WriteAheadLog.open(directory: "/wal", fileSystem: files, segmentSize: 100) { _, _, _ in }.log
                for i in UInt8(0)..<10 { try log.appendAndSync(kind: i, [i].span) }
                files.fail(atCall: number, failure)
                var kinds: [UInt8] = []
                let opened = try? WriteAheadLog.open(directory: "/wal", fileSystem: files) { _, kind, _ in kinds.append(kind) }
                fired = files.hasFailed
                if opened != nil { #expect(kinds == Array(0..<10)) }
                files.powerCut()
                kinds = []
                _ = try WriteAheadLog.open(directory: "/wal", fileSystem: files) { _, kind, _ in kinds.append(kind) }
                #expect(kinds == Array(0..<10), "\(failure) at call \(number)")
            }
            #expect(number > 5)
        }
    }
}
