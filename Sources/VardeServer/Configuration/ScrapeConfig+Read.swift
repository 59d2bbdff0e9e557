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

    static func list(reading value: YAMLValue, global: GlobalSettings) throws(ConfigurationError) -> [ScrapeConfig] {
        var configs: [ScrapeConfig] = []
        for item in try value.list() {
            let config = try ScrapeConfig(reading: item, global: global)
            if configs.contains(where: { $0.jobName == config.jobName }) { throw item.error("job_name “\(config.jobName)” is given twice") }
            configs.append(config)
        }
        return configs
    }

    private init(reading value: YAMLValue, global: GlobalSettings) throws(ConfigurationError) {
        let keys = try value.mapping()
        let intervalValue = keys["scrape_interval"]
        // Zero means what global says, as in Prometheus.
        let ownInterval = try intervalValue?.duration() ?? 0
        let interval = ownInterval > 0 ? ownInterval : global.scrapeInterval
        let timeoutValue = keys["scrape_timeout"]
        let ownTimeout = try timeoutValue?.duration() ?? 0
        let timeout = ownTimeout > 0 ? ownTimeout : min(global.scrapeTimeout, interval)
        self.init(jobName: try keys.required("job_name").nonEmptyString(), interval: interval, timeout: timeout)
        if let timeoutValue, timeout > interval { throw timeoutValue.error("must not be longer than the scrape interval") }
        var defaults = global.scrape
        try defaults.read(keys)
        defaults.apply(to: &self)
        if let v = keys["metrics_path"], case let path = try v.string(), !path.isEmpty { metricsPath = path }
        if let v = keys["scheme"], try !v.string().isEmpty { scheme = try v.word(of: ["http", "https"]) }
        if let v = keys["honor_labels"] { honorLabels = try v.bool() }
        if let v = keys["honor_timestamps"] { honorTimestamps = try v.bool() }
        if let v = keys["track_timestamps_staleness"] { trackTimestampsStaleness = try v.bool() }
        if let v = keys["enable_compression"] { enableCompression = try v.bool() }
        if let v = keys["fallback_scrape_protocol"] { fallbackProtocol = try ScrapeDefaults.format(v) }
        if let v = keys["native_histogram_bucket_limit"] { nativeHistogramBucketLimit = try v.int() }
        if let v = keys["native_histogram_min_bucket_factor"] {
            finestHistogramSchema = NativeHistogram.finestSchema(bucketFactor: try v.double())
        }
        if let v = keys["params"] { for (name, list) in try v.mapping().all() { parameters.append((name, try list.strings())) } }
        if let v = keys["relabel_configs"] { relabelRules = try RelabelRule.list(reading: v) }
        if let v = keys["metric_relabel_configs"] { metricRelabelRules = try RelabelRule.list(reading: v) }
        if let v = keys["static_configs"] {
            for (index, item) in try v.list().enumerated() {
                let group = try TargetGroup(reading: item, source: "\(index)")
                // Rules may yet make a host of an address, as those for blackbox probes do.
                if !keys.has("relabel_configs"), group.addresses.contains("") { throw item.error("a target has no address") }
                staticGroups.append(group)
            }
        }
        if let v = keys["file_sd_configs"] {
            for item in try v.list() { fileDiscovery.append(try FileDiscovery(reading: item)) }
        }
        access = try EndpointAccess(reading: keys)
        try readDiscoveries(keys)
        failureLog = try keys["scrape_failure_log_file"]?.filePath() ?? global.scrapeFailureLog
        try keys.refuse(Self.refused)
        try keys.rejectUnknown()
    }

}

extension FileDiscovery {
    init(reading item: YAMLValue) throws(ConfigurationError) {
        let file = try item.mapping()
        let files = try file.required("files")
        self.init(
            files: try files.filePaths(), refreshInterval: try file["refresh_interval"]?.duration(allowZero: false) ?? 300_000)
        if self.files.isEmpty { throw files.error("file service discovery config must contain at least one path name") }
        for path in self.files {
            // As Prometheus: one `*`, in the last part, and an ending that says the format.
            let last = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
            let stars = path.utf8.count { $0 == UInt8(ascii: "*") }
            let isKnown = [".yml", ".yaml", ".json"].contains { path.lowercased().hasSuffix($0) }
            guard isKnown, stars <= 1, stars == 0 || last.contains("*") else {
                throw files.error("path name “\(path)” is not valid for file discovery: one * in the last part, and .yml, .yaml or .json")
            }
        }
        try file.rejectUnknown()
    }
}

