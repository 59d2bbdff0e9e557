import Dispatch
import Synchronization
package import VardeDisk
import VardeKernels
import VardeModel

/// Log lines of many streams: durable when acknowledged, found by what is in them, gone when their time is over.
///
/// A write goes to the write-ahead log and to its streams' heads in memory. Heads are cut to segments, immutable files of one day;
/// what was cut is removed from the log. Everything queries see is one snapshot: heads, heads being cut, segments.
package final class LogStore: LogSink, LogSource {
    struct State {
        var registry = StreamRegistry()
        var heads: [UInt32: LogStreamHead] = [:]
        /// Oldest first.
        var frozen: [LogFrozenHead] = []
        var segments: [LogSegment] = []
        var nextSegment: UInt64 = 1
        /// Number of the last write.
        var sequence: UInt64 = 0
        /// Changes whenever lines move from heads to frozen heads to segments.
        var generation = 0
        /// How often heads were frozen.
        var freezes = 0
        /// Newest time in frozen heads and segments.
        var storedLast = Int64.min
        /// Position of the last record in the write-ahead log.
        var position: WriteAheadLog.Position?
        /// Bytes of open lines, of full pages, and what the streams themselves take.
        var openBytes = 0
        var pageBytes = 0
        var nextSpill = 0
        /// Memory for open pages.
        var spares = SpareColumns()
        /// Bytes in the write-ahead log since the last cut.
        var logBytes = 0
        /// When the oldest line in memory came, by the store's clock.
        var headSince: Int64?
        var retention: LogRetention
        /// What erasures under way conceal.
        var hide: LogHide?
        var isCutScheduled = false
        var isClosed = false
        /// First segment of the write-ahead log that holds what is not in segments, and the first that was not removed.
        var logDone: UInt64 = 0
        var logKept: UInt64 = 0
        /// Whether the write-ahead log may hold what is in segments too: where the catalog was lost, which said how far they reach.
        var replayMayRepeat = false
        var statistics = LogStoreStatistics()

        var headBytes: Int { openBytes + pageBytes + heads.count * LogStreamHead.overhead }
        var totalBytes: Int { headBytes + frozen.reduce(0) { $0 + $1.footprint } }

        mutating func storedChanged() {
            generation += 1
            storedLast = max(segments.map(\.last).max() ?? .min, frozen.map(\.last).max() ?? .min)
        }
    }

    let segmentDirectory: String
    let fileSystem: any FileSystem
    let catalog: Catalog
    let options: LogStoreOptions
    let hash = KeyedHash()
    let state: Mutex<State>
    /// Cuts, compaction and removal run one after the other.
    let maintenance = DispatchQueue(label: "varde.logs.maintenance")
    private let log = Mutex<WriteAheadLog?>(nil)
    /// Who passes on what the write-ahead log holds, and how far they have come.
    package let holds: LogHolds

    /// What was found damaged when the store was opened, in words.
    package var damage: [String] { state.withLock { $0.statistics.damage } }

    var writeAheadLog: WriteAheadLog? { log.withLock { $0 } }

    private init(directory: String, fileSystem: any FileSystem, catalog: Catalog, options: LogStoreOptions) throws {
        segmentDirectory = directory + "/segments"
        holds = try LogHolds(catalog: catalog, store: "logs")
        self.fileSystem = fileSystem
        self.catalog = catalog
        self.options = options
        state = Mutex(State(retention: try LogRetention(standard: options.retention, policies: options.policies)))
    }

    /// Name of the setting that says which writes are in segments.
    static let sequenceSetting = "logs.sequence"

    /// Opens the store in a directory, made where it is absent: live segments, and what the write-ahead log has beyond them.
    package static func open(
        directory: String, fileSystem: any FileSystem, catalog: Catalog, options: LogStoreOptions
    ) throws -> LogStore {
        let store = try LogStore(directory: directory, fileSystem: fileSystem, catalog: catalog, options: options)
        try store.openSegments()
        let done = try catalog.setting(sequenceSetting).flatMap(UInt64.init) ?? 0
        store.state.withLock { $0.sequence = done }
        let (log, damage) = try WriteAheadLog.open(
            directory: directory + "/wal", fileSystem: fileSystem, mode: options.syncMode
        ) { _, kind, payload in
            guard kind == LogRecord.entries else { return }
            let (sequence, writes) = try LogRecord.decode(payload)
            if sequence > done { try store.replay(writes, sequence: sequence, bytes: payload.count) }
        }
        try catalog.expect([WriteAheadLog.expected(of: LogSegmentFormat.store)])
        store.log.withLock { $0 = log }
        try store.holds.mark(log.firstOwnSegment, at: options.now() / 1_000_000)
        store.state.withLock { $0.statistics.damage += damage.map(\.description) }
        return store
    }

    private func openSegments() throws {
        try fileSystem.makeDirectories(segmentDirectory)
        try fileSystem.removeTemporaries(in: segmentDirectory)
        var damage: [String] = []
        let adopted = try handleUnlisted(&damage)
        let entries = try catalog.files(of: LogSegmentFormat.store)
        var registry = StreamRegistry()
        var segments: [LogSegment] = []
        for entry in entries {
            do {
                segments.append(try LogSegment(entry, directory: segmentDirectory, fileSystem: fileSystem) { registry.intern($0) })
            } catch let error as DiskError where error.isDestroyed {
                try catalog.change(add: [], remove: [(LogSegmentFormat.store, entry.name)])
                try? fileSystem.remove(segmentDirectory + "/" + entry.name)
                damage.append("\(error): it is removed")
            } catch let error as DiskError where error.isLocked {
                throw error
            } catch {
                // One damaged file is no reason to withhold all others.
                damage.append("\(error)")
            }
        }
        // Files that could not be taken in keep their names.
        let names = try entries.map(\.name) + fileSystem.list(segmentDirectory)
        let next = (names.compactMap { LogSegmentFormat.number(of: $0) }.max() ?? 0) + 1
        state.withLock { [registry, segments, damage] state in
            state.registry = registry
            state.segments = segments
            state.statistics.damage = damage
            state.nextSegment = next
            state.replayMayRepeat = !adopted.isEmpty
            state.storedChanged()
        }
    }

    /// Segments on disk the catalog does not name. With a catalog in use they were written, but the change that was to make them live did
    /// not happen, or they were merged into others: they are removed. Where the catalog names nothing at all it was lost, and it is made
    /// anew from the files, which are returned.
    private func handleUnlisted(_ damage: inout [String]) throws -> [Catalog.Entry] {
        let live = Set(try catalog.files(of: LogSegmentFormat.store).map(\.name))
        let unlisted = try fileSystem.list(segmentDirectory).filter { LogSegmentFormat.number(of: $0) != nil && !live.contains($0) }
        // A catalog that was ever opened by this store has its sequence.
        let catalogIsNew = try catalog.setting(Self.sequenceSetting) == nil
        var adopted: [Catalog.Entry] = []
        for name in unlisted.sorted() {
            let path = segmentDirectory + "/" + name
            guard catalogIsNew else {
                try fileSystem.remove(path)
                continue
            }
            do {
                adopted.append(try LogSegment.entry(ofFile: name, directory: segmentDirectory, fileSystem: fileSystem))
                damage.append("\(path): not in the catalog; taken in again")
            } catch let error as DiskError where error.code != 0 || error.isLocked {
                throw error
            } catch {
                damage.append("\(error)")
            }
        }
        if catalogIsNew { try catalog.change(add: adopted, remove: [], settings: [(Self.sequenceSetting, "0")]) }
        try fileSystem.syncDirectory(segmentDirectory)
        return adopted
    }

    /// Writes what is in memory to segments and refuses further writes; readers of selections may go on.
    package func close() throws {
        state.withLock { $0.isClosed = true }
        try maintenance.sync { try cut() }
        try writeAheadLog?.close()
        log.withLock { $0 = nil }
    }

    /// Sets how long lines are kept, from the next `maintain` on.
    package func setRetention(_ standard: Int64, policies: [LogRetentionPolicy]) throws {
        let retention = try LogRetention(standard: standard, policies: policies)
        state.withLock { $0.retention = retention }
    }

    /// Time of the oldest line there is, in nanoseconds; nil where there is none.
    package var oldest: Int64? {
        state.withLock { state in
            var firsts = state.segments.map(\.first)
            for frozen in state.frozen { for (_, pages) in frozen.streams.values { firsts += pages.map(\.first) } }
            for head in state.heads.values { firsts += head.pages.map(\.first) + (head.open.count > 0 ? [head.openFirst] : []) }
            return firsts.min()
        }
    }

    /// Lines that expired and were removed since the start.
    package var expiredEntries: Int { state.withLock { $0.statistics.expiredEntries } }

    /// Figures for `/metrics`.
    package var statistics: LogStoreStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.streamsInMemory = state.heads.count
            statistics.streams = state.registry.liveCount
            statistics.memoryBytes = state.totalBytes
            statistics.segments = state.segments.count
            statistics.segmentBytes = state.segments.reduce(0) { $0 + $1.fileSize }
            statistics.filterBytes = state.segments.reduce(0) { $0 + $1.filterBytes }
            statistics.segmentEntries = state.segments.reduce(0) { $0 + $1.entryCount }
            statistics.segmentRawBytes = state.segments.reduce(0) { $0 + $1.rawBytes }
            return statistics
        }
    }
}

/// What a log store has done and holds.
package struct LogStoreStatistics: Sendable {
    package var acceptedEntries = 0
    package var acceptedBytes = 0
    package var duplicateEntries = 0
    /// Entries refused, by reason: `too_new`, `too_old`, `line_too_long`, `labels`, `stream_limit`.
    package var refusedEntries: [String: Int] = [:]
    package var streamsInMemory = 0
    package var streams = 0
    package var memoryBytes = 0
    package var segments = 0
    package var segmentBytes = 0
    package var filterBytes = 0
    package var segmentEntries = 0
    package var segmentRawBytes = 0
    package var cuts = 0
    package var compactions = 0
    package var rewrites = 0
    package var failures = 0
    package var expiredEntries = 0
    /// When lines expired last, in nanoseconds; nil for never since the start.
    package var lastExpiry: Int64?
    /// What was found damaged, in words.
    package var damage: [String] = []
}
