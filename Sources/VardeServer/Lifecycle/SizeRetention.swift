import VardeLogs
import VardeMetrics

/// Keeps metrics and logs within `retention.size` together.
enum SizeRetention {
    /// Removes the file whose newest entry is oldest until blocks and segments have room in `size` bytes; write-ahead logs do not
    /// count, as an endpoint that takes nothing must not cost what is stored. Blocks.
    ///
    /// - Parameter now: milliseconds since the epoch.
    /// - Returns: files removed.
    static func enforce(_ size: Int, metrics: MetricStore, logs: LogStore, now: Int64) throws -> Int {
        var removed = 0
        while size > 0, metrics.diskBytes + logs.diskBytes > size {
            let ofMetrics = metrics.oldestFileEnd
            let ofLogs = logs.oldestFileEnd.map { $0 / 1_000_000 }
            if ofMetrics == nil, ofLogs == nil { break }
            if ofMetrics ?? .max <= ofLogs ?? .max {
                try metrics.dropOldestFile(now: now)
            } else {
                try logs.dropOldestFile(now: now * 1_000_000)
            }
            removed += 1
        }
        return removed
    }
}
