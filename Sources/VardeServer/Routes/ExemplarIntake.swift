import VardeDisk
import VardeMetrics
import VardeModel
import VardePrivacy
import VardeWire

/// Exemplars of batches as senders encode them.
enum ExemplarIntake {
    /// Keeps the exemplars of a batch the store has taken, but for those of series it refused; returns once they are in the log.
    static func keep(
        _ batch: RawSampleBatch, refused: [Int], _ redactor: Redactor?, in stores: Stores
    ) async throws(DiskError) {
        if batch.exemplars.isEmpty { return }
        var found: [(series: Labels, exemplar: Exemplar)] = []
        var last: (index: Int, labels: Labels)?
        let refused = Set(refused)
        for (index, exemplar) in batch.exemplars where !refused.contains(index) {
            if last?.index != index {
                let range = Int(batch.labelStarts[index])..<Int(batch.labelEnds[index])
                guard let labels = try? RemoteWrite.labels(batch.bytes.span.extracting(range)) else { continue }
                last = (index, redactor?.redact(labels: labels) ?? labels)
            }
            guard let series = last?.labels else { continue }
            let end = Int(batch.sampleEnds[index])
            let start = index == 0 ? 0 : Int(batch.sampleEnds[index - 1])
            found.append((series, exemplar.prepared(redactor, sampleTime: end > start ? batch.timestamps[end - 1] : 0)))
        }
        try await stores.exemplars.add(found)
    }
}
