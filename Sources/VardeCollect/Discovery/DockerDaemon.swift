import VardeModel

/// A Docker daemon that is asked, and what for.
package struct DockerDaemon: Sendable, Hashable {
    /// `unix:///var/run/docker.sock`, `tcp://…`, `http://…` or `https://…`.
    package var host: String
    package var filters: [String: [String]] = [:]

    package init(host: String) { self.host = host }

    /// What the address of a request begins with.
    private var base: String {
        if host.hasPrefix("unix://") { return host + "|" }
        return host.hasPrefix("tcp://") ? "http://" + host.dropFirst(6) : host
    }

    /// Items of a list.
    ///
    /// - Parameter filtered: whether the filters of the configuration are of these.
    func list(_ path: String, _ asker: DiscoveryAsker, filtered: Bool = false) async throws -> [JSONTree] {
        var query = ""
        if filtered, !filters.isEmpty {
            let parts = filters.sorted { $0.key < $1.key }.map { name, values in
                "\(name.quoted):[\(values.map(\.quoted).joined(separator: ","))]"
            }
            query = "?filters=" + PercentEncoding.escaped("{" + parts.joined(separator: ",") + "}", blankIsPlus: true)
        }
        return try await asker.json(base + path + query).list
    }

    /// Labels of networks by their number, their names after a prefix.
    func networks(_ asker: DiscoveryAsker, prefix: String) async throws -> [String: [(String, String)]] {
        var found: [String: [(String, String)]] = [:]
        for network in try await list("/networks", asker) {
            var labels = [
                (prefix + "network_id", network["Id"].text), (prefix + "network_name", network["Name"].text),
                (prefix + "network_scope", network["Scope"].text), (prefix + "network_internal", network["Internal"].text),
                (prefix + "network_ingress", network["Ingress"].text),
            ]
            for pair in network["Labels"].pairs {
                labels.append((prefix + "network_label_" + sanitizedLabelName(pair.key), pair.value.text))
            }
            found[network["Id"].text] = labels
        }
        return found
    }
}
