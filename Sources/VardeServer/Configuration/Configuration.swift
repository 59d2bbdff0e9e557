package import VardeCollect
package import VardeForward
package import VardeModel
package import VardeWire

/// Everything the server runs by: a superset of `prometheus.yml`. Times are milliseconds, sizes bytes.
package struct Configuration: Sendable {
    /// The file it came from, nil for the embedded defaults.
    package var file: String?
    /// The file's text as it was read, for `/api/v1/status/config`.
    package var text: String
    package var global: GlobalSettings
    package var scrapeConfigs: [ScrapeConfig]
    package var ruleFiles: [String]
    package var server: ServerSettings
    package var storage: StorageSettings
    package var retention: RetentionSettings
    package var logs: LogSettings
    package var privacy: PrivacySettings
    package var residency: ResidencySettings
    package var limits: LimitSettings
    package var collect: CollectSettings
    /// How names of OTLP become Prometheus'.
    package var otlp: OTLPTranslation
    /// Where samples are sent on to.
    package var remoteWrite: [RemoteWriteEndpoint] = []
    package var lokiWrite: [LokiWriteEndpoint] = []
    /// What is accepted for the sake of an existing `prometheus.yml` and has no effect yet, one sentence each: logged at start and
    /// printed by `varde check config`.
    package var warnings: [String]
}

/// Values every scrape and rule falls back on.
package struct GlobalSettings: Sendable {
    package var scrapeInterval: Int64 = 60_000
    package var scrapeTimeout: Int64 = 10_000
    package var evaluationInterval: Int64 = 60_000
    /// Labels for what leaves this server: federation and remote write.
    package var externalLabels = Labels.empty
    package var scrape = ScrapeDefaults()
    /// The file failed scrapes are written to, empty for none.
    package var scrapeFailureLog = ""

    package init() {}
}

/// Where and for whom the server listens.
package struct ServerSettings: Sendable {
    /// `HOST:PORT`; nil where the command line or the default decides.
    package var listen: String?
    package var tls: TLSFiles?
    package var tokens: [AuthToken] = []
    /// How long a stop may take before connections are cut.
    package var shutdownTimeout: Int64 = 8_000
    package var enableAdminAPI = false

    package init() {}
}

/// PEM files of the server's certificate chain and key; read again when they change.
package struct TLSFiles: Sendable, Equatable {
    package var certificate: String
    package var key: String
}

package struct StorageSettings: Sendable {
    package enum Sync: Sendable, Equatable {
        /// A 2xx means the data is synced to disk.
        case every
        /// Synced once in so many milliseconds: a power cut may lose that much of what was acknowledged.
        case interval(Int64)
    }

    package var sync = Sync.every
    /// Stop taking writes below so much free disk, in bytes; start again at twice as much.
    package var minimumFreeBytes = 512 << 20
    /// Exemplars kept over all series.
    /// 0 for none.
    package var maxExemplars = 100_000
    /// How much of a write-ahead log is kept for endpoints that have not taken it yet.
    package var unsent = Unsent()
    package var encryption = Encryption()

    /// Sealing of all files that hold data.
    package struct Encryption: Sendable, Equatable {
        package var enabled = false
        /// The master key; nil for `storage.key` beside the other keys.
        package var keyFile: String?
    }

    package struct Unsent: Sendable {
        /// Milliseconds.
        package var time: Int64 = 86_400_000
        /// Bytes of each log.
        package var bytes = 8 << 30
    }

    package init() {}
}

package struct RetentionSettings: Sendable {
    package struct Policy: Sendable {
        /// A LogQL stream selector or a PromQL series selector, as written.
        package var selector: String
        package var time: Int64
    }

    package var time: Int64 = 15 * 86_400_000
    /// Bytes of metrics and logs together, 0 for no bound.
    package var size = 0
    /// Shorter or longer times for some log streams; the first that matches counts.
    package var logs: [Policy] = []

    package init() {}
}

package struct LogSettings: Sendable {
    package var maxLineBytes = 256 << 10
    /// Cut a longer line and mark it, instead of refusing it.
    package var truncateLongLines = false
    package var maxStreams = 200_000
    package var maxLabelsPerStream = 30
    /// How far ahead of the clock a line may be.
    package var maxFuture: Int64 = 600_000
    /// How far behind the clock a line may be; nil for all of its retention.
    package var maxPast: Int64?
    /// Bytes of lines a second all clients together may send, 0 for any number, and how many at once.
    package var rateBytes = 0
    package var burstBytes: Int?
    /// The same of each stream.
    package var streamRateBytes = 0
    package var streamBurstBytes: Int?
    /// Where JSON lines have their time, message and labels.
    package var fields = LogFieldNames()
    /// Listeners for syslog, nil for none.
    package var syslog: SyslogSettings?
    /// Files that are tailed.
    package var files: [FileSource] = []

    /// Bytes at once: as configured, else what two seconds bring.
    package var burst: Int { burstBytes ?? rateBytes * 2 }
    package var streamBurst: Int { streamBurstBytes ?? streamRateBytes * 5 }

    package init() {}
}

