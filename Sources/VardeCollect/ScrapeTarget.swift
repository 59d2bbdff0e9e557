import VardeCompression
import VardeEgress
import VardeKernels
package import VardeModel
import VardeWire

/// A target as it came out of relabelling.
struct TargetIdentity: Hashable, Sendable {
    var job: String
    var url: String
    /// Labels its series get.
    var labels: Labels
}

/// How a target does, for `/api/v1/targets`.
package struct TargetStatus: Sendable {
    package var job: String
    package var url: String
    /// As discovered, `__address__` and the like included.
    package var discovered: Labels
    package var labels: Labels
    /// `unknown` before the first scrape, then `up` or `down`.
    package var health = "unknown"
    package var lastError = ""
    /// Milliseconds since the epoch, 0 before the first.
    package var lastScrape: Int64 = 0
    package var lastDuration = 0.0
    package var interval: Int64
    package var timeout: Int64
    package var breaker = "closed"
    package var samples = 0
}

/// What HELP, TYPE and UNIT lines said of a metric family.
package struct FamilyMetadata: Sendable, Hashable {
    package var type = "unknown"
    package var help = ""
    package var unit = ""

    package init(type: String = "unknown", help: String = "", unit: String = "") {
        self.type = type
        self.help = help
        self.unit = unit
    }
}

/// Scrapes one target. What it saw last lets an unchanged series pass without being parsed again.
///
/// Owned by the one task that runs the target.
final class TargetScraper {
    private struct Known {
        /// nil for a series the rules drop.
        var ref: SeriesRef?
        var seenIn: Int
    }

    private let config: ScrapeConfig
    private let identity: TargetIdentity
    private let sink: any SampleSink
    private let hash = KeyedHash()
    private var known: [KeyedHash.Value: Known] = [:]
    /// Labels by ref, for resolving again when the store has renumbered.
    private var labelsOfRef: [SeriesRef: Labels] = [:]
    private var round = 0
    private var reportRefs: [String: SeriesRef] = [:]
    private(set) var metadata: [String: FamilyMetadata] = [:]

    /// Series a target may have at most where its job sets no limit.
    static let hardSampleLimit = 2_000_000

    init(config: ScrapeConfig, identity: TargetIdentity, sink: any SampleSink) {
        self.config = config
        self.identity = identity
        self.sink = sink
    }

    struct Outcome {
        var scraped = 0
        var kept = 0
        var added = 0
    }

    /// A fault of the body or the limits, as it stands in `lastError`.
    struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    /// Takes a body's samples into the store; series of the scrape before that are gone get a stale marker.
    func ingest(_ body: [UInt8], at now: Int64) async throws -> Outcome {
        round += 1
        var outcome = Outcome()
        var batch = SampleBatch()
        let bytes = body.span
        var parser = ExpositionParser()
        var families: [String: FamilyMetadata] = [:]
        do {
            while let line = try parser.next(bytes) {
                switch line {
                case .help(let name, let text): families[name, default: FamilyMetadata()].help = text
                case .type(let name, let type): families[name, default: FamilyMetadata()].type = type == "untyped" ? "unknown" : type
                case .unit(let name, let unit): families[name, default: FamilyMetadata()].unit = unit
                case .sample(let sample):
                    outcome.scraped += 1
                    if outcome.scraped > Self.hardSampleLimit { throw Fault(description: "more than \(Self.hardSampleLimit) samples") }
                    guard let ref = try series(bytes.extracting(sample.series), &outcome) else { continue }
                    outcome.kept += 1
                    if config.sampleLimit > 0, outcome.kept > config.sampleLimit {
                        throw Fault(description: "sample_limit exceeded: more than \(config.sampleLimit) samples after relabelling")
                    }
                    let time = config.honorTimestamps ? sample.timestamp ?? now : now
                    batch.append(ref, time, sample.value)
                }
            }
        } catch {
            // A scrape counts whole or not at all.
            round -= 1
            throw error
        }
        if families.count <= 100_000 { metadata = families }
        for (key, entry) in known where entry.seenIn < round {
            if let ref = entry.ref, entry.seenIn == round - 1 { batch.append(ref, now, .staleMarker) }
            known[key] = nil
        }
        try await append(batch)
        return outcome
    }

