import Dispatch
import Synchronization
import VardeDisk
import VardeKernels
package import VardeModel

extension LogStore {
    /// Takes a write: what is out of bounds is refused, what is there already is dropped, the rest survives a crash once this returns.
    package func append(_ writes: [LogStreamWrite]) async throws(IngestError) -> LogAppendReport {
        var report = LogAppendReport()
        guard let log = writeAheadLog else { throw .unavailable("the log store is closed") }
        let admitted = admit(writes, &report)
        var position: WriteAheadLog.Position?
        var closed: [LogHeadPage] = []
        for part in Self.parts(of: admitted) {
            let outcome = try take(part, log: log)
            report.accepted += outcome.accepted
            report.duplicates += outcome.duplicates
            if let held = outcome.held { report.held = (report.held?.reason ?? held.reason, (report.held?.count ?? 0) + held.count) }
            position = outcome.position ?? position
            closed += outcome.closed
        }
        // Full pages are packed while the disk is at work.
        if let position { log.startSync(through: position) }
        pack(closed)
        if let position {
            do throws(DiskError) { try await log.sync(through: position) } catch {
                state.withLock { $0.statistics.failures += 1 }
                throw .unavailable("\(error)")
            }
        }
        await relieve()
        return report
    }

    /// Why an entry would be refused whatever else is written, in Loki's words; nil where it would not.
    package func objection(to labels: Labels, time: Int64, length: Int) -> String? {
        let retention = state.withLock { $0.retention }
        var columns = LogColumns()
        columns.timestamps = [time]
        columns.lineEnds = [UInt32(clamping: length)]
        var report = LogAppendReport()
        var refused: [String: Int] = [:]
        let bounds = LogBounds(options: options, retention: retention, now: options.now())
        _ = bounds.admit(LogStreamWrite(labels: labels, entries: columns), &report, &refused)
        return report.refused.first?.reason
    }

    private func admit(_ writes: [LogStreamWrite], _ report: inout LogAppendReport) -> [LogStreamWrite] {
        let retention = state.withLock { $0.retention }
        let bounds = LogBounds(options: options, retention: retention, now: options.now())
        var refused: [String: Int] = [:]
        var admitted: [LogStreamWrite] = []
        admitted.reserveCapacity(writes.count)
        var places: [Labels: Int] = [:]
        for write in writes {
            guard let part = bounds.admit(write, &report, &refused) else { continue }
            // A stream given twice is one: what repeats between its parts is found as within one.
            if writes.count > 1, let place = places[part.labels] {
                admitted[place].entries.append(part.entries, 0..<part.entries.count)
            } else {
                if writes.count > 1 { places[part.labels] = admitted.count }
                admitted.append(part)
            }
        }
        if !refused.isEmpty {
            state.withLock { [refused] state in state.statistics.refusedEntries.merge(refused) { $0 + $1 } }
        }
        return admitted
    }

    /// Writes by parts that fit into one record of the write-ahead log each.
    private static func parts(of writes: [LogStreamWrite]) -> [[LogStreamWrite]] {
        let most = LogRecord.maxBody / 4
        if writes.reduce(0, { $0 + $1.entries.lineBytes.count + $1.entries.count * 32 + 4096 }) <= most {
            return writes.isEmpty ? [] : [writes]
        }
        var parts: [[LogStreamWrite]] = []
        var part: [LogStreamWrite] = []
        var size = 0
        for write in writes {
            var start = 0
            while start < write.entries.count {
                var end = start
                var taken = 4096
                while end < write.entries.count, taken < most / 2 {
                    taken += write.entries.lineRange(end).count + 32
                    end += 1
                }
                if size + taken > most, !part.isEmpty {
                    parts.append(part)
                    part = []
                    size = 0
                }
                var columns = LogColumns()
                columns.append(write.entries, start..<end)
                part.append(LogStreamWrite(labels: write.labels, entries: columns))
                size += taken
                start = end
            }
        }
        if !part.isEmpty { parts.append(part) }
        return parts
    }

    struct Outcome: Sendable {
        var accepted = 0
        var duplicates = 0
        var held: (reason: String, count: Int)?
        var position: WriteAheadLog.Position?
        var closed: [LogHeadPage] = []
    }

    /// What is stored outside the heads, to look for duplicates in.
    private struct Stored: Sendable {
        var generation: Int
        var segments: [LogSegment]
        var frozen: [LogFrozenHead]
        var registry: StreamRegistry
        var last: Int64
    }

