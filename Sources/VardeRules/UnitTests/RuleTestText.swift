import VardeModel
import VardeQuery

/// How promtool writes what it expected and what it got.
enum RuleTestText {
    /// Labels in braces, the metric's name among them.
    static func labels(_ labels: Labels) -> String {
        let pairs = labels.map { ($0.name.isClassicLabelName ? $0.name : $0.name.quoted) + "=" + $0.value.quoted }
        return "{" + pairs.joined(separator: ", ") + "}"
    }

    static func alerts(_ alerts: [(labels: Labels, annotations: Labels)], _ indent: String) -> String {
        if alerts.isEmpty { return "[]" }
        var text = "["
        for (index, alert) in alerts.enumerated() {
            text += (index > 0 ? "," : "") + "\n\(index):"
            text += indented("\nLabels:\(labels(alert.labels))\nAnnotations:\(labels(alert.annotations))", "  ")
        }
        return indented(text + "\n]", indent)
    }

    private static func indented(_ text: String, _ indent: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { ($0.offset > 0 ? indent : "") + $0.element }
            .joined(separator: "\n")
    }

    static func samples(_ samples: [(labels: Labels, value: Double, histogram: NativeHistogram?)]) -> String {
        if samples.isEmpty { return "nil" }
        return samples.map { sample in
            let value = sample.histogram == nil ? scientific(sample.value) : histogram(sample.histogram)
            return "\(labels(sample.labels)) \(value)"
        }.joined(separator: ", ")
    }

    /// `%E` with the shortest digits.
    static func scientific(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        var digits = value.magnitude.description
        var exponent = 0
        if let e = digits.firstIndex(of: "e") {
            exponent = Int(digits[digits.index(after: e)...]) ?? 0
            digits = String(digits[..<e])
        }
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        var all = Array((parts.first ?? "").utf8) + Array((parts.count > 1 ? parts[1] : "").utf8)
        exponent += (parts.first?.utf8.count ?? 1) - 1
        let zeros = all.prefix { $0 == 48 }.count
        if zeros < all.count {
            all.removeFirst(zeros)
            exponent -= zeros
        } else {
            all = [48]
            exponent = 0
        }
        while all.count > 1, all.last == 48 { all.removeLast() }
        let shown = String(decoding: all, as: UTF8.self)
        let power = String(exponent.magnitude)
        return (value.sign == .minus ? "-" : "") + shown.prefix(1) + (shown.count > 1 ? "." + shown.dropFirst() : "")
            + (exponent < 0 ? "E-" : "E+") + (power.count < 2 ? "0" : "") + power
    }

    /// A histogram in the notation of tests; empty for none.
    static func histogram(_ histogram: NativeHistogram?) -> String {
        guard let histogram else { return "" }
        var parts: [String] = []
        if histogram.schema != 0 { parts.append("schema:\(histogram.schema)") }
        for (name, value) in [
            ("count", histogram.count), ("sum", histogram.sum), ("z_bucket", histogram.zeroCount), ("z_bucket_w", histogram.zeroThreshold),
        ] where value != 0 { parts.append("\(name):\(FloatText.general(value))") }
        if !histogram.customBounds.isEmpty { parts.append("custom_values:[\(list(histogram.customBounds))]") }
        for (prefix, spans, buckets) in [
            ("", histogram.positiveSpans, histogram.positiveBuckets), ("n_", histogram.negativeSpans, histogram.negativeBuckets),
        ] {
            let (offset, counts) = flat(spans, buckets)
            if counts.isEmpty { continue }
            if offset != 0 { parts.append("\(prefix)offset:\(offset)") }
            parts.append("\(prefix)buckets:[\(list(counts))]")
        }
        return "{{" + parts.joined(separator: " ") + "}}"
    }

    private static func list(_ values: [Double]) -> String { values.map { FloatText.general($0) }.joined(separator: " ") }

    /// Buckets without gaps, from the first that is not empty to the last.
    private static func flat(_ spans: [NativeHistogram.BucketSpan], _ buckets: [Double]) -> (offset: Int32, counts: [Double]) {
        var offset = spans.first?.offset ?? 0
        var counts: [Double] = []
        var next = 0
        for (index, span) in spans.enumerated() {
            // What a gap may be is bounded: a histogram has no more than a few hundred buckets in use.
            if index > 0 { counts += Array(repeating: 0, count: min(max(Int(span.offset), 0), 10_000)) }
            for _ in 0..<Int(span.length) where next < buckets.count {
                counts.append(buckets[next])
                next += 1
            }
        }
        while counts.first == 0 {
            counts.removeFirst()
            offset += 1
        }
        while counts.last == 0 { counts.removeLast() }
        return (offset, counts)
    }
}

/// Durations as Go prints them: `1h0m0s`, `5m0s`, `1.5s`.
enum GoDurationText {
    static func text(milliseconds: Int64) -> String {
        if milliseconds == 0 { return "0s" }
        let sign = milliseconds < 0 ? "-" : ""
        let all = milliseconds.magnitude
        if all < 1_000 { return "\(sign)\(all)ms" }
        let (hours, minutes, rest) = (all / 3_600_000, all / 60_000 % 60, all % 60_000)
        let seconds = FloatText.plain(Double(rest) / 1000)
        if hours > 0 { return "\(sign)\(hours)h\(minutes)m\(seconds)s" }
        return minutes > 0 ? "\(sign)\(minutes)m\(seconds)s" : "\(sign)\(seconds)s"
    }
}
