import Synchronization
import VardeModel
import VardePrivacy

/// Where scraped samples go: the metrics store, with labels of new series redacted before it sees them.
final class DeferredSink: SampleSink {
    let parts = Mutex<ServerParts?>(nil)

    private func store() throws(IngestError) -> any SampleSink {
        guard let parts = parts.withLock({ $0 }), let stores = try? parts.stores() else {
            throw .unavailable("the stores are not open yet")
        }
        if parts.isReadOnly { throw .unavailable("the disk is nearly full") }
        return stores.metrics
    }

    func resolve(_ labels: Labels) throws(IngestError) -> SeriesRef {
        let redactor = parts.withLock { $0?.redactor }
        return try store().resolve(redactor?.redact(labels: labels) ?? labels)
    }

    func append(_ batch: SampleBatch) async throws(IngestError) -> AppendReport {
        let report = try await store().append(batch)
        parts.withLock { $0 }?.metrics.count("varde_ingested_samples_total", ["protocol": "scrape"], by: Double(report.accepted))
        return report
    }
}