extension TargetGroup {
    /// - Parameter isJSON: whether it stands in a file of JSON, where a number is no address.
    init(reading value: YAMLValue, source: String, isJSON: Bool = false) throws(ConfigurationError) {
        let keys = try value.mapping()
        var addresses: [String] = []
        for item in try keys["targets"]?.list() ?? [] {
            let address = try item.string()
            if isJSON, !item.isQuoted { throw item.error("must be a string") }
            if address.contains("/") {
                throw item.error("“\(address)” is not a valid hostname: give host:port, the path goes into metrics_path")
            }
            addresses.append(address)
        }
        self.init(addresses: addresses, labels: Labels(try keys["labels"]?.labels() ?? []), source: source)
        try keys.rejectUnknown()
    }

    /// Groups in a discovery file, YAML or JSON (which is YAML).
    static func list(parsing text: String, file: String) throws(ConfigurationError) -> [TargetGroup] {
        var groups: [TargetGroup] = []
        for (index, item) in try YAMLValue(document: text, file: file).list().enumerated() {
            var group = try TargetGroup(reading: item, source: "\(file):\(index)", isJSON: file.lowercased().hasSuffix(".json"))
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
        if keys.has("action"), keys["action"] == nil { throw value.error("relabel action cannot be empty") }
        if let v = keys["source_labels"] { sourceLabels = try v.strings() }
        if let v = keys["separator"] { separator = try v.string() }
        if let v = keys["target_label"] { targetLabel = try v.string() }
        if let v = keys["replacement"] { replacement = try v.string() }
        if let v = keys["modulus"] { modulus = UInt64(try v.int()) }
        if let v = keys["regex"] {
            let pattern = try v.string()
            do throws(Regex.SyntaxError) { try setPattern(pattern) } catch { throw v.error("not a regular expression: \(error.reason)") }
        }
        try check(value, keys)
        try keys.rejectUnknown()
    }
    /// What Prometheus refuses of rules that can be read one by one.
    private func check(_ value: YAMLValue, _ keys: YAMLMapping) throws(ConfigurationError) {
        let word = action.rawValue
        switch action {
        case .hashmod where modulus == 0: throw value.error("relabel configuration for hashmod requires non-zero modulus")
        case .replace, .hashmod, .lowercase, .uppercase, .keepequal, .dropequal:
            guard let target = keys["target_label"], !targetLabel.isEmpty else {
                throw value.error("relabel configuration for \(word) action requires 'target_label' value")
            }
            if action == .lowercase || action == .uppercase || action == .keepequal || action == .dropequal || action == .hashmod,
                targetLabel.contains("$")
            {
                throw target.error("“\(targetLabel)” is invalid 'target_label' for \(word) action")
            }
        case .labelmap where replacement.isEmpty: throw value.error("replacement is invalid for labelmap action")
        default: break
        }
        // A value that is the default is as good as none.
        let isDefault = [
            "modulus": modulus == 0, "separator": separator == Self().separator, "replacement": replacement == Self().replacement,
        ]
        if [.lowercase, .uppercase].contains(action), let found = keys["replacement"], isDefault["replacement"] == false {
            throw found.error("'replacement' can not be set for \(word) action")
        }
        let allowed: Set<String>
        switch action {
        case .keepequal, .dropequal: allowed = ["action", "source_labels", "target_label"]
        case .labeldrop, .labelkeep: allowed = ["action", "regex"]
        default: return
        }
        for key in ["source_labels", "target_label", "regex", "modulus", "separator", "replacement"]
        where !allowed.contains(key) && isDefault[key] != true {
            if let found = keys[key] { throw found.error("\(word) action requires only \(allowed.sorted().joined(separator: ", "))") }
        }
    }
}