    private enum Step: Sendable {
        case done(Outcome)
        case look(Stored)
    }

    private func take(_ writes: [LogStreamWrite], log: WriteAheadLog) throws(IngestError) -> Outcome {
        try take(writes, payload: LogRecord.encode(writes), log: log, sequence: nil)
    }

    /// Takes a write out of the write-ahead log again.
    func replay(_ writes: [LogStreamWrite], sequence: UInt64, bytes: Int) throws(IngestError) {
        let outcome = try take(writes, payload: [], log: nil, sequence: sequence)
        state.withLock { $0.logBytes += bytes }
        pack(outcome.closed)
    }

    private func take(
        _ writes: [LogStreamWrite], payload: [UInt8], log: WriteAheadLog?, sequence: UInt64?
    ) throws(IngestError) -> Outcome {
        let oldest = writes.map { $0.entries.timestamps.min() ?? .max }
        let oldestOfAll = oldest.min() ?? .max
        var stored = [Set<LogEntryKey>](repeating: [], count: writes.count)
        var generation = -1
        while true {
            let step: Step = try state.withLock { [stored, generation] state throws(IngestError) in
                if state.isClosed { throw IngestError.unavailable("the log store is closed") }
                let looks = sequence == nil || state.replayMayRepeat
                if looks, oldestOfAll <= state.storedLast, generation != state.generation {
                    return .look(
                        Stored(
                            generation: state.generation, segments: state.segments, frozen: state.frozen, registry: state.registry,
                            last: state.storedLast))
                }
                return .done(try insert(writes, oldest: oldest, stored: stored, payload: payload, log: log, sequence: sequence, &state))
            }
            switch step {
            case .done(let outcome): return outcome
            case .look(let all):
                generation = all.generation
                for (index, write) in writes.enumerated() where oldest[index] <= all.last {
                    do { stored[index] = try duplicates(of: write, in: all) } catch { throw .unavailable("\(error)") }
                }
            }
        }
    }

    private func duplicates(of write: LogStreamWrite, in stored: Stored) throws -> Set<LogEntryKey> {
        guard let id = stored.registry.id(of: write.labels) else { return [] }
        var finder = LogDuplicates(write.entries, through: stored.last, hash: hash)
        for frozen in stored.frozen { for page in frozen.streams[id]?.pages ?? [] { try finder.note(page) } }
        for segment in stored.segments { try finder.note(segment, id: id) }
        return finder.keys
    }

    /// Puts a write into the log's buffer and the heads. Runs under the mutex.
    private func insert(
        _ writes: [LogStreamWrite], oldest: [Int64], stored: [Set<LogEntryKey>], payload: [UInt8], log: WriteAheadLog?,
        sequence: UInt64?, _ state: inout State
    ) throws(IngestError) -> Outcome {
        var outcome = Outcome()
        var taken: [(write: Int, kept: [Int]?)] = []
        var newStreams: Set<Labels> = []
        // Whether the record is to differ from what was sent: it holds what is stored, so that a replay need not look for duplicates.
        var differs = false
        for (index, write) in writes.enumerated() {
            let head = state.registry.id(of: write.labels).flatMap { state.heads[$0] }
            if head == nil, sequence == nil, !newStreams.contains(write.labels) {
                if state.heads.count + newStreams.count >= options.maxStreams {
                    let reason =
                        outcome.held?.reason
                        ?? "maximum active stream limit exceeded when trying to create stream \(write.labels), reduce the number of active streams (reduce labels or reduce label values); the limit is \(options.maxStreams)"
                    outcome.held = (reason, (outcome.held?.count ?? 0) + write.entries.count)
                    state.statistics.refusedEntries["stream_limit", default: 0] += write.entries.count
                    differs = true
                    continue
                }
                newStreams.insert(write.labels)
            }
            var keys = stored[index]
            if let head, sequence == nil || state.replayMayRepeat, oldest[index] <= head.last {
                do throws(LogStoreError) { keys.formUnion(try duplicates(of: write, in: head)) } catch { throw .unavailable("\(error)") }
            }
            let kept = LogDuplicates.newEntries(write.entries, stored: keys, hash: hash)
            outcome.duplicates += write.entries.count - (kept?.count ?? write.entries.count)
            differs = differs || kept != nil
            if kept?.isEmpty != true { taken.append((index, kept)) }
        }
        state.statistics.duplicateEntries += outcome.duplicates
        outcome.position = state.position
        if taken.isEmpty { return outcome }

        state.sequence = max(sequence ?? state.sequence + 1, state.sequence)
        if let log {
            var payload = payload
            if differs {
                payload = LogRecord.encode(
                    taken.map { (index, kept) in
                        kept.map { LogStreamWrite(labels: writes[index].labels, entries: writes[index].entries.picking($0)) }
                            ?? writes[index]
                    })
            }
            LogRecord.setSequence(state.sequence, in: &payload)
            do throws(DiskError) {
                state.position = try log.appendBuffered(kind: LogRecord.entries, payload.span)
            } catch { throw .unavailable("\(error)") }
            outcome.position = state.position
            state.logBytes += payload.count
        }
        if state.headSince == nil { state.headSince = options.now() }
        for (index, kept) in taken {
            let write = writes[index]
            let columns = kept.map { write.entries.picking($0) } ?? write.entries
            outcome.accepted += columns.count
            state.statistics.acceptedEntries += columns.count
            state.statistics.acceptedBytes += columns.lineBytes.count
            let id = state.registry.intern(write.labels)
            let head: LogStreamHead
            if let known = state.heads[id] {
                head = known
            } else {
                head = LogStreamHead(state.registry.stream(id))
                state.heads[id] = head
            }
            let before = head.openBytes
            let closed = head.append(columns, 0..<columns.count, pageSize: options.pageSize, &state.spares)
            state.openBytes += head.openBytes - before
            state.pageBytes += closed.reduce(0) { $0 + $1.footprint }
            outcome.closed += closed
        }
        outcome.closed += spill(&state)
        return outcome
    }

