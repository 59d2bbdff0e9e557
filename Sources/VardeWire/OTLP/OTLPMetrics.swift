import VardeKernels
package import VardeModel

/// `ExportMetricsServiceRequest`, in protobuf or JSON, unfolded to Prometheus' series.
package enum OTLPMetrics {
    /// What a body held besides what went into the batch.
    package struct Decoded: Sendable {
        /// One record a metric family.
        package var metadata: [RemoteWrite.Metadata] = []
        /// Data points that cannot be kept, for the answer's `partial_success.rejected_data_points`.
        package var rejected = 0
        /// Why, of the first ten metrics.
        package var reasons: [String] = []
    }

    /// Decodes a decompressed body into `batch`; labels are read by `RemoteWrite.labels`.
    ///
    /// - Parameters:
    ///   - deltas: where differences are summed up; nil where they are rejected.
    ///   - now: milliseconds, for points that say no time.
    ///   - redact: is given what will be written otherwise afterwards: bytes that are text, members of maps, names.
    package static func decode(
        _ body: Span<UInt8>, isJSON: Bool, _ translation: OTLPTranslation = OTLPTranslation(), deltas: OTLPDeltaSums? = nil, now: Int64,
        redact: OTLPRedaction = .none, into batch: inout RawSampleBatch
    ) throws(WireError) -> Decoded {
        let resources = isJSON ? try OTLPJSON.metrics(body) : try OTLPProtobuf.metrics(body)
        batch.removeAll()
        var unfolding = OTLPUnfolding(translation: translation, deltas: deltas, now: now, redact: redact)
        for resource in resources { try unfolding.resource(resource, into: &batch) }
        return unfolding.decoded
    }
}

/// Unfolds metrics of OTLP into series, resource by resource.
struct OTLPUnfolding {
    let translation: OTLPTranslation
    let deltas: OTLPDeltaSums?
    let now: Int64
    private let redact: OTLPRedaction
    var decoded = OTLPMetrics.Decoded()
    private var families: Set<String> = []
    /// Labels of the resource (and scope) at hand that every series of it gets.
    private var common: [Label] = []

    init(translation: OTLPTranslation, deltas: OTLPDeltaSums?, now: Int64, redact: OTLPRedaction = .none) {
        self.translation = translation
        self.deltas = deltas
        self.now = now
        self.redact = redact
    }

    private static let identifying: Set<String> = ["service.name", "service.namespace", "service.instance.id"]

    mutating func resource(_ resource: OTLPResourceMetrics, into batch: inout RawSampleBatch) throws(WireError) {
        func text(_ key: String) -> String { resource.attributes.last { $0.key == key }?.value.text(key, redact) ?? "" }
        let name = text("service.name")
        let namespace = text("service.namespace")
        let instance = text("service.instance.id")
        var target: [Label] = []
        if !name.isEmpty { target.append(Label("job", namespace.isEmpty ? name : namespace + "/" + name)) }
        if !instance.isEmpty { target.append(Label("instance", instance)) }
        let promoted = resource.attributes.filter {
            translation.promotesAllResourceAttributes
                ? !translation.ignoredResourceAttributes.contains($0.key) : translation.promotedResourceAttributes.contains($0.key)
        }
        let promotedLabels = labels(promoted)
        var newest: Int64 = 0
        for (scope, metrics) in resource.scopes {
            common = promotedLabels + scopeLabels(scope) + target
            for metric in metrics {
                try self.metric(metric, into: &batch)
                for point in metric.points { newest = max(newest, milliseconds(point.time)) }
            }
        }
        // What else is known of the sender stands in a series of its own.
        let rest = resource.attributes.filter { translation.keepsIdentifyingAttributes || !Self.identifying.contains($0.key) }
        if !rest.isEmpty, !target.isEmpty, newest > 0 {
            common = []
            try begin("target_info", labels(rest) + target, nil, into: &batch)
            batch.sample(newest, 1)
            batch.endSeries()
            note("target_info", OTLPMetric(description: "Target metadata", kind: .gauge), type: "gauge")
        }
    }

