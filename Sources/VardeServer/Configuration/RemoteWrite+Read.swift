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
        if keys.has("protobuf_message") {
            let v = keys.place("protobuf_message")
            let word = try v.word(of: [Message.first.rawValue, Message.symbols.rawValue])
            message = Message(rawValue: word) ?? .first
        }
        if let v = keys["write_relabel_configs"] { relabelRules = try RelabelRule.list(reading: v, global.scrape.classicNamesOnly) }
        if let v = keys["send_exemplars"] { sendsExemplars = try v.bool() }
        if let v = keys["send_native_histograms"] { sendsHistograms = try v.bool() }
        if let v = keys["queue_config"] {
            queue = try ForwardQueue(reading: v)
        } else if keys.has("queue_config") {
            throw value.error("queue_config must not be empty")
        }
        if let v = keys["metadata_config"] {
            let metadata = try v.mapping()
            if let v = metadata["send"] { sendsMetadata = try v.bool() }
            if let v = metadata["send_interval"], case let interval = try v.duration(), interval > 0 { metadataInterval = interval }
            if let v = metadata["max_samples_per_send"], case let number = try v.int(in: Int.min...Int.max), number > 0 {
                metadataPerSend = min(number, 1_000_000)
            }
            try metadata.rejectUnknown()
        }
        if let v = keys["round_robin_dns"] { target.roundRobin = try v.bool() }
        if let v = keys["failed_request_logging"] { _ = try v.bool() }
        try keys.rejectUnknown()
    }
}

extension ForwardTarget {
    /// Headers a request's own are not to be replaced by.
    static let reserved: Set<String> = [
        "host", "content-encoding", "content-length", "content-type", "x-prometheus-remote-write-version", "user-agent", "connection",
        "keep-alive", "proxy-authenticate", "proxy-authorization", "www-authenticate", "accept-encoding",
        "x-prometheus-remote-read-version",
    ]

    /// What every endpoint has: `url`, `name`, `headers`, how it is authorised and reached.
    init(reading keys: YAMLMapping) throws(ConfigurationError) {
        let url = try keys.required("url").endpointURL()
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
    /// `queue_config`: numbers must be positive. What is beyond the most Varde has is brought down to it.
    init(reading value: YAMLValue) throws(ConfigurationError) {
        self.init()
        let keys = try value.mapping()
        func most(_ key: String, _ usual: Int, _ most: Int) throws(ConfigurationError) -> Int {
            guard let number = try keys.positive(key) else { return usual }
            if number > most { keys[key]?.warn("more than \(most) are not used") }
            return number
        }
        (minShards, maxShards) = (try most("min_shards", minShards, 1_000), try most("max_shards", maxShards, 1_000))
        if minShards > maxShards { throw keys.place("min_shards").error("must not be more than max_shards (\(maxShards))") }
        (minShards, maxShards) = (min(minShards, 1_000), min(maxShards, 1_000))
        capacity = min(try most("capacity", capacity, 1_000_000), 1_000_000)
        mostPerSend = min(try most("max_samples_per_send", mostPerSend, 100_000), 100_000)
        if let v = keys["batch_send_deadline"] { deadline = try v.duration() }
        func pause(_ key: String, _ usual: Int64) throws(ConfigurationError) -> Int64 {
            keys.has(key) ? try keys[key]?.duration() ?? 0 : usual
        }
        let (shortest, longest) = (try pause("min_backoff", minBackoff), try pause("max_backoff", maxBackoff))
        if longest < shortest { throw keys.place("max_backoff").error("must not be less than min_backoff") }
        // None at all would be a loop.
        if shortest > 0 { minBackoff = shortest }
        if longest > 0 { maxBackoff = max(longest, minBackoff) }
        if let v = keys["retry_on_http_429"] { retriesTooMany = try v.bool() }
        if let v = keys["sample_age_limit"] { ageLimit = try v.duration() }
        try keys.rejectUnknown()
    }
}
