import Foundation
import VardeCollect

extension KubernetesDiscovery {
    /// Where a pod finds the credentials of its service account.
    private static let accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// How a pod asks its API server: with the service account's token and authority.
    fileprivate static var clusterAccess: EndpointAccess {
        var access = EndpointAccess()
        access.credentials = .scheme("Bearer", credentials: .file(accountFolder + "/token"))
        var tls = TLSFileOptions()
        tls.authoritiesFile = accountFolder + "/ca.crt"
        access.tls = tls
        return access
    }

    private static var clusterServer: String {
        let environment = ProcessInfo.processInfo.environment
        let host = environment["KUBERNETES_SERVICE_HOST"] ?? "kubernetes.default.svc"
        return "https://\(host.contains(":") ? "[\(host)]" : host):\(environment["KUBERNETES_SERVICE_PORT"] ?? "443")"
    }

    init(reading keys: YAMLMapping, _ item: YAMLValue) throws(ConfigurationError) {
        self.init(role: try Self.role(try keys.required("role")), server: Self.clusterServer)
        if let v = keys["api_server"] { server = try Self.server(v) }
        if let v = keys["kubeconfig_file"] {
            if keys["api_server"] != nil { throw v.error("cannot use kubeconfig_file and api_server simultaneously") }
            server = try Kubeconfig(named: v).server
        }
        if let v = keys["namespaces"] { try readNamespaces(v, keys) }
        if let v = keys["attach_metadata"] {
            let attach = try v.mapping()
            if let v = attach["node"] { attachesNode = try v.bool() }
            if let v = attach["namespace"] { attachesNamespace = try v.bool() }
            for key in ["deployment", "job", "cronjob"] {
                if let v = attach[key], try v.bool() { v.warn("not attached by this version") }
            }
            try attach.rejectUnknown()
        }
        if let v = keys["selectors"] { for item in try v.list() { try readSelector(item) } }
    }

    /// The address of an API server.
    static func server(_ value: YAMLValue) throws(ConfigurationError) -> String {
        let text = try value.endpointURL()
        return String(text.reversed().drop { $0 == "/" }.reversed())
    }

    private static func role(_ value: YAMLValue) throws(ConfigurationError) -> Role {
        let word = try value.string()
        guard let role = Role(rawValue: word), role != .namespace else { throw value.error("unknown Kubernetes SD role “\(word)”") }
        return role
    }

    private mutating func readNamespaces(_ value: YAMLValue, _ keys: YAMLMapping) throws(ConfigurationError) {
        let spaces = try value.mapping()
        if let names = spaces["names"] { namespaces = try names.strings() }
        if let own = spaces["own_namespace"], try own.bool() {
            for other in ["api_server", "kubeconfig_file"] where keys[other] != nil {
                throw own.error("cannot use \(other) and namespaces.own_namespace simultaneously")
            }
            let file = Self.accountFolder + "/namespace"
            guard let name = try? String(contentsOfFile: file, encoding: .utf8) else { throw own.error("\(file) cannot be read") }
            namespaces.append(name.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        try spaces.rejectUnknown()
    }

    private mutating func readSelector(_ item: YAMLValue) throws(ConfigurationError) {
        let selector = try item.mapping()
        let value = try selector.required("role")
        let kind = try Self.role(value)
        if selectors[kind] != nil { throw value.error("duplicated selector role: \(kind.rawValue)") }
        var allowed = [role]
        if role == .endpoints || role == .endpointslice { allowed = [.pod, .service, role] }
        if role == .pod { allowed.append(.node) }
        guard allowed.contains(kind) else {
            throw value.error("\(role.rawValue) role supports only \(allowed.map(\.rawValue).joined(separator: ", ")) selectors")
        }
        let (labels, fields) = (try selector["label"]?.string() ?? "", try selector["field"]?.string() ?? "")
        do throws(KubernetesSelectorText.Fault) {
            try KubernetesSelectorText.check(labels: labels)
            try KubernetesSelectorText.check(fields: fields)
        } catch {
            throw item.error(error.reason)
        }
        selectors[kind] = Selector(label: labels, field: fields)
        try selector.rejectUnknown()
    }
}

extension Discovery {
    /// How a cluster is asked: by the options of the configuration where it names the API server, else by a kubeconfig file, or as the
    /// pods of the cluster ask.
    mutating func readClusterAccess(_ keys: YAMLMapping) throws(ConfigurationError) {
        if keys["api_server"] != nil { return }
        var plain = access
        if plain.tls == TLSFileOptions() { plain.tls = nil }
        let allowsHTTP2 = keys.has("enable_http2") ? try keys["enable_http2"]?.bool() ?? false : true
        let isPlain = plain == EndpointAccess() && allowsHTTP2
        guard let file = keys["kubeconfig_file"] else {
            if !isPlain { throw keys.error("to use custom HTTP client configuration please provide the api_server URL explicitly") }
            access = KubernetesDiscovery.clusterAccess
            return
        }
        if !isPlain { throw file.error("cannot use a custom HTTP client configuration together with kubeconfig_file") }
        access = try Kubeconfig(named: file).access
    }
}
