/// Entries of one stream within a write.
package struct LogStreamWrite: Sendable {
    package var labels: Labels
    package var entries: LogColumns

    package init(labels: Labels, entries: LogColumns) {
        self.labels = labels
        self.entries = entries
    }
}

/// What became of a write once its acknowledgement may be given.
package struct LogAppendReport: Sendable {
    package var accepted = 0
    /// Same stream, timestamp, line and metadata as an entry already there: dropped.
    package var duplicates = 0
    /// Entries refused, with the reason as Loki words it.
    package var refused: [(reason: String, count: Int)] = []
    /// Entries of streams above the limit of how many there may be: not taken now, perhaps later.
    package var held: (reason: String, count: Int)?

    package init() {}
}

/// Where log entries go, already redacted.
package protocol LogSink: Sendable {
    /// Returns once the entries are in the write-ahead log and synced: from then on they survive a crash.
    func append(_ writes: [LogStreamWrite]) async throws(IngestError) -> LogAppendReport
}
