import VardeCollect
import VardeDisk
import VardeKernels
import VardeMetrics
import VardeModel
import VardePrivacy
import VardeWire

/// The way of pushed samples into the store, whatever brought them: labels of new series redacted, refusals told and counted.
struct MetricIntake: Sendable {
    let parts: ServerParts

    /// What became of a batch: what is written is in the log and synced.
    struct Outcome: Sendable {
        var samples = 0
        var histograms = 0
        var exemplars = 0
        /// Samples and histograms that were refused, and why, of the first few.
        var refused = 0
        var reasons: [String] = []
        /// Whether what was refused may be taken later.
        var isFull = false

        /// The answer to a sender some of whose samples were refused; nil where none was.
        var failure: APIFailure? {
            guard let complaint else { return nil }
            if !isFull { return .badData(complaint) }
            return APIFailure(status: 503, type: "limit", message: complaint, retryAfter: 60)
        }

        /// What was refused and that the rest stands, in one sentence; nil where nothing was refused.
        private var complaint: String? {
            if refused == 0, reasons.isEmpty { return nil }
            let of = samples + histograms + refused
            let others = refused < of ? ", the others are stored" : ""
            return "\(refused) of \(of) samples were refused\(others): " + reasons.joined(separator: "; ")
        }
    }

    /// Stores what can be stored of a batch.
    ///
    /// - Parameter name: of the protocol, as the metrics count it.
    /// - Throws: where nothing was stored and the sender should try again.
    func store(_ batch: consuming RawSampleBatch, protocol name: String) async throws -> Outcome {
        let stores = try parts.stores()
        try parts.checkWritable()
        let redactor = parts.redactor
        let batch = batch
        let taken: (report: AppendReport, refused: Int, errors: [IngestError])
        do throws(IngestError) {
            taken = try await stores.metrics.ingest(batch) { (bytes) throws(IngestError) in
                let labels: Labels
                do throws(WireError) { labels = try RemoteWrite.labels(bytes) } catch { throw .invalidLabels("\(error)") }
                return redactor?.redact(labels: labels) ?? labels
            }
        } catch {
            throw ServerParts.failure(error)
        }
        ProcessMemory.wipeStack()
        var outcome = Self.outcome(of: batch, taken)
        outcome.reasons = outcome.reasons.map(parts.told)
        parts.metrics.count("varde_ingested_samples_total", ["protocol": name], by: Double(taken.report.accepted))
        refuse(taken.refused, "labels_or_limit")
        refuse(taken.report.outOfBounds, "out_of_bounds")
        do throws(DiskError) {
            try await ExemplarIntake.keep(batch, refused: taken.report.refusedSeries, redactor, in: stores)
        } catch {
            throw ServerParts.failure(.unavailable("the samples are stored, exemplars are not: \(error)"))
        }
        return outcome
    }

    /// Counts samples that were refused.
    func refuse(_ count: Int, _ reason: String) {
        if count > 0 { parts.metrics.count("varde_refused_samples_total", ["reason": reason], by: Double(count)) }
    }

    /// Keeps what senders say of metric families.
    func note(_ metadata: [RemoteWrite.Metadata]) {
        let redactor = parts.redactor
        let masking = parts.redaction.masking
        for one in metadata {
            parts.sentMetadata.note(
                redactor?.redact(name: one.family) ?? one.family,
                FamilyMetadata(type: one.type, help: one.help, unit: one.unit).masked(by: masking))
        }
    }

    private static func outcome(
        of batch: RawSampleBatch, _ taken: (report: AppendReport, refused: Int, errors: [IngestError])
    ) -> Outcome {
        let refusedSeries = taken.report.refusedSeries
        var refusedHistograms = 0
        for series in refusedSeries {
            let range = (series == 0 ? 0 : Int(batch.sampleEnds[series - 1]))..<Int(batch.sampleEnds[series])
            refusedHistograms += batch.histograms.count { range.contains($0.index) }
        }
        let refusedSet = Set(refusedSeries)
        var outcome = Outcome()
        outcome.histograms = batch.histograms.count - refusedHistograms - taken.report.outOfBoundsHistograms
        outcome.refused = taken.refused + taken.report.outOfBounds
        outcome.samples = batch.sampleCount - outcome.refused - outcome.histograms
        outcome.exemplars = batch.exemplars.count { !refusedSet.contains($0.series) }
        outcome.isFull = taken.report.isFull
        outcome.reasons = taken.errors.map { ServerParts.failure($0).message }
        if let first = taken.report.firstOutOfBounds {
            outcome.reasons.append(
                "\(taken.report.outOfBounds) of them are older than retention or too far in the future, first of \(first.labels) at \(first.timestamp) ms"
            )
        }
        return outcome
    }
}
