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
        /// Bytes written and synced.
        package var bytes = 0
        package var syncs = 0
        /// Times a write or a sync failed.
        package var failures = 0
        package var syncNanoseconds: UInt64 = 0
        /// The longest of the syncs.
        package var slowestSyncNanoseconds: UInt64 = 0
        /// Bytes appended and not yet synced.
        package var pendingBytes = 0
        /// Number of the segment written last, 0 before the first.
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

    struct State {
        var pending: [UInt8] = []
        /// An empty buffer with room, for when `pending` is taken.
        var spare: [UInt8] = []
        /// Runs of records that are each to end their segment, oldest first; `pending` comes behind them.
        var sealed: [[UInt8]] = []
        /// Everything up to here has been appended, may be acknowledged, is synced.
        var appended: UInt64 = 0
        var durable: UInt64 = 0
        var synced: UInt64 = 0
        var waiting: [(position: UInt64, resume: @Sendable (DiskError?) -> Void)] = []
        var flushScheduled = false
        var statistics = Statistics()
        /// Up to where readers may read: the last segment with synced records, and their end in it.
        var readable: (segment: UInt64, end: Int)
    }

    let directory: String
    let fileSystem: any FileSystem
    let mode: SyncMode
    let segmentSize: Int
    /// Goes into the frames of all records appended here: see `LogFormat`.
    let salt: UInt32
    let state: Mutex<State>
    let writer: Writer
    /// What the file of that name says.
    let extent: Mutex<LogExtent>
    /// Number of the first segment that is written since the log was opened.
    package let firstOwnSegment: UInt64
    let queue = DispatchQueue(label: "varde.wal")

    init(
        directory: String, fileSystem: any FileSystem, mode: SyncMode, segmentSize: Int, nextSegment: UInt64, before: Int, extent: LogExtent
    ) {
        self.directory = directory
        self.fileSystem = fileSystem
        self.mode = mode
        self.segmentSize = segmentSize
        salt = UInt32.random(in: 0...UInt32.max)
        writer = Writer(segment: nextSegment, before: before)
        self.extent = Mutex(extent)
        firstOwnSegment = nextSegment
        state = Mutex(State(readable: (nextSegment - 1, before)))
    }

    package var statistics: Statistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.pendingBytes = Int(state.appended - state.synced)
            return statistics
        }
    }

    /// The position behind the last record appended.
    package var end: Position { Position(bytes: state.withLock { $0.appended }) }

    /// Adds a record behind all others; in memory only until a `sync` covers the position returned. Touches no disk.
    ///
    /// - Throws: no-space where more than `maxPending` bytes wait for a disk that does not take them.
    package func appendBuffered(kind: UInt8, _ payload: Span<UInt8>) throws(DiskError) -> Position {
        precondition(payload.count <= LogFormat.maxPayload, "a log record is larger than its limit")
        precondition(kind != LogFormat.markKind, "the kind of marks is the log's own")
        let header = LogFormat.recordHeader(kind: kind, payload, salt: salt)
        let size = header.count + payload.count
        let position = state.withLock { state -> Position? in
            if Int(state.appended - state.synced) + size > Self.maxPending { return nil }
            state.pending.append(contentsOf: header)
            Bytes.append(payload, to: &state.pending)
            state.appended += UInt64(size)
            state.statistics.records += 1
            return Position(bytes: state.appended)
        }
        guard let position else { throw DiskError(.write, directory, code: 28) }
        return position
    }

    /// Adds a record and returns once it survives a power cut (mode `every`) or the process' death (mode `interval`).
    package func appendAndSync(kind: UInt8, _ payload: Span<UInt8>) throws(DiskError) {
        try syncBlocking(through: try appendBuffered(kind: kind, payload))
    }

    /// Returns once everything up to the position survives a power cut (mode `every`) or the process' death (mode `interval`).
    package func sync(through position: Position) async throws(DiskError) {
        let failure: DiskError? = await withCheckedContinuation { continuation in
            wait(for: position) { continuation.resume(returning: $0) }
        }
        if let failure { throw failure }
    }

    /// Lets the way to the disk begin for everything up to the position; `sync` tells how it ends.
    package func startSync(through position: Position) { wait(for: position) { _ in } }

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
        if mustSchedule { queue.async { self.flushForWaiting() } }
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
    /// Blocks until everything appended before is synced, whatever the mode.
    package func finishCut() throws(DiskError) -> UInt64 {
        let result: Result<UInt64, DiskError> = queue.sync {
            if let error = flush(syncs: true) { return .failure(error) }
            return .success(writer.cutSegment)
        }
        return try result.get()
    }

    /// Begins a new segment; its number. Everything appended before is synced, in segments before it.
    package func cut() throws(DiskError) -> UInt64 {
        markCut()
        return try finishCut()
    }

    /// Syncs everything, and writes down where the log ends: a part that is cut off afterwards is missed.
    package func close() throws(DiskError) {
        _ = try cut()
        let (last, end) = queue.sync { (writer.segment - 1, UInt64(writer.syncedLength)) }
        try changeExtent { if $0.last == last { $0.end = end } }
    }

    /// Removes segments with smaller numbers, oldest first: what is in them is kept elsewhere.
    package func removeSegments(before segment: UInt64) throws(DiskError) {
        try changeExtent { $0.first = max($0.first, segment) }
        for number in try fileSystem.list(directory).compactMap(LogFormat.segment).sorted() where number < segment {
            try fileSystem.remove(directory + "/" + LogFormat.name(of: number))
        }
        try fileSystem.syncDirectory(directory)
    }

    /// Writes what the log's extent has become, where it has changed.
    func changeExtent(_ change: (inout LogExtent) -> Void) throws(DiskError) {
        try extent.withLock { extent throws(DiskError) in
            var changed = extent
            change(&changed)
            if changed == extent { return }
            try changed.write(in: directory, fileSystem: fileSystem)
            extent = changed
        }
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
