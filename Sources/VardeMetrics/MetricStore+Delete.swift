import Synchronization
import VardeCompression
import VardeDisk
package import VardeModel

extension MetricStore {
    /// Deletes every sample that was taken before this call, lies in the range and belongs to a series all matchers pass.
    ///
    /// The head is written to blocks first, so what is deleted is numbers of series in files that never change. Once this returns no
    /// read gives the samples any more and they stay away after a power cut; the bytes go when the blocks are merged, or by
    /// `cleanTombstones`. Samples that come later, of the same series and times too, are kept.
    /// - Parameter from: first and last millisecond, both inclusive.
    /// - Returns: how many series of blocks lost samples; a series counts once for each block it is in.
    /// - Throws: `DiskError` where the head or the deletion cannot be written: then nothing is deleted.
    package func delete(_ matchers: [LabelMatcher], from: Int64, through: Int64) throws -> Int {
        let predicates = try matchers.map { try LabelPredicate($0) }
        return try maintenance.withLock { _ in
            try flushHead()
            var (blocks, tombstones) = state.withLock { ($0.blocks, $0.tombstones) }
            var count = 0
            for block in blocks where block.first <= through && block.last >= from {
                let index = try block.index()
                let series = try index.matching(predicates).filter { id in
                    index.hasSample(of: id, from: from, through: through, leaving: tombstones[block.name])
                }
                if series.isEmpty { continue }
                count += series.count
                tombstones[block.name, default: BlockTombstones()].add(.init(from: from, through: through, series: series))
            }
            if count == 0 { return 0 }
            try write(tombstones)
            let deleted = UInt64(count)
            state.withLock { [tombstones] state in
                state.tombstones = tombstones
                state.statistics.deletedSeries += deleted
            }
            // A block with very many deletions would be slow to read.
            blocks = blocks.filter { tombstones[$0.name].map { $0.spans.count > BlockTombstones.maxSpans } ?? false }
            for block in blocks { try rewrite(block) }
            if !blocks.isEmpty { try forgetSpentTombstones() }
            return count
        }
    }

    /// Writes every block with deletions anew without what is deleted; afterwards no file of the store holds it.
    ///
    /// The part of the log that was kept only to be passed on goes as well: those who read it go on behind it.
    package func cleanTombstones() throws {
        try maintenance.withLock { _ in
            let start = state.withLock { $0.walStart }
            if start > 0 {
                holds.invalidate()
                try log.removeSegments(before: start)
            }
            let blocks = state.withLock { state in state.blocks.filter { state.tombstones[$0.name] != nil } }
            for block in blocks { try rewrite(block) }
            try forgetSpentTombstones()
        }
    }

    private func write(_ tombstones: [String: BlockTombstones]) throws {
        if tombstones.isEmpty { try catalog.expectNoMore(TombstonesFile.expected) }
        try TombstonesFile.write(tombstones, to: directory + "/" + TombstonesFile.name, fileSystem: fileSystem)
        if !tombstones.isEmpty { try catalog.expect([TombstonesFile.expected]) }
    }

    /// Writes all samples in memory to blocks. Under the maintenance lock.
    private func flushHead() throws {
        let isEmpty = state.withLock { state in
            // What is deleted may be sent again: it is no repetition then.
            for index in state.edges.indices { state.edges[index].forgetNewest() }
            state.samples.forgetOrder()
            return state.samples.isEmpty
        }
        if !isEmpty { try cutHead() }
        try retryFrozen()
    }

    /// Drops deletions of blocks whose files are gone. Under the maintenance lock.
    func forgetSpentTombstones() throws {
        let (live, tombstones) = state.withLock { (Set($0.blocks.map(\.name)), $0.tombstones) }
        // As long as a file is there, a lost catalog would bring it back: its deletions stay with it.
        let left = tombstones.filter { live.contains($0.key) || fileSystem.exists(directory + "/blocks/" + $0.key) }
        if left.count == tombstones.count { return }
        try write(left)
        state.withLock { $0.tombstones = left }
    }
}

extension Block.Index {
    /// Whether a series has a sample in the range that `tombstones` leave.
    func hasSample(of id: UInt32, from: Int64, through: Int64, leaving tombstones: BlockTombstones?) -> Bool {
        let times = columns[Int(columnOfSeries[Int(id)])]
        let wanted = TimeColumn.positions(times, in: times.indices, from: from, through: through)
        if wanted.isEmpty { return false }
        return tombstones?.leaves(anyOf: times[wanted], of: id) ?? true
    }
}
