internal import VardeModel

/// What an evaluation has to tell beside its result, worded and merged as Prometheus 3.14 does.
struct PromQLAnnotations: Sendable {
    /// A counter-like classic histogram whose buckets had to be made monotonic.
    struct ForcedMonotonicity: Sendable {
        var first: Int64
        var last: Int64
        var minBucket: Double
        var maxBucket: Double
        var maxDifference: Double
        /// Further ones beside the first; wraps as Prometheus' does.
        var count = 0

        func joined(with other: ForcedMonotonicity) -> ForcedMonotonicity {
            ForcedMonotonicity(
                first: min(first, other.first), last: max(last, other.last), minBucket: min(minBucket, other.minBucket),
                maxBucket: max(maxBucket, other.maxBucket), maxDifference: max(maxDifference, other.maxDifference),
                count: count &+ other.count &+ 1)
        }
    }

    struct Entry: Sendable {
        var isWarning: Bool
        var range: SourceRange
        var monotonicity: ForcedMonotonicity?
        /// How often a start timestamp overlapped the sample before; 0 for other kinds.
        var overlaps = 0
    }

    private struct Operation: Hashable {
        var kind: BinaryOperator
        var range: SourceRange
    }

    private(set) var entries: [String: Entry] = [:]
    /// What operators with a scalar came across, by step: of a step's series Prometheus tells the last one's.
    private var findings: [Operation: [Int: BinaryFinding]] = [:]

    var isEmpty: Bool { entries.isEmpty && findings.isEmpty }

    private mutating func add(_ text: String, _ entry: Entry) {
        guard let before = entries[text] else {
            entries[text] = entry
            return
        }
        var merged = entry
        merged.overlaps += before.overlaps
        if let old = before.monotonicity, let new = entry.monotonicity {
            merged = before
            merged.monotonicity = old.joined(with: new)
        }
        entries[text] = merged
    }

    mutating func warn(_ text: String, _ range: SourceRange) { add("PromQL warning: " + text, Entry(isWarning: true, range: range)) }

    mutating func inform(_ text: String, _ range: SourceRange) { add("PromQL info: " + text, Entry(isWarning: false, range: range)) }

    mutating func merge(_ other: PromQLAnnotations) {
        for (operation, steps) in other.findings { findings[operation, default: [:]].merge(steps) { $1 } }
        if other.entries.isEmpty { return }
        if entries.isEmpty {
            entries = other.entries
            return
        }
        for (text, entry) in other.entries { add(text, entry) }
    }

    /// Warnings and infos with positions, sorted; beyond so many of each only their number is told.
    func texts(query: String, limit: Int) -> (warnings: [String], infos: [String]) {
        var warnings: [String] = []
        var infos: [String] = []
        var all = self
        for (operation, steps) in findings {
            for finding in Set(steps.values) { all.add(finding, operation.kind, operation.range) }
        }
        for (text, entry) in all.entries.sorted(by: { $0.key < $1.key }) {
            var line = text
            if let forced = entry.monotonicity {
                line +=
                    ", from buckets \(FloatText.general(forced.minBucket)) to \(FloatText.general(forced.maxBucket)), with a max diff of "
                    + "\(FloatText.twoDigits(forced.maxDifference)), over \(forced.count &+ 1) samples from "
                    + "\(CivilTime(seconds: forced.first / 1000).rfc3339) to \(CivilTime(seconds: forced.last / 1000).rfc3339)"
            }
            if entry.overlaps > 1 { line += " (\(entry.overlaps) occurrences)" }
            line += " (\(entry.range.position(in: query)))"
            if entry.isWarning { warnings.append(line) } else { infos.append(line) }
        }
        func cut(_ lines: [String], _ kind: String) -> [String] {
            limit == 0 || lines.count <= limit ? lines : lines[..<limit] + ["\(lines.count - limit) more \(kind) annotations omitted"]
        }
        return (cut(warnings, "warning"), cut(infos, "info"))
    }
}

extension PromQLAnnotations {
    private static func named(_ name: String) -> String { name.isEmpty ? "" : " for metric name \(name.quoted)" }

    mutating func invalidQuantile(_ value: Double, _ range: SourceRange) {
        warn("quantile value should be between 0 and 1, got \(FloatText.general(value))", range)
    }

    mutating func invalidRatio(_ value: Double, cappedTo limit: Double, _ range: SourceRange) {
        warn(
            "ratio value should be between -1 and 1, got \(FloatText.general(value)), capping to \(FloatText.general(limit))", range)
    }

    mutating func badBucketLabel(_ name: String, _ label: String, _ range: SourceRange) {
        warn("bucket label \"le\" is missing or has a malformed value of \(label.quoted)" + Self.named(name), range)
    }

    mutating func mixedFloatsHistograms(_ name: String, _ range: SourceRange) {
        warn("encountered a mix of histograms and floats for metric name \(name.quoted)", range)
    }

