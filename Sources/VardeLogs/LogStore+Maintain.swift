import Dispatch
import Synchronization
import VardeDisk
import VardeModel

extension LogStore {
    /// Bytes of the write-ahead log at which memory is cut to segments, so that a restart has little to replay.
    private static let maxLogBytes = 256 << 20
    /// Nanoseconds expired lines may remain in a segment that holds others: then it is written anew without them.
    private static let removalDelay: Int64 = 1_800_000_000_000

    /// Does what is due: cuts memory by size and age, removes what has expired, merges small segments. Blocks; call it every few seconds.
    ///
    /// - Parameter now: nanoseconds since the epoch.
    package func maintain(now: Int64) throws {
        try maintenance.sync {
            let due = state.withLock { state in
                if let since = state.headSince, now.subtractingClamped(since) >= options.maxHeadAge { return true }
                return state.headBytes >= options.maxHeadBytes || state.logBytes >= Self.maxLogBytes || !state.frozen.isEmpty
            }
            if due { try cut() }
            try trimHeld()
            try removeExpired(now: now)
            try compact(now: now)
            forgetStreams()
        }
    }

    /// Cuts memory to segments now.
    package func flush() throws {
        try maintenance.sync { try cut() }
    }

    // MARK: retention

    private func removeExpired(now: Int64) throws {
        let (segments, retention, registry) = state.withLock { ($0.segments, $0.retention, $0.registry) }
        for segment in segments {
            let cutoffs = segment.streamIDs.map { retention.cutoff(of: registry.labels[Int($0)], now: now) }
            var isDue = false
            var isWhollyExpired = true
            for run in segment.runs {
                let cutoff = cutoffs[Int(run.stream)]
                if run.first < cutoff.subtractingClamped(Self.removalDelay) { isDue = true }
                if run.last >= cutoff { isWhollyExpired = false }
            }
            if isWhollyExpired {
                try replace([segment], by: [])
                noteExpired(segment.entryCount, now)
            } else if isDue {
                let dropped = try rewrite(segment, registry) { stream, columns in
                    let cutoff = retention.cutoff(of: stream.labels, now: now)
                    return columns.timestamps.indices.filter { columns.timestamps[$0] < cutoff }
                }.dropped
                noteExpired(dropped, now)
            }
        }
    }

    /// Bytes of segments on disk.
    package var diskBytes: Int { state.withLock { $0.segments.reduce(0) { $0 + $1.fileSize } } }

    /// Newest line (ns) of the segment where that is oldest; nil where there is no segment.
    package var oldestFileEnd: Int64? { state.withLock { $0.segments.map(\.last).min() } }

    /// Removes the segment whose newest line is oldest, for want of room; blocks.
    package func dropOldestFile(now: Int64) throws {
        try maintenance.sync {
            guard let oldest = state.withLock({ $0.segments.min { $0.last < $1.last } }) else { return }
            try replace([oldest], by: [])
            noteExpired(oldest.entryCount, now)
        }
    }

    /// Removes everything of a day (since 1970) that is in segments; how much it was.
    package func removeDay(_ day: Int) throws -> (files: Int, entries: Int) {
        try maintenance.sync {
            let ofDay = state.withLock { $0.segments }.filter { LogDay.number(of: $0.first) == Int64(day) }
            try replace(ofDay, by: [])
            return (ofDay.count, ofDay.reduce(0) { $0 + $1.entryCount })
        }
    }

    private func noteExpired(_ count: Int, _ now: Int64) {
        if count == 0 { return }
        state.withLock { state in
            state.statistics.expiredEntries += count
            state.statistics.lastExpiry = now
        }
    }

    // MARK: changing what is live

    /// Makes segments dead and others live, in the catalog and for queries.
    private func replace(_ old: [LogSegment], by new: [LogSegment]) throws {
        try catalog.change(add: [], remove: old.map { (LogSegmentFormat.store, $0.name) })
        try swap(old, for: new)
    }

    /// Lets queries see the change the catalog has made already, and removes the files.
    func swap(_ old: [LogSegment], for new: [LogSegment]) throws {
        let names = Set(old.map(\.name))
        state.withLock { state in
            state.segments.removeAll { names.contains($0.name) }
            state.segments += new
            state.storedChanged()
        }
        for name in names { try fileSystem.remove(segmentDirectory + "/" + name) }
        try fileSystem.syncDirectory(segmentDirectory)
    }

    /// Gives the numbers of streams without any line back. Runs on `maintenance`.
    private func forgetStreams() {
        state.withLock { state in
            var live = StreamSet(count: state.registry.count)
            for id in state.heads.keys { live.insert(id) }
            for frozen in state.frozen { for id in frozen.streams.keys { live.insert(id) } }
            for segment in state.segments { live.insert(contentsOf: segment.streamIDs) }
            // Worth the walk only where many are gone.
            if state.registry.liveCount - live.count > max(1000, live.count / 4) { state.registry.keep(only: live) }
        }
    }

    /// Checks every segment's checksums; what is wrong, in words.
    package func verify() -> [String] {
        state.withLock { $0.segments }.flatMap { $0.verify() }
    }
}

/// Reads runs one after the other, each shared block once.
struct RunReader {
    private var current: (segment: String, block: UInt32, columns: LogColumns)?

    mutating func read(_ segment: LogSegment, _ run: LogRun) throws -> LogColumns {
        if current?.segment != segment.name || current?.block != run.block {
            var columns = LogColumns()
            try segment.readHead(block: Int(run.block), into: &columns)
            try segment.readLines(block: Int(run.block), into: &columns)
            current = (segment.name, run.block, columns)
        }
        guard let columns = current?.columns else { return LogColumns() }
        if segment.ownsBlock(run) { return columns }
        var own = LogColumns()
        own.append(columns, Int(run.firstEntry)..<Int(run.firstEntry + run.count))
        return own
    }
}
