import VardeCollect
import VardeForward
import VardeModel
import VardePrivacy
import VardeWire

extension Configuration {
    /// The configuration of a server started without a file.
    package static var embedded: Configuration {
        Configuration(
            file: nil, text: "", global: GlobalSettings(), scrapeConfigs: [], ruleFiles: [], server: ServerSettings(),
            storage: StorageSettings(), retention: RetentionSettings(), logs: LogSettings(), privacy: PrivacySettings(),
            residency: ResidencySettings(), limits: LimitSettings(), collect: CollectSettings(), otlp: OTLPTranslation(), warnings: [])
    }

    /// Reads a configuration from its text.
    ///
    /// - Throws: the first fault found, with its file, line and column.
    package init(parsing text: String, file: String) throws(ConfigurationError) {
        self = .embedded
        self.file = file
        self.text = text
        let document = try YAMLValue(document: text, file: file)
        let root = try document.mapping()
        if let value = root["global"] { global = try GlobalSettings(reading: value) }
        if let value = root["server"] { server = try ServerSettings(reading: value) }
        if let value = root["storage"] { storage = try StorageSettings(reading: value, retention: &retention, warnings: &warnings) }
        if let value = root["retention"] { try retention.read(value) }
        if let value = root["logs"] { logs = try LogSettings(reading: value) }
        if let value = root["privacy"] { privacy = try PrivacySettings(reading: value) }
        if let value = root["residency"] { residency = try ResidencySettings(reading: value) }
        if let value = root["limits"] { limits = try LimitSettings(reading: value) }
        if let value = root["scrape_configs"] { scrapeConfigs = try ScrapeConfig.list(reading: value, global: global) }
        if let value = root["rule_files"] { ruleFiles = try Self.ruleFiles(value) }
        if let value = root["alerting"] { try Self.checkAlerting(value) }
        if let value = root["remote_read"] { try Self.checkRemoteRead(value) }
        if let value = root["tracing"] { try Self.checkTracing(value) }
        if let value = root["runtime"] { try Self.checkRuntime(value) }
        if !ruleFiles.isEmpty { warnings.append("rule_files: rules are checked by `varde check rules` but not evaluated by this version") }
        for (key, what) in [
            ("alerting", "alerts are not sent by this version"),
            ("remote_read", "nothing is read from elsewhere by this version"),
            ("tracing", "no traces are sent"),
            ("runtime", "has no meaning here: Varde has no garbage collector"),
        ] where root[key] != nil {
            warnings.append("\(key): accepted without effect: \(what)")
        }
        if let value = root["remote_write"] {
            remoteWrite = try RemoteWriteEndpoint.list(reading: value, global: global)
        }
        if let value = root["loki_write"] { lokiWrite = try LokiWriteEndpoint.list(reading: value, global: global) }
        if let value = root["otlp"] { otlp = try OTLPTranslation(reading: value, classicNamesOnly: global.scrape.classicNamesOnly) }
        if let value = root["collect"] { collect = try CollectSettings(reading: value) }
        if let value = root["scrape_config_files"] { try readScrapeFiles(value) }
        try root.rejectUnknown()
        try check()
        warnings += document.remarks.texts
    }

    /// What single values cannot say about themselves.
    private func check() throws(ConfigurationError) {
        if server.tls == nil, logs.syslog?.addresses[.tls]?.isEmpty == false {
            throw ConfigurationError(file: file ?? "", message: "logs.syslog.tls: there is no certificate for it; give server.tls")
        }
        var seen: Set<String> = []
        for token in server.tokens where !seen.insert(token.name).inserted {
            throw ConfigurationError(file: file ?? "", message: "server.auth.tokens: the name “\(token.name)” is given twice")
        }
    }
}

extension GlobalSettings {
    init(reading value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping()
        // Zero stands for the default, as in Prometheus.
        if let v = keys["scrape_interval"], case let interval = try v.duration(), interval > 0 { scrapeInterval = interval }
        if let v = keys["scrape_timeout"], case let timeout = try v.duration(), timeout > 0 {
            scrapeTimeout = timeout
            if scrapeTimeout > scrapeInterval { throw v.error("must not be longer than scrape_interval") }
        } else {
            scrapeTimeout = min(scrapeTimeout, scrapeInterval)
        }
        if let v = keys["evaluation_interval"], case let interval = try v.duration(), interval > 0 { evaluationInterval = interval }
        if let v = keys["external_labels"] { externalLabels = Labels(try v.labels()) }
        try scrape.read(keys)
        // Known to Prometheus, without a meaning here.
        if let v = keys["scrape_failure_log_file"] { scrapeFailureLog = try v.filePath() }
        _ = try keys["query_log_file"]?.string()
        _ = try keys["rule_query_offset"]?.duration()
        try keys.rejectUnknown()
    }
}

