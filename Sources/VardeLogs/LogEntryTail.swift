import Dispatch
import Synchronization
package import VardeDisk
package import VardeModel

/// Reads lines out of the log store's write-ahead log in the order they were accepted, for those who pass them on: nothing of it passes
/// through memory but what is read at once. Each record stands by itself, so a reader may begin at any of them.
package struct LogEntryTail {
    private var tail: LogTail
    /// Records that make no sense though their checksum holds.
    package private(set) var lostRecords = 0

    /// Goes on at a cursor; nil once the store is closed.
    package init?(_ store: LogStore, from cursor: LogCursor) {
        guard let log = store.writeAheadLog else { return nil }
        tail = LogTail(log, from: cursor)
    }

    /// Everything before was read.
    package var cursor: LogCursor { tail.cursor }
    package var missingSegments: Int { tail.missingSegments }
    package var bytesRead: Int { tail.bytesRead }

    package func bytesLeft() throws(DiskError) -> Int { try tail.bytesLeft() }

    /// Gives what is there to `body`, until that says it has enough, or the cursor `end` is reached.
    ///
    /// - Returns: whether what was given must be done with before anything else is read.
    package mutating func read(through end: LogCursor? = nil, _ body: ([LogStreamWrite]) -> Bool) throws -> Bool {
        while true {
            if let end, tail.cursor >= end { return true }
            var writes: [LogStreamWrite] = []
            var isLost = false
            let isMore = try tail.next { _, kind, payload in
                guard kind == LogRecord.entries else { return }
                do { writes = try LogRecord.decode(payload).writes } catch { isLost = true }
            }
            guard isMore else { return false }
            if isLost { lostRecords += 1 }
            if !writes.isEmpty, !body(writes) { return true }
        }
    }
}

extension LogStore {
    /// Where a reader of this name stands; a new one begins with what comes from now on.
    package func progress(ofReader name: String) throws -> LogHolds.Progress {
        if let known = holds.progress(of: name) { return known }
        // Nothing is trimmed between the cut and the hold.
        return try maintenance.sync {
            guard let log = writeAheadLog else { throw IngestError.unavailable("the log store is closed") }
            let segment = try log.cut()
            try holds.mark(segment, at: options.now() / 1_000_000)
            let progress = LogHolds.Progress(done: LogCursor(segment: segment))
            try holds.set(progress, of: name)
            return progress
        }
    }

    /// Bytes written to the log since it was opened.
    package var loggedBytes: Int { writeAheadLog?.statistics.bytes ?? 0 }

    /// The first segment that may still be passed on: what lies before has stretches that ended before `time` (ms), or more than `bytes`
    /// behind it.
    package func firstSegment(livingAt time: Int64, within bytes: Int) throws(DiskError) -> UInt64 {
        max(holds.firstSegment(livingAt: time), try writeAheadLog?.firstSegment(within: bytes) ?? 0)
    }

    /// Forgets segments of the write-ahead log that nobody reads any more. Runs on `maintenance`.
    func trimHeld() throws {
        guard let log = writeAheadLog else { return }
        let (done, kept) = state.withLock { ($0.logDone, $0.logKept) }
        let needed = holds.firstNeeded(before: done)
        if needed <= kept { return }
        try log.removeSegments(before: needed)
        state.withLock { $0.logKept = needed }
    }
}
