import VardeCollect

extension ScrapeConfig {
    mutating func readDiscoveries(_ keys: YAMLMapping) throws(ConfigurationError) {
        for (key, interval) in [
            ("http_sd_configs", Int64(60_000)), ("dns_sd_configs", 30_000), ("consul_sd_configs", 30_000), ("docker_sd_configs", 60_000),
            ("dockerswarm_sd_configs", 60_000), ("kubernetes_sd_configs", 15_000),
        ] {
            guard let list = keys[key] else { continue }
            for item in try list.list() { discoveries += try Discovery(reading: item, key, interval).apart }
        }
    }
}

extension Discovery {
    init(reading item: YAMLValue, _ key: String, _ interval: Int64) throws(ConfigurationError) {
        let keys = try item.mapping()
        let kind: Kind
        switch key {
        case "http_sd_configs":
            kind = .http(url: try keys.required("url").httpURL())
        case "dns_sd_configs": kind = .dns(try DNSDiscovery(reading: keys, item))
        case "consul_sd_configs": kind = .consul(try ConsulDiscovery(reading: keys))
        case "kubernetes_sd_configs": kind = .kubernetes(try KubernetesDiscovery(reading: keys, item))
        case "dockerswarm_sd_configs": kind = .dockerSwarm(try DockerSwarmDiscovery(reading: keys))
        default: kind = .docker(try DockerDiscovery(reading: keys))
        }
        self.init(kind, refreshInterval: try keys["refresh_interval"]?.duration(allowZero: false) ?? interval)
        access = try EndpointAccess(reading: keys)
        if key == "kubernetes_sd_configs" { try readClusterAccess(keys) }
        try keys.rejectUnknown()
    }
}

extension DNSDiscovery {
    init(reading keys: YAMLMapping, _ item: YAMLValue) throws(ConfigurationError) {
        let names = try keys.required("names").strings()
        if names.isEmpty { throw item.error("DNS-SD config must contain at least one SRV record name") }
        let type = try keys["type"].map { v throws(ConfigurationError) in
            guard let type = RecordType(rawValue: try v.string().uppercased()) else {
                throw v.error("invalid DNS-SD records type “\(try v.string())”: use SRV, A, AAAA, MX or NS")
            }
            return type
        }
        let port = try keys["port"]?.int(in: 0...65_535) ?? 0
        if let type, type != .srv, port == 0 { throw item.error("a port is required in DNS-SD configs for all record types except SRV") }
        self.init(names: names, type: type ?? .srv, port: port)
    }
}

extension ConsulDiscovery {
    init(reading keys: YAMLMapping) throws(ConfigurationError) {
        self.init()
        if let v = keys["server"] { server = try v.nonEmptyString() }
        if let v = keys["scheme"] { scheme = try v.word(of: ["http", "https"]) }
        if let v = keys["path_prefix"] { pathPrefix = String(try v.string().trimmingPrefix("/")) }
        if let v = keys["token"] { token = try v.string() }
        if let v = keys["datacenter"] { datacenter = try v.string() }
        if let v = keys["namespace"] { namespace = try v.string() }
        if let v = keys["partition"] { partition = try v.string() }
        if let v = keys["services"] { services = try v.strings() }
        if let v = keys["tags"] { tags = try v.strings() }
        if let v = keys["tag_separator"] { tagSeparator = try v.string() }
        if let v = keys["filter"] { filter = try v.string() }
        if let v = keys["health_filter"] { healthFilter = try v.string() }
        if let v = keys["allow_stale"] { allowStale = try v.bool() }
        if let v = keys["node_meta"] { for (name, value) in try v.mapping().all() { nodeMeta[name] = try value.string() } }
        try keys.refuse([
            ("username", "give username and password under basic_auth"), ("password", "give username and password under basic_auth"),
        ])
    }
}

extension DockerDiscovery {
    init(reading keys: YAMLMapping) throws(ConfigurationError) {
        let daemon = try DockerDaemon(reading: keys)
        self.init(host: daemon.host)
        self.daemon = daemon
        if let v = keys["port"] { port = try v.int(in: 1...65_535) }
        if let v = keys["host_networking_host"] { hostNetworkingHost = try v.nonEmptyString() }
        if let v = keys["match_first_network"] { matchFirstNetwork = try v.bool() }
    }
}

extension DockerSwarmDiscovery {
    init(reading keys: YAMLMapping) throws(ConfigurationError) {
        let value = try keys.required("role")
        guard let role = Role(rawValue: try value.string()) else {
            throw value.error("invalid role “\(try value.string())”, expected tasks, services, or nodes")
        }
        self.init(daemon: try DockerDaemon(reading: keys), role: role)
        if let v = keys["port"] { port = try v.int(in: 1...65_535) }
    }
}

extension DockerDaemon {
    init(reading keys: YAMLMapping) throws(ConfigurationError) {
        let host = try keys.required("host")
        let text = try host.nonEmptyString()
        guard ["unix://", "tcp://", "http://", "https://"].contains(where: { text.hasPrefix($0) }) else {
            throw host.error("must begin with unix://, tcp://, http:// or https://")
        }
        self.init(host: text)
        guard let v = keys["filters"] else { return }
        for item in try v.list() {
            let filter = try item.mapping()
            let name = try filter.required("name")
            let values = try filter.required("values").strings()
            if values.isEmpty { throw name.error("filter values cannot be empty") }
            filters[try name.nonEmptyString(), default: []] += values
            try filter.rejectUnknown()
        }
    }
}
