package import VardeModel
package import VardeWire

/// One job of `scrape_configs`. Times are milliseconds, sizes bytes, limits 0 for none.
package struct ScrapeConfig: Sendable, Equatable {
    package var jobName: String
    package var interval: Int64
    package var timeout: Int64
    package var metricsPath = "/metrics"
    package var scheme = "http"
    package var parameters: [(name: String, values: [String])] = []
    package var honorLabels = false
    package var honorTimestamps = true
    package var trackTimestampsStaleness = false
    package var enableCompression = true
    package var bodySizeLimit = 0
    package var sampleLimit = 0
    package var labelLimit = 0
    package var labelNameLengthLimit = 0
    package var labelValueLengthLimit = 0
    package var targetLimit = 0
    package var keepDroppedTargets = 0
    /// Buckets a native histogram may have: a finer one is merged until it fits.
    package var nativeHistogramBucketLimit = 0
    /// The finest schema native histograms keep: finer ones are merged until they have it.
    package var finestHistogramSchema = NativeHistogram.exponentialSchemas.upperBound
    /// The file failed scrapes are written to, empty for none.
    package var failureLog = ""
    /// Formats asked for, the most wanted first.
    package var protocols = ExpositionFormat.usual
    /// How a body is read whose Content-Type says nothing known.
    package var fallbackProtocol: ExpositionFormat?
    /// Whether native histograms are taken.
    package var scrapesNativeHistograms = false
    /// Keep the classic series of histograms that come, or are made, native.
    package var alwaysClassicHistograms = false
    /// Make native histograms with custom buckets of classic ones.
    package var convertsClassicHistograms = false
    /// Report `scrape_timeout_seconds`, `scrape_sample_limit` and `scrape_body_size_bytes` of each scrape as well.
    package var extraScrapeMetrics = false
    /// How names beyond the classic ones are asked for: `allow-utf-8`, `underscores`, `dots` or `values`.
    package var nameEscaping = "allow-utf-8"
    /// Refuse names beyond the classic ones.
    package var classicNamesOnly = false
    package var staticGroups: [TargetGroup] = []
    package var fileDiscovery: [FileDiscovery] = []
    package var relabelRules: [RelabelRule] = []
    package var metricRelabelRules: [RelabelRule] = []
    package var access = EndpointAccess()
    /// Discovery other than by files.
    package var discoveries: [Discovery] = []
    /// Of the job that watches the machine itself.
    package var host = HostOptions()

    package init(jobName: String, interval: Int64, timeout: Int64) {
        self.jobName = jobName
        self.interval = interval
        self.timeout = timeout
    }

    /// What is wrong with a target of a group, as far as that can be told before it is asked; nil where nothing is.
    package func complaint(about group: TargetGroup) -> String? {
        for address in group.addresses {
            do throws(ScrapeFault) { _ = try TargetResolution.target(TargetResolution.discovered(address, group, self), self) } catch {
                return error.description
            }
        }
        return nil
    }

    package static func == (a: ScrapeConfig, b: ScrapeConfig) -> Bool {
        a.plain == b.plain && a.relabelRules == b.relabelRules && a.metricRelabelRules == b.metricRelabelRules
            && a.staticGroups == b.staticGroups && a.fileDiscovery == b.fileDiscovery && a.access == b.access
            && a.discoveries == b.discoveries && a.host == b.host
    }

    /// Everything plain, for comparison.
    private var plain: String {
        let texts = "\(jobName) \(interval) \(timeout) \(metricsPath) \(scheme) \(parameters) \(protocols) \(nameEscaping) \(failureLog)"
        let limits =
            "\(bodySizeLimit) \(sampleLimit) \(labelLimit) \(labelNameLengthLimit) \(labelValueLengthLimit) \(targetLimit) \(keepDroppedTargets) \(nativeHistogramBucketLimit) \(finestHistogramSchema)"
        let flags = [
            honorLabels, honorTimestamps, trackTimestampsStaleness, enableCompression, scrapesNativeHistograms,
            alwaysClassicHistograms, convertsClassicHistograms, extraScrapeMetrics, classicNamesOnly,
        ]
        return "\(texts) \(limits) \(flags) \(fallbackProtocol?.rawValue ?? "")"
    }
}

/// Addresses with labels of their own, as static configuration and discovery give them.
package struct TargetGroup: Sendable, Equatable {
    package var addresses: [String]
    package var labels: Labels
    /// Where the group comes from, for people.
    package var source: String

    package init(addresses: [String], labels: Labels, source: String) {
        self.addresses = addresses
        self.labels = labels
        self.source = source
    }
}

/// Files that hold target groups, read again when they change.
package struct FileDiscovery: Sendable, Equatable {
    /// Paths; the last part may hold `*`.
    package var files: [String]
    package var refreshInterval: Int64

    package init(files: [String], refreshInterval: Int64) {
        self.files = files
        self.refreshInterval = refreshInterval
    }
}
