import VardeModel

extension TargetScraper {
    /// Appends the series every target has: `up` and what the scrape cost, in seconds and counts. A failed scrape marks all others stale.
    mutating func report(
        up: Bool, duration: Double, outcome: Outcome, at now: Int64, into batch: inout SampleBatch
    ) throws(IngestError) {
        var rows: [(String, Double)] = [
            (Self.up, up ? 1 : 0), ("scrape_duration_seconds", duration), ("scrape_samples_scraped", Double(outcome.scraped)),
            ("scrape_samples_post_metric_relabeling", Double(outcome.kept)), ("scrape_series_added", Double(outcome.added)),
        ]
        if config.extraScrapeMetrics {
            rows += [
                ("scrape_timeout_seconds", Double(config.timeout) / 1000), ("scrape_sample_limit", Double(config.sampleLimit)),
                ("scrape_body_size_bytes", Double(outcome.bytes)),
            ]
        }
        for (name, value) in rows { batch.append(try reportRef(name), now, value) }
        if !up { appendEnds(at: now, into: &batch) }
    }

    /// Appends what is known of a target that was not asked: `up` is 0, and all others end, as nothing was measured.
    mutating func reportUnasked(at now: Int64, into batch: inout SampleBatch) throws(IngestError) {
        batch.append(try reportRef(Self.up), now, 0)
        for (name, ref) in reportRefs where name != Self.up {
            batch.append(ref, now, .staleMarker)
            reportRefs[name] = nil
        }
        appendEnds(at: now, into: &batch)
    }

    private static let up = "up"

    private mutating func appendEnds(at now: Int64, into batch: inout SampleBatch) {
        for ref in memory.fail() + Array(carried) { batch.append(ref, now, .staleMarker) }
        carried = []
    }

    private mutating func reportRef(_ name: String) throws(IngestError) -> SeriesRef {
        if let known = reportRefs[name] { return known }
        let ref = try sink.resolve(identity.labels.setting(Labels.metricName, to: name), isOwn: true)
        reportRefs[name] = ref
        return ref
    }

    /// The target is gone: stale markers for everything it had, its own series too.
    mutating func end(at now: Int64) -> SampleBatch {
        var batch = SampleBatch()
        for ref in memory.removeAll() + Array(carried) + Array(reportRefs.values) { batch.append(ref, now, .staleMarker) }
        carried = []
        reportRefs = [:]
        return batch
    }
}
