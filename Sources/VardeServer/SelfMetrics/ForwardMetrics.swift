import VardeForward

/// Figures of the endpoints data is sent to, under the names Prometheus has for its own.
enum ForwardMetrics {
    static func add(_ statuses: [Forwarding.Status], to page: inout SelfMetrics.Page) {
        for status in statuses {
            let labels = [("remote_name", status.name), ("url", status.url)]
            let one = status.statistics
            let isLogs = status.kind == .logs
            let (prefix, items) = isLogs ? ("varde_loki_write", "lines") : ("varde_remote_storage", "samples")
            page.counter("\(prefix)_\(items)_total", labels, one.sent)
            page.counter("\(prefix)_\(items)_failed_total", labels, one.failed)
            page.counter("\(prefix)_\(items)_retried_total", labels, one.retried)
            for reason in Set(one.dropped.keys).union(["relabelled", "backlog_bound"]).sorted() {
                page.counter("\(prefix)_\(items)_dropped_total", labels + [("reason", reason)], one.dropped[reason] ?? 0)
            }
            page.gauge(isLogs ? "\(prefix)_pending_bytes" : "\(prefix)_\(items)_pending", labels, Double(one.pending))
            page.gauge("\(prefix)_backlog_bytes", labels, Double(one.backlogBytes))
            page.counter("\(prefix)_missing_segments_total", labels, one.missingSegments)
            page.counter("\(prefix)_requests_total", labels, one.requests)
            page.counter("\(prefix)_bytes_total", labels, one.bytes)
            page.add("\(prefix)_send_seconds_total", "counter", labels, one.sendSeconds)
            page.gauge("\(prefix)_shards", labels, Double(one.shards))
            page.gauge("\(prefix)_shards_desired", labels, one.desiredShards)
            page.gauge("\(prefix)_shards_min", labels, Double(status.shardRange.lowerBound))
            page.gauge("\(prefix)_shards_max", labels, Double(status.shardRange.upperBound))
            page.gauge(isLogs ? "\(prefix)_max_bytes_per_send" : "\(prefix)_max_\(items)_per_send", labels, Double(status.mostPerSend))
            page.gauge("\(prefix)_highest_timestamp_in_seconds", labels, Double(one.newestRead) / 1000)
            page.gauge("\(prefix)_queue_highest_sent_timestamp_seconds", labels, Double(one.newestSent) / 1000)
            if !isLogs {
                page.counter("\(prefix)_metadata_total", labels, one.metadata)
                page.counter("\(prefix)_exemplars_total", labels, one.exemplars)
            }
            page.gauge(
                "varde_circuit_breaker_state",
                [("instance", status.url), ("job", status.name), ("kind", isLogs ? "loki_write" : "remote_write")],
                Double(one.breaker))
        }
    }
}
