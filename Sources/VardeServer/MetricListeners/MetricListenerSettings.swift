package import VardeEgress
package import VardeModel

/// Listeners for metrics that are sent a line each: `collect.graphite` and `collect.statsd`.
package struct MetricListenerSettings: Sendable, Equatable {
    package enum Dialect: String, Sendable, CaseIterable {
        case graphite, statsd
    }

    package var dialect: Dialect
    /// Where to listen, by transport: TCP and UDP.
    package var addresses: [ListenTransport: [ListenAddress]] = [:]
    /// Labels of series that have none of the name.
    package var labels: Labels
    /// Networks lines are taken from.
    package var networks = Network.local
    /// Connections at once, over each address.
    package var connections = 1_000
    /// Milliseconds without a byte after which a connection is closed.
    package var idle: Int64 = 600_000
    /// Bytes of a line.
    package var maxLine = 8_192
    /// StatsD: milliseconds between two samples of a series, and without news of it until it ends.
    package var interval: Int64 = 10_000
    package var forgetAfter: Int64 = 900_000
    /// StatsD: series that are summed up at once.
    package var maxSeries = 100_000

    init(_ dialect: Dialect, reading value: YAMLValue) throws(ConfigurationError) {
        self.dialect = dialect
        labels = ["job": dialect.rawValue]
        let keys = try value.mapping()
        for transport in [ListenTransport.tcp, .udp] {
            if let v = keys[transport.rawValue] { addresses[transport] = try v.listenAddresses() }
        }
        if addresses.values.allSatisfy(\.isEmpty) { throw value.error("listens nowhere: give tcp or udp as HOST:PORT") }
        if let v = keys["labels"] {
            labels = Labels(try v.labels())
            for label in labels where !label.name.isClassicLabelName { throw v.error("“\(label.name)” is not a label name") }
        }
        if let v = keys["networks"] { networks = try v.networks() }
        if let v = keys["connections"] { connections = try v.int(in: 1...100_000) }
        if let v = keys["idle_timeout"] { idle = try v.duration(allowZero: false) }
        if let v = keys["max_line_size"] {
            maxLine = try v.byteCount()
            guard (64...(1 << 20)).contains(maxLine) else { throw v.error("must be 64 bytes to 1MB") }
        }
        if dialect == .statsd {
            if let v = keys["interval"] {
                interval = try v.duration(allowZero: false)
                guard (1_000...3_600_000).contains(interval) else { throw v.error("must be 1s to 1h") }
            }
            if let v = keys["forget_after"] { forgetAfter = try v.duration(allowZero: false) }
            if let v = keys["max_series"] { maxSeries = try v.int(in: 1...10_000_000) }
        }
        try keys.rejectUnknown()
    }
}