    /// The ref of a series by its bytes, nil where it is dropped.
    private func series(_ bytes: Span<UInt8>, _ outcome: inout Outcome) throws -> SeriesRef? {
        let key = hash(bytes)
        if let entry = known[key] {
            known[key]?.seenIn = round
            return entry.ref
        }
        let parsed = try ExpositionParser.labels(bytes)
        guard let labels = try finished(parsed) else {
            known[key] = Known(ref: nil, seenIn: round)
            return nil
        }
        outcome.added += 1
        let ref = try sink.resolve(labels)
        known[key] = Known(ref: ref, seenIn: round)
        labelsOfRef[ref] = labels
        return ref
    }

    /// A series' labels joined with the target's, relabelled and held against the limits.
    private func finished(_ parsed: Labels) throws -> Labels? {
        var labels = parsed
        for label in identity.labels {
            if config.honorLabels {
                if parsed[label.name] == nil { labels.set(label.name, to: label.value) }
            } else {
                if let own = parsed[label.name] {
                    var name = "exported_" + label.name
                    while parsed[name] != nil || identity.labels[name] != nil { name = "exported_" + name }
                    labels.set(name, to: own)
                }
                labels.set(label.name, to: label.value)
            }
        }
        guard let kept = RelabelRule.apply(config.metricRelabelRules, to: labels), !kept.name.isEmpty else { return nil }
        if config.labelLimit > 0, kept.count > config.labelLimit {
            throw Fault(description: "label_limit exceeded: \(kept.count) labels in \(kept)")
        }
        for label in kept {
            if config.labelNameLengthLimit > 0, label.name.utf8.count > config.labelNameLengthLimit {
                throw Fault(description: "label_name_length_limit exceeded: \(label.name)")
            }
            if config.labelValueLengthLimit > 0, label.value.utf8.count > config.labelValueLengthLimit {
                throw Fault(description: "label_value_length_limit exceeded: label \(label.name) of \(kept.name)")
            }
        }
        return kept
    }

    /// Appends, resolving again what the store no longer knows.
    private func append(_ batch: SampleBatch) async throws {
        let report = try await sink.append(batch)
        if report.staleRefs.isEmpty { return }
        var again = SampleBatch()
        var fresh: [SeriesRef: SeriesRef] = [:]
        for index in report.staleRefs {
            let old = batch.refs[index]
            guard let labels = labelsOfRef[old] else { continue }
            let ref = try fresh[old] ?? sink.resolve(labels)
            fresh[old] = ref
            again.append(ref, batch.timestamps[index], batch.values[index])
        }
        for (old, new) in fresh { labelsOfRef[new] = labelsOfRef.removeValue(forKey: old) }
        for (key, entry) in known { if let ref = entry.ref, let new = fresh[ref] { known[key]?.ref = new } }
        for (name, ref) in reportRefs { if let new = fresh[ref] { reportRefs[name] = new } }
        _ = try await sink.append(again)
    }

    /// The series every target has: `up` and what the scrape cost. A failed scrape marks all others stale.
    func report(up: Bool, duration: Double, outcome: Outcome, at now: Int64) async throws {
        var batch = SampleBatch()
        for (name, value) in [
            ("up", up ? 1 : 0), ("scrape_duration_seconds", duration), ("scrape_samples_scraped", Double(outcome.scraped)),
            ("scrape_samples_post_metric_relabeling", Double(outcome.kept)), ("scrape_series_added", Double(outcome.added)),
        ] { batch.append(try reportRef(name), now, value) }
        if !up { stale(&batch, at: now) }
        try await append(batch)
    }

    private func reportRef(_ name: String) throws -> SeriesRef {
        if let known = reportRefs[name] { return known }
        let labels = identity.labels.setting(Labels.metricName, to: name)
        let ref = try sink.resolve(labels)
        reportRefs[name] = ref
        labelsOfRef[ref] = labels
        return ref
    }

    private func stale(_ batch: inout SampleBatch, at now: Int64) {
        for (key, entry) in known {
            if let ref = entry.ref, entry.seenIn == round { batch.append(ref, now, .staleMarker) }
            known[key] = nil
        }
    }

    /// The target is gone: everything it had ends, its own series too.
    func end(at now: Int64) async {
        var batch = SampleBatch()
        stale(&batch, at: now)
        for (_, ref) in reportRefs { batch.append(ref, now, .staleMarker) }
        try? await append(batch)
    }
}
