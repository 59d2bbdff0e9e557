import Foundation
import VardeCollect
import VardeEgress

extension ScrapeConfig {
    mutating func readDiscoveries(_ keys: YAMLMapping) throws(ConfigurationError) {
        for (key, interval) in [
            ("http_sd_configs", Int64(60_000)), ("dns_sd_configs", 30_000), ("consul_sd_configs", 30_000), ("docker_sd_configs", 60_000),
            ("dockerswarm_sd_configs", 60_000), ("kubernetes_sd_configs", 15_000),
        ] {
            guard let list = keys[key] else { continue }
            for item in try list.list() { discoveries.append(try Discovery(reading: item, key, interval)) }
        }
    }
}

extension Discovery {
    init(reading item: YAMLValue, _ key: String, _ interval: Int64) throws(ConfigurationError) {
        let keys = try item.mapping()
        let kind: Kind
        var inCluster = false
        switch key {
        case "http_sd_configs":
            let url = try keys.required("url")
            let text = try url.nonEmptyString()
            guard text.hasPrefix("http://") || text.hasPrefix("https://") else { throw url.error("URL scheme must be 'http' or 'https'") }
            kind = .http(url: text)
        case "dns_sd_configs": kind = .dns(try DNSDiscovery(reading: keys, item))
        case "consul_sd_configs": kind = .consul(try ConsulDiscovery(reading: keys))
        case "kubernetes_sd_configs":
            kind = .kubernetes(try KubernetesDiscovery(reading: keys))
            inCluster = keys["api_server"] == nil
        case "dockerswarm_sd_configs": kind = .dockerSwarm(try DockerSwarmDiscovery(reading: keys))
        default: kind = .docker(try DockerDiscovery(reading: keys))
        }
        self.init(kind, refreshInterval: try keys["refresh_interval"]?.duration(allowZero: false) ?? interval)
        credentials = try ScrapeConfig.Credentials.read(keys)
        tls = try TLSFileOptions.read(keys)
        proxy = try EgressProxy.read(keys)
        if inCluster {
            // As every pod finds its API server: with the service account's token and authority.
            credentials = credentials ?? .schemeFile("Bearer", file: KubernetesDiscovery.accountFolder + "/token")
            if tls == nil {
                var options = TLSFileOptions()
                options.authoritiesFile = KubernetesDiscovery.accountFolder + "/ca.crt"
                tls = options
            }
        }
        for key in ["follow_redirects", "enable_http2"] { if let v = keys[key] { _ = try v.bool() } }
        try keys.refuse([
            ("oauth2", "oauth2 is not done by this version")
        ])
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

extension KubernetesDiscovery {
    /// Where a pod finds the credentials of its service account.
    static let accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

    init(reading keys: YAMLMapping) throws(ConfigurationError) {
        let roleValue = try keys.required("role")
        guard let role = Role(rawValue: try roleValue.string()) else {
            throw roleValue.error("unknown Kubernetes SD role “\(try roleValue.string())”")
        }
        let environment = ProcessInfo.processInfo.environment
        let host = environment["KUBERNETES_SERVICE_HOST"] ?? "kubernetes.default.svc"
        let literal = host.contains(":") ? "[\(host)]" : host
        var server = "https://\(literal):\(environment["KUBERNETES_SERVICE_PORT"] ?? "443")"
        if let v = keys["api_server"] {
            server = try v.nonEmptyString()
            guard server.hasPrefix("http://") || server.hasPrefix("https://") else { throw v.error("must begin with http:// or https://") }
            while server.hasSuffix("/") { server.removeLast() }
        }
        self.init(role: role, server: server)
        if let v = keys["namespaces"] {
            let spaces = try v.mapping()
            if let names = spaces["names"] { namespaces = try names.strings() }
            if let own = spaces["own_namespace"], try own.bool() {
                let file = Self.accountFolder + "/namespace"
                guard let name = try? String(contentsOfFile: file, encoding: .utf8) else { throw own.error("\(file) cannot be read") }
                namespaces.append(name.trimmingCharacters(in: .whitespacesAndNewlines))
            }
            try spaces.rejectUnknown()
        }
        if let v = keys["selectors"] {
            for item in try v.list() {
                let selector = try item.mapping()
                let of = try selector.required("role")
                guard let kind = Role(rawValue: try of.string()) else { throw of.error("unknown Kubernetes SD role “\(try of.string())”") }
                if selectors[kind] != nil { throw of.error("duplicated selector role: \(kind.rawValue)") }
                selectors[kind] = Selector(label: try selector["label"]?.string() ?? "", field: try selector["field"]?.string() ?? "")
                try selector.rejectUnknown()
            }
        }
        try keys.refuse([
            ("kubeconfig_file", "kubeconfig files are not read by this version: give api_server, tls_config and authorization"),
            ("attach_metadata", "attach_metadata is not done by this version"),
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

extension TLSFileOptions {
    /// `tls_config` of a client; nil where there is none.
    static func read(_ keys: YAMLMapping) throws(ConfigurationError) -> TLSFileOptions? {
        guard let value = keys["tls_config"] else { return nil }
        let tls = try value.mapping()
        var options = TLSFileOptions()
        func pair(_ name: String) throws(ConfigurationError) -> (text: String, file: String) {
            let text = try tls[name]?.string() ?? ""
            let file = tls[name + "_file"]
            if let file, !text.isEmpty { throw file.error("at most one of \(name) and \(name)_file must be configured") }
            return (text, try file?.string() ?? "")
        }
        (options.fixed.authorities, options.authoritiesFile) = try pair("ca")
        (options.fixed.certificate, options.certificateFile) = try pair("cert")
        (options.fixed.key, options.keyFile) = try pair("key")
        let hasCertificate = !options.fixed.certificate.isEmpty || !options.certificateFile.isEmpty
        let hasKey = !options.fixed.key.isEmpty || !options.keyFile.isEmpty
        if hasCertificate != hasKey {
            throw value.error("exactly one of cert and cert_file must be configured with one of key and key_file")
        }
        if let v = tls["server_name"] { options.fixed.serverName = try v.string() }
        if let v = tls["insecure_skip_verify"] { options.fixed.skipsVerification = try v.bool() }
        if let v = tls["min_version"] {
            options.fixed.oldest = EgressTLS.Version(rawValue: try v.word(of: EgressTLS.Version.allCases.map(\.rawValue)))
        }
        if let v = tls["max_version"] {
            options.fixed.newest = EgressTLS.Version(rawValue: try v.word(of: EgressTLS.Version.allCases.map(\.rawValue)))
        }
        try tls.rejectUnknown()
        return options
    }
}

extension OAuth2Options {
    init(reading value: YAMLValue) throws(ConfigurationError) {
        let keys = try value.mapping()
        self.init(clientID: try keys.required("client_id").nonEmptyString(), tokenURL: try keys.required("token_url").nonEmptyString())
        if let v = keys["client_secret"] { clientSecret = try v.string() }
        if let v = keys["client_secret_file"] {
            if !clientSecret.isEmpty { throw v.error("at most one of client_secret and client_secret_file must be configured") }
            clientSecretFile = try v.nonEmptyString()
        }
        if let v = keys["scopes"] { scopes = try v.strings() }
        if let v = keys["endpoint_params"] { for (name, item) in try v.mapping().all() { endpointParameters[name] = try item.string() } }
        tls = try TLSFileOptions.read(keys)
        try keys.refuse([
            ("proxy_url", "proxies are not used by this version"), ("client_secret_ref", "secret managers are not asked by this version"),
        ])
        try keys.rejectUnknown()
    }
}
