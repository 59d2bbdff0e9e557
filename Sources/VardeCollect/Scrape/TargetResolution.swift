import VardeKernels
import VardeModel

/// From a discovered address to a target: the labels every target begins with, relabelling, the URL that is asked.
enum TargetResolution {
    /// A target's labels before relabelling.
    static func discovered(_ address: String, _ group: TargetGroup, _ config: ScrapeConfig) -> Labels {
        var labels = group.labels
        labels.set("__address__", to: address)
        for (name, value) in [
            ("job", config.jobName), ("__scheme__", config.scheme), ("__metrics_path__", config.metricsPath),
            ("__scrape_interval__", DurationText.format(milliseconds: config.interval)),
            ("__scrape_timeout__", DurationText.format(milliseconds: config.timeout)),
        ] where labels[name] == nil { labels.set(name, to: value) }
        for (name, values) in config.parameters { if let first = values.first { labels.set("__param_" + name, to: first) } }
        return labels
    }

    /// A target from its discovered labels; nil where relabelling drops it.
    ///
    /// - Throws: in words, where relabelling left no address, or an interval or timeout that cannot be.
    static func target(_ discovered: Labels, _ config: ScrapeConfig) throws(ScrapeFault) -> (TargetIdentity, ScrapeConfig)? {
        guard let labels = RelabelRule.apply(config.relabelRules, to: discovered) else { return nil }
        guard let address = labels["__address__"] else { throw ScrapeFault(kind: .connection, description: "a target has no address") }
        if address.contains("/") { throw ScrapeFault(kind: .connection, description: "“\(address)” is not a valid hostname") }
        var config = config
        config.interval = try duration(labels["__scrape_interval__"], "scrape interval") ?? config.interval
        config.timeout = try duration(labels["__scrape_timeout__"], "scrape timeout") ?? config.timeout
        if config.timeout > config.interval {
            throw ScrapeFault(
                kind: .timeout,
                description:
                    "scrape timeout cannot be greater than scrape interval (\"\(DurationText.format(milliseconds: config.timeout))\" > \"\(DurationText.format(milliseconds: config.interval))\")"
            )
        }
        var query: [(String, String)] = []
        for (name, values) in config.parameters {
            // The first value is the label's, which relabelling may have changed.
            for value in values.dropFirst() { query.append((name, value)) }
        }
        for label in labels where label.name.hasPrefix("__param_") {
            let name = String(label.name.dropFirst(8))
            query.insert((name, label.value), at: query.firstIndex { $0.0 == name } ?? query.count)
        }
        var path = labels["__metrics_path__"] ?? config.metricsPath
        if !path.hasPrefix("/") { path = "/" + path }
        var url = "\(labels["__scheme__"] ?? config.scheme)://\(address)\(path)"
        if !query.isEmpty {
            url += (path.contains("?") ? "&" : "?")
            let sorted = query.enumerated().sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }.map(\.element)
            url += PercentEncoding.form(sorted, blankIsPlus: true)
        }
        var own = Labels(labels.filter { !$0.name.hasPrefix("__") })
        if own["instance"] == nil { own.set("instance", to: address) }
        return (TargetIdentity(job: config.jobName, url: url, labels: own), config)
    }

    private static func duration(_ text: String?, _ what: String) throws(ScrapeFault) -> Int64? {
        guard let text else { return nil }
        guard let milliseconds = DurationText.milliseconds(text), milliseconds > 0 else {
            throw ScrapeFault(kind: .timeout, description: "error parsing \(what): “\(text)” is no duration above zero")
        }
        return milliseconds
    }

    /// A target's place in the interval: always the same for the same target, spread evenly over all.
    static func offset(of identity: TargetIdentity, interval: Int64) -> Int64 {
        let text = identity.url + identity.labels.description
        return Int64(KeyedHash(key0: 0, key1: 0)(text.utf8Span.span).low % UInt64(max(interval, 1)))
    }
}
