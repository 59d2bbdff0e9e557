import VardeDisk
import VardeLogs
import VardeMetrics

extension ServerParts {
    /// How the stores are opened, by the configuration in force.
    func storeOptions() throws -> (metrics: MetricStoreOptions, logs: LogStoreOptions) {
        let configuration = current()
        var metricOptions = MetricStoreOptions()
        metricOptions.retention = configuration.retention.time
        metricOptions.maxSeries = configuration.limits.maxSeries
        metricOptions.maxSeriesPerName = configuration.limits.maxSeriesPerName
        metricOptions.maxLabels = configuration.limits.maxLabelsPerSeries
        metricOptions.maxNameBytes = configuration.limits.maxLabelNameBytes
        metricOptions.maxValueBytes = configuration.limits.maxLabelValueBytes
        var logOptions = LogStoreOptions { [clock = clock] in clock() * 1_000_000 }
        logOptions.retention = configuration.retention.time * 1_000_000
        logOptions.policies = try RetentionSetup.policies(configuration)
        logOptions.creationGrace = configuration.logs.maxFuture * 1_000_000
        logOptions.maxAge = configuration.logs.maxPast.map { $0 * 1_000_000 }
        // Too long is what comes in too long; a redacted line may be longer than it came.
        logOptions.maxLineSize = max(1 << 20, configuration.logs.maxLineBytes * 4)
        logOptions.maxStreams = configuration.logs.maxStreams
        logOptions.maxLabelNames = configuration.logs.maxLabelsPerStream
        if case .interval(let milliseconds) = configuration.storage.sync {
            metricOptions.syncInterval = Int(milliseconds)
            logOptions.syncMode = .interval(milliseconds: Int(milliseconds))
        }
        return (metricOptions, logOptions)
    }
}
