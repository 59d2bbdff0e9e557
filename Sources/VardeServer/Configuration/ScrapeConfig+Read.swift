import VardeCollect
import VardeCompression
import VardeModel

extension ScrapeConfig {
    /// Discovery of other kinds, each with why it is refused.
    private static let refused: [(key: String, reason: String)] =
        [
            "azure", "digitalocean", "ec2", "eureka", "gce", "hetzner", "ionos", "kuma", "lightsail", "linode", "marathon", "nerve",
            "openstack", "ovhcloud", "puppetdb", "scaleway", "serverset", "stackit", "triton", "uyuni", "vultr", "nomad",
        ]
        .map {
            (
                "\($0)_sd_configs",
                "\($0)_sd_configs: Varde does not ask cloud vendors where your services are; write the targets to a file and use file_sd_configs"
            )
        }
        + ["consul", "dns", "docker", "dockerswarm", "http", "kubernetes"].map {
            ("\($0)_sd_configs", "\($0)_sd_configs is not done by this version; write the targets to a file and use file_sd_configs")
        }
        + [
            ("oauth2", "oauth2 is not done by this version"), ("proxy_url", "proxies are not used by this version"),
            ("proxy_from_environment", "proxies are not used by this version"),
        ]

    static func list(
        reading value: YAMLValue, global: GlobalSettings, warnings: inout [String]
    ) throws(ConfigurationError) -> [ScrapeConfig] {
        var configs: [ScrapeConfig] = []
        for item in try value.list() {
            let config = try ScrapeConfig(reading: item, global: global, warnings: &warnings)
            if configs.contains(where: { $0.jobName == config.jobName }) { throw item.error("job_name “\(config.jobName)” is given twice") }
            configs.append(config)
        }
        return configs
    }

    private init(reading value: YAMLValue, global: GlobalSettings, warnings: inout [String]) throws(ConfigurationError) {
        let keys = try value.mapping()
        let interval = try keys["scrape_interval"]?.duration(allowZero: false) ?? global.scrapeInterval
        let timeoutValue = keys["scrape_timeout"]
        let timeout = try timeoutValue?.duration(allowZero: false) ?? min(global.scrapeTimeout, interval)
        self.init(jobName: try keys.required("job_name").nonEmptyString(), interval: interval, timeout: timeout)
        if let timeoutValue, timeout > interval { throw timeoutValue.error("must not be longer than the scrape interval") }
        bodySizeLimit = try keys["body_size_limit"]?.byteCount() ?? global.bodySizeLimit
        sampleLimit = try keys["sample_limit"]?.int() ?? global.sampleLimit
        labelLimit = try keys["label_limit"]?.int() ?? global.labelLimit
        labelNameLengthLimit = try keys["label_name_length_limit"]?.int() ?? global.labelNameLengthLimit
        labelValueLengthLimit = try keys["label_value_length_limit"]?.int() ?? global.labelValueLengthLimit
        targetLimit = try keys["target_limit"]?.int() ?? global.targetLimit
        keepDroppedTargets = try keys["keep_dropped_targets"]?.int() ?? global.keepDroppedTargets
        if let v = keys["metrics_path"] { metricsPath = try v.nonEmptyString() }
        if let v = keys["scheme"] { scheme = try v.word(of: ["http", "https"]) }
        if let v = keys["honor_labels"] { honorLabels = try v.bool() }
        if let v = keys["honor_timestamps"] { honorTimestamps = try v.bool() }
        if let v = keys["track_timestamps_staleness"] { trackTimestampsStaleness = try v.bool() }
        if let v = keys["enable_compression"] { enableCompression = try v.bool() }
        if let v = keys["follow_redirects"] { followRedirects = try v.bool() }
        if let v = keys["params"] { for (name, list) in try v.mapping().all() { parameters.append((name, try list.strings())) } }
        if let v = keys["relabel_configs"] { relabelRules = try RelabelRule.list(reading: v) }
        if let v = keys["metric_relabel_configs"] { metricRelabelRules = try RelabelRule.list(reading: v) }
        if let v = keys["static_configs"] {
            for (index, item) in try v.list().enumerated() { staticGroups.append(try TargetGroup(reading: item, source: "\(index)")) }
        }
        if let v = keys["file_sd_configs"] {
            for item in try v.list() {
                let file = try item.mapping()
                let files = try file.required("files")
                fileDiscovery.append(
                    FileDiscovery(
                        files: try files.strings(), refreshInterval: try file["refresh_interval"]?.duration(allowZero: false) ?? 300_000))
                for path in fileDiscovery.last?.files ?? [] where ![".yml", ".yaml", ".json"].contains(where: { path.hasSuffix($0) }) {
                    throw files.error("“\(path)” must end in .yml, .yaml or .json")
                }
                try file.rejectUnknown()
            }
        }
        try readCredentials(keys)
        if let v = keys["http_headers"] {
            for (name, item) in try v.mapping().all() {
                let header = try item.mapping()
                for text in try header["values"]?.strings() ?? [] { headers.append((name, text)) }
                try header.refuse([
                    ("secrets", "http_headers secrets are not read by this version"),
                    ("files", "http_headers files are not read by this version"),
                ])
                try header.rejectUnknown()
            }
        }
        if let v = keys["tls_config"] {
            let tls = try v.mapping()
            try tls.refuse([
                ("insecure_skip_verify", "certificates are always verified by this version"),
                ("ca_file", "the system's certificate authorities are used by this version"),
                ("cert_file", "client certificates are not used by this version"),
                ("key_file", "client certificates are not used by this version"),
            ])
            for key in ["server_name", "min_version", "max_version", "ca", "cert", "key"] { _ = tls[key] }
            try tls.rejectUnknown()
        }
        for key in [
            "scrape_protocols", "fallback_scrape_protocol", "scrape_classic_histograms", "always_scrape_classic_histograms",
            "convert_classic_histograms_to_nhcb",
            "native_histogram_bucket_limit", "native_histogram_min_bucket_factor", "metric_name_validation_scheme",
            "metric_name_escaping_scheme",
            "scrape_native_histograms", "scrape_failure_log_file", "enable_http2", "extra_scrape_metrics", "no_proxy",
        ] where keys[key] != nil { warnings.append("scrape_configs, job \(jobName): \(key) has no effect in this version") }
        try keys.refuse(Self.refused)
        try keys.rejectUnknown()
    }

