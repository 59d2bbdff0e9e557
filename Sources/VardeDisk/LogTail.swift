import Synchronization
import VardeKernels

/// A place in a log that outlives the process: a segment, and how many of its sound records lie before.
package struct LogCursor: Sendable, Comparable, CustomStringConvertible {
    package var segment: UInt64
    package var record: Int

    package init(segment: UInt64, record: Int = 0) {
        self.segment = segment
        self.record = record
    }

    /// Reads the form of `description`.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let segment = UInt64(parts[0]), let record = Int(parts[1]), record >= 0 else { return nil }
        self.init(segment: segment, record: record)
    }

    package var description: String { "\(segment):\(record)" }

    package static func < (a: LogCursor, b: LogCursor) -> Bool { (a.segment, a.record) < (b.segment, b.record) }
}

/// Reads a log's records while it is written, from a cursor on; only what is synced. Memory is one window of a segment.
package struct LogTail {
    private let log: WriteAheadLog
    /// Behind the last record given.
    package private(set) var cursor: LogCursor
    /// Segments that were gone when their turn came.
    package private(set) var missingSegments = 0
    /// Bytes of records given.
    package private(set) var bytesRead = 0
    private var reader: LogSegmentReader?
    private var isClosed = false

    /// A cursor beyond the log's end, as after a backup was brought back, becomes that end.
    package init(_ log: WriteAheadLog, from cursor: LogCursor) {
        self.log = log
        let last = max(log.firstOwnSegment, log.readable.segment + 1)
        self.cursor = cursor.segment > last ? LogCursor(segment: last) : cursor
    }

    /// Gives the next record, with its place, to `body`; false where there is none yet.
    ///
    /// - Throws: `DiskError` where a file cannot be read, or what `body` throws; the record counts as not given then.
    package mutating func next(_ body: (_ place: LogCursor, _ kind: UInt8, _ payload: Span<UInt8>) throws -> Void) throws -> Bool {
        while true {
            if reader == nil, try !openSegment() { return false }
            try extend()
            let place = cursor
            let offset = reader?.offset ?? 0
            if try reader?.advance({ try body(place, $0, $1) }) == true {
                bytesRead += (reader?.offset ?? 0) - offset
                cursor.record += 1
                return true
            }
            guard isClosed else { return false }
            reader = nil
            cursor = LogCursor(segment: cursor.segment + 1)
        }
    }

    /// Bytes of the log that are not given yet.
    package func bytesLeft() throws(DiskError) -> Int {
        let readable = log.readable
        if cursor.segment > readable.segment { return 0 }
        var left = 0
        for number in try log.segmentsOnDisk() where number >= cursor.segment && number <= readable.segment {
            left += number == readable.segment ? readable.end : try log.fileSystem.size(of: log.path(of: number))
        }
        return max(0, left - (reader?.offset ?? 0))
    }

    /// Lets the reader see what was synced meanwhile.
    private mutating func extend() throws(DiskError) {
        if isClosed { return }
        let readable = log.readable
        if cursor.segment == readable.segment {
            reader?.extend(to: readable.end)
        } else if cursor.segment < readable.segment {
            reader?.extend(to: try log.closedEnd(of: cursor.segment))
            isClosed = true
        }
    }

    /// Opens the segment the cursor is in, or the first one behind where it is gone, and passes what the cursor says is done.
    private mutating func openSegment() throws -> Bool {
        guard let number = try log.segmentsOnDisk().first(where: { $0 >= cursor.segment }) else { return false }
        if number > cursor.segment {
            missingSegments += Int(number - cursor.segment)
            cursor = LogCursor(segment: number)
        }
        let path = log.path(of: number)
        let file = try log.fileSystem.open(path, .read)
        isClosed = false
        guard let header = try WriteAheadLog.header(of: file, path: path), header.number == number else {
            // Damaged: nothing in it can be told apart.
            guard number < log.readable.segment else { return false }
            missingSegments += 1
            cursor = LogCursor(segment: number + 1)
            return try openSegment()
        }
        reader = try LogSegmentReader(path: path, file: file, header: header, limit: LogFormat.headerSize)
        try extend()
        for _ in 0..<cursor.record where try reader?.advance({ _, _ in }) != true { break }
        return true
    }
}

extension WriteAheadLog {
    /// The last segment with synced records, and where they end in it.
    var readable: (segment: UInt64, end: Int) { state.withLock { $0.readable } }

    /// The newest place readers can reach.
    package var readableEnd: (segment: UInt64, end: Int) { readable }

    func path(of segment: UInt64) -> String { directory + "/" + LogFormat.name(of: segment) }

    func segmentsOnDisk() throws(DiskError) -> [UInt64] {
        try fileSystem.list(directory).compactMap(LogFormat.segment).sorted()
    }

    /// Where the part of a segment that belongs to the log ends, as the one behind it says.
    func closedEnd(of segment: UInt64) throws(DiskError) -> Int {
        let path = path(of: segment + 1)
        guard fileSystem.exists(path), let header = try Self.header(of: fileSystem.open(path, .read), path: path) else {
            return try fileSystem.size(of: self.path(of: segment))
        }
        return Int(header.before)
    }

    /// The first segment such that it and those behind it take no more than so many bytes; the one being written is always among them.
    package func firstSegment(within bytes: Int) throws(DiskError) -> UInt64 {
        var total = 0
        var first = readable.segment
        for number in try segmentsOnDisk().reversed() {
            total += try fileSystem.size(of: path(of: number))
            if total > bytes { break }
            first = min(first, number)
        }
        return first
    }
}
