import VardeModel

/// What the specification asks of single samples by the type of their family (OpenMetrics 1.0, “Metric Types”).
enum OpenMetricsRules {
    /// What is wrong with a sample, nil where nothing is.
    static func complaint(about sample: OpenMetricsSample, in family: OpenMetricsFamily) -> String? {
        let suffix = String(sample.name.dropFirst(family.name.count))
        let value = sample.value
        if sample.exemplar != nil, !takesExemplar(family.kind, suffix) { return "\(sample.name) takes no exemplar" }
        switch family.kind {
        case .stateset:
            if sample.label(family.name) == nil { return "a stateset has its state in the label \(family.name)" }
            if value != 0, value != 1 { return "a state is 0 or 1" }
        case .info:
            if value != 1 { return "an info is 1" }
        case .summary where suffix.isEmpty:
            guard let quantile = sample.label("quantile") else { return "the label quantile is missing" }
            guard let number = number(quantile), number >= 0, number <= 1 else { return "quantile \(quantile.quoted) is not from 0 to 1" }
            if value < 0 { return "a quantile cannot be negative" }
        case .histogram, .gaugehistogram:
            if suffix == "_bucket" {
                guard let bound = sample.label("le") else { return "the label le is missing" }
                guard let number = number(bound), !number.isNaN else { return "le \(bound.quoted) is not a number" }
                if number == .infinity, bound != "+Inf" { return "infinity as le is written +Inf" }
            }
        default: break
        }
        return countComplaint(suffix, value, family.kind)
    }

    private static func takesExemplar(_ kind: OpenMetricsFamily.Kind, _ suffix: String) -> Bool {
        switch kind {
        case .histogram, .gaugehistogram: suffix == "_bucket"
        case .counter: suffix == "_total"
        default: false
        }
    }

    private static func countComplaint(_ suffix: String, _ value: Double, _ kind: OpenMetricsFamily.Kind) -> String? {
        switch suffix {
        case "_total", "_sum", "_gsum":
            if value.isNaN { return "\(suffix) cannot be NaN" }
            if value < 0, suffix != "_gsum" { return "\(suffix) cannot be negative" }
        case "_count", "_gcount", "_bucket":
            if !value.isFinite || value.rounded() != value { return "\(suffix) is a whole number" }
            if value < 0 { return "\(suffix) cannot be negative" }
        default: break
        }
        return nil
    }

    static func number(_ text: String) -> Double? { OpenMetricsLine.number(Array(text.utf8).span) }
}

/// Samples of a family come metric by metric: the lines of one stand together, with timestamps all or none, never going back.
struct OpenMetricsGroups {
    private var seen: Set<Labels> = []
    private var current: Labels?
    private var timestamp: OpenMetricsTime?

    mutating func complaint(adding sample: OpenMetricsSample, of family: OpenMetricsFamily) -> String? {
        let group = Self.group(of: sample, in: family)
        if group == current {
            if (sample.timestamp == nil) != (timestamp == nil) { return "samples of one metric have timestamps all or none" }
            if let before = timestamp, let now = sample.timestamp, now < before, family.kind != .info { return "the timestamp goes back" }
        } else if !seen.insert(group).inserted {
            return "samples of one metric stand together"
        }
        current = group
        timestamp = sample.timestamp
        return nil
    }

    /// The labels that tell one metric of a family from another.
    static func group(of sample: OpenMetricsSample, in family: OpenMetricsFamily) -> Labels {
        switch family.kind {
        case .info: Labels.empty
        case .stateset: Labels(sample.labels.filter { $0.name != family.name })
        case .summary where sample.name == family.name: Labels(sample.labels.filter { $0.name != "quantile" })
        case .histogram, .gaugehistogram:
            sample.name.hasSuffix("_bucket") ? Labels(sample.labels.filter { $0.name != "le" }) : Labels(sample.labels)
        default: Labels(sample.labels)
        }
    }
}

/// What holds between the buckets, count and sum of one histogram at one time.
struct OpenMetricsBuckets {
    private var bound: Double?
    private var inBucket = 0.0
    private var count: Double?
    private var sum: Double?
    private var hasNegativeBounds = false

    /// What is wrong with a family's histograms, nil where nothing is.
    static func complaint(about family: OpenMetricsFamily) -> String? {
        var histogram = OpenMetricsBuckets()
        var group: (labels: Labels, timestamp: OpenMetricsTime?)?
        for sample in family.samples {
            let labels = OpenMetricsGroups.group(of: sample, in: family)
            if let last = group, last.labels != labels || last.timestamp != sample.timestamp {
                if let complaint = histogram.complaintAtEnd(family.kind) { return complaint }
                histogram = OpenMetricsBuckets()
            }
            group = (labels, sample.timestamp)
            if let complaint = histogram.add(sample, suffix: String(sample.name.dropFirst(family.name.count))) { return complaint }
        }
        return group == nil ? nil : histogram.complaintAtEnd(family.kind)
    }

    private mutating func add(_ sample: OpenMetricsSample, suffix: String) -> String? {
        switch suffix {
        case "_bucket":
            guard let next = sample.label("le").flatMap(OpenMetricsRules.number) else { return "le is not a number" }
            if next < 0 { hasNegativeBounds = true }
            if let bound, next <= bound { return "buckets are not in order" }
            if sample.value < inBucket { return "a bucket holds less than the one before" }
            bound = next
            inBucket = sample.value
        case "_count", "_gcount": count = sample.value
        case "_sum", "_gsum": sum = sample.value
        default: break
        }
        return nil
    }

    private func complaintAtEnd(_ kind: OpenMetricsFamily.Kind) -> String? {
        if bound != .infinity { return "the bucket +Inf is missing" }
        if let count, count != inBucket { return "the count differs from the bucket +Inf" }
        if (count == nil) != (sum == nil) { return "count and sum are given together or not at all" }
        if let sum {
            if kind == .histogram, hasNegativeBounds { return "no sum where buckets are negative" }
            if sum < 0, !hasNegativeBounds { return "the sum is negative, no bucket is" }
        }
        return nil
    }
}