package struct ResidencySettings: Sendable {
    package struct Network: Sendable {
        package var cidr: String
        package var country: String
        package var `operator`: String
        package var contract: String
        package var validUntil: String
    }

    package var networks: [Network] = []
    package var countries: [String] = []
    package var inbound = false
    /// Networks of proxies whose `X-Forwarded-For` is believed.
    package var proxies: [String] = []

    package init() {}
}

package struct LimitSettings: Sendable {
    /// Of a request's body, as sent and after decompression.
    package var requestBytes = 16 << 20
    package var decompressedBytes = 64 << 20
    package var maxSeries = 5_000_000
    package var maxSeriesPerName = 1_000_000
    package var maxLabelsPerSeries = 64
    package var maxLabelNameBytes = 1_024
    package var maxLabelValueBytes = 16_384
    package var querySamples = 50_000_000
    package var queryTimeout: Int64 = 120_000
    package var queryConcurrency = 20
    package var queryQueue = 200
    /// A query that takes longer is logged, without the texts in it; 0 for none.
    package var slowQuery: Int64 = 5_000
    package var logEntriesPerQuery = 5_000
    package var maxConnections = 4_096

    package init() {}

    /// Keys that differ from those of the start and are read only there.
    func fixed(since start: LimitSettings) -> [String] {
        let values: [(name: String, path: KeyPath<LimitSettings, Int>)] = [
            ("limits.series", \.maxSeries), ("limits.series_per_name", \.maxSeriesPerName),
            ("limits.labels_per_series", \.maxLabelsPerSeries),
            ("limits.label_name_size", \.maxLabelNameBytes), ("limits.label_value_size", \.maxLabelValueBytes),
            ("limits.query_concurrency", \.queryConcurrency), ("limits.query_queue", \.queryQueue),
            ("limits.connections", \.maxConnections),
        ]
        return values.filter { self[keyPath: $0.path] != start[keyPath: $0.path] }.map(\.name)
            + (slowQuery == start.slowQuery ? [] : ["limits.slow_query"])
    }
}

/// What the redactor does, as configured; `VardePrivacy` has the detectors.
package struct PrivacySettings: Sendable {
    package struct Rule: Sendable {
        /// A LogQL stream selector as written; empty for all streams.
        package var selector: String
        /// Detector type to action: mask, pseudonymise, truncate, drop or keep.
        package var actions: [(type: String, action: String)]
        package var purpose: String
        package var legalBasis: String
        /// Whom the lines are about, in words; empty where it is not said.
        package var subjects = ""
        package var reason: String
        package var until: String
        /// Types of personal data it keeps raw.
        package var kept: [String] { actions.filter { $0.action == "keep" && $0.type != "orgnr" }.map(\.type) }
    }

    package struct Controller: Sendable, Equatable {
        package var name = ""
        package var contact = ""
        package var officer = ""
    }

    package struct Detector: Sendable {
        package var name: String
        package var pattern: String
        package var checksum: String
    }

    /// The audit log.
    package struct AuditSettings: Sendable {
        package var enabled = true
        /// File in a second place for the signed heads; nil for beside the keys.
        package var checkpoints: String?
        /// Milliseconds between signed heads where there is something to sign.
        package var interval: Int64 = 1_000
    }

    /// A reason in law to keep lines that somebody asked to have erased: erasures that concern one of its streams wait.
    package struct LegalHold: Sendable, Equatable {
        package var name: String
        /// A LogQL stream selector as written; empty for everything.
        package var selector: String
        package var reason: String
        /// Last day, `2031-12-31`; empty for no end.
        package var until: String
    }

    package var legalHolds: [LegalHold] = []
    package var enabled = true
    /// `test` recognises synthetic numbers (Tenor, Norsk Helsenett, Dolly) without a context word as well.
    package var profile = "production"
    /// Key file of the pseudonyms; nil for the default beside the configuration.
    package var keyFile: String?
    package var epoch: Int64 = 30 * 86_400_000
    package var tenant = "default"
    package var actions: [(type: String, action: String)] = []
    package var rules: [Rule] = []
    package var detectors: [Detector] = []
    /// Further keys, and what their values are: a name of `KeyMeaning.configurable`.
    package var keyNames: [(key: String, meaning: String)] = []
    /// Who answers for the processing (GDPR article 30(1)(a)): name, contact, data protection officer; empty where not said.
    package var controller = Controller()
    package var audit = AuditSettings()

    package init() {}
}
