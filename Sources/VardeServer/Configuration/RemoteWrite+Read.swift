import VardeCollect
import VardeEgress
import VardeForward
import VardeModel

extension RemoteWriteEndpoint {
    /// `remote_write`, as Prometheus takes it.
    static func list(reading value: YAMLValue, global: GlobalSettings) throws(ConfigurationError) -> [Self] {
        var all: [Self] = []
        for item in try value.list() {
            let endpoint = try RemoteWriteEndpoint(reading: item, global: global)
            if !all.append(named: endpoint) {
                throw item.error("found multiple remote write configs with job name “\(all[all.count - 1].target.name)”")
            }
        }
        return all
    }

    private init(reading value: YAMLValue, global: GlobalSettings) throws(ConfigurationError) {
        let keys = try value.mapping()
        self.init(target: try ForwardTarget(reading: keys))
        if let v = keys["remote_timeout"], case let timeout = try v.duration(), timeout > 0 { target.timeout = timeout }
        externalLabels = global.externalLabels
        if let v = keys["protobuf_message"] {
            let word = try v.word(of: [Message.first.rawValue, Message.symbols.rawValue])
            message = Message(rawValue: word) ?? .first
        }
        if let v = keys["write_relabel_configs"] { relabelRules = try RelabelRule.list(reading: v) }
        if let v = keys["send_exemplars"] { sendsExemplars = try v.bool() }
        if let v = keys["send_native_histograms"] { sendsHistograms = try v.bool() }
        if let v = keys["queue_config"] { queue = try ForwardQueue(reading: v) }
        if let v = keys["metadata_config"] {
            let metadata = try v.mapping()
            if let v = metadata["send"] { sendsMetadata = try v.bool() }
            if let v = metadata["send_interval"] { metadataInterval = try v.duration(allowZero: false) }
            if let v = metadata["max_samples_per_send"] { metadataPerSend = try v.int(in: 1...1_000_000) }
            try metadata.rejectUnknown()
        }
        if let v = keys["round_robin_dns"] { target.roundRobin = try v.bool() }
        try keys.rejectUnknown()
    }
}

extension ForwardTarget {
    /// Headers a request's own are not to be replaced by.
    private static let reserved: Set<String> = [
        "host", "content-encoding", "content-length", "content-type", "x-prometheus-remote-write-version", "user-agent", "connection",
        "keep-alive", "proxy-authenticate", "proxy-authorization", "www-authenticate", "accept-encoding",
        "x-prometheus-remote-read-version",
    ]

    /// What every endpoint has: `url`, `name`, `headers`, how it is authorised and reached.
    init(reading keys: YAMLMapping) throws(ConfigurationError) {
        let url = try keys.required("url").httpURL()
        self.init(name: try keys["name"]?.string() ?? "", url: url)
        access = try EndpointAccess(reading: keys)
        if let v = keys["headers"] {
            for (name, item) in try v.mapping().all() {
                if name.lowercased() == "authorization" {
                    throw item.error("authorization header must be changed via the basic_auth, authorization or oauth2 parameter")
                }
                if Self.reserved.contains(name.lowercased()) { throw item.error("\(name) is a reserved header, it must not be changed") }
                access.headers.append(.init(name, .text(try item.string())))
            }
        }
        try keys.refuse([
            ("sigv4", "requests to cloud vendors are not signed by this version"),
            ("azuread", "tokens of cloud vendors are not fetched by this version"),
            ("google_iam", "tokens of cloud vendors are not fetched by this version"),
        ])
    }
}

extension ForwardQueue {
    /// `queue_config`; zero stands for the default.
    init(reading value: YAMLValue) throws(ConfigurationError) {
        self.init()
        let keys = try value.mapping()
        if let v = keys["capacity"], case let number = try v.int(in: 0...1_000_000), number > 0 { capacity = number }
        let most = keys["max_shards"]
        if let most, case let number = try most.int(in: 0...1_000), number > 0 { maxShards = number }
        if let v = keys["min_shards"], case let number = try v.int(in: 0...1_000), number > 0 {
            minShards = number
            if most == nil { maxShards = max(maxShards, minShards) }
            if minShards > maxShards { throw v.error("must not be more than max_shards (\(maxShards))") }
        }
        if let v = keys["max_samples_per_send"], case let number = try v.int(in: 0...100_000), number > 0 { mostPerSend = number }
        if let v = keys["batch_send_deadline"] { deadline = try v.duration() }
        if let v = keys["min_backoff"], case let pause = try v.duration(), pause > 0 { minBackoff = pause }
        if let v = keys["max_backoff"], case let pause = try v.duration(), pause > 0 {
            maxBackoff = pause
            if maxBackoff < minBackoff { throw v.error("must not be less than min_backoff") }
        }
        if let v = keys["retry_on_http_429"] { retriesTooMany = try v.bool() }
        if let v = keys["sample_age_limit"] { ageLimit = try v.duration() }
        try keys.rejectUnknown()
    }
}