    mutating func mixedFloatsHistogramsInAggregation(_ range: SourceRange) {
        warn("encountered a mix of histograms and floats for aggregation", range)
    }

    mutating func mixedClassicNative(_ name: String, _ range: SourceRange) {
        warn("vector contains a mix of classic and native histograms" + Self.named(name), range)
    }

    mutating func histogramNotCounter(_ name: String, _ range: SourceRange) {
        warn("this native histogram metric is not a counter: \(name.quoted)", range)
    }

    mutating func histogramNotGauge(_ name: String, _ range: SourceRange) {
        warn("this native histogram metric is not a gauge: \(name.quoted)", range)
    }

    mutating func mixedSchemas(_ name: String, _ range: SourceRange) {
        warn(
            "vector contains a mix of histograms with exponential and custom buckets schemas for metric name \(name.quoted)", range)
    }

    mutating func incompatibleBuckets(_ operation: BinaryOperator, _ range: SourceRange) {
        warn("incompatible bucket layout encountered for binary operator \(operation.rawValue)", range)
    }

    mutating func sortInRangeQuery(_ range: SourceRange) {
        warn("sort is ineffective for range queries since results are always ordered by labels", range)
    }

    mutating func counterResetCollision(_ operation: String, _ range: SourceRange) {
        warn("conflicting counter resets during histogram \(operation)", range)
    }

    mutating func startTimeOverlap(_ name: String, _ range: SourceRange) {
        let text = "PromQL warning: sample has start time that overlaps with previous sample timestamp for metric \(name.quoted)"
        add(text, Entry(isWarning: true, range: range, overlaps: 1))
    }

    mutating func possibleNonCounter(_ name: String, _ range: SourceRange) {
        inform("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \(name.quoted)", range)
    }

    mutating func possibleNonCounter(_ name: String, type: String, _ range: SourceRange) {
        inform(
            "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\", got \(type.quoted): \(name.quoted)",
            range)
    }

    mutating func incompatibleTypes(_ left: String, _ operation: BinaryOperator, _ right: String, _ range: SourceRange) {
        inform(
            "incompatible sample types encountered for binary operator \(operation.rawValue.quoted): "
                + "\(left) \(operation.rawValue) \(right)", range)
    }

    mutating func histogramIgnored(in aggregation: AggregationOperator, _ range: SourceRange) {
        inform("ignored histogram in \(aggregation.rawValue) aggregation", range)
    }

    mutating func histogramIgnoredInMixedRange(_ name: String, _ range: SourceRange) {
        inform("ignored histograms in a range containing both floats and histograms for metric name \(name.quoted)", range)
    }

    mutating func boundsReconciled(_ operation: String, _ range: SourceRange) {
        inform("mismatched custom buckets were reconciled during \(operation)", range)
    }

    mutating func quantileIsNaN(_ name: String, _ range: SourceRange) {
        inform("input to histogram_quantile has NaN observations, result is NaN" + Self.named(name), range)
    }

    mutating func quantileIsSkewed(_ name: String, _ range: SourceRange) {
        inform("input to histogram_quantile has NaN observations, result is skewed higher" + Self.named(name), range)
    }

    mutating func fractionExcludesNaN(_ name: String, _ range: SourceRange) {
        inform(
            "input to histogram_fraction has NaN observations, which are excluded from all fractions" + Self.named(name), range)
    }

    mutating func forcedMonotonicity(_ name: String, _ forced: ForcedMonotonicity, _ range: SourceRange) {
        let text =
            "PromQL info: input to histogram_quantile needed to be fixed for monotonicity "
            + "(see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)" + Self.named(name)
        add(text, Entry(isWarning: false, range: range, monotonicity: forced))
    }

    /// What a fold came across.
    mutating func add(_ findings: AggregationFindings, _ operation: AggregationOperator, _ range: SourceRange) {
        if findings.ignoredHistogram { histogramIgnored(in: operation, range) }
        if findings.mixedKinds { mixedFloatsHistogramsInAggregation(range) }
        for name in findings.incompatibleNames { mixedSchemas(name, range) }
        if findings.counterResetCollision { counterResetCollision("aggregation", range) }
        if findings.boundsReconciled { boundsReconciled("aggregation", range) }
    }

    /// What an operator with a scalar came across in one series of a step, the series in their order.
    mutating func note(_ finding: BinaryFinding, _ operation: BinaryOperator, _ range: SourceRange, step: Int) {
        findings[Operation(kind: operation, range: range), default: [:]][step] = finding
    }

    /// What a binary operation came across.
    mutating func add(_ finding: BinaryFinding, _ operation: BinaryOperator, _ range: SourceRange) {
        switch finding {
        case .incompatibleTypes(let left, let right): incompatibleTypes(left, operation, right, range)
        case .incompatibleBuckets: incompatibleBuckets(operation, range)
        case .counterResetCollision: counterResetCollision(operation == .add ? "addition" : "subtraction", range)
        case .boundsReconciled: boundsReconciled(operation == .add ? "addition" : "subtraction", range)
        }
    }
}
