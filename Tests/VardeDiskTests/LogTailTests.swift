import TestSupport
import Testing
import VardeKernels

@testable import VardeDisk

/// A log read while it is written, from any place, by readers that outlive the process.
@Suite struct LogTailTests {
    private let files = InMemoryFileSystem()

    private func open(segmentSize: Int = 300) throws -> WriteAheadLog {
        try WriteAheadLog.open(directory: "/wal", fileSystem: files, segmentSize: segmentSize) { _, _, _ in }.log
    }

    /// The numbers of the records that are there to be read.
    private func drain(_ tail: inout LogTail) throws -> [UInt64] {
        var found: [UInt64] = []
        while try tail.next({ _, _, payload in found.append(Bytes.load64(payload, at: 0)) }) {}
        return found
    }

    private func append(_ numbers: some Sequence<UInt64>, to log: WriteAheadLog) throws {
        for number in numbers {
            var payload: [UInt8] = []
            Bytes.append64(number, to: &payload)
            payload += [UInt8](repeating: 7, count: Int(number % 40))
            _ = try log.appendBuffered(kind: 1, payload.span)
            if number.isMultiple(of: 3) { try log.syncBlocking(through: log.end) }
        }
        try log.syncBlocking(through: log.end)
    }

    @Test func `every synced record is given once and in order, whatever is written in between`() throws {
        let log = try open()
        var tail = LogTail(log, from: LogCursor(segment: 1))
        #expect(try drain(&tail) == [])
        var next: UInt64 = 0
        for round in 1...20 as ClosedRange<UInt64> {
            try append(next..<(next + round), to: log)
            #expect(try drain(&tail) == Array(next..<(next + round)))
            #expect(try tail.bytesLeft() == 0)
            next += round
            if round == 10 { _ = try log.cut() }
        }
        #expect(tail.cursor.segment > 5)
    }

    @Test func `what is not synced yet is not given`() throws {
        let log = try open()
        try append(0..<3, to: log)
        _ = try log.appendBuffered(kind: 1, [UInt8](repeating: 1, count: 8).span)
        var tail = LogTail(log, from: LogCursor(segment: 1))
        #expect(try drain(&tail) == [0, 1, 2])
    }

    @Test func `a reader goes on at its cursor after a restart, at every place`() throws {
        let first = try open()
        try append(0..<60, to: first)
        var places: [LogCursor] = []
        var tail = LogTail(first, from: LogCursor(segment: 1))
        for _ in 0...60 {
            places.append(tail.cursor)
            _ = try tail.next { _, _, _ in }
        }
        files.powerCut()
        let second = try open()
        try append(60..<70, to: second)
        for (index, place) in places.enumerated() {
            var tail = LogTail(second, from: place)
            #expect(try drain(&tail) == Array(UInt64(index)..<70), "from \(place)")
            let text = LogCursor("\(place)")
            #expect(text == place)
        }
    }

    @Test func `a cursor beyond the end of the log becomes its end`() throws {
        let log = try open()
        try append(0..<3, to: log)
        var tail = LogTail(log, from: LogCursor(segment: 90, record: 4))
        #expect(try drain(&tail) == [])
        _ = try log.cut()
        try append(3..<6, to: log)
        #expect(try drain(&tail) == [3, 4, 5])
    }

    @Test func `segments that are gone are passed and counted`() throws {
        let log = try open()
        try append(0..<20, to: log)
        let start = try log.cut()
        try append(20..<23, to: log)
        try log.removeSegments(before: start)
        var tail = LogTail(log, from: LogCursor(segment: 1, record: 2))
        #expect(try drain(&tail) == [20, 21, 22])
        #expect(tail.missingSegments == Int(start) - 1)
    }

    @Test func `holds keep the stretch their slowest reader is in, through a restart`() throws {
        let catalog = try Catalog(path: nil)
        let holds = try LogHolds(catalog: catalog, store: "m")
        for (segment, time) in [(1, 1_000), (5, 2_000), (9, 3_000)] { try holds.mark(UInt64(segment), at: Int64(time)) }
        #expect(holds.firstNeeded(before: 9) == 9)
        try holds.set(.init(done: LogCursor(segment: 9, record: 3)), of: "fast")
        try holds.mark(12, at: 4_000)
        try holds.set(.init(done: LogCursor(segment: 10), sentThrough: LogCursor(segment: 11, record: 2), parts: 3), of: "slow")
        for holds in [holds, try LogHolds(catalog: catalog, store: "m")] {
            #expect(holds.firstNeeded(before: 12) == 9)
            #expect(holds.progress(of: "slow")?.parts == 3)
            #expect(holds.progress(of: "slow")?.sentThrough == LogCursor(segment: 11, record: 2))
            #expect(holds.stretch(of: 11) == 9)
            #expect(holds.firstSegment(livingAt: 4_500) == 12)
            #expect(holds.firstSegment(livingAt: 3_500) == 0)
        }
        try holds.keepOnly(["fast"])
        try holds.set(.init(done: LogCursor(segment: 12, record: 1)), of: "fast")
        #expect(try LogHolds(catalog: catalog, store: "m").progress(of: "slow") == nil)
        #expect(holds.firstNeeded(before: 12) == 12)
    }
}
