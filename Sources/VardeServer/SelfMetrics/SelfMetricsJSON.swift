import VardeWire

/// Families of the server's own metrics as protobuf's JSON has `io.prometheus.client.MetricFamily`: 64-bit integers in quotes.
enum SelfMetricsJSON {
    static func write(_ name: String, _ family: SelfMetrics.Page.Family, to json: inout JSONWriter) {
        json.raw("{\"name\":")
        json.string(name)
        let help = SelfMetricsHelp.text(name)
        if !help.isEmpty {
            json.raw(",\"help\":")
            json.string(help)
        }
        json.raw(",\"type\":")
        json.string(family.type.uppercased())
        json.raw(",\"metric\":")
        if family.type == "histogram" {
            json.list(histograms(of: family)) { json, one in
                labels(one.labels, to: &json)
                json.raw("\"histogram\":{\"sampleCount\":\"\(one.count)\",\"sampleSum\":")
                number(one.sum, to: &json)
                json.raw(",\"bucket\":")
                json.list(one.buckets) { json, bucket in
                    json.raw("{\"cumulativeCount\":\"\(bucket.count)\",\"upperBound\":")
                    number(bucket.bound, to: &json)
                    json.raw("}")
                }
                json.raw("}}")
            }
        } else {
            json.list(family.lines) { json, line in
                labels(line.labels, to: &json)
                json.raw("\"\(family.type)\":{\"value\":")
                number(line.value, to: &json)
                json.raw("}}")
            }
        }
        json.raw("}")
    }

    private struct Histogram {
        var labels: [(String, String)]
        var buckets: [(bound: Double, count: UInt64)] = []
        var count: UInt64 = 0
        var sum = 0.0
    }

    /// Lines of a family put together again by their labels without `le`.
    private static func histograms(of family: SelfMetrics.Page.Family) -> [Histogram] {
        var order: [String] = []
        var found: [String: Histogram] = [:]
        for line in family.lines {
            let own = line.labels.filter { $0.0 != "le" }
            let key = own.map { "\($0.0)=\($0.1)" }.joined(separator: "\n")
            if found[key] == nil {
                order.append(key)
                found[key] = Histogram(labels: own)
            }
            switch line.suffix {
            case "_bucket":
                let bound = line.labels.first { $0.0 == "le" }.flatMap { Double($0.1) } ?? .infinity
                found[key]?.buckets.append((bound, UInt64(line.value)))
            case "_count": found[key]?.count = UInt64(line.value)
            default: found[key]?.sum = line.value
            }
        }
        return order.compactMap { found[$0] }
    }

    private static func labels(_ labels: [(String, String)], to json: inout JSONWriter) {
        json.raw("{")
        if labels.isEmpty { return }
        json.raw("\"label\":")
        json.list(labels) { json, label in
            json.raw("{\"name\":")
            json.string(label.0)
            json.raw(",\"value\":")
            json.string(label.1)
            json.raw("}")
        }
        json.raw(",")
    }

    private static func number(_ value: Double, to json: inout JSONWriter) {
        if value.isFinite { json.number(value) } else { json.string(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity") }
    }
}
