import VardeMetrics
import VardeModel
import VardePrivacy
import VardeWire

/// Exemplars of batches as senders encode them.
enum ExemplarIntake {
    /// Keeps the exemplars of a batch the store has taken. Series whose labels cannot be read were refused there.
    static func keep(_ batch: RawSampleBatch, _ redactor: Redactor?, in stores: Stores) {
        if batch.exemplars.isEmpty { return }
        var found: [(series: Labels, exemplar: Exemplar)] = []
        var last: (index: Int, labels: Labels)?
        for (index, exemplar) in batch.exemplars {
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
        stores.exemplars.add(found)
    }
}
