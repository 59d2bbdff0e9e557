import Synchronization
package import VardeDisk
import VardeKernels
import VardeModel

/// The time-series store: a head in memory behind a write-ahead log, and immutable blocks.
///
/// A sample goes to the log and the head under one lock, and is acknowledged once the log is synced. When the head is large or old it
/// is cut: written to a block for each day it touches, entered in the catalog, and only then its log segments go. Blocks of a day are
/// merged as they gather. Readers see the head, heads being written and blocks as one; of several samples with one timestamp the one
/// that came last stands.
package final class MetricStore: Sendable {
    /// State behind the lock. Nothing here touches a disk.
    struct State {
        var table = SeriesTable()
        var samples = HeadSamples()
        /// What appending has to know of each series, parallel to the table.
        var edges: [SeriesEdge] = []
        /// Series of senders' label bytes.
        var seriesOfBytes = LabelBytesCache()
        /// The stretch of the log being written: a series is defined once in each, and its values start anew there.
        var epoch: UInt32 = 1
        /// Whether the head holds samples the log did not take: what looks like a repetition is then logged all the same.
        var holdsUnlogged = false
        /// What that stretch knows of labels.
        var definitions = DefinitionWriter()
        /// Number of the next log record.
        var logSequence: UInt32 = 0
        /// When series were last renumbered: part of every ref, so that older refs are known for stale.
        var generation: UInt32 = 1
        var headSince: Int64?
        /// Whether a series was refused since the last cut as there are as many as may be.
        var wantsRoom = false
        /// When samples came last.
        var latestAppend: Int64 = 0
        var frozen: [FrozenHead] = []
        var blocks: [Block] = []
        /// What of them is deleted, by name; a block that is no longer live may stand here until its file is gone.
        var tombstones: [String: BlockTombstones] = [:]
        var nextSequence: UInt64 = 1
        /// First segment of the log that a restart needs, and the first that is still there for others.
        var walStart: UInt64 = 0
        var walKept: UInt64 = 0
        var statistics = MetricStoreStatistics()
        /// Storage of the last log record, used again by the next.
        var recordStorage: [UInt8] = []
    }

    /// A head that is being written to blocks.
    struct FrozenHead: Sendable {
        var id: UInt64
        var samples: HeadSamples
        var table: SeriesTable
    }

    let directory: String
    let fileSystem: any FileSystem
    let catalog: Catalog
    let options: MetricStoreOptions
    let log: WriteAheadLog
    /// Who passes on what the log holds, and how far they have come.
    package let holds: LogHolds
    let state = Mutex(State())
    /// Held by whoever cuts, merges, drops or deletes: one at a time, and never under `state`.
    let maintenance = Mutex(())
    let bytesHash = KeyedHash()
    /// Milliseconds since the epoch.
    let clock: @Sendable () -> Int64
    /// What was found amiss at opening.
    package let damage: [String]

    static let storeName = "metrics"
    static let walStartSetting = "metrics.wal_start"

    private init(
        directory: String, fileSystem: any FileSystem, catalog: Catalog, options: MetricStoreOptions, log: WriteAheadLog,
        holds: LogHolds, damage: [String], clock: @escaping @Sendable () -> Int64
    ) {
        self.directory = directory
        self.fileSystem = fileSystem
        self.catalog = catalog
        self.options = options
        self.log = log
        self.holds = holds
        self.damage = damage
        self.clock = clock
    }

    /// Opens the store in a directory, made where it is absent: opens the blocks the catalog names, removes unfinished files, replays the log.
    package static func open(
        directory: String, fileSystem: any FileSystem, catalog: Catalog, options: MetricStoreOptions, clock: @escaping @Sendable () -> Int64
    ) throws -> MetricStore {
        try fileSystem.makeDirectories(directory + "/blocks")
        try fileSystem.removeTemporaries(in: directory + "/blocks")
        try fileSystem.removeTemporaries(in: directory)
        var damage: [String] = []
        var recovery = Recovery(options: options)
        let live = try catalog.files(of: storeName)
        for entry in live {
            do {
                recovery.state.blocks.append(
                    try Block(path: directory + "/blocks/" + entry.name, name: entry.name, level: entry.level, fileSystem: fileSystem))
            } catch let error as DiskError where error.isDestroyed {
                try forget(entry, directory: directory, fileSystem: fileSystem, catalog: catalog)
                damage.append("\(error): it is removed")
            } catch let error as DiskError {
                if error.isLocked { throw error }
                damage.append("\(error)")
            }
        }
        try adoptUnlisted(
            directory: directory, fileSystem: fileSystem, catalog: catalog, live: live, damage: &damage, into: &recovery.state)
        do throws(DiskError) {
            recovery.state.tombstones = try TombstonesFile.read(directory + "/" + TombstonesFile.name, fileSystem: fileSystem)
        } catch {
            // Bytes that are damaged stay damaged; anything else may go better at the next start.
            if error.code != 0 || error.isLocked { throw error }
            damage.append("\(error): samples that were deleted and not yet rewritten show again, delete them once more")
        }
        // A merged block's name has a higher number than its place in the order: both count. So do names with deletions, which must not
        // come again for another block.
        let names = live.map(\.name) + recovery.state.blocks.map(\.name) + recovery.state.tombstones.keys
        let numbers = recovery.state.blocks.map(\.sequence) + names.compactMap { UInt64($0.prefix { $0 != "." }, radix: 16) }
        recovery.state.nextSequence = (numbers.max() ?? 0) + 1
        if !recovery.state.tombstones.isEmpty { try catalog.expect([TombstonesFile.expected]) }
        let walStart = try catalog.setting(walStartSetting).flatMap { UInt64($0) } ?? 0
        let (log, logDamage) = try WriteAheadLog.open(
            directory: directory + "/wal", fileSystem: fileSystem,
            mode: options.syncInterval > 0 ? .interval(milliseconds: options.syncInterval) : .every,
            firstSegment: max(walStart, 1), from: walStart
        ) { _, kind, payload in recovery.replay(kind: kind, payload) }
        try catalog.expect([WriteAheadLog.expected(of: storeName)])
        let holds = try LogHolds(catalog: catalog, store: storeName)
        // From here on the log defines series anew.
        try holds.mark(log.firstOwnSegment, at: clock())
        damage += logDamage.map(\.description)
        if recovery.unreadable > 0 { damage.append("\(directory)/wal: \(recovery.unreadable) records could not be understood") }
        let store = MetricStore(
            directory: directory, fileSystem: fileSystem, catalog: catalog, options: options, log: log, holds: holds, damage: damage,
            clock: clock)
        recovery.state.walStart = walStart
        let recovered = recovery.finish(now: clock())
        let damaged = damage.count
        store.state.withLock {
            $0 = recovered
            $0.statistics.damagedFiles = damaged
        }
        return store
    }

    /// Removes a block nobody can read any more, as the keys of its day were destroyed.
    private static func forget(_ entry: Catalog.Entry, directory: String, fileSystem: any FileSystem, catalog: Catalog) throws {
        try catalog.change(add: [], remove: [(storeName, entry.name)])
        try? fileSystem.remove(directory + "/blocks/" + entry.name)
    }

    /// Blocks on disk the catalog does not name. With a catalog that names others, they are left-overs of a crash before or after their
    /// transaction, and removed; one that knows nothing of this store was lost (or never was), and it is made anew from the files, in
    /// one step.
    private static func adoptUnlisted(
        directory: String, fileSystem: any FileSystem, catalog: Catalog, live: [Catalog.Entry], damage: inout [String],
        into state: inout State
    ) throws {
        let names = Set(live.map(\.name))
        let unlisted = try fileSystem.list(directory + "/blocks").filter { $0.hasSuffix(".block") && !names.contains($0) }
        // A catalog that was ever opened by this store says where the log starts.
        let catalogIsNew = try catalog.setting(walStartSetting) == nil
        var adopted: [Block] = []
        for name in unlisted.sorted() {
            let path = directory + "/blocks/" + name
            guard catalogIsNew else {
                try fileSystem.remove(path)
                continue
            }
            do {
                adopted.append(try Block(path: path, name: name, level: 0, fileSystem: fileSystem))
                damage.append("\(path): not in the catalog; taken in again")
            } catch let error as DiskError where error.code != 0 || error.isLocked {
                // Not damaged, but not to be read now: an adoption takes all there are.
                throw error
            } catch let error as DiskError {
                damage.append("\(error)")
            }
        }
        if catalogIsNew { try catalog.change(add: adopted.map(\.entry), remove: [], settings: [(name: walStartSetting, value: "0")]) }
        state.blocks += adopted
    }

    package var statistics: MetricStoreStatistics {
        let logged = log.statistics
        var statistics = state.withLock { state -> MetricStoreStatistics in
            var statistics = state.statistics
            statistics.series = state.table.count
            statistics.labelPairs = state.table.pairCount
            statistics.headSamples = state.samples.count
            statistics.headFirst = state.samples.isEmpty ? 0 : state.samples.first
            statistics.headLast = state.samples.isEmpty ? 0 : state.samples.last
            statistics.blocks = state.blocks.count
            statistics.oldest = (state.blocks.map(\.first) + (state.samples.isEmpty ? [] : [state.samples.first])).min()
            statistics.tombstones = state.tombstones.values.reduce(0) { $0 + $1.spans.count }
            statistics.blockBytes = state.blocks.reduce(0) { $0 + $1.size }
            statistics.blockSamples = state.blocks.reduce(0) { $0 + $1.samples }
            return statistics
        }
        statistics.walBytes = (try? log.diskBytes()) ?? 0
        statistics.walSyncs = logged.syncs
        statistics.walSyncNanoseconds = logged.syncNanoseconds
        statistics.walFailures = logged.failures
        return statistics
    }

    /// Where the most series come from; see `SeriesTable.top`.
    package func top(_ limit: Int) -> (byMetric: [(String, Int)], byLabel: [(String, Int)], byPair: [(String, Int)]) {
        state.withLock { $0.table.top(limit) }
    }

    /// Verifies every file; what does not check, in words.
    package func verify() -> [String] { state.withLock { $0.blocks }.flatMap { $0.verify() } }

    /// Syncs what was appended, and writes a head of some size to blocks, so that the next start has little to read.
    package func close() throws(DiskError) {
        maintenance.withLock { _ in
            // Where blocks cannot be written, the log has it all.
            let count = state.withLock { $0.samples.count }
            if count >= options.leastSamplesCut { try? cutHead() }
            try? retryFrozen()
        }
        try log.close()
    }
}

extension Block {
    var entry: Catalog.Entry {
        Catalog.Entry(name: name, store: MetricStore.storeName, first: first, last: last, bytes: size, items: samples, level: level)
    }
}
