import VardeCollect
import VardeForward
import VardeModel

/// Parts of Prometheus' configuration that have no effect here and are held against its rules all the same.
extension Configuration {
    static func ruleFiles(_ value: YAMLValue) throws(ConfigurationError) -> [String] {
        for item in try value.list() {
            let path = try item.string()
            if !isFilePattern(path) { throw item.error("invalid rule file path “\(path)”: * is for the last part") }
        }
        return try value.strings()
    }

    /// Whether a path has `*` in its last part only, as Prometheus allows it.
    static func isFilePattern(_ path: some StringProtocol) -> Bool { !path.drop { $0 != "*" }.contains("/") }

    static func checkAlerting(_ value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping()
        if let rules = keys["alert_relabel_configs"] { _ = try RelabelRule.list(reading: rules) }
        for item in try keys["alertmanagers"]?.list() ?? [] {
            if item.isNull { throw item.error("must not be empty") }
            let manager = try item.mapping()
            if let v = manager["api_version"] { _ = try v.word(of: ["v2"]) }
            if let v = manager["scheme"] { _ = try v.string() }
            if let v = manager["path_prefix"] { _ = try v.string() }
            if let v = manager["timeout"] { _ = try v.duration() }
            for key in ["relabel_configs", "alert_relabel_configs"] {
                if let v = manager[key] { _ = try RelabelRule.list(reading: v) }
            }
            for item in try manager["static_configs"]?.list() ?? [] {
                let group = try TargetGroup(reading: item, source: "")
                if manager["relabel_configs"] == nil, let address = group.addresses.first(where: { $0.contains("/") }) {
                    throw item.error("“\(address)” is not a valid hostname")
                }
            }
            for files in try manager["file_sd_configs"]?.list() ?? [] { _ = try FileDiscovery(reading: files) }
            var discoveries = ScrapeConfig(jobName: "", interval: 0, timeout: 0)
            try discoveries.readDiscoveries(manager)
            _ = try EndpointAccess(reading: manager)
            _ = manager["sigv4"]
            try manager.rejectUnknown()
        }
        try keys.rejectUnknown()
    }

    static func checkRemoteRead(_ value: YAMLValue) throws(ConfigurationError) {
        var names: Set<String> = []
        for item in try value.list() {
            let keys = try item.mapping()
            let target = try ForwardTarget(reading: keys)
            if !target.name.isEmpty, !names.insert(target.name).inserted {
                throw item.error("found multiple remote read configs with job name “\(target.name)”")
            }
            if let v = keys["remote_timeout"] { _ = try v.duration() }
            for key in ["read_recent", "filter_external_labels"] {
                if let v = keys[key] { _ = try v.bool() }
            }
            if let v = keys["required_matchers"] { _ = try v.labels() }
            if let v = keys["chunked_read_limit"] { _ = try v.int() }
            try keys.rejectUnknown()
        }
    }

    static func checkRuntime(_ value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping()
        if let v = keys["gogc"] { _ = try v.int(in: Int.min...Int.max) }
        try keys.rejectUnknown()
    }

    static func checkTracing(_ value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping()
        if try keys["endpoint"]?.string().isEmpty != false { throw value.error("tracing endpoint must be set") }
        if let v = keys["client_type"] { _ = try v.word(of: ["grpc", "http"]) }
        if let v = keys["sampling_fraction"] { _ = try v.double() }
        if let v = keys["insecure"] { _ = try v.bool() }
        if let v = keys["compression"], try !v.string().isEmpty { _ = try v.word(of: ["gzip"]) }
        if let v = keys["timeout"] { _ = try v.duration() }
        for (name, header) in try keys["headers"]?.mapping().all() ?? [] {
            if name.lowercased() == "authorization" || ForwardTarget.reserved.contains(name.lowercased()) {
                throw header.error("\(name) is a reserved header, it must not be changed")
            }
            _ = try header.string()
        }
        _ = try TLSFileOptions.read(keys)
        try keys.rejectUnknown()
    }
}
