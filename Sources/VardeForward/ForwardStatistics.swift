/// What became of what was to be sent to one endpoint, since the start.
package struct ForwardStatistics: Sendable {
    /// Items: samples, lines.
    package var sent = 0
    package var histograms = 0
    package var exemplars = 0
    package var metadata = 0
    /// Refused for good by the receiver.
    package var failed = 0
    /// Sent again because no answer, or one that said later, came.
    package var retried = 0
    /// Not sent, by reason: `relabelled` (not wanted), `backlog_bound` (older or more than is kept), `undecodable` (the log is damaged),
    /// `too_old` (beyond sample_age_limit), `native_histogram` (not wanted), `refused_before` (sent before without an answer).
    package var dropped: [String: Int] = [:]
    /// Log segments that were removed before they were read.
    package var missingSegments = 0
    package var requests = 0
    /// Bytes of bodies after compression.
    package var bytes = 0
    package var sendSeconds = 0.0
    package var shards = 0
    package var desiredShards = 0.0
    /// Items in memory, and bytes of the log that are not read yet.
    package var pending = 0
    package var backlogBytes = 0
    /// Milliseconds since the epoch of the newest item read and sent.
    package var newestRead: Int64 = 0
    package var newestSent: Int64 = 0
    /// 0 closed, 1 half-open, 2 open.
    package var breaker = 0
    /// What the last failure was, empty while all is well.
    package var lastFailure = ""

    package init() {}
}
