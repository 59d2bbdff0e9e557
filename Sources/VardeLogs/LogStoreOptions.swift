package import VardeDisk
package import VardeModel

/// How long lines of matching streams are kept.
package struct LogRetentionPolicy: Sendable, Equatable {
    /// Streams it is about.
    package var matchers: [LabelMatcher]
    /// Nanoseconds from a line's timestamp to its end.
    package var duration: Int64

    package init(matchers: [LabelMatcher], duration: Int64) {
        self.matchers = matchers
        self.duration = duration
    }
}

/// Limits and policies of a log store, each with its default.
package struct LogStoreOptions: Sendable {
    /// Nanoseconds lines are kept where no policy says otherwise; 15 days.
    package var retention: Int64 = 15 * 86_400_000_000_000
    /// The first policy that matches a stream counts.
    package var policies: [LogRetentionPolicy] = []
    /// Nanoseconds a timestamp may lie ahead of the clock.
    package var creationGrace: Int64 = 600_000_000_000
    /// Nanoseconds a timestamp may lie behind the clock; nil for as long as lines are kept.
    package var maxAge: Int64?
    /// Longest line, in bytes.
    package var maxLineSize = 1 << 20
    /// Streams with lines in memory at once.
    package var maxStreams = 200_000
    package var maxLabelNames = 30
    package var maxLabelNameSize = 1024
    package var maxLabelValueSize = 2048
    /// Bytes of lines and their pages in memory at which they are cut to segments.
    package var maxHeadBytes = 64 << 20
    /// Nanoseconds after which lines in memory are cut to segments, however few.
    package var maxHeadAge: Int64 = 3_600_000_000_000
    /// Bytes of lines in one page before compression.
    package var pageSize = 1 << 20
    /// Bytes of lines not yet in compressed pages, all streams together; above it the largest are compressed early.
    package var maxOpenBytes = 24 << 20
    /// When a write is acknowledged.
    package var syncMode: WriteAheadLog.SyncMode = .every
    /// Cuts run on a thread of their own as soon as the memory limit is reached; without, only `maintain` cuts.
    package var cutsInBackground = true
    /// The clock, in nanoseconds since the epoch.
    package var now: @Sendable () -> Int64

    package init(now: @escaping @Sendable () -> Int64) {
        self.now = now
    }
}