extension ServerSettings {
    init(reading value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping()
        if let v = keys["listen"] {
            let address = try v.nonEmptyString()
            do { _ = try VardeServer.address(address) } catch { throw v.error("must be HOST:PORT, not “\(address)”") }
            listen = address
        }
        if let v = keys["tls"] {
            let tls = try v.mapping()
            self.tls = TLSFiles(
                certificate: try tls.required("cert_file").nonEmptyString(), key: try tls.required("key_file").nonEmptyString())
            try tls.rejectUnknown()
        }
        if let v = keys["auth"] {
            let auth = try v.mapping()
            for item in try auth.required("tokens").list() { tokens.append(try AuthToken(reading: item)) }
            try auth.rejectUnknown()
        }
        if let v = keys["shutdown_timeout"] { shutdownTimeout = try v.duration(allowZero: false) }
        if let v = keys["enable_admin_api"] { enableAdminAPI = try v.bool() }
        try keys.rejectUnknown()
    }
}

extension AuthToken {
    init(reading value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping()
        let name = try keys.required("name").nonEmptyString()
        let stored = try keys.required("hash")
        guard let hash = TokenSecret.parse(try stored.string()) else {
            throw stored.error("must be sha256: and 64 hexadecimal digits, as `varde token new \(name)` prints it")
        }
        var roles: Set<Role> = []
        let list = try keys.required("roles")
        for item in try list.list() {
            guard let role = Role(rawValue: try item.word(of: Role.allCases.map(\.rawValue))) else { continue }
            roles.insert(role)
        }
        if roles.isEmpty { throw list.error("names no role; roles are \(Role.allCases.map(\.rawValue).joined(separator: ", "))") }
        self.init(name: name, roles: roles, hash: hash)
        try keys.rejectUnknown()
    }
}

extension StorageSettings {
    init(reading value: YAMLValue, retention: inout RetentionSettings, warnings: inout [String]) throws(ConfigurationError) {
        let keys = try value.mapping()
        if let v = keys["sync"] {
            if (try? v.string()) == "every" {
                sync = .every
            } else {
                let interval = try v.mapping()
                sync = .interval(try interval.required("interval").duration(allowZero: false))
                try interval.rejectUnknown()
            }
        }
        if let v = keys["minimum_free"] { minimumFreeBytes = try v.byteCount() }
        if let v = keys["tsdb"] {
            let tsdb = try v.mapping()
            if let v = tsdb["out_of_order_time_window"] {
                _ = try v.duration()
                warnings.append(
                    "storage.tsdb.out_of_order_time_window: not needed, out-of-order samples are taken anywhere inside retention")
            }
            if let v = tsdb["retention"] { try retention.read(v, isPrometheus: true) }
            _ = try tsdb["stale_series_compaction_threshold"]?.double()
            if let v = tsdb["chunk_encoding"] {
                let encoding = try v.mapping()
                _ = try encoding["floats"]?.word(of: ["", "xor", "xor2"])
                try encoding.rejectUnknown()
            }
            try tsdb.rejectUnknown()
        }
        if let v = keys["exemplars"] {
            let exemplars = try v.mapping()
            if let v = exemplars["max_exemplars"] { maxExemplars = min(max(0, try v.int(in: Int.min...Int.max)), 10_000_000) }
            try exemplars.rejectUnknown()
        }
        if let v = keys["encryption"] {
            let sealed = try v.mapping()
            if let v = sealed["enabled"] { encryption.enabled = try v.bool() }
            if let v = sealed["key_file"] { encryption.keyFile = try v.string() }
            try sealed.rejectUnknown()
        }
        if let v = keys["unsent"] {
            let kept = try v.mapping()
            if let v = kept["time"] { unsent.time = try v.duration(allowZero: false) }
            if let v = kept["size"] { unsent.bytes = try v.byteCount() }
            try kept.rejectUnknown()
        }
        try keys.rejectUnknown()
    }
}