    private mutating func readCredentials(_ keys: YAMLMapping) throws(ConfigurationError) {
        if let v = keys["basic_auth"] {
            let basic = try v.mapping()
            let user = try basic["username"]?.string() ?? ""
            if let file = basic["password_file"] {
                credentials = .basicFile(user: user, passwordFile: try file.nonEmptyString())
            } else {
                credentials = .basic(user: user, password: try basic["password"]?.string() ?? "")
            }
            try basic.rejectUnknown()
        }
        if let v = keys["authorization"] {
            if credentials != nil { throw v.error("only one of basic_auth, authorization and bearer_token may be given") }
            let authorization = try v.mapping()
            let type = try authorization["type"]?.nonEmptyString() ?? "Bearer"
            if let file = authorization["credentials_file"] {
                credentials = .schemeFile(type, file: try file.nonEmptyString())
            } else {
                credentials = .scheme(type, credentials: try authorization["credentials"]?.string() ?? "")
            }
            try authorization.rejectUnknown()
        }
        if let v = keys["bearer_token"] { credentials = .scheme("Bearer", credentials: try v.string()) }
        if let v = keys["bearer_token_file"] { credentials = .schemeFile("Bearer", file: try v.nonEmptyString()) }
    }
}

extension TargetGroup {
    init(reading value: YAMLValue, source: String) throws(ConfigurationError) {
        let keys = try value.mapping()
        let targets = try keys.required("targets")
        let addresses = try targets.strings()
        for address in addresses where address.contains("/") {
            throw targets.error("“\(address)” is not a valid hostname: give host:port, the path goes into metrics_path")
        }
        self.init(addresses: addresses, labels: Labels(try keys["labels"]?.labels() ?? []), source: source)
        try keys.rejectUnknown()
    }

    /// Groups in a discovery file, YAML or JSON (which is YAML).
    static func list(parsing text: String, file: String) throws(ConfigurationError) -> [TargetGroup] {
        var groups: [TargetGroup] = []
        for (index, item) in try YAMLValue(document: text, file: file).list().enumerated() {
            var group = try TargetGroup(reading: item, source: "\(file):\(index)")
            group.labels.set("__meta_filepath", to: file)
            groups.append(group)
        }
        return groups
    }
}

extension RelabelRule {
    static func list(reading value: YAMLValue) throws(ConfigurationError) -> [RelabelRule] {
        var rules: [RelabelRule] = []
        for item in try value.list() { rules.append(try RelabelRule(reading: item)) }
        return rules
    }

    private init(reading value: YAMLValue) throws(ConfigurationError) {
        self.init()
        let keys = try value.mapping()
        if let v = keys["action"] {
            let text = try v.string().lowercased()
            guard let known = Action(rawValue: text) else { throw v.error("unknown relabel action “\(text)”") }
            action = known
        }
        if let v = keys["source_labels"] { sourceLabels = try v.strings() }
        if let v = keys["separator"] { separator = try v.string() }
        if let v = keys["target_label"] { targetLabel = try v.string() }
        if let v = keys["replacement"] { replacement = try v.string() }
        if let v = keys["modulus"] { modulus = UInt64(try v.int(in: 1...Int.max)) }
        if let v = keys["regex"] {
            let pattern = try v.string()
            do throws(Regex.SyntaxError) { try setPattern(pattern) } catch { throw v.error("not a regular expression: \(error.reason)") }
        }
        switch action {
        case .hashmod where modulus == 0: throw value.error("hashmod needs a modulus")
        case .replace, .hashmod, .lowercase, .uppercase, .keepequal, .dropequal:
            if targetLabel.isEmpty { throw value.error("\(action.rawValue) needs a target_label") }
        default: break
        }
        try keys.rejectUnknown()
    }
}
