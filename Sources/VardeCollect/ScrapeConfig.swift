package import VardeModel

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
    package var followRedirects = true
    package var bodySizeLimit = 0
    package var sampleLimit = 0
    package var labelLimit = 0
    package var labelNameLengthLimit = 0
    package var labelValueLengthLimit = 0
    package var targetLimit = 0
    package var keepDroppedTargets = 0
    package var staticGroups: [TargetGroup] = []
    package var fileDiscovery: [FileDiscovery] = []
    package var relabelRules: [RelabelRule] = []
    package var metricRelabelRules: [RelabelRule] = []
    package var credentials: Credentials?
    package var headers: [(name: String, value: String)] = []

    /// What goes into the Authorization header; files are read at each scrape, so that they can be renewed.
    package enum Credentials: Sendable, Equatable {
        case basic(user: String, password: String)
        case basicFile(user: String, passwordFile: String)
        case scheme(String, credentials: String)
        case schemeFile(String, file: String)
    }

    package init(jobName: String, interval: Int64, timeout: Int64) {
        self.jobName = jobName
        self.interval = interval
        self.timeout = timeout
    }

    package static func == (a: ScrapeConfig, b: ScrapeConfig) -> Bool {
        a.description == b.description && a.relabelRules == b.relabelRules && a.metricRelabelRules == b.metricRelabelRules
            && a.staticGroups == b.staticGroups && a.fileDiscovery == b.fileDiscovery && a.credentials == b.credentials
    }

    /// Everything plain, for comparison.
    private var description: String {
        "\(jobName) \(interval) \(timeout) \(metricsPath) \(scheme) \(parameters) \(honorLabels) \(honorTimestamps) \(trackTimestampsStaleness) \(enableCompression) \(followRedirects) \(bodySizeLimit) \(sampleLimit) \(labelLimit) \(labelNameLengthLimit) \(labelValueLengthLimit) \(targetLimit) \(keepDroppedTargets) \(headers)"
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