extension RetentionSettings {
    /// - Parameter isPrometheus: whether it stands where Prometheus has it, `storage.tsdb.retention`.
    mutating func read(_ value: YAMLValue, isPrometheus: Bool = false) throws(ConfigurationError) {
        let keys = try value.mapping()
        if let v = keys["time"], case let longest = try v.duration(), longest > 0 { time = longest }
        if let v = keys["size"] { size = try v.byteCount(needsUnit: isPrometheus) }
        if isPrometheus, let v = keys["percentage"] {
            let share = try v.double()
            if !(0...100).contains(share) { throw v.error("must be in the range 0 to 100") }
            if share > 0 { v.warn("has no effect: give size") }
        }
        if let v = keys["logs"] {
            for item in try v.list() {
                let policy = try item.mapping()
                logs.append(
                    Policy(
                        selector: try policy.required("selector").nonEmptyString(),
                        time: try policy.required("time").duration(allowZero: false)))
                try policy.rejectUnknown()
            }
        }
        try keys.rejectUnknown()
    }
}

extension LogSettings {
    init(reading value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping()
        if let v = keys["max_line_size"] { maxLineBytes = try v.byteCount() }
        if let v = keys["max_line_size_truncate"] { truncateLongLines = try v.bool() }
        if let v = keys["max_streams"] { maxStreams = try v.int(in: 1...Int.max) }
        if let v = keys["max_label_names_per_series"] { maxLabelsPerStream = try v.int(in: 1...1_000) }
        if let v = keys["creation_grace_period"] { maxFuture = try v.duration() }
        if let v = keys["reject_old_samples_max_age"] { maxPast = try v.duration(allowZero: false) }
        if let v = keys["ingestion_rate"] { rateBytes = try v.byteCount() }
        if let v = keys["ingestion_burst"] { burstBytes = try v.byteCount() }
        if let v = keys["per_stream_rate_limit"] { streamRateBytes = try v.byteCount() }
        if let v = keys["per_stream_rate_limit_burst"] { streamBurstBytes = try v.byteCount() }
        if let v = keys["fields"] { try fields.read(v) }
        if let v = keys["syslog"] { syslog = try SyslogSettings(reading: v) }
        if let v = keys["files"] { for item in try v.list() { files.append(try FileSource(reading: item, fields: fields)) } }
        try keys.rejectUnknown()
    }
}

extension ResidencySettings {
    init(reading value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping()
        if let v = keys["countries"] { countries = try v.strings() }
        if let v = keys["inbound"] { inbound = try v.bool() }
        if let v = keys["proxies"] { proxies = try v.strings() }
        if let v = keys["networks"] {
            for item in try v.list() {
                let network = try item.mapping()
                networks.append(
                    Network(
                        cidr: try network.required("cidr").nonEmptyString(),
                        country: try network.required("country").nonEmptyString(),
                        operator: try network.required("operator").nonEmptyString(),
                        contract: try network["contract"]?.string() ?? "",
                        validUntil: try network["valid_until"]?.string() ?? ""))
                if let last = networks.last, !countries.isEmpty, !countries.contains(last.country) {
                    throw try network.required("country").error("“\(last.country)” is none of residency.countries")
                }
                try network.rejectUnknown()
            }
        }
        try keys.rejectUnknown()
    }
}

extension LimitSettings {
    init(reading value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping()
        if let v = keys["request_size"] { requestBytes = try v.byteCount() }
        if let v = keys["decompressed_size"] { decompressedBytes = try v.byteCount() }
        if let v = keys["series"] { maxSeries = try v.int(in: 1...Int(UInt32.max)) }
        if let v = keys["series_per_name"] { maxSeriesPerName = try v.int(in: 1...Int(UInt32.max)) }
        if let v = keys["labels_per_series"] { maxLabelsPerSeries = try v.int(in: 1...1_000) }
        if let v = keys["label_name_size"] { maxLabelNameBytes = try v.byteCount() }
        if let v = keys["label_value_size"] { maxLabelValueBytes = try v.byteCount() }
        if let v = keys["query_samples"] { querySamples = try v.int(in: 1...Int.max) }
        if let v = keys["query_timeout"] { queryTimeout = try v.duration(allowZero: false) }
        if let v = keys["query_concurrency"] { queryConcurrency = try v.int(in: 1...1_000) }
        if let v = keys["query_queue"] { queryQueue = try v.int(in: 0...100_000) }
        if let v = keys["slow_query"] { slowQuery = try v.duration() }
        if let v = keys["log_entries_per_query"] { logEntriesPerQuery = try v.int(in: 1...1_000_000) }
        if let v = keys["connections"] { maxConnections = try v.int(in: 1...1_000_000) }
        try keys.rejectUnknown()
    }
}

