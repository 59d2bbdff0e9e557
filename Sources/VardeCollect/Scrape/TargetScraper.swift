import VardeKernels
import VardeModel
import VardeWire

/// Takes the bodies of one target into the store. What it saw last lets an unchanged series pass without being parsed again.
///
/// Owned by the one task that runs the target.
struct TargetScraper {
    private(set) var config: ScrapeConfig
    let identity: TargetIdentity
    private(set) var sink: any SampleSink
    let hash = KeyedHash()
    var memory = SeriesMemory()
    /// Series that came new with a body that failed: they are not counted as new again.
    private var missed: Set<UInt64> = []
    /// Series of the configuration before this one: what the next scrape does not have of them has ended.
    var carried: Set<SeriesRef> = []
    var reportRefs: [String: SeriesRef] = [:]
    var comments = CommentMemory()
    /// What HELP and TYPE lines say, where it was not handed over yet.
    var metadata: [String: FamilyMetadata]?

    /// New series the store is asked for at once.
    private static let mostAsked = 512
    /// New series of a body that are kept back until it has been read to its end: one that fails leaves none in the store. A body with
    /// more is read once without the store before the first of them get there.
    private static let mostPending = 50_000
    /// Series a target may have at most where its job sets no limit.
    static let hardSampleLimit = 2_000_000

    init(config: ScrapeConfig, identity: TargetIdentity, sink: any SampleSink) {
        self.config = config
        self.identity = identity
        self.sink = sink
    }

    /// What a scrape brought.
    struct Outcome {
        var scraped = 0
        var kept = 0
        var added = 0
        var duplicates = 0
        var exemplars = 0
        /// Bytes of the body; −1 where it was over the limit.
        var bytes = 0
    }

    /// One scrape at work.
    struct Pass {
        var outcome = Outcome()
        var batch = SampleBatch()
        var families: [String: FamilyMetadata] = [:]
        /// A limit that was passed: the body is read on so that it can be counted.
        var limit: ScrapeFault?
        /// Knows the series of this body that were new.
        var decoder = SeriesDecoder()
        /// New series the store is still to be asked for, and the samples of the batch before which none is of them.
        var pending: [(slot: Int, labels: Labels)] = []
        var resolved = 0
        /// Whether the body is known to be good to its end.
        var isTried = false
        let body: [UInt8]
        let format: ExpositionFormat
        let now: Int64

        init(_ body: [UInt8], _ format: ExpositionFormat, now: Int64) {
            self.body = body
            self.format = format
            self.now = now
            outcome.bytes = body.count
        }
    }

    /// Takes what is read only to see whether it can be.
    private struct NoSink: SampleSink {
        func resolve(_ all: [Labels], isOwn: Bool) -> [SeriesRef] { Array(repeating: SeriesRef(id: 0), count: all.count) }
        func append(_ batch: SampleBatch) -> AppendReport { AppendReport() }
    }

    /// Whether a body is likely one of series that are known.
    var knowsSeries: Bool { memory.count > 0 }

    /// Another configuration for the same target: its series go on, and end where that no longer has them.
    mutating func use(_ config: ScrapeConfig) {
        self.config = config
        carried.formUnion(memory.removeAll())
    }

    /// Reads a body into `batch`; series of the scrape before that are gone get a stale marker. `outcome` counts also what a body had that
    /// does not count as a whole.
    mutating func read(
        _ body: [UInt8], _ format: ExpositionFormat, at now: Int64, into batch: inout SampleBatch, _ outcome: inout Outcome
    ) throws(ScrapeFault) {
        var pass = Pass(body, format, now: now)
        defer { outcome = pass.outcome }
        do throws(ScrapeFault) {
            try readWhole(&pass)
            try resolvePending(&pass)
        } catch {
            missed = Set(memory.newHashes)
            throw error
        }
        if !missed.isEmpty { missed = [] }
        try takeMetadata(of: body, format, &pass)
        for ref in memory.finish() { pass.batch.append(ref, now, .staleMarker) }
        pass.outcome.duplicates += memory.merged
        if !carried.isEmpty {
            for ref in carried.subtracting(memory.refs) { pass.batch.append(ref, now, .staleMarker) }
            carried = []
        }
        batch = pass.batch
    }

