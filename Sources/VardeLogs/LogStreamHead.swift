import VardeModel

/// A stream's lines in memory: full pages, and the open one new lines go to.
///
/// Touched only under the store's mutex.
final class LogStreamHead: @unchecked Sendable {
    let stream: LogStream
    private(set) var pages: [LogHeadPage] = []
    private(set) var open = LogColumns()
    private(set) var openAscends = true
    private(set) var openFirst = Int64.max
    private(set) var openLast = Int64.min
    /// Newest time in pages and open lines.
    private(set) var last = Int64.min

    /// What a stream takes in memory beside its lines, roughly.
    static let overhead = 700

    init(_ stream: LogStream) { self.stream = stream }

    /// What open lines count for.
    var openBytes: Int { open.lineBytes.count + open.count * 16 }

    /// Adds entries in their order and closes the page where it is full; the pages closed.
    func append(_ columns: LogColumns, _ range: Range<Int>, pageSize: Int, _ spares: inout SpareColumns) -> [LogHeadPage] {
        var closed: [LogHeadPage] = []
        var start = range.lowerBound
        while start < range.upperBound {
            // As many entries as the page has room for, found by halving; one at least.
            let base = columns.lineRange(start).lowerBound
            let room = max(0, pageSize - open.lineBytes.count)
            var low = start + 1
            var high = range.upperBound
            if columns.lineRange(high - 1).upperBound - base <= room { low = high }
            while low < high {
                let middle = (low + high) / 2
                if columns.lineRange(middle).upperBound - base <= room { low = middle + 1 } else { high = middle }
            }
            for i in start..<low {
                let time = columns.timestamps[i]
                if time < openLast { openAscends = false }
                openFirst = min(openFirst, time)
                openLast = max(openLast, time)
            }
            let size = columns.lineRange(low - 1).upperBound - base
            // A page on its way to be full gets room for all of it at once.
            if open.lineBytes.count < pageSize / 4, open.lineBytes.count + size >= pageSize / 4 {
                var room = spares.take() ?? LogColumns()
                room.lineBytes.reserveCapacity(pageSize)
                room.append(open, 0..<open.count)
                open = room
            }
            open.append(columns, start..<low)
            start = low
            if open.lineBytes.count >= pageSize || start < range.upperBound { closed += close() }
        }
        last = max(last, openLast)
        return closed
    }

    /// Makes the open lines pages, one a day.
    func close() -> [LogHeadPage] {
        guard open.count > 0 else { return [] }
        let sorted = openAscends ? open : open.sortedByTime()
        var closed: [LogHeadPage] = []
        for (_, range) in sorted.daySlices() {
            if range.count == sorted.count {
                closed.append(LogHeadPage(sorted))
            } else {
                var day = LogColumns()
                day.append(sorted, range)
                closed.append(LogHeadPage(day))
            }
        }
        pages += closed
        open = LogColumns()
        openAscends = true
        openFirst = .max
        openLast = .min
        return closed
    }
}

/// Memory of pages that were packed, for the next ones: having it made anew costs a fault for each of its pages.
struct SpareColumns: Sendable {
    private static let most = 4
    private var kept: [LogColumns] = []

    /// Keeps the memory of empty columns where it is of a full page.
    mutating func keep(_ columns: LogColumns, pageSize: Int) {
        let capacity = columns.lineBytes.capacity
        guard kept.count < Self.most, capacity >= pageSize / 2, capacity <= pageSize * 2 else { return }
        kept.append(columns)
    }

    mutating func take() -> LogColumns? { kept.popLast() }
}

/// Lines on their way from memory to segments: still what queries read, no longer what writes go to.
final class LogFrozenHead: Sendable {
    let streams: [UInt32: (stream: LogStream, pages: [LogHeadPage])]
    /// Last write in it.
    let sequence: UInt64
    /// Segments of the write-ahead log before this one hold nothing that is not in it.
    let firstNeededLog: UInt64
    let last: Int64
    let footprint: Int

    init(streams: [UInt32: (stream: LogStream, pages: [LogHeadPage])], sequence: UInt64, firstNeededLog: UInt64) {
        self.streams = streams
        self.sequence = sequence
        self.firstNeededLog = firstNeededLog
        last = streams.values.lazy.flatMap(\.pages).map(\.last).max() ?? .min
        footprint = streams.values.reduce(0) { $0 + LogStreamHead.overhead + $1.pages.reduce(0) { $0 + $1.footprint } }
    }
}