extension PrivacySettings {
    private static let allowedActions = ["mask", "pseudonymise", "truncate", "drop", "keep"]

    init(reading value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping()
        if let v = keys["enabled"] { enabled = try v.bool() }
        if let v = keys["profile"] { profile = try v.word(of: ["production", "test"]) }
        if let v = keys["key_file"] { keyFile = try v.nonEmptyString() }
        if let v = keys["epoch"] { epoch = try v.duration(allowZero: false) }
        if let v = keys["tenant"] { tenant = try v.nonEmptyString() }
        if let v = keys["actions"] {
            actions = try Self.actions(v)
            if let kept = actions.first(where: { $0.action == "keep" && $0.type != "orgnr" }) {
                throw v.error("keeps \(kept.type) everywhere and for ever: an exception belongs in `policies`, with a `reason` and `until`")
            }
        }
        if let v = keys["keys"] { keyNames = try Self.keyNames(v) }
        if let v = keys["controller"] {
            let who = try v.mapping()
            if let v = who["name"] { controller.name = try v.nonEmptyString() }
            if let v = who["contact"] { controller.contact = try v.nonEmptyString() }
            if let v = who["officer"] { controller.officer = try v.nonEmptyString() }
            try who.rejectUnknown()
        }
        if let v = keys["audit"] {
            let log = try v.mapping()
            if let v = log["enabled"] { audit.enabled = try v.bool() }
            if let v = log["checkpoints"] { audit.checkpoints = try v.nonEmptyString() }
            if let v = log["interval"] { audit.interval = try v.duration(allowZero: false) }
            try log.rejectUnknown()
        }
        if let v = keys["detectors"] {
            for item in try v.list() {
                let detector = try item.mapping()
                detectors.append(
                    Detector(
                        name: try detector.required("name").nonEmptyString(), pattern: try detector.required("pattern").nonEmptyString(),
                        checksum: try detector["checksum"]?.word(of: ["mod11", "luhn", "mod97"]) ?? ""))
                try detector.rejectUnknown()
            }
        }
        if let v = keys["policies"] {
            for item in try v.list() { rules.append(try Self.rule(item)) }
        }
        if let v = keys["legal_hold"] {
            for (index, item) in try v.list().enumerated() {
                let hold = try item.mapping()
                legalHolds.append(
                    LegalHold(
                        name: try hold["name"]?.nonEmptyString() ?? "configuration-\(index + 1)",
                        selector: try hold["selector"]?.string() ?? "", reason: try hold.required("reason").nonEmptyString(),
                        until: try hold["until"]?.string() ?? ""))
                try hold.rejectUnknown()
            }
        }
        try keys.rejectUnknown()
    }

    private static func actions(_ value: YAMLValue) throws(ConfigurationError) -> [(type: String, action: String)] {
        var actions: [(type: String, action: String)] = []
        for (type, action) in try value.mapping().all() { actions.append((type, try action.word(of: allowedActions))) }
        return actions
    }

    /// A list of keys whose values are names, or keys with what their values are.
    private static func keyNames(_ value: YAMLValue) throws(ConfigurationError) -> [(key: String, meaning: String)] {
        if let list = try? value.list() {
            var names: [(key: String, meaning: String)] = []
            for item in list { names.append((try item.nonEmptyString(), "name")) }
            return names
        }
        var names: [(key: String, meaning: String)] = []
        for (key, meaning) in try value.mapping().all() {
            names.append((key, try meaning.word(of: KeyMeaning.configurable.keys.sorted())))
        }
        return names
    }

    private static func rule(_ item: YAMLValue) throws(ConfigurationError) -> Rule {
        let keys = try item.mapping()
        let rule = Rule(
            selector: try keys.required("selector").nonEmptyString(),
            actions: try keys["actions"].map { v throws(ConfigurationError) in try actions(v) } ?? [],
            purpose: try keys["purpose"]?.string() ?? "", legalBasis: try keys["legal_basis"]?.string() ?? "",
            subjects: try keys["subjects"]?.string() ?? "", reason: try keys["reason"]?.string() ?? "",
            until: try keys["until"]?.string() ?? "")
        // Keeping what is personal is an exception: it says why and until when.
        if !rule.kept.isEmpty, rule.reason.isEmpty || rule.until.isEmpty {
            throw item.error("keeps personal data: give a `reason` and an end date `until: YYYY-MM-DD`")
        }
        try keys.rejectUnknown()
        return rule
    }
}