    private func scopeLabels(_ scope: OTLPScope) -> [Label] {
        guard translation.promotesScopeMetadata else { return [] }
        let attributes = scope.attributes.map { OTLPAttribute(key: "otel_scope_" + $0.key, value: $0.value) }
        return labels(attributes) + [
            Label("otel_scope_name", scope.name), Label("otel_scope_version", scope.version),
            Label("otel_scope_schema_url", scope.schemaURL),
        ]
    }

    /// Attributes as labels; values of names that become the same are joined by semicolons, in the order of the attributes' names.
    private func labels(_ attributes: [OTLPAttribute]) -> [Label] {
        var out: [Label] = []
        for attribute in attributes.sorted(by: { $0.key.utf8Precedes($1.key) }) {
            let name = translation.labelName(redact.name(attribute.key))
            if name.isEmpty { continue }
            if let same = out.firstIndex(where: { $0.name == name }) {
                out[same].value += ";" + attribute.value.text(attribute.key, redact)
            } else {
                out.append(Label(name, attribute.value.text(attribute.key, redact)))
            }
        }
        return out
    }

    private func milliseconds(_ nanoseconds: Int64) -> Int64 { nanoseconds > 0 ? nanoseconds / 1_000_000 : now }

    private mutating func metric(_ metric: OTLPMetric, into batch: inout RawSampleBatch) throws(WireError) {
        if metric.points.isEmpty { return }
        let isCumulative = metric.temporality == .cumulative
        let hasTemporality = metric.kind == .sum || metric.kind == .histogram || metric.kind == .exponential
        let sums = hasTemporality && metric.temporality == .delta ? deltas : nil
        guard metric.kind != .none, !hasTemporality || isCumulative || sums != nil else {
            let what = metric.kind == .none ? "unknown kind" : metric.temporality == .delta ? "delta temporality" : "no temporality"
            return reject(metric.points.count, "metric \(metric.name.quoted): \(what) is not taken; export cumulative values")
        }
        let isCounter = metric.kind == .sum && metric.isMonotonic
        let name = translation.metricName(
            redact.name(metric.name), unit: metric.unit,
            type: isCounter ? .counter : metric.kind == .gauge || metric.kind == .sum ? .gauge : .other)
        guard !name.isEmpty else { return reject(metric.points.count, "a metric whose name \(metric.name.quoted) leaves nothing") }
        for point in metric.points {
            let own = labels(point.attributes)
            var point = point
            if let sums {
                do throws(OTLPDeltaSums.Refusal) {
                    if point.time == 0 { point.time = now * 1_000_000 }
                    point = try sums.add(point, metric.kind, key: "\(metric.kind) \(name) \(Labels(own)) \(Labels(common))")
                } catch {
                    reject(1, "metric \(name): \(error.words)")
                    continue
                }
            }
            let time = milliseconds(point.time)
            let start = (isCumulative || sums != nil) && point.start > 0 ? point.start / 1_000_000 : 0
            switch metric.kind {
            case .none: break
            case .gauge, .sum:
                exemplars(point, into: &batch)
                try begin(name, own, nil, into: &batch)
                batch.sample(time, point.hasNoValue ? .staleMarker : point.value, start: isCounter ? start : 0)
                batch.endSeries()
            case .histogram: try histogram(name, own, point, time, start, into: &batch)
            case .exponential: try exponential(name, own, point, time, start, into: &batch)
            case .summary:
                try series(name + "_sum", own, nil, point.hasNoValue, point.sum ?? 0, time, start, into: &batch)
                try series(name + "_count", own, nil, point.hasNoValue, Double(point.count), time, start, into: &batch)
                for (quantile, value) in point.quantiles {
                    let label = Label("quantile", SampleText.text(quantile))
                    try series(name, own, label, point.hasNoValue, value, time, start, into: &batch)
                }
            }
        }
        let type: String
        switch metric.kind {
        case .sum: type = isCounter ? "counter" : "gauge"
        case .histogram, .exponential: type = "histogram"
        case .summary: type = "summary"
        case .gauge, .none: type = "gauge"
        }
        note(name, metric, type: type)
    }

