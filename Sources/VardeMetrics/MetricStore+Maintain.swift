import Synchronization
import VardeDisk
import VardeModel

extension MetricStore {
    /// Does what is due: cuts the head, merges blocks, drops what is older than retention. Called every few seconds.
    ///
    /// - Parameter force: cut the head even if it is small and young.
    /// - Throws: the first failure; what was not done is tried again at the next call, and nothing is lost in between.
    package func maintain(now: Int64, force: Bool = false) throws {
        do {
            try maintenance.withLock { _ in try doWhatIsDue(now: now, force: force) }
        } catch {
            state.withLock { $0.statistics.maintenanceFailures += 1 }
            throw error
        }
    }

    private func doWhatIsDue(now: Int64, force: Bool) throws {
        let (samples, series, since, latest) = state.withLock { ($0.samples.count, $0.table.count, $0.headSince, $0.latestAppend) }
        let isOld = since.map { now - $0 >= options.maxHeadAge } ?? false
        // A backfill has ended: what it left in memory takes less room in a block. Blocks of a few samples a series are not worth it.
        let isQuiet = samples >= max(options.leastSamplesCut, series * Self.leastSamplesPerSeries) && now - latest >= options.quietTime
        if isFull(samples: samples, series: series) || isQuiet || (isOld || force) && samples > 0 || isCrowded(now) { try cutHead() }
        try retryFrozen()
        try trimLog()
        try compact()
        try dropExpired(now: now)
        try forgetSpentTombstones()
    }

    /// Whether the head is so large that it should be cut without waiting for the next round.
    package var wantsMaintenance: Bool { state.withLock { isFull(samples: $0.samples.count, series: $0.table.count) } }

    /// Whether series are refused while others have been idle for a while: a cut forgets those.
    private func isCrowded(_ now: Int64) -> Bool {
        state.withLock { state in
            guard state.wantsRoom, state.headSince.map({ now - $0 >= options.idleTime }) ?? true else { return false }
            return (0..<UInt32(state.table.count)).count { !state.samples.hasSamples(of: $0) } * Self.leastShareFreed >= state.table.count
        }
    }

    /// The part of all series that is idle before a head is cut for room, as one in so many.
    private static let leastShareFreed = 100

    /// Samples of each series for which a block is worth its index.
    private static let leastSamplesPerSeries = 4

    /// Whether the head is to be written to a block. One of very many series waits for a few samples of each: a block of one scrape would be
    /// all index, and series between two scrapes would be taken for idle.
    private func isFull(samples: Int, series: Int) -> Bool {
        samples >= max(options.maxHeadSamples, series * Self.leastSamplesPerSeries)
    }

    /// Sets the head aside and begins a new one; from here on the log defines series anew.
    func cutHead() throws {
        state.withLock { state in
            let id = (state.frozen.last?.id ?? 0) + 1
            state.frozen.append(FrozenHead(id: id, samples: state.samples, table: state.table))
            let hadSamples = state.samples
            state.samples = HeadSamples()
            state.headSince = nil
            state.epoch += 1
            log.markCut()
            dropIdleSeries(&state, seenIn: hadSamples)
        }
    }

    /// Forgets series without a sample in the head just cut, once they are a good part of all or in the way of others.
    private func dropIdleSeries(_ state: inout State, seenIn samples: HeadSamples) {
        var idle = 0
        for id in 0..<UInt32(state.table.count) where !samples.hasSamples(of: id) { idle += 1 }
        let isWorthwhile = state.wantsRoom ? idle > 0 : idle > 1_000 && idle > state.table.count / 4
        state.wantsRoom = false
        guard isWorthwhile else { return }
        let (table, moved) = state.table.compacted { samples.hasSamples(of: $0) }
        var edges: [SeriesEdge] = []
        edges.reserveCapacity(table.count)
        for (old, new) in moved.enumerated() where new != nil { edges.append(state.edges[old]) }
        for id in edges.indices { edges[id].logEpoch = 0 }
        state.table = table
        state.edges = edges
        state.definitions = DefinitionWriter()
        state.seriesOfBytes = state.seriesOfBytes.renumbered(moved, seriesCount: table.count)
        state.generation += 1
    }

