import Foundation
package import VardeCollect
package import VardeModel

/// What is collected without being scraped: `collect:`.
package struct CollectSettings: Sendable {
    /// Whether the machine itself is watched.
    package var isHostWatched = true
    /// Milliseconds between two looks.
    package var hostInterval: Int64 = 15_000
    /// Labels of the host's series beside `job` and `instance`, or in their place.
    package var hostLabels = Labels.empty

    /// What is looked at of the host beside what always is.
    package var host = HostOptions()

    /// Listeners for metrics that are sent a line each.
    package var graphite: MetricListenerSettings?
    package var statsd: MetricListenerSettings?

    package init() {}

    init(reading value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping()
        if let v = keys["host"] {
            let host = try v.mapping()
            if let v = host["enabled"] { isHostWatched = try v.bool() }
            if let v = host["interval"] { hostInterval = try v.duration(allowZero: false) }
            if let v = host["labels"] { hostLabels = Labels(try v.labels()) }
            if let v = host["processes"] { self.host.processes = try v.bool() }
            if let v = host["system_bus"] { self.host.systemBus = try v.nonEmptyString() }
            if let v = host["systemd"], try !v.bool() { self.host.systemBus = "" }
            if let v = host["text_folders"] { self.host.textFolders = try v.filePaths() }
            if let v = host["timex"] { self.host.asksClock = try v.bool() }
            try host.rejectUnknown()
        }
        if let v = keys["graphite"] { graphite = try MetricListenerSettings(.graphite, reading: v) }
        if let v = keys["statsd"] { statsd = try MetricListenerSettings(.statsd, reading: v) }
        try keys.rejectUnknown()
    }

    /// The job that watches the host, under the names node_exporter's dashboards look for; nil where it is switched off.
    package var hostJob: ScrapeConfig? {
        guard isHostWatched else { return nil }
        var job = ScrapeConfig(jobName: hostLabels["job"] ?? "node", interval: hostInterval, timeout: min(10_000, hostInterval))
        job.scheme = "host"
        job.metricsPath = "/"
        job.host = host
        var labels = hostLabels
        if labels["instance"] == nil { labels.set("instance", to: ProcessInfo.processInfo.hostName) }
        job.staticGroups = [TargetGroup(addresses: ["local"], labels: labels, source: "collect.host")]
        return job
    }
}

extension CollectSettings {
    /// Scheme of the URL by which pushed groups are scraped.
    static let pushedScheme = "pushed"

    /// The job that collects what was pushed: labels are those of the groups, times those of the scrape.
    static var pushedJob: ScrapeConfig {
        var job = ScrapeConfig(jobName: "pushed", interval: 15_000, timeout: 10_000)
        job.scheme = pushedScheme
        job.metricsPath = "/"
        job.honorLabels = true
        job.staticGroups = [TargetGroup(addresses: ["pushed"], labels: .empty, source: "pushed")]
        // A group without an instance stays without one.
        var rule = RelabelRule()
        rule.sourceLabels = ["instance"]
        try? rule.setPattern("pushed")
        rule.targetLabel = "instance"
        rule.replacement = ""
        job.metricRelabelRules = [rule]
        return job
    }
}

extension Configuration {
    /// Jobs of the files `scrape_config_files` names, `*` in the last part of a path; read again at each reload.
    mutating func readScrapeFiles(_ value: YAMLValue) throws(ConfigurationError) {
        let folder = URL(fileURLWithPath: file ?? "").deletingLastPathComponent().path
        for item in try value.list() {
            let pattern = try item.string()
            if !Self.isFilePattern(pattern) { throw item.error("invalid scrape config file path “\(pattern)”: * is for the last part") }
            let paths = DiscoveryFiles.paths(pattern.hasPrefix("/") ? pattern : folder + "/" + pattern)
            // Prometheus reads those that are there, as of a pattern.
            for path in paths where !pattern.isEmpty && FileManager.default.fileExists(atPath: path) {
                let text: String
                do { text = try String(contentsOfFile: path, encoding: .utf8) } catch { throw item.error("\(path) cannot be read") }
                let root = try YAMLValue(document: text, file: path).mapping()
                if let list = root["scrape_configs"] {
                    for config in try ScrapeConfig.list(reading: list, global: global) {
                        if scrapeConfigs.contains(where: { $0.jobName == config.jobName }) {
                            throw ConfigurationError(file: path, message: "job_name “\(config.jobName)” is given twice")
                        }
                        scrapeConfigs.append(config)
                    }
                }
                try root.rejectUnknown()
            }
        }
    }
}
