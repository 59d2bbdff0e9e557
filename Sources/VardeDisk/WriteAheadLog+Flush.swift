import Dispatch
import Synchronization
import VardeKernels

/// The side of the log that touches the disk. All of it runs on the log's own queue, one call at a time.
extension WriteAheadLog {
    /// The segment being written.
    final class Writer: @unchecked Sendable {  // Touched on the log's queue alone.
        var file: (any File)?
        /// Number of the next segment to be made.
        var segment: UInt64
        /// Bytes of the segment made last that are synced: what its successor's header will say of it.
        var syncedLength: Int
        /// Records no sync covers yet, in runs that each but the last end their segment. The first begins at `syncedLength`.
        var backlog: [[UInt8]] = [[]]
        /// Bytes of the first run that are written.
        var written = 0
        /// First segment behind the last cut carried out.
        var cutSegment: UInt64
        /// Where the log stands when the whole backlog is on disk.
        var position: UInt64 = 0
        var lastSync = DispatchTime.now().uptimeNanoseconds
        var syncIsOwed = false

        init(segment: UInt64, before: Int) {
            self.segment = segment
            cutSegment = segment
            syncedLength = before
        }
    }

    /// Most written bytes that wait for the sync of mode `interval`.
    private static let maxUnsynced = 64 << 20

    /// Writes and syncs until nobody waits, and answers those who did.
    func flushForWaiting() {
        while true {
            let error = flush(syncs: false)
            let (ready, again) = state.withLock { state -> ([@Sendable (DiskError?) -> Void], Bool) in
                let done = state.waiting.filter { error != nil || $0.position <= state.durable }.map(\.resume)
                if error != nil { state.waiting.removeAll() } else { state.waiting.removeAll { $0.position <= state.durable } }
                if state.waiting.isEmpty { state.flushScheduled = false }
                return (done, !state.waiting.isEmpty)
            }
            for resume in ready { resume(error) }
            if !again { return }
        }
    }

    /// Takes what is pending to the disk.
    ///
    /// - Parameter syncs: whether to sync even where the mode would put it off.
    func flush(syncs: Bool) -> DiskError? {
        takePending()
        do throws(DiskError) {
            while writer.backlog.count > 1 {
                try writeRun(syncs: true)
                // The run ends its segment: what follows begins the next.
                writer.file = nil
                writer.cutSegment = writer.segment
                writer.backlog.removeFirst()
            }
            try writeRun(syncs: syncs)
        } catch {
            state.withLock { $0.statistics.failures += 1 }
            return error
        }
        return nil
    }

    /// Moves what was appended behind the backlog.
    private func takePending() {
        let (runs, position) = state.withLock { state -> ([[UInt8]], UInt64) in
            var runs = state.sealed
            runs.append([])
            swap(&runs[runs.count - 1], &state.pending)
            swap(&state.pending, &state.spare)
            state.sealed = []
            return (runs, state.appended)
        }
        if writer.backlog[writer.backlog.count - 1].isEmpty {
            writer.backlog[writer.backlog.count - 1] = runs[0]
        } else {
            writer.backlog[writer.backlog.count - 1] += runs[0]
        }
        writer.backlog += runs.dropFirst()
        writer.position = position
    }

    /// Writes the first run of the backlog, and syncs it where that is due.
    private func writeRun(syncs: Bool) throws(DiskError) {
        let isLast = writer.backlog.count == 1
        let count = writer.backlog[0].count
        if count == 0 {
            if isLast { markDurable(writer.position, synced: true) }
            return
        }
        if writer.written == 0, writer.syncedLength > segmentSize { writer.file = nil }
        if writer.file == nil { try begin() }
        guard let file = writer.file else { preconditionFailure("a segment was begun") }
        if writer.written < count {
            // After a failure the whole rest is written again over what may be there of it.
            let run = writer.backlog[0]
            try file.write(run.span.extracting(writer.written..<count), at: writer.syncedLength + writer.written)
            writer.written = count
        }
        if case .interval(let milliseconds) = mode, !syncs, count <= Self.maxUnsynced {
            let elapsed = DispatchTime.now().uptimeNanoseconds - writer.lastSync
            if elapsed < UInt64(milliseconds) * 1_000_000 {
                mark(file, at: writer.syncedLength + writer.written)
                markDurable(writer.position, synced: false)
                oweSync(in: milliseconds)
                return
            }
        }
        try syncRun(file)
        if isLast { markDurable(writer.position, synced: true) }
    }

    private func syncRun(_ file: any File) throws(DiskError) {
        let began = DispatchTime.now().uptimeNanoseconds
        do throws(DiskError) {
            try file.sync()
        } catch {
            // The pages of a failed sync cannot be trusted: all since the last one that succeeded goes to a new segment, whose header
            // says where this one ends. Cutting off the rest here only saves space.
            try? file.truncate(to: writer.syncedLength)
            writer.file = nil
            writer.written = 0
            throw error
        }
        let took = DispatchTime.now().uptimeNanoseconds - began
        let count = writer.backlog[0].count
        writer.lastSync = began + took
        writer.syncedLength += count
        writer.written = 0
        mark(file, at: writer.syncedLength)
        var emptied: [UInt8] = []
        swap(&emptied, &writer.backlog[0])
        emptied.removeAll(keepingCapacity: emptied.count <= Self.maxUnsynced)
        let segment = writer.segment - 1
        let end = writer.syncedLength
        state.withLock { state in
            state.readable = (segment, end)
            if state.spare.capacity < emptied.capacity { swap(&state.spare, &emptied) }
            state.statistics.syncs += 1
            state.statistics.bytes += count
            state.statistics.syncNanoseconds += took
            state.statistics.slowestSyncNanoseconds = max(state.statistics.slowestSyncNanoseconds, took)
            state.statistics.segment = segment
        }
    }

    /// Writes behind what will be acknowledged that it was. The next records take the mark's place; one that could not be written is
    /// missed only where what is before it is damaged.
    private func mark(_ file: any File, at offset: Int) {
        let mark = LogFormat.recordHeader(kind: LogFormat.markKind, [UInt8]().span, salt: salt)
        try? file.write(mark.span, at: offset)
    }

    private func markDurable(_ position: UInt64, synced: Bool) {
        state.withLock { state in
            state.durable = max(state.durable, position)
            if synced { state.synced = max(state.synced, position) }
        }
    }

    /// Sees to it that a write of mode `interval` is synced even if no other comes after it.
    private func oweSync(in milliseconds: Int) {
        if writer.syncIsOwed { return }
        writer.syncIsOwed = true
        queue.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [weak self] in
            guard let self else { return }
            writer.syncIsOwed = false
            // What fails here is held and tried again.
            if flush(syncs: true) != nil { oweSync(in: milliseconds) }
        }
    }

    /// Begins the next segment.
    private func begin() throws(DiskError) {
        let path = directory + "/" + LogFormat.name(of: writer.segment)
        let header = LogFormat.Header(number: writer.segment, before: UInt64(writer.syncedLength), salt: salt)
        let file = try fileSystem.open(path, .create)
        try file.truncate(to: 0)
        try file.write(header.bytes.span, at: 0)
        try file.sync()
        try fileSystem.syncDirectory(directory)
        let number = writer.segment
        try changeExtent { extent in
            if number > extent.last { (extent.last, extent.end) = (number, 0) }
        }
        writer.file = file
        writer.syncedLength = LogFormat.headerSize
        writer.written = 0
        writer.segment += 1
    }
}
