import Dispatch
import Synchronization
import VardeKernels

/// The log that makes an acknowledgement true: records are appended in order, and one `fdatasync` serves all who wait for it.
///
/// Records are buffered by `appendBuffered`; `sync` returns once a sync that covers the position has returned. A disk that is full or
/// failing fails those who wait and loses nothing: what was not synced stays in memory, in order, and is written when the next call
/// finds room. After a failed sync the segment is left at its last synced length and everything since goes to a new one, as pages of
/// a failed sync cannot be trusted. Layout: `LogFormat`.
package final class WriteAheadLog: Sendable {
    /// A place in the log, in bytes since it was opened.
    package struct Position: Comparable, Sendable {
        var bytes: UInt64
        package static func < (a: Position, b: Position) -> Bool { a.bytes < b.bytes }
    }

    /// When a waiting caller is answered.
    package enum SyncMode: Sendable {
        /// After the sync.
        case every
        /// After the write; synced at least once in so many milliseconds.
        case interval(milliseconds: Int)
    }

    /// What has been done since the log was opened.
    package struct Statistics: Sendable {
        package var records = 0
        package var bytes = 0
        package var syncs = 0
        package var failures = 0
        package var syncNanoseconds: UInt64 = 0
        /// Bytes appended and not yet synced.
        package var pendingBytes = 0
        package var segment: UInt64 = 0
    }

    /// Something in the log that is not what was written.
    package struct Damage: Sendable, Equatable, CustomStringConvertible {
        package var path: String
        package var offset: Int
        package var reason: String
        package var description: String { "\(path) at byte \(offset): \(reason)" }
    }

    /// Most bytes that may wait for the disk; beyond it appending fails.
    package static let maxPending = 256 << 20

    private struct State {
        var pending: [UInt8] = []
        /// Runs of records that are each to end their segment, oldest first; `pending` comes behind them.
        var sealed: [[UInt8]] = []
        /// Everything up to here has been appended, and everything up to there is durable.
        var appended: UInt64 = 0
        var durable: UInt64 = 0
        var waiting: [(position: UInt64, resume: @Sendable (DiskError?) -> Void)] = []
        var flushScheduled = false
        var statistics = Statistics()
    }

    /// The file being written; touched on `queue` alone.
    private final class Writer: @unchecked Sendable {
        var file: (any File)?
        var segment: UInt64
        var offset = 0
        var lastSync = DispatchTime.now().uptimeNanoseconds
        /// Runs taken from the state that no sync covers yet; all but the last end their segment.
        var unsynced: [[UInt8]] = [[]]
        /// First segment behind the last cut carried out.
        var cutSegment: UInt64
        init(segment: UInt64) {
            self.segment = segment
            cutSegment = segment
        }
    }

    private let directory: String
    private let fileSystem: any FileSystem
    private let mode: SyncMode
    private let segmentSize: Int
    private let state = Mutex(State())
    private let writer: Writer
    private let queue = DispatchQueue(label: "varde.wal")

    private init(directory: String, fileSystem: any FileSystem, mode: SyncMode, segmentSize: Int, nextSegment: UInt64) {
        self.directory = directory
        self.fileSystem = fileSystem
        self.mode = mode
        self.segmentSize = segmentSize
        writer = Writer(segment: nextSegment)
    }

    /// Opens a log directory, made where it is absent, and replays what is in it; new records go to a new segment.
    ///
    /// `firstSegment` is where a log begins whose segments were all removed: numbers never come again. Replay reads a segment at a time. `replay` is given each record's segment, kind and payload in order.
    /// - Returns: the log, and the damage found on the way (a torn end of the last segment is none).
    package static func open(
        directory: String, fileSystem: any FileSystem, mode: SyncMode = .every, segmentSize: Int = LogFormat.segmentSize,
        firstSegment: UInt64 = 1, replay: (_ segment: UInt64, _ kind: UInt8, _ payload: Span<UInt8>) throws -> Void
    ) throws -> (log: WriteAheadLog, damage: [Damage]) {
        try fileSystem.makeDirectories(directory)
        let segments = try fileSystem.list(directory).compactMap(LogFormat.segment).sorted()
        var damage: [Damage] = []
        for segment in segments {
            let path = directory + "/" + LogFormat.name(of: segment)
            damage += try read(path, isLast: segment == segments.last, fileSystem: fileSystem) { kind, payload in
                try replay(segment, kind, payload)
            }
        }
        let log = WriteAheadLog(
            directory: directory, fileSystem: fileSystem, mode: mode, segmentSize: segmentSize,
            nextSegment: max((segments.last ?? 0) + 1, firstSegment))
        return (log, damage)
    }

    /// Reads the records of one segment, verifying each.
    package static func read(
        _ path: String, isLast: Bool, fileSystem: any FileSystem, _ body: (_ kind: UInt8, _ payload: Span<UInt8>) throws -> Void
    ) throws -> [Damage] {
        let bytes = try fileSystem.read(path)
        // A crash between making the file and syncing its first bytes leaves it short or empty.
        if bytes.count < LogFormat.headerSize {
            return isLast || bytes.isEmpty ? [] : [Damage(path: path, offset: 0, reason: "the segment's header is cut off")]
        }
        guard Array(bytes[0..<4]) == LogFormat.magic else { return [Damage(path: path, offset: 0, reason: "not a log segment")] }
        let version = UInt16(bytes[4]) | UInt16(bytes[5]) << 8
        guard version == LogFormat.version else {
            throw DiskError(damaged: path, "log version \(version) is not known to this Varde (it knows \(LogFormat.version))")
        }
        let span = bytes.span
        var offset = LogFormat.headerSize
        while offset < bytes.count {
            guard offset + LogFormat.recordHeaderSize <= bytes.count else {
                return isLast ? [] : [Damage(path: path, offset: offset, reason: "the last record is cut off")]
            }
            let length = Int(Bytes.load32(span, at: offset))
            let end = offset + LogFormat.recordHeaderSize + length
            guard length <= LogFormat.maxPayload, end <= bytes.count else {
                return isLast ? [] : [Damage(path: path, offset: offset, reason: "a record of \(length) bytes is cut off")]
            }
            guard CRC32C.checksum(span.extracting((offset + 8)..<end)) == Bytes.load32(span, at: offset + 4) else {
                // The torn end of a log that was being written, or damage with good records behind it.
                if isLast, end == bytes.count || !hasRecord(span, from: end) { return [] }
                return [Damage(path: path, offset: offset, reason: "a record does not match its checksum")]
            }
            try body(bytes[offset + 8], span.extracting((offset + LogFormat.recordHeaderSize)..<end))
            offset = end
        }
        return []
    }

    /// Whether a whole record begins exactly there.
    private static func hasRecord(_ bytes: Span<UInt8>, from offset: Int) -> Bool {
        guard offset + LogFormat.recordHeaderSize <= bytes.count else { return false }
        let length = Int(Bytes.load32(bytes, at: offset))
        let end = offset + LogFormat.recordHeaderSize + length
        guard length <= LogFormat.maxPayload, end <= bytes.count else { return false }
        return CRC32C.checksum(bytes.extracting((offset + 8)..<end)) == Bytes.load32(bytes, at: offset + 4)
    }

    package var statistics: Statistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.pendingBytes = Int(state.appended - state.durable)
            return statistics
        }
    }

    /// The position behind the last record appended.
    package var end: Position { Position(bytes: state.withLock { $0.appended }) }

    /// Adds a record behind all others; in memory only until a `sync` covers the position returned.
    ///
    /// - Throws: no-space where more than `maxPending` bytes wait for a disk that does not take them.
    package func appendBuffered(kind: UInt8, _ payload: Span<UInt8>) throws(DiskError) -> Position {
        precondition(payload.count <= LogFormat.maxPayload, "a log record is larger than its limit")
        let full = state.withLock { Int($0.appended - $0.durable) + payload.count > Self.maxPending }
        if full { throw DiskError(.write, directory, code: 28) }
        var header: [UInt8] = [kind]
        let checksum = CRC32C.checksum(payload, seed: CRC32C.checksum(header.span))
        header.removeAll()
        Bytes.append32(UInt32(payload.count), to: &header)
        Bytes.append32(checksum, to: &header)
        header.append(kind)
        return state.withLock { state in
            state.pending.append(contentsOf: header)
            Bytes.append(payload, to: &state.pending)
            state.appended += UInt64(LogFormat.recordHeaderSize + payload.count)
            state.statistics.records += 1
            return Position(bytes: state.appended)
        }
    }

    /// Returns once everything up to the position survives a power cut (mode `every`) or the process' death (mode `interval`).
    package func sync(through position: Position) async throws(DiskError) {
        let failure: DiskError? = await withCheckedContinuation { continuation in
            wait(for: position) { continuation.resume(returning: $0) }
        }
        if let failure { throw failure }
    }

    /// As `sync`, for callers on a thread that may block.
    package func syncBlocking(through position: Position) throws(DiskError) {
        let done = DispatchSemaphore(value: 0)
        let outcome = Mutex<DiskError?>(nil)
        wait(for: position) { error in
            outcome.withLock { $0 = error }
            done.signal()
        }
        done.wait()
        if let failure = outcome.withLock({ $0 }) { throw failure }
    }

    private func wait(for position: Position, _ resume: @escaping @Sendable (DiskError?) -> Void) {
        let (isDurable, mustSchedule) = state.withLock { state -> (Bool, Bool) in
            if state.durable >= position.bytes { return (true, false) }
            state.waiting.append((position.bytes, resume))
            defer { state.flushScheduled = true }
            return (false, !state.flushScheduled)
        }
        if isDurable { return resume(nil) }
        if mustSchedule { queue.async { self.flushAll() } }
    }

    /// Writes and syncs until nobody waits. Runs on `queue`.
    private func flushAll() {
        while true {
            let error = flushOnce()
            let (ready, again) = state.withLock { state -> ([@Sendable (DiskError?) -> Void], Bool) in
                let done = state.waiting.filter { error != nil || $0.position <= state.durable }.map(\.resume)
                if error != nil { state.waiting.removeAll() } else { state.waiting.removeAll { $0.position <= state.durable } }
                let again = !state.waiting.isEmpty
                if !again { state.flushScheduled = false }
                return (done, again)
            }
            for resume in ready { resume(error) }
            if !again { return }
        }
    }

    /// Takes what is pending to the disk. Runs on `queue`.
    private func flushOnce() -> DiskError? {
        let (runs, position) = state.withLock { state -> ([[UInt8]], UInt64) in
            var taken: [UInt8] = []
            swap(&taken, &state.pending)
            defer { state.sealed = [] }
            return (state.sealed + [taken], state.appended)
        }
        writer.unsynced[writer.unsynced.count - 1] += runs[0]
        writer.unsynced += runs.dropFirst()
        do throws(DiskError) {
            while true {
                try writeAndSync()
                if writer.unsynced.count == 1 { break }
                // The run ends its segment: what follows begins the next.
                writer.file = nil
                writer.cutSegment = writer.segment
                writer.unsynced.removeFirst()
            }
        } catch {
            state.withLock { $0.statistics.failures += 1 }
            return error
        }
        state.withLock { $0.durable = position }
        return nil
    }

    private func writeAndSync() throws(DiskError) {
        if writer.offset > segmentSize { writer.file = nil }
        if writer.file == nil {
            if writer.unsynced[0].isEmpty { return }
            try begin()
        }
        guard let file = writer.file else { return }
        let bytes = writer.unsynced[0]
        if !bytes.isEmpty {
            do throws(DiskError) {
                try file.write(bytes.span, at: writer.offset)
            } catch {
                // Whatever part was written is cut off again, so that the next attempt starts at a record's edge.
                try? file.truncate(to: writer.offset)
                throw error
            }
        }
        let began = DispatchTime.now().uptimeNanoseconds
        if case .interval(let milliseconds) = mode, began - writer.lastSync < UInt64(milliseconds) * 1_000_000 {
            writer.offset += bytes.count
            writer.unsynced[0] = []
            // Nobody may come after this write: the sync it is owed is arranged now.
            queue.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [weak self] in _ = self?.flushOnce() }
            return
        }
        do throws(DiskError) {
            try file.sync()
        } catch {
            try? file.truncate(to: writer.offset)
            writer.file = nil
            throw error
        }
        let ended = DispatchTime.now().uptimeNanoseconds
        writer.lastSync = ended
        let count = bytes.count
        writer.offset += count
        writer.unsynced[0] = []
        let segment = writer.segment - 1
        state.withLock { state in
            state.statistics.syncs += 1
            state.statistics.bytes += count
            state.statistics.syncNanoseconds += ended - began
            state.statistics.segment = segment
        }
    }

    /// Begins the next segment. Runs on `queue`.
    private func begin() throws(DiskError) {
        let path = directory + "/" + LogFormat.name(of: writer.segment)
        var header = LogFormat.magic
        header += [UInt8(truncatingIfNeeded: LogFormat.version), UInt8(LogFormat.version >> 8), 0, 0]
        Bytes.append64(writer.segment, to: &header)
        let file = try fileSystem.open(path, .create)
        try file.truncate(to: 0)
        try file.write(header.span, at: 0)
        try file.sync()
        try fileSystem.syncDirectory(directory)
        writer.file = file
        writer.offset = LogFormat.headerSize
        writer.segment += 1
    }

    /// Marks the end of a segment: records appended before are in segments before the one whose number `finishCut` returns, records
    /// appended after are in that one or later. Touches no disk, so it may be called under a lock.
    package func markCut() {
        state.withLock { state in
            var run: [UInt8] = []
            swap(&run, &state.pending)
            state.sealed.append(run)
        }
    }

    /// Carries out the cuts marked so far and returns the number of the first segment behind the last of them.
    ///
    /// Blocks until everything appended before is synced.
    package func finishCut() throws(DiskError) -> UInt64 {
        let result: Result<UInt64, DiskError> = queue.sync {
            if let error = flushOnce() { return .failure(error) }
            return .success(writer.cutSegment)
        }
        return try result.get()
    }

    /// Removes segments with smaller numbers: what is in them is kept elsewhere.
    package func removeSegments(before segment: UInt64) throws(DiskError) {
        for number in try fileSystem.list(directory).compactMap(LogFormat.segment) where number < segment {
            try fileSystem.remove(directory + "/" + LogFormat.name(of: number))
        }
        try fileSystem.syncDirectory(directory)
    }

    /// Bytes of all segments on disk.
    package func diskBytes() throws(DiskError) -> Int {
        var total = 0
        for name in try fileSystem.list(directory) where LogFormat.segment(of: name) != nil {
            total += try fileSystem.size(of: directory + "/" + name)
        }
        return total
    }
}