    /// Reads a body from its beginning to its end.
    private mutating func readWhole(_ pass: inout Pass) throws(ScrapeFault) {
        memory.begin()
        comments.begin()
        do {
            if readsShortcut(pass.format) {
                try readText(pass.body, pass.format, &pass)
            } else if pass.format == .protobuf {
                try readProtobuf(pass.body, &pass)
            } else {
                try readConverting(pass.body, pass.format, &pass)
            }
        } catch let fault as ScrapeFault {
            throw fault
        } catch {
            throw ScrapeFault(kind: .format, description: "\(error)")
        }
        if let limit = pass.limit { throw limit }
    }

    /// Reads the whole body of a pass by itself; one that fails has failed with what it was.
    private func tryWhole(_ pass: inout Pass) throws(ScrapeFault) {
        var trial = self
        trial.sink = NoSink()
        var trialPass = Pass(pass.body, pass.format, now: pass.now)
        trialPass.isTried = true
        do throws(ScrapeFault) { try trial.readWhole(&trialPass) } catch {
            pass.outcome = trialPass.outcome
            throw error
        }
        pass.isTried = true
    }

    /// The store has renumbered its series: everything is to be resolved anew.
    mutating func forget() {
        _ = memory.removeAll()
        carried = []
        reportRefs = [:]
    }

    private mutating func readText(_ body: [UInt8], _ format: ExpositionFormat, _ pass: inout Pass) throws {
        let bytes = body.span
        var parser = ExpositionParser(format)
        while true {
            while memory.cursor < memory.count,
                let sample = try parser.nextKnown(
                    bytes, length: Int(memory.lengths[memory.cursor]), low: memory.hashes[memory.cursor], hash: hash)
            {
                try take(sample, memory.cursor, parser, bytes, &pass)
            }
            if let comment = parser.commentAhead(bytes) {
                let low = hash(bytes.extracting(comment)).low
                if let numberLabel = comments.pass(low) {
                    parser.passComment(comment, bytes, numberLabel)
                    continue
                }
                if let line = try parser.takeComment(bytes) { note(line, &pass) }
                // The end of a body is an end with every scrape.
                if !parser.hasEnded { comments.note(low, parser.numberLabel) }
                continue
            }
            guard let line = try parser.next(bytes) else { return }
            if case .sample(let sample) = line {
                try takeKnownOrNew(sample, parser, bytes, &pass)
            } else {
                note(line, &pass)
                comments.noteUnknown()
            }
        }
    }

    mutating func takeKnownOrNew(
        _ sample: ExpositionParser.Sample, _ parser: ExpositionParser, _ bytes: Span<UInt8>, _ pass: inout Pass
    ) throws {
        let length = sample.series.count
        let low = hash(bytes.extracting(sample.series)).low
        if let slot = memory.find(low, length) { return try take(sample, slot, parser, bytes, &pass) }
        let labels = try parser.labels(of: sample, bytes, &pass.decoder)
        if try admits(labels, &pass) { try take(sample, add(low, length, labels, &pass), parser, bytes, &pass) }
    }

    private mutating func take(
        _ sample: ExpositionParser.Sample, _ slot: Int, _ parser: ExpositionParser, _ bytes: Span<UInt8>, _ pass: inout Pass
    ) throws {
        let own = config.honorTimestamps ? sample.timestamp : nil
        guard try count(slot, own, &pass) else { return }
        if sample.exemplar != nil, let exemplar = try parser.exemplar(of: sample, bytes, at: pass.now) {
            pass.batch.exemplars.append((pass.batch.count, exemplar))
            pass.outcome.exemplars += 1
        }
        pass.batch.append(memory.refs[slot], own ?? pass.now, sample.value)
    }

    /// Counts a sample of a slot; false where it is not stored.
    mutating func count(_ slot: Int, _ own: Int64?, _ pass: inout Pass) throws -> Bool {
        pass.outcome.scraped += 1
        if pass.outcome.scraped > Self.hardSampleLimit { throw Self.tooManySamples }
        let isFirst = memory.note(slot, marked: own == nil || config.trackTimestampsStaleness)
        if memory.refs[slot] == SeriesMemory.dropped { return false }
        pass.outcome.kept += 1
        if config.sampleLimit > 0, pass.outcome.kept > config.sampleLimit {
            pass.limit = ScrapeFault(kind: .sampleLimit, description: "sample limit exceeded")
            return false
        }
        // A series given twice without times of its own: the first stands, as in Prometheus.
        if !isFirst, own == nil {
            pass.outcome.duplicates += 1
            return false
        }
        return true
    }

