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
        case "consul_sd_configs" where item.isNull: throw item.error("empty or null section in consul_sd_configs")
        case "consul_sd_configs": kind = .consul(try ConsulDiscovery(reading: keys))
        case "kubernetes_sd_configs": kind = .kubernetes(try KubernetesDiscovery(reading: keys, item))
        case "dockerswarm_sd_configs": kind = .dockerSwarm(try DockerSwarmDiscovery(reading: keys))
        default: kind = .docker(try DockerDiscovery(reading: keys))
        }
        self.init(kind, refreshInterval: try keys.refreshInterval(usual: interval))
        // Names are asked for without any of a client's options.
        if case .dns = self.kind {
            try keys.rejectUnknown()
            return
        }
        access = try EndpointAccess(reading: keys)
        if case .consul = self.kind { try readConsulAccess(keys) }
        if key == "kubernetes_sd_configs" { try readClusterAccess(keys) }
        try keys.rejectUnknown()
    }
}

extension Discovery {
    /// `username` and `password`, Consul's own way of writing `basic_auth`, and what does not go with a token.
    private mutating func readConsulAccess(_ keys: YAMLMapping) throws(ConfigurationError) {
        let (user, password) = (try keys["username"]?.string() ?? "", try keys["password"]?.string() ?? "")
        if !user.isEmpty || !password.isEmpty {
            if access.credentials != nil || access.oauth2 != nil {
                throw keys.error("at most one of username and password, basic_auth, authorization and oauth2 can be configured")
            }
            access.credentials = .basic(user: .text(user), password: .text(password))
        }
        if try keys["token"]?.string().isEmpty == false, access.oauth2 != nil || keys["authorization"] != nil {
            throw keys.error("at most one of token, authorization and oauth2 can be configured")
        }
    }
}

extension DNSDiscovery {
    init(reading keys: YAMLMapping, _ item: YAMLValue) throws(ConfigurationError) {
        let names = try keys.required("names").strings()
        if names.isEmpty { throw item.error("DNS-SD config must contain at least one SRV record name") }
        if keys.has("type"), keys["type"] == nil { throw item.error("the type of records is empty: use SRV, A, AAAA, MX or NS") }
        let type = try keys["type"].map { v throws(ConfigurationError) in
            guard let type = RecordType(rawValue: try v.string().uppercased()) else {
                throw v.error("invalid DNS-SD records type “\(try v.string())”: use SRV, A, AAAA, MX or NS")
            }
            return type
        }
        let port = try keys["port"]?.int(in: Int.min...Int.max) ?? 0
        if let type, type != .srv, port == 0 { throw item.error("a port is required in DNS-SD configs for all record types except SRV") }
        self.init(names: names, type: type ?? .srv, port: port)
    }
}

extension ConsulDiscovery {
    init(reading keys: YAMLMapping) throws(ConfigurationError) {
        self.init()
        if keys.has("server") {
            server = try keys["server"]?.string() ?? ""
            if server.allSatisfy(\.isWhitespace) { throw keys.place("server").error("a server address is needed") }
        }
        if let v = keys["scheme"], case let word = try v.string(), !word.isEmpty { scheme = word }
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
    }
}

extension DockerDiscovery {
    init(reading keys: YAMLMapping) throws(ConfigurationError) {
        let daemon = try DockerDaemon(reading: keys)
        self.init(host: daemon.host)
        self.daemon = daemon
        if let v = keys["port"] { port = try v.int(in: Int.min...Int.max) }
        if let v = keys["host_networking_host"] { hostNetworkingHost = try v.string() }
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
        if let v = keys["port"] { port = try v.int(in: Int.min...Int.max) }
    }
}

extension DockerDaemon {
    init(reading keys: YAMLMapping) throws(ConfigurationError) {
        let host = try keys.required("host")
        let text = try host.url().text
        if text.isEmpty { throw host.error("must not be empty") }
        if !["unix://", "tcp://", "http://", "https://"].contains(where: { text.hasPrefix($0) }) {
            host.warn("nothing can be asked at “\(text)”: an address begins with unix://, tcp://, http:// or https://")
        }
        self.init(host: text)
        guard let v = keys["filters"] else { return }
        for item in try v.list() {
            let filter = try item.mapping()
            let values = try filter["values"]?.strings() ?? []
            let name = try filter["name"]?.string() ?? ""
            if !values.isEmpty { filters[name, default: []] += values }
            try filter.rejectUnknown()
        }
    }
}