    /// Keys of entries in a stream's head that share a time with the write.
    private func duplicates(of write: LogStreamWrite, in head: LogStreamHead) throws(LogStoreError) -> Set<LogEntryKey> {
        var finder = LogDuplicates(write.entries, through: head.last, hash: hash)
        for page in head.pages { try finder.note(page) }
        if finder.concerns(head.openFirst, head.openLast) { finder.note(head.open) }
        return finder.keys
    }

    /// Closes the largest open pages where all together exceed their bound. Runs under the mutex.
    private func spill(_ state: inout State) -> [LogHeadPage] {
        guard state.openBytes > max(options.maxOpenBytes, state.nextSpill) else { return [] }
        var closed: [LogHeadPage] = []
        let large = state.heads.values.filter { $0.openBytes >= LogHeadPage.leastPacked }.sorted { $0.openBytes > $1.openBytes }
        for head in large {
            if state.openBytes <= options.maxOpenBytes / 2 { break }
            state.openBytes -= head.openBytes
            let pages = head.close()
            state.pageBytes += pages.reduce(0) { $0 + $1.footprint }
            closed += pages
        }
        // Where small streams take it all, nothing is gained by looking again at once.
        state.nextSpill = state.openBytes + options.maxOpenBytes / 8
        return closed
    }

    /// Compresses pages outside the mutex.
    private func pack(_ pages: [LogHeadPage]) {
        for page in pages {
            let freezes = state.withLock { $0.freezes }
            let before = page.footprint
            var columns = page.pack(.fresh)
            // Here none but a reader has them too: their memory stays, their lines go.
            columns?.removeAll()
            let saved = before - page.footprint
            state.withLock { [columns] state in
                // Pages frozen meanwhile are counted with the frozen head.
                if state.freezes == freezes { state.pageBytes = max(0, state.pageBytes - saved) }
                if let columns { state.spares.keep(columns, pageSize: options.pageSize) }
            }
        }
    }

    /// Has memory above its bound cut to segments, and waits for it where it is far above.
    private func relieve() async {
        guard options.cutsInBackground else { return }
        let (mustCut, mustWait) = state.withLock { state -> (Bool, Bool) in
            let over = state.headBytes >= options.maxHeadBytes
            let farOver = state.totalBytes >= options.maxHeadBytes * 2
            let schedule = over && !state.isCutScheduled
            if schedule { state.isCutScheduled = true }
            return (schedule, farOver)
        }
        if mustCut { maintenance.async { self.cutInBackground() } }
        if mustWait {
            await withCheckedContinuation { continuation in maintenance.async { continuation.resume() } }
        }
    }

    private func cutInBackground() {
        do { try cut() } catch { state.withLock { $0.statistics.failures += 1 } }
        state.withLock { $0.isCutScheduled = false }
    }
}