    /// Writes heads set aside to blocks, oldest first, and forgets their part of the log.
    func retryFrozen() throws {
        while let frozen = state.withLock({ $0.frozen.first }) {
            let segment = try log.finishCut()
            // Only the newest head set aside may move the log's start: the cut returned lies behind all of them.
            let isLast = state.withLock { $0.frozen.count == 1 }
            if isLast { try holds.mark(segment, at: clock()) }
            let blocks = try write(frozen)
            let settings = isLast ? [(name: Self.walStartSetting, value: String(segment))] : []
            try catalog.change(add: blocks.map(\.entry), remove: [], settings: settings)
            // What is let go of may be hundreds of megabytes: not under the lock.
            _ = state.withLock { state in
                state.blocks += blocks
                state.statistics.flushes += 1
                if isLast { state.walStart = segment }
                return state.frozen.removeFirst()
            }
            if isLast { try trimLog() }
        }
    }

    /// Removes the part of the log that neither a restart nor anyone who reads it needs.
    func trimLog() throws {
        let (start, kept) = state.withLock { ($0.walStart, $0.walKept) }
        let needed = holds.firstNeeded(before: start)
        if needed <= kept { return }
        try log.removeSegments(before: needed)
        state.withLock { $0.walKept = needed }
    }

    private func takeSequence() -> UInt64 {
        state.withLock { state in
            defer { state.nextSequence += 1 }
            return state.nextSequence
        }
    }