    private mutating func reject(_ count: Int, _ reason: String) {
        decoded.rejected += count
        if decoded.reasons.count < 10 { decoded.reasons.append(reason) }
    }

    private mutating func note(_ family: String, _ metric: OTLPMetric, type: String) {
        guard families.insert(family).inserted else { return }
        decoded.metadata.append(.init(type: type, family: family, help: metric.description, unit: translation.unitName(metric.unit)))
    }

    /// Begins a series: what is said of the point stands before what is said of its resource.
    private func begin(_ name: String, _ own: [Label], _ extra: Label?, into batch: inout RawSampleBatch) throws(WireError) {
        batch.beginSeries()
        batch.label(Labels.metricName, name)
        // A name stands once: the bucket's own label, then the target's, then the point's, then the resource's and scope's.
        for label in own where label.name != extra?.name && label.name != Labels.metricName && !label.value.isEmpty && !isTarget(label.name)
        {
            batch.label(label.name, label.value)
        }
        for (index, label) in common.enumerated() {
            if label.value.isEmpty || label.name == extra?.name || label.name == Labels.metricName { continue }
            if common[(index + 1)...].contains(where: { $0.name == label.name }) { continue }
            if !isTarget(label.name), own.contains(where: { $0.name == label.name && !$0.value.isEmpty }) { continue }
            batch.label(label.name, label.value)
        }
        if let extra { batch.label(extra.name, extra.value) }
        try batch.endLabels()
    }

    private func isTarget(_ name: String) -> Bool {
        (name == "job" || name == "instance") && common.contains { $0.name == name }
    }

    private func series(
        _ name: String, _ own: [Label], _ extra: Label?, _ hasNoValue: Bool, _ value: Double, _ time: Int64, _ start: Int64,
        into batch: inout RawSampleBatch
    ) throws(WireError) {
        try begin(name, own, extra, into: &batch)
        batch.sample(time, hasNoValue ? .staleMarker : value, start: start)
        batch.endSeries()
    }

    private func exemplars(
        _ point: OTLPPoint, above low: Double = -.infinity, through high: Double = .infinity, into batch: inout RawSampleBatch
    ) {
        for exemplar in point.exemplars where !(exemplar.value <= low && low > -.infinity) && !(exemplar.value > high) {
            if exemplar.value.isNaN, high < .infinity { continue }
            var all = labels(exemplar.attributes)
            if !exemplar.traceID.isEmpty { all.append(Label("trace_id", HexText.of(exemplar.traceID))) }
            if !exemplar.spanID.isEmpty { all.append(Label("span_id", HexText.of(exemplar.spanID))) }
            let time = exemplar.time > 0 ? exemplar.time : point.time
            batch.exemplars.append(
                (batch.seriesCount, Exemplar(labels: Labels(all), value: exemplar.value, timestamp: milliseconds(time))))
        }
    }

    private mutating func histogram(
        _ name: String, _ own: [Label], _ point: OTLPPoint, _ time: Int64, _ start: Int64, into batch: inout RawSampleBatch
    ) throws(WireError) {
        guard point.bucketCounts.isEmpty && point.bounds.isEmpty || point.bucketCounts.count == point.bounds.count + 1 else {
            return reject(1, "metric \(name): \(point.bucketCounts.count) buckets for \(point.bounds.count) bounds")
        }
        if let place = zip(point.bounds, point.bounds.dropFirst()).first(where: { !($0 < $1) }) {
            return reject(1, "metric \(name): the bound \(place.1) follows \(place.0): explicit bounds must rise")
        }
        if translation.convertsHistogramsToCustomBuckets {
            return try customBuckets(name, own, point, time, start, into: &batch)
        }
        if let sum = point.sum { try series(name + "_sum", own, nil, point.hasNoValue, sum, time, start, into: &batch) }
        try series(name + "_count", own, nil, point.hasNoValue, Double(point.count), time, start, into: &batch)
        var cumulative: UInt64 = 0
        var below = -Double.infinity
        for (bound, count) in zip(point.bounds, point.bucketCounts) {
            cumulative &+= count
            let label = Label("le", SampleText.text(bound))
            exemplars(point, above: below, through: bound, into: &batch)
            below = bound
            try series(name + "_bucket", own, label, point.hasNoValue, Double(cumulative), time, start, into: &batch)
        }
        exemplars(point, above: below, into: &batch)
        try series(name + "_bucket", own, Label("le", "+Inf"), point.hasNoValue, Double(point.count), time, start, into: &batch)
    }

