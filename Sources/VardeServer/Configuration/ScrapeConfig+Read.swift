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
        if let v = keys["scheme"], case let word = try v.string(), !word.isEmpty {
            scheme = word
            if word != "http", word != "https" { v.warn("targets can be asked by http and https only") }
        }
        if let v = keys["honor_labels"] { honorLabels = try v.bool() }
        if let v = keys["honor_timestamps"] { honorTimestamps = try v.bool() }
        if let v = keys["track_timestamps_staleness"] { trackTimestampsStaleness = try v.bool() }
        if let v = keys["enable_compression"] { enableCompression = try v.bool() }
        if let v = keys["fallback_scrape_protocol"], try !v.string().isEmpty { fallbackProtocol = try ScrapeDefaults.format(v) }
        if let v = keys["native_histogram_bucket_limit"] { nativeHistogramBucketLimit = try v.int() }
        if let v = keys["native_histogram_min_bucket_factor"] {
            finestHistogramSchema = NativeHistogram.finestSchema(bucketFactor: try v.double())
        }
        if let v = keys["params"] { for (name, list) in try v.mapping().all() { parameters.append((name, try list.strings())) } }
        if let v = keys["relabel_configs"] { relabelRules = try RelabelRule.list(reading: v, classicNamesOnly) }
        if let v = keys["metric_relabel_configs"] { metricRelabelRules = try RelabelRule.list(reading: v, classicNamesOnly) }
        if let v = keys["static_configs"] {
            for (index, item) in try v.list().enumerated() {
                if item.isNull { throw item.error("empty or null section in static_configs") }
                let group = try TargetGroup(reading: item, source: "\(index)")
                if let complaint = complaint(about: group) { throw item.error(complaint) }
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
            files: try files.filePaths(), refreshInterval: try file.refreshInterval(usual: 300_000))
        if self.files.isEmpty { throw files.error("file service discovery config must contain at least one path name") }
        for path in self.files {
            // As Prometheus: `*` in the last part only, and an ending that says the format.
            let endings = [".yml", ".yaml", ".json"]
            let isKnown = (endings + endings.map { $0.uppercased() }).contains { path.hasSuffix($0) }
            guard isKnown, Configuration.isFilePattern(path) else {
                throw files.error("path name “\(path)” is not valid for file discovery: * in the last part only, and .yml, .yaml or .json")
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
    /// - Parameter classicNamesOnly: whether labels are named as before UTF-8 was allowed in names.
    static func list(reading value: YAMLValue, _ classicNamesOnly: Bool = false) throws(ConfigurationError) -> [RelabelRule] {
        var rules: [RelabelRule] = []
        for item in try value.list() { rules.append(try RelabelRule(reading: item, classicNamesOnly)) }
        return rules
    }

    private init(reading value: YAMLValue, _ classicNamesOnly: Bool) throws(ConfigurationError) {
        self.init()
        let keys = try value.mapping()
        if let v = keys["action"] {
            let text = try v.string().lowercased()
            guard let known = Action(rawValue: text) else { throw v.error("unknown relabel action “\(text)”") }
            action = known
        }
        if keys.has("action"), keys["action"] == nil { throw value.error("relabel action cannot be empty") }
        if let v = keys["source_labels"] {
            sourceLabels = try v.strings()
            for item in try v.list() where !item.isNull {
                if try item.string().isEmpty { throw item.error("“” is not a valid label name") }
            }
        }
        // Null is empty, where leaving the key out is the default.
        if keys.has("separator") { separator = try keys["separator"]?.string() ?? "" }
        if let v = keys["target_label"] { targetLabel = try v.string() }
        if keys.has("replacement") { replacement = try keys["replacement"]?.string() ?? "" }
        if let v = keys["modulus"] { modulus = try v.count() }
        if keys.has("regex") {
            let v = keys.place("regex")
            let pattern = try keys["regex"]?.string() ?? ""
            do throws(Regex.SyntaxError) { try setPattern(pattern) } catch { throw v.error("not a regular expression: \(error.reason)") }
        }
        try check(value, keys)
        if classicNamesOnly { try checkNames(keys) }
        try keys.rejectUnknown()
    }

    /// Holds the names a rule writes against the classic ones, with `$1` in them where they are templates.
    private func checkNames(_ keys: YAMLMapping) throws(ConfigurationError) {
        let template = /(([a-zA-Z_]|\$(\{\w+\}|\w+))+\w*)+/.asciiOnlyWordCharacters()
        let isFit =
            switch action {
            case .replace where targetLabel.contains("$"): targetLabel.wholeMatch(of: template) != nil
            case .replace, .hashmod, .lowercase, .uppercase, .keepequal, .dropequal: targetLabel.isClassicLabelName
            case .labelmap: replacement.wholeMatch(of: template) != nil
            default: true
            }
        let key = action == .labelmap ? "replacement" : "target_label"
        if !isFit { throw keys.place(key).error("invalid \(key) for \(action.rawValue) action") }
    }

    /// What Prometheus refuses of rules that can be read one by one.
    private func check(_ value: YAMLValue, _ keys: YAMLMapping) throws(ConfigurationError) {
        let word = action.rawValue
        switch action {
        case .hashmod where modulus == 0: throw value.error("relabel configuration for hashmod requires non-zero modulus")
        case .replace, .hashmod, .lowercase, .uppercase, .keepequal, .dropequal:
            if targetLabel.isEmpty { throw value.error("relabel configuration for \(word) action requires 'target_label' value") }
        case .labelmap where replacement.isEmpty: throw value.error("replacement is invalid for labelmap action")
        default: break
        }
        // A value that is the default is as good as none.
        let isDefault = [
            "modulus": modulus == 0, "separator": separator == Self().separator, "replacement": replacement == Self().replacement,
            "target_label": targetLabel.isEmpty,
        ]
        if [.lowercase, .uppercase, .keepequal, .dropequal].contains(action), isDefault["replacement"] == false {
            throw keys.place("replacement").error("'replacement' can not be set for \(word) action")
        }
        let allowed: Set<String>
        switch action {
        case .keepequal, .dropequal: allowed = ["action", "source_labels", "target_label"]
        case .labeldrop, .labelkeep: allowed = ["action", "regex"]
        default: return
        }
        for key in ["source_labels", "target_label", "regex", "modulus", "separator", "replacement"]
        where !allowed.contains(key) && isDefault[key] != true {
            if keys[key] != nil || isDefault[key] == false {
                throw keys.place(key).error("\(word) action requires only \(allowed.sorted().joined(separator: ", "))")
            }
        }
    }
}