    /// Whether a new series may be looked up: of a body beyond its limit what follows is counted, and never reaches the store.
    func admits(_ parsed: Labels, _ pass: inout Pass) throws -> Bool {
        guard pass.limit != nil else { return true }
        pass.outcome.scraped += 1
        if pass.outcome.scraped > Self.hardSampleLimit { throw Self.tooManySamples }
        if try finished(parsed) != nil { pass.outcome.kept += 1 }
        return false
    }

    private static var tooManySamples: ScrapeFault {
        ScrapeFault(kind: .sampleLimit, description: "sample limit exceeded: more than \(hardSampleLimit) samples")
    }

    mutating func add(_ hash: UInt64, _ length: Int, _ parsed: Labels, _ pass: inout Pass) throws -> Int {
        let finished: Labels?
        do throws(ScrapeFault) { finished = try self.finished(parsed) } catch {
            pass.outcome.scraped += 1
            throw error
        }
        guard let labels = finished else { return memory.add(hash, length, SeriesMemory.dropped) }
        let isBeyond = config.sampleLimit > 0 && pass.outcome.kept >= config.sampleLimit
        if !isBeyond, !missed.contains(hash) { pass.outcome.added += 1 }
        if pass.pending.count == Self.mostPending {
            if !pass.isTried { try tryWhole(&pass) }
            try resolvePending(&pass)
        }
        let slot = memory.add(hash, length, SeriesMemory.pending(memory.count))
        pass.pending.append((slot, labels))
        return slot
    }

    /// Asks the store for the series that are new, and puts their refs where something stands for them.
    private mutating func resolvePending(_ pass: inout Pass) throws(ScrapeFault) {
        if pass.pending.isEmpty { return }
        do throws(IngestError) {
            for start in stride(from: 0, to: pass.pending.count, by: Self.mostAsked) {
                let asked = pass.pending[start..<min(start + Self.mostAsked, pass.pending.count)]
                let refs = try sink.resolve(asked.map(\.labels))
                for (one, ref) in zip(asked, refs) { memory.resolve(one.slot, ref) }
            }
        } catch {
            throw ScrapeFault(kind: .store, description: "\(error)")
        }
        for index in pass.resolved..<pass.batch.count {
            if let slot = SeriesMemory.pendingSlot(pass.batch.refs[index]) { pass.batch.refs[index] = memory.refs[slot] }
        }
        pass.resolved = pass.batch.count
        pass.pending.removeAll(keepingCapacity: true)
    }

    private mutating func readProtobuf(_ body: [UInt8], _ pass: inout Pass) throws {
        var raw = RawSampleBatch()
        let exposition = ProtobufExposition(
            scrapeTime: pass.now, honorsTimestamps: config.honorTimestamps,
            alwaysClassic: config.alwaysClassicHistograms || !config.scrapesNativeHistograms)
        for family in try exposition.decode(body.span, into: &raw) {
            pass.families[family.family] = FamilyMetadata(type: family.type, help: family.help, unit: family.unit)
        }
        var classic = ClassicHistograms()
        let gone = config.convertsClassicHistograms ? try withoutClassic(raw, pass, &classic) : []
        var sample = 0
        var nextHistogram = 0
        var nextExemplar = 0
        for series in 0..<raw.seriesCount {
            if gone.contains(series) {
                sample = Int(raw.sampleEnds[series])
                continue
            }
            let range = Int(raw.labelStarts[series])..<Int(raw.labelEnds[series])
            let low = hash(raw.bytes.span.extracting(range)).low
            var found = memory.find(low, range.count)
            if found == nil {
                let labels = try RemoteWrite.labels(raw.bytes.span.extracting(range))
                if try admits(labels, &pass) { found = try add(low, range.count, labels, &pass) }
            }
            guard let slot = found else {
                sample = Int(raw.sampleEnds[series])
                continue
            }
            while nextExemplar < raw.exemplars.count, raw.exemplars[nextExemplar].series < series { nextExemplar += 1 }
            while sample < Int(raw.sampleEnds[series]) {
                defer { sample += 1 }
                let time = raw.timestamps[sample]
                var histogram: NativeHistogram?
                if nextHistogram < raw.histograms.count, raw.histograms[nextHistogram].index == sample {
                    histogram = raw.histograms[nextHistogram].histogram
                    nextHistogram += 1
                    if !config.scrapesNativeHistograms { continue }
                }
                guard try count(slot, time == pass.now ? nil : time, &pass) else { continue }
                while nextExemplar < raw.exemplars.count, raw.exemplars[nextExemplar].series == series {
                    pass.batch.exemplars.append((pass.batch.count, raw.exemplars[nextExemplar].exemplar))
                    pass.outcome.exemplars += 1
                    nextExemplar += 1
                }
                if let histogram {
                    pass.batch.append(memory.refs[slot], time, try limited(histogram))
                } else {
                    pass.batch.append(memory.refs[slot], time, raw.values[sample])
                }
            }
        }
        try appendConverted(classic, &pass)
    }

