import VardeModel

/// `docker_sd_configs`: the containers of one Docker daemon, a target a port and network.
package struct DockerDiscovery: Sendable, Hashable {
    /// `unix:///var/run/docker.sock`, `tcp://…`, `http://…` or `https://…`.
    package var host: String
    /// The port of containers that expose none.
    package var port = 80
    package var hostNetworkingHost = "localhost"
    package var matchFirstNetwork = true
    package var filters: [String: [String]] = [:]

    package init(host: String) { self.host = host }

    /// What the address of a request begins with.
    private var base: String {
        if host.hasPrefix("unix://") { return host + "|" }
        return host.hasPrefix("tcp://") ? "http://" + host.dropFirst(6) : host
    }

    func groups(_ asker: DiscoveryAsker) async throws -> [TargetGroup] {
        var query = ""
        if !filters.isEmpty {
            let parts = filters.sorted { $0.key < $1.key }.map { name, values in
                "\(name.quoted):[\(values.map(\.quoted).joined(separator: ","))]"
            }
            query = "?filters=" + TargetResolution.escape("{" + parts.joined(separator: ",") + "}")
        }
        let containers = try await asker.json(base + "/containers/json" + query)
        let networks = try await networks(asker)
        let byID = Dictionary(containers.list.map { ($0["Id"].text, $0) }) { first, _ in first }
        return TargetGroup.list(source: "Docker", targets: containers.list.flatMap { targets($0, byID, networks) })
    }

    /// Labels of networks by their number.
    private func networks(_ asker: DiscoveryAsker) async throws -> [String: [(String, String)]] {
        var found: [String: [(String, String)]] = [:]
        for network in try await asker.json(base + "/networks").list {
            var labels = [
                ("__meta_docker_network_id", network["Id"].text), ("__meta_docker_network_name", network["Name"].text),
                ("__meta_docker_network_scope", network["Scope"].text),
                ("__meta_docker_network_internal", network["Internal"].text), ("__meta_docker_network_ingress", network["Ingress"].text),
            ]
            for pair in network["Labels"].pairs {
                labels.append(("__meta_docker_network_label_" + sanitizedLabelName(pair.key), pair.value.text))
            }
            found[network["Id"].text] = labels
        }
        return found
    }

    private func targets(_ container: JSONTree, _ byID: [String: JSONTree], _ networks: [String: [(String, String)]]) -> [Labels] {
        var labels: Labels = [
            "__meta_docker_container_id": container["Id"].text,
            "__meta_docker_container_name": container["Names"].list.first?.text ?? "",
            "__meta_docker_container_network_mode": container["HostConfig"]["NetworkMode"].text,
        ]
        for pair in container["Labels"].pairs {
            labels.set("__meta_docker_container_label_" + sanitizedLabelName(pair.key), to: pair.value.text)
        }
        var attached = container["NetworkSettings"]["Networks"].pairs
        let mode = container["HostConfig"]["NetworkMode"].text
        if attached.isEmpty, mode.hasPrefix("container:"), let other = byID[String(mode.dropFirst(10))] {
            // A container in another's network is where that one is.
            attached = other["NetworkSettings"]["Networks"].pairs
        }
        if matchFirstNetwork, attached.count > 1 { attached = Array(attached.prefix(1)) }
        var targets: [Labels] = []
        for (_, network) in attached {
            var one = labels
            one.set("__meta_docker_network_ip", to: network["IPAddress"].text)
            for (name, value) in networks[network["NetworkID"].text] ?? [] { one.set(name, to: value) }
            var hasPort = false
            for port in container["Ports"].list where port["Type"].text == "tcp" {
                hasPort = true
                var exposed = one
                exposed.set("__meta_docker_port_private", to: port["PrivatePort"].text)
                if Int(port["PublicPort"].text) ?? 0 > 0 {
                    exposed.set("__meta_docker_port_public", to: port["PublicPort"].text)
                    exposed.set("__meta_docker_port_public_ip", to: port["IP"].text)
                }
                exposed.set("__address__", to: "\(network["IPAddress"].text):\(port["PrivatePort"].text)")
                targets.append(exposed)
            }
            if !hasPort {
                let address = mode == "host" ? hostNetworkingHost : network["IPAddress"].text
                one.set("__address__", to: mode == "host" ? address : "\(address):\(port)")
                targets.append(one)
            }
        }
        return targets
    }
}

extension TargetGroup {
    /// A group a target, for kinds whose labels differ from target to target.
    static func list(source: String, targets: [Labels]) -> [TargetGroup] {
        targets.map { TargetGroup(addresses: [$0["__address__"] ?? ""], labels: $0, source: source) }
    }
}
