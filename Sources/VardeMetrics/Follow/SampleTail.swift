import Synchronization
package import VardeDisk
package import VardeModel

/// Reads samples out of the metrics log in the order they were accepted, for those who pass them on: nothing of it passes through
/// memory but what is read at once and what is made of each series' labels.
package struct SampleTail {
    /// Where a stretch begins: what was read before refers to series as they were numbered there.
    private struct StretchBegins: Error {}

    private let holds: LogHolds
    /// Records before are read for the series they define alone.
    private let start: LogCursor
    private var tail: LogTail
    private var decoder: SampleLogDecoder
    private var segment: UInt64 = 0

    /// Goes on at a cursor.
    ///
    /// - Parameters:
    ///   - exemplars: whether they are read too.
    ///   - prepare: makes of a series' labels what `text` gives of it; nil for a series that is not wanted.
    package init(
        _ store: MetricStore, from cursor: LogCursor, exemplars: Bool = false, prepare: @escaping @Sendable (Labels) -> [UInt8]?
    ) {
        holds = store.holds
        start = cursor
        tail = LogTail(store.log, from: min(cursor, LogCursor(segment: holds.stretch(of: cursor.segment))))
        decoder = SampleLogDecoder(takesExemplars: exemplars, prepare: prepare)
    }

    /// Everything before was read.
    package var cursor: LogCursor { max(tail.cursor, start) }
    package var unwantedSamples: Int { decoder.unwantedSamples }
    package var lostSamples: Int { decoder.lostSamples }
    package var missingSegments: Int { tail.missingSegments }
    package var bytesRead: Int { tail.bytesRead }

    /// What `prepare` made of a series of the samples read last.
    package func text(of series: UInt32) -> ArraySlice<UInt8> { decoder.text(of: series) }

    package func bytesLeft() throws(DiskError) -> Int { try tail.bytesLeft() }

    /// Adds what is there to `samples`, until they take the room of `most` floats or more, a stretch ends, or the cursor `end` is reached.
    ///
    /// - Returns: whether `samples` must be done with before anything else is read.
    package mutating func read(into samples: inout LoggedSamples, most: Int, through end: LogCursor? = nil) throws -> Bool {
        while samples.weight < most {
            if let end, tail.cursor >= end { return true }
            do {
                if try !step(into: &samples) { return false }
            } catch is StretchBegins {
                return true
            }
        }
        return true
    }

    private mutating func step(into samples: inout LoggedSamples) throws -> Bool {
        try Self.step(&tail, &decoder, &segment, start, holds, into: &samples)
    }

    private static func step(
        _ tail: inout LogTail, _ decoder: inout SampleLogDecoder, _ segment: inout UInt64, _ start: LogCursor, _ holds: LogHolds,
        into samples: inout LoggedSamples
    ) throws -> Bool {
        try tail.next { place, kind, payload in
            if place.segment != segment {
                if holds.isMark(place.segment) {
                    if !samples.isEmpty { throw StretchBegins() }
                    decoder.startStretch()
                }
                segment = place.segment
            }
            decoder.take(kind: kind, payload, into: &samples, emits: place >= start)
        }
    }
}

extension MetricStore {
    /// Where a reader of this name stands; a new one begins with what comes from now on.
    package func progress(ofReader name: String) throws -> LogHolds.Progress {
        if let known = holds.progress(of: name) { return known }
        // Nothing is trimmed between the cut and the hold.
        return try maintenance.withLock { _ in
            let progress = LogHolds.Progress(done: LogCursor(segment: try log.cut()))
            try holds.set(progress, of: name)
            return progress
        }
    }

    /// Bytes written to the log since it was opened.
    package var loggedBytes: Int { log.statistics.bytes }

    /// The first segment that may still be passed on: what lies before has stretches that ended before `time` (ms), or more than `bytes`
    /// behind it.
    package func firstSegment(livingAt time: Int64, within bytes: Int) throws(DiskError) -> UInt64 {
        max(holds.firstSegment(livingAt: time), try log.firstSegment(within: bytes))
    }
}
