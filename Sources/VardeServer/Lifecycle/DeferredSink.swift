import Synchronization
import VardeMetrics
import VardeModel
import VardePrivacy

/// Where scraped samples go: the metrics store, with labels of new series redacted before it sees them.
final class DeferredSink: SampleSink {
    let parts = Mutex<ServerParts?>(nil)

    private func stores() throws(IngestError) -> Stores {
        guard let parts = parts.withLock({ $0 }), let stores = try? parts.stores() else {
            throw .unavailable("the stores are not open yet")
        }
        if parts.isReadOnly { throw .unavailable("the disk is nearly full") }
        return stores
    }

    func resolve(_ all: [Labels], isOwn: Bool) throws(IngestError) -> [SeriesRef] {
        let redactor = parts.withLock { $0?.redactor }
        return try stores().metrics.resolve(redactor?.redact(all: all) ?? all, isOwn: isOwn)
    }

    func append(_ batch: SampleBatch) async throws(IngestError) -> AppendReport {
        let stores = try stores()
        let report = try await stores.metrics.append(batch)
        await keepExemplars(of: batch, in: stores)
        parts.withLock { $0 }?.metrics.count("varde_ingested_samples_total", ["protocol": "scrape"], by: Double(report.accepted))
        return report
    }

    /// Keeps the exemplars of a batch that was taken, redacted as labels are. Those the log does not take are counted by their store.
    private func keepExemplars(of batch: SampleBatch, in stores: Stores) async {
        if batch.exemplars.isEmpty { return }
        let redactor = parts.withLock { $0?.redactor }
        let labels = stores.metrics.labels(of: batch.exemplars.map { batch.refs[$0.index] })
        _ = try? await stores.exemplars.add(
            zip(labels, batch.exemplars).compactMap { series, one in
                guard let series else { return nil }
                return (series, one.exemplar.prepared(redactor, sampleTime: batch.timestamps[one.index]))
            })
    }
}

extension Exemplar {
    /// With its labels redacted, and the time of its sample where it has none.
    func prepared(_ redactor: Redactor?, sampleTime: Int64) -> Exemplar {
        var prepared = self
        if let redactor { prepared.labels = redactor.redact(labels: labels) }
        if timestamp == 0 { (prepared.timestamp, prepared.hasOwnTime) = (sampleTime, false) }
        return prepared
    }
}
