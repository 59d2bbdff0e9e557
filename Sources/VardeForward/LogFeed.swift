import VardeCompression
package import VardeDisk
package import VardeLogs
import VardeModel
import VardeWire

/// Lines of the log store as Loki's push API takes them. Its sizes are bytes of lines.
package final class LogFeed: ForwardFeed, @unchecked Sendable {  // Its state is touched by its forwarder alone, a call at a time.
    /// Lines of some streams.
    package struct Batch: Sendable {
        var writes: [LogStreamWrite] = []
        var bytes = 0

        var lines: Int { writes.reduce(0) { $0 + $1.entries.count } }
    }

    /// Streams whose labels as sent are remembered.
    private static let maxKnown = 20_000
    /// What a line weighs beside its bytes.
    private static let lineWeight = 24

    private let store: LogStore
    private let endpoint: LokiWriteEndpoint
    private let clock: @Sendable () -> Int64
    private var tail: LogEntryTail?
    private var writes: [LogStreamWrite] = []
    private var known: [Labels: Labels?] = [:]
    private var readBefore = 0
    private var start: LogCursor
    /// Counts of tails that are no more, and what is dropped here.
    private var counted = ForwardStatistics()

    package private(set) var count = 0

    /// Goes on at a cursor of the store's log.
    package init(_ store: LogStore, _ endpoint: LokiWriteEndpoint, from cursor: LogCursor, clock: @escaping @Sendable () -> Int64) {
        self.store = store
        self.endpoint = endpoint
        self.clock = clock
        start = cursor
        tail = LogEntryTail(store, from: cursor)
    }

    package var mostInWindow: Int { 32 << 20 }

    package func restart(at cursor: LogCursor) {
        note(tail, in: &counted)
        readBefore += tail?.bytesRead ?? 0
        start = cursor
        tail = LogEntryTail(store, from: cursor)
        removeAll()
    }

    package func read(most: Int, through end: LogCursor?) throws -> Bool {
        if count >= most { return true }
        return try tail?.read(through: end) { more in
            for write in more {
                guard let labels = sent(write.labels) else {
                    counted.dropped["relabelled", default: 0] += write.entries.count
                    continue
                }
                writes.append(LogStreamWrite(labels: labels, entries: write.entries))
                count += write.entries.lineBytes.count + write.entries.count * Self.lineWeight
            }
            return count < most
        } ?? false
    }

    private func sent(_ labels: Labels) -> Labels? {
        if let known = known[labels] { return known }
        if known.count >= Self.maxKnown { known = [:] }
        let made = endpoint.labels(labels)
        known[labels] = .some(made)
        return made
    }

    package var cursor: LogCursor { max(tail?.cursor ?? start, start) }
    package var bytesRead: Int { readBefore + (tail?.bytesRead ?? 0) }
    package func bytesLeft() throws -> Int { try tail?.bytesLeft() ?? 0 }

    package func removeAll() {
        writes = []
        count = 0
    }

    package func add(to statistics: inout ForwardStatistics) {
        var own = counted
        note(tail, in: &own)
        statistics.missingSegments = own.missingSegments
        for (reason, count) in own.dropped { statistics.dropped[reason] = count }
    }

    private func note(_ tail: LogEntryTail?, in statistics: inout ForwardStatistics) {
        statistics.missingSegments += tail?.missingSegments ?? 0
        if let lost = tail?.lostRecords, lost > 0 { statistics.dropped["undecodable", default: 0] += lost }
    }

    // MARK: Batches

    package func batches(shards: Int, most: Int) -> [[Batch]] {
        let oldest = endpoint.queue.ageLimit > 0 ? (clock() - endpoint.queue.ageLimit) * 1_000_000 : .min
        var chosen = [[Batch]](repeating: [], count: shards)
        for write in writes {
            let shard = Int(truncatingIfNeeded: StreamShard.number(of: write.labels) % UInt64(shards))
            var from = 0
            while from < write.entries.count {
                var part = LogColumns()
                var bytes = 0
                while from < write.entries.count, bytes < most {
                    if write.entries.timestamps[from] < oldest {
                        counted.dropped["too_old", default: 0] += 1
                    } else {
                        part.append(write.entries, from..<(from + 1))
                        bytes += write.entries.lineRange(from).count + Self.lineWeight
                    }
                    from += 1
                }
                if part.count > 0 { add(LogStreamWrite(labels: write.labels, entries: part), bytes, most, to: &chosen[shard]) }
            }
        }
        return chosen
    }

    private func add(_ write: LogStreamWrite, _ bytes: Int, _ most: Int, to batches: inout [Batch]) {
        if batches.isEmpty || batches[batches.count - 1].bytes + bytes > most { batches.append(Batch()) }
        let last = batches.count - 1
        batches[last].bytes += bytes
        // A stream that is there already goes on: lines of one write follow each other mostly.
        if let place = batches[last].writes.lastIndex(where: { $0.labels == write.labels }) {
            batches[last].writes[place].entries.append(write.entries, 0..<write.entries.count)
        } else {
            batches[last].writes.append(write)
        }
    }

    package func count(of batch: Batch) -> Int { batch.lines }
    package func newest(of batch: Batch) -> Int64 {
        (batch.writes.compactMap { $0.entries.timestamps.max() }.max() ?? 0) / 1_000_000
    }

    package func body(of batch: Batch, _ form: ForwardForm) -> ForwardBody {
        var bytes: [UInt8] = []
        Snappy.compress(LokiPush.encode(batch.writes).span, into: &bytes)
        return ForwardBody(bytes: bytes, headers: [("Content-Type", "application/x-protobuf")], form: .older)
    }

    package func halves(of batch: Batch) -> (Batch, Batch)? {
        if batch.writes.count > 1 {
            let middle = batch.writes.count / 2
            return (
                Batch(writes: Array(batch.writes[..<middle]), bytes: batch.bytes / 2),
                Batch(writes: Array(batch.writes[middle...]), bytes: batch.bytes / 2)
            )
        }
        guard let write = batch.writes.first, write.entries.count > 1 else { return nil }
        let middle = write.entries.count / 2
        func part(_ range: Range<Int>) -> Batch {
            var columns = LogColumns()
            columns.append(write.entries, range)
            return Batch(writes: [LogStreamWrite(labels: write.labels, entries: columns)], bytes: batch.bytes / 2)
        }
        return (part(0..<middle), part(middle..<write.entries.count))
    }
}

/// Which shard a stream goes by: the same in every process, so that after a restart it is sent in the batches it was sent in.
private enum StreamShard {
    static func number(of labels: Labels) -> UInt64 {
        // FNV-1a, 64 bits.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for label in labels {
            label.name.utf8.forEach(add)
            add(0xFF)
            label.value.utf8.forEach(add)
            add(0xFF)
        }
        return hash ^ hash >> 32
    }
}
