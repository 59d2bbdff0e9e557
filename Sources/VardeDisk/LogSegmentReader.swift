import VardeKernels

/// Reads the records of one log segment through a window of bounded size, verifying each, and goes on behind damage.
struct LogSegmentReader {
    /// How a reading ended.
    struct Outcome {
        var damage: [WriteAheadLog.Damage] = []
        /// Behind the last sound record.
        var end = LogFormat.headerSize
        /// Why the bytes behind `end` are not a record, where there are any.
        var tail: String?
    }

    let path: String
    private let file: any File
    private let header: LogFormat.Header
    private var end: Int
    /// Where the next record begins.
    private(set) var offset = LogFormat.headerSize
    private var outcome = Outcome()
    private var bad: (offset: Int, reason: String)?
    private var window: [UInt8] = []
    private var windowStart = 0

    /// Bytes read at once; more only for a larger record.
    private static let windowSize = 1 << 20

    /// - Parameter limit: where the segment's part of the log ends, as the segment behind it says; nil for the last.
    init(path: String, file: any File, header: LogFormat.Header, limit: Int?) throws(DiskError) {
        self.path = path
        self.file = file
        self.header = header
        let size = try file.size()
        end = min(size, limit ?? size)
    }

    /// Gives each sound record to `body` in order.
    mutating func read(_ body: (_ kind: UInt8, _ payload: Span<UInt8>) throws -> Void) throws -> Outcome {
        while try advance(body) {}
        outcome.tail = bad?.reason
        return outcome
    }

    /// Gives the next sound record to `body`; false where there is none.
    mutating func advance(_ body: (_ kind: UInt8, _ payload: Span<UInt8>) throws -> Void) throws -> Bool {
        while offset < end {
            guard try load(offset, LogFormat.recordHeaderSize) else {
                note("the record's frame is cut off")
                return false
            }
            guard let length = frame(at: offset) else {
                note("the frame of a record does not match its checksum")
                offset = try nextFrame(from: offset + 1)
                continue
            }
            let next = offset + LogFormat.recordHeaderSize + length
            guard try load(offset, LogFormat.recordHeaderSize + length) else {
                note("a record of \(length) bytes is cut off")
                return false
            }
            let place = (offset - windowStart)..<(next - windowStart)
            guard isSound(place) else {
                note("a record of \(length) bytes does not match its checksum")
                offset = next
                continue
            }
            // Sound records, or a mark, behind it: what was not sound is no torn end.
            if let bad { outcome.damage.append(WriteAheadLog.Damage(path: path, offset: bad.offset, reason: bad.reason)) }
            bad = nil
            if isMark(place) {
                outcome.end = offset
                offset = next
                continue
            }
            do {
                let record = window.span.extracting(place)
                try body(record[12], record.extracting(13...))
            }
            offset = next
            outcome.end = next
            return true
        }
        return false
    }

    /// Whether the record at a place of the window matches its checksum.
    private func isSound(_ place: Range<Int>) -> Bool {
        let record = window.span.extracting(place)
        return CRC32C.checksum(record.extracting(12...)) == Bytes.load32(record, at: 4)
    }

    /// Whether the sound record at a place of the window only says that what is before it was acknowledged.
    private func isMark(_ place: Range<Int>) -> Bool {
        place.count == LogFormat.recordHeaderSize && window.span[place.lowerBound + 12] == LogFormat.markKind
    }

    private mutating func note(_ reason: String) { if bad == nil { bad = (offset, reason) } }

    /// Moves the end of what is read, for a segment that grows. Bytes up to there are whole records.
    mutating func extend(to end: Int) {
        self.end = max(self.end, end)
    }

    /// Brings bytes into the window; false where the segment ends before.
    private mutating func load(_ offset: Int, _ count: Int) throws(DiskError) -> Bool {
        if offset + count > end { return false }
        if offset >= windowStart, offset + count <= windowStart + window.count { return true }
        try file.read(at: offset, count: min(max(count, Self.windowSize), end - offset), into: &window)
        windowStart = offset
        return window.count >= count
    }

    /// Length of the payload of the record there, nil without a sound frame. The frame is in the window.
    private func frame(at offset: Int) -> Int? {
        let bytes = window.span
        let at = offset - windowStart
        let length = Bytes.load32(bytes, at: at)
        guard length <= LogFormat.maxPayload else { return nil }
        guard CRC32C.checksum(bytes.extracting(at..<(at + 8)), seed: header.salt) == Bytes.load32(bytes, at: at + 8) else { return nil }
        return Int(length)
    }

    /// Offset of the next sound frame, or the segment's end.
    private mutating func nextFrame(from start: Int) throws(DiskError) -> Int {
        var offset = start
        while try load(offset, LogFormat.recordHeaderSize) {
            if frame(at: offset) != nil { return offset }
            offset += 1
        }
        return end
    }
}
