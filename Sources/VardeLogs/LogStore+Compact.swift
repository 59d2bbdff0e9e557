import Synchronization
import VardeDisk
import VardeModel

extension LogStore {
    /// Segments of one day and level that are merged once there are so many.
    private static let mergeCount = 4
    /// Bytes of lines a merged segment is not to exceed by much.
    private static let maxMergedBytes = 4 << 30
    /// Nanoseconds after which a day's segments are merged to one.
    private static let dayGrace: Int64 = 3_600_000_000_000

    /// Merges segments until no day has too many. Runs on `maintenance`.
    func compact(now: Int64) throws {
        while let inputs = mergeable(now: now) {
            try merge(inputs)
            state.withLock { $0.statistics.compactions += 1 }
        }
    }

    private func mergeable(now: Int64) -> [LogSegment]? {
        let days = Dictionary(grouping: state.withLock { $0.segments }) { LogDay.number(of: $0.first) }
        for (day, segments) in days.sorted(by: { $0.key < $1.key }) where segments.count > 1 {
            let sorted = segments.sorted { ($0.level, $0.name) < ($1.level, $1.name) }
            let isOver = now >= (day + 1) * LogDay.length + Self.dayGrace
            for (_, group) in Dictionary(grouping: sorted, by: \.level).sorted(by: { $0.key < $1.key }) {
                if let few = Self.fitting(group), few.count >= Self.mergeCount { return few }
            }
            if isOver, let few = Self.fitting(sorted), few.count > 1 { return few }
        }
        return nil
    }

    /// The smallest of them, as many as may be one segment.
    private static func fitting(_ segments: [LogSegment]) -> [LogSegment]? {
        var size = 0
        let few = segments.sorted { $0.rawBytes < $1.rawBytes }.prefix { segment in
            size += segment.rawBytes
            return size <= maxMergedBytes
        }
        return few.isEmpty ? nil : Array(few)
    }

    private func merge(_ inputs: [LogSegment]) throws {
        let registry = state.withLock { $0.registry }
        var ids: Set<UInt32> = []
        for input in inputs { ids.formUnion(input.streamIDs) }
        let streams = ids.map(registry.stream).sorted { $0.labels < $1.labels }
        var output = SegmentOutput(store: self, compression: .compacted, level: (inputs.map(\.level).max() ?? 0) + 1)
        do {
            var readers = inputs.map { _ in RunReader() }
            for stream in streams { try merge(stream, of: inputs, &readers, into: &output) }
            let written = try output.publish(removing: inputs)
            try swap(inputs, for: written)
        } catch {
            output.abandon()
            throw error
        }
    }

    /// A stream's runs in order of time: runs that overlap are read together and sorted, equal entries become one.
    private func merge(_ stream: LogStream, of inputs: [LogSegment], _ readers: inout [RunReader], into output: inout SegmentOutput) throws
    {
        var runs: [(input: Int, run: LogRun)] = []
        for (index, input) in inputs.enumerated() {
            for place in input.runs(of: UInt32(stream.id)) { runs.append((index, input.runs[place])) }
        }
        runs.sort { ($0.run.first, $0.run.last, $0.input) < ($1.run.first, $1.run.last, $1.input) }
        var pending = LogColumns()
        var pendingLast = Int64.min
        for (input, run) in runs {
            // Everything before the run's first entry is complete; what is too much to hold goes out as it is.
            if pending.count > 0, run.first > pendingLast, pending.lineBytes.count >= options.pageSize / 2 {
                try emit(stream, &pending, into: &output)
            } else if pending.lineBytes.count >= 32 * options.pageSize {
                try emit(stream, &pending, into: &output)
            }
            let columns = try readers[input].read(inputs[input], run)
            pending.append(columns, 0..<columns.count)
            pendingLast = max(pendingLast, run.last)
        }
        try emit(stream, &pending, into: &output)
    }

    private func emit(_ stream: LogStream, _ pending: inout LogColumns, into output: inout SegmentOutput) throws {
        guard pending.count > 0 else { return }
        var sorted = pending.sortedByTime()
        if let kept = LogDuplicates.newEntries(sorted, stored: [], hash: hash) { sorted = sorted.picking(kept) }
        pending = LogColumns()
        try output.add(stream, sorted)
    }
}