    private mutating func customBuckets(
        _ name: String, _ own: [Label], _ point: OTLPPoint, _ time: Int64, _ start: Int64, into batch: inout RawSampleBatch
    ) throws(WireError) {
        var native = NativeHistogram(schema: NativeHistogram.customBucketsSchema)
        native.count = Double(point.count)
        native.sum = point.sum ?? 0
        native.customBounds = point.bounds
        var filled: [(index: Int, count: Double)] = []
        for (index, count) in point.bucketCounts.enumerated() where count > 0 { filled.append((index, Double(count))) }
        (native.positiveSpans, native.positiveBuckets) = HistogramLayout.lay(filled)
        try append(native, name, own, point, time, start, into: &batch)
    }

    private mutating func exponential(
        _ name: String, _ own: [Label], _ point: OTLPPoint, _ time: Int64, _ start: Int64, into batch: inout RawSampleBatch
    ) throws(WireError) {
        guard point.scale >= NativeHistogram.exponentialSchemas.lowerBound else {
            return reject(1, "metric \(name): scale \(point.scale) is coarser than is stored (−4)")
        }
        var native = NativeHistogram(schema: min(point.scale, NativeHistogram.exponentialSchemas.upperBound))
        native.count = Double(point.count)
        native.sum = point.sum ?? 0
        native.zeroCount = Double(point.zeroCount)
        // Observations so small that a sender counts them as zero without saying how small.
        native.zeroThreshold = point.zeroThreshold > 0 ? point.zeroThreshold : 1e-128
        let shift = min(point.scale - native.schema, 31)
        (native.positiveSpans, native.positiveBuckets) = Self.lay(point.positive, shift)
        (native.negativeSpans, native.negativeBuckets) = Self.lay(point.negative, shift)
        if !point.hasNoValue, let complaint = HistogramFields.countComplaint(native) {
            return reject(1, "metric \(name): \(complaint)")
        }
        try append(native, name, own, point, time, start, into: &batch)
    }

    /// OTLP's bucket i ends at base^(i+1), Prometheus' at base^i.
    private static func lay(_ buckets: OTLPPoint.Buckets, _ shift: Int32) -> ([NativeHistogram.BucketSpan], [Double]) {
        var filled: [(index: Int, count: Double)] = []
        for (place, count) in buckets.counts.enumerated() where count > 0 {
            HistogramLayout.append((Int(buckets.offset) + place) >> Int(shift) + 1, Double(count), to: &filled)
        }
        return HistogramLayout.lay(filled)
    }

    private mutating func append(
        _ native: NativeHistogram, _ name: String, _ own: [Label], _ point: OTLPPoint, _ time: Int64, _ start: Int64,
        into batch: inout RawSampleBatch
    ) throws(WireError) {
        if let complaint = native.complaint { return reject(1, "metric \(name): \(complaint)") }
        var native = native
        if point.hasNoValue {
            native = NativeHistogram(schema: native.schema, count: .staleMarker, sum: .staleMarker, customBounds: native.customBounds)
        }
        exemplars(point, into: &batch)
        try begin(name, own, nil, into: &batch)
        batch.sample(time, native, start: start)
        batch.endSeries()
    }
}
