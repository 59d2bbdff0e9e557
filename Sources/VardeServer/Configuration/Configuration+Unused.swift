import VardeCollect
import VardeForward
import VardeModel

/// Parts of Prometheus' configuration that have no effect here and are held against its rules all the same.
extension Configuration {
    static func ruleFiles(_ value: YAMLValue) throws(ConfigurationError) -> [String] {
        for item in try value.list() {
            let path = try item.string()
            // As in Prometheus: patterns are in the last part.
            if path.drop(while: { $0 != "*" }).contains("/") {
                throw item.error("invalid rule file path “\(path)”: * is for the last part")
            }
        }
        return try value.strings()
    }

    static func checkAlerting(_ value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping()
        if let rules = keys["alert_relabel_configs"] { _ = try RelabelRule.list(reading: rules) }
        for item in try keys["alertmanagers"]?.list() ?? [] {
            if item.isNull { throw item.error("must not be empty") }
            let manager = try item.mapping()
            if let v = manager["api_version"] { _ = try v.word(of: ["v1", "v2"]) }
            if let v = manager["scheme"], try !v.string().isEmpty { _ = try v.word(of: ["http", "https"]) }
            if let v = manager["path_prefix"] { _ = try v.string() }
            if let v = manager["timeout"] { _ = try v.duration() }
            for key in ["relabel_configs", "alert_relabel_configs"] {
                if let v = manager[key] { _ = try RelabelRule.list(reading: v) }
            }
            for group in try manager["static_configs"]?.list() ?? [] { _ = try TargetGroup(reading: group, source: "") }
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
            _ = keys["chunked_read_limit"]
            try keys.rejectUnknown()
        }
    }

    static func checkTracing(_ value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping()
        if try keys["endpoint"]?.string().isEmpty != false { throw value.error("tracing endpoint must be set") }
        if let v = keys["client_type"] { _ = try v.word(of: ["grpc", "http"]) }
        if let v = keys["sampling_fraction"] { _ = try v.double() }
        if let v = keys["insecure"] { _ = try v.bool() }
        if let v = keys["compression"], try !v.string().isEmpty { _ = try v.word(of: ["gzip"]) }
        if let v = keys["timeout"] { _ = try v.duration() }
        for (name, header) in try keys["headers"]?.mapping().all() ?? [] where name.lowercased() == "authorization" {
            throw header.error("an authorization header cannot be set here")
        }
        _ = try TLSFileOptions.read(keys)
        try keys.rejectUnknown()
    }
}