    private func blockName(_ sequence: UInt64) -> String {
        let digits = String(sequence, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + ".block"
    }

    /// One block for each day the head touches.
    private func write(_ frozen: FrozenHead) throws -> [Block] {
        let order = SeriesOrder(
            (0..<UInt32(frozen.table.count)).filter { frozen.samples.hasSamples(of: $0) }, of: frozen.table)
        var blocks: [Block] = []
        var columns = SampleColumns()
        var pairs: [UInt32] = []
        for day in frozen.samples.groups(of: Self.day) {
            let sequence = takeSequence()
            let name = blockName(sequence)
            let writer = try BlockWriter(
                path: directory + "/blocks/" + name, sequence: sequence, day: day, dictionary: order.dictionary, fileSystem: fileSystem)
            do {
                for id in order.series {
                    columns.removeAll()
                    frozen.samples.read(series: id, from: day * BlockFormat.day, through: (day + 1) * BlockFormat.day - 1, into: &columns)
                    if columns.count == 0 { continue }
                    order.pairs(of: id, into: &pairs)
                    try writer.add(pairs, columns)
                }
                if try writer.finish() == nil { continue }
            } catch {
                writer.abandon()
                throw error
            }
            blocks.append(try open(name, level: 0))
        }
        return blocks
    }

    /// Opens a block just written. The first query is not to wait for the index where that is small.
    private func open(_ name: String, level: Int) throws -> Block {
        let block = try Block(path: directory + "/blocks/" + name, name: name, level: level, fileSystem: fileSystem)
        if block.seriesCount <= Self.seriesIndexedAtOnce { _ = try block.index() }
        return block
    }

    private static let seriesIndexedAtOnce = 50_000

    static func day(of time: Int64) -> Int64 { time >= 0 ? time / BlockFormat.day : (time + 1) / BlockFormat.day - 1 }

    /// Merges blocks of one day: as many of one level as the width says, neighbours in sequence.
    private func compact() throws {
        while true {
            let blocks = state.withLock { $0.blocks }
            let days = Dictionary(grouping: blocks) { Self.day(of: $0.first) }
            var chosen: [Block]?
            for (_, ofDay) in days.sorted(by: { $0.key < $1.key }) {
                let sorted = ofDay.sorted { $0.sequence < $1.sequence }
                // A run of neighbours in sequence of one level: merging others would let an old sample win over a newer one.
                var run: [Block] = []
                for block in sorted {
                    if let last = run.last, last.level != block.level { run = [] }
                    run.append(block)
                    if run.count == options.mergeWidth { break }
                }
                if run.count == options.mergeWidth {
                    chosen = run
                    break
                }
            }
            guard let chosen else { return }
            try merge(chosen, level: (chosen.map(\.level).max() ?? 0) + 1)
            state.withLock { $0.statistics.compactions += 1 }
        }
    }

    /// Replaces a block by one without what is deleted.
    func rewrite(_ block: Block) throws { try merge([block], level: block.level) }

    /// Replaces blocks by one with all their samples but the deleted ones, in one transaction; by none where nothing is left.
    private func merge(_ blocks: [Block], level: Int) throws {
        let tombstones = state.withLock { state in blocks.map { state.tombstones[$0.name] } }
        // The merged block takes the place in order of the newest of them; the number in its name is new.
        let sequence = blocks.map(\.sequence).max() ?? 0
        let name = blockName(takeSequence())
        var merge = try BlockMerge(blocks, leaving: tombstones)
        let writer = try BlockWriter(
            path: directory + "/blocks/" + name, sequence: sequence, day: Self.day(of: blocks.map(\.first).min() ?? 0),
            dictionary: merge.dictionary, fileSystem: fileSystem)
        do {
            var merged = SampleColumns()
            while let pairs = try merge.next(into: &merged) { try writer.add(pairs, merged) }
            if try writer.finish() == nil { return try replace(blocks, by: []) }
        } catch {
            writer.abandon()
            throw error
        }
        let block = try open(name, level: level)
        try replace(blocks, by: [block])
    }

    /// Makes blocks live in the place of others; their files go once the catalog no longer names them.
    private func replace(_ old: [Block], by new: [Block]) throws {
        try catalog.change(add: new.map(\.entry), remove: old.map { (Self.storeName, $0.name) })
        state.withLock { state in
            let names = Set(old.map(\.name))
            state.blocks.removeAll { names.contains($0.name) }
            state.blocks += new
        }
        // Queries that hold a block keep its file readable; a file left behind by a failure here is removed at the next start.
        for block in old { try? fileSystem.remove(directory + "/blocks/" + block.name) }
    }

    /// Removes everything of a day (since 1970) that is in blocks; how much it was.
    package func removeDay(_ day: Int) throws -> (files: Int, samples: Int) {
        try maintenance.withLock { _ in
            let ofDay = state.withLock { $0.blocks }.filter { Self.day(of: $0.first) == Int64(day) }
            try replace(ofDay, by: [])
            return (ofDay.count, ofDay.reduce(0) { $0 + $1.samples })
        }
    }

    private func dropExpired(now: Int64) throws {
        try drop(state.withLock { $0.blocks }.filter { $0.last < now - options.retention }, now: now)
    }

    private func drop(_ expired: [Block], now: Int64) throws {
        if expired.isEmpty { return }
        try replace(expired, by: [])
        state.withLock { state in
            state.statistics.expiredBlocks += UInt64(expired.count)
            state.statistics.lastExpiry = now
        }
    }

    /// Bytes of blocks on disk.
    package var diskBytes: Int { state.withLock { $0.blocks.reduce(0) { $0 + $1.size } } }

    /// Newest sample (ms) of the block where that is oldest; nil where there is no block.
    package var oldestFileEnd: Int64? { state.withLock { $0.blocks.map(\.last).min() } }

    /// Removes the block whose newest sample is oldest, for want of room. Blocks.
    package func dropOldestFile(now: Int64) throws {
        try maintenance.withLock { _ in
            guard let oldest = state.withLock({ $0.blocks.min { $0.last < $1.last } }) else { return }
            try drop([oldest], now: now)
        }
    }
}