    /// A histogram no finer than `native_histogram_min_bucket_factor` has it and brought under `native_histogram_bucket_limit`, by
    /// merging neighbours as often as it takes.
    private func limited(_ histogram: NativeHistogram) throws(ScrapeFault) -> NativeHistogram {
        var histogram = histogram
        while histogram.schema > config.finestHistogramSchema, let coarser = histogram.halved() { histogram = coarser }
        let limit = config.nativeHistogramBucketLimit
        if limit == 0 { return histogram }
        while histogram.positiveBuckets.count + histogram.negativeBuckets.count > limit {
            guard let coarser = histogram.halved() else {
                throw ScrapeFault(kind: .sampleLimit, description: "histogram bucket limit exceeded (limit: \(limit))")
            }
            histogram = coarser
        }
        return histogram
    }

    /// A series' labels joined with the target's, relabelled and held against the limits.
    private func finished(_ parsed: Labels) throws(ScrapeFault) -> Labels? {
        guard let kept = RelabelRule.apply(config.metricRelabelRules, to: Self.joined(parsed, identity.labels, config.honorLabels)) else {
            return nil
        }
        guard !kept.name.isEmpty else {
            throw ScrapeFault(kind: .format, description: "metric name is missing after metric_relabel_configs")
        }
        if config.classicNamesOnly, !kept.name.isClassicMetricName || kept.contains(where: { !$0.name.isClassicLabelName }) {
            throw ScrapeFault(kind: .format, description: "invalid metric name or label names: \(kept.name.quoted)")
        }
        let metric = kept.name.prefix(50)
        if config.labelLimit > 0, kept.count > config.labelLimit {
            throw ScrapeFault(
                kind: .labelLimit,
                description: "label_limit exceeded (metric: \(metric), number of labels: \(kept.count), limit: \(config.labelLimit))")
        }
        if config.labelNameLengthLimit == 0, config.labelValueLengthLimit == 0 { return kept }
        for label in kept {
            let name = label.name.utf8.count
            if config.labelNameLengthLimit > 0, name > config.labelNameLengthLimit {
                throw ScrapeFault(
                    kind: .labelLimit,
                    description:
                        "label_name_length_limit exceeded (metric: \(metric), label name: \(label.name.prefix(50)), length: \(name), limit: \(config.labelNameLengthLimit))"
                )
            }
            let value = label.value.utf8.count
            if config.labelValueLengthLimit > 0, value > config.labelValueLengthLimit {
                // The value itself is not shown: it has not been through redaction.
                throw ScrapeFault(
                    kind: .labelLimit,
                    description:
                        "label_value_length_limit exceeded (metric: \(metric), label name: \(label.name.prefix(50)), length: \(value), limit: \(config.labelValueLengthLimit))"
                )
            }
        }
        return kept
    }

    /// Labels of a series with those of its target: the target's stand, the series' own go to `exported_…`; the other way round where
    /// the job honours labels.
    static func joined(_ own: Labels, _ target: Labels, _ honorLabels: Bool) -> Labels {
        if let merged = own.disjointUnion(target) { return merged }
        var labels = own
        for label in target {
            if honorLabels {
                if own[label.name] == nil { labels.set(label.name, to: label.value) }
                continue
            }
            if let value = own[label.name] {
                var name = "exported_" + label.name
                while labels[name] != nil || target[name] != nil { name = "exported_" + name }
                labels.set(name, to: value)
            }
            labels.set(label.name, to: label.value)
        }
        return labels
    }
}
