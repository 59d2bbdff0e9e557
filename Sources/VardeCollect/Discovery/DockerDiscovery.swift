import VardeModel

/// `docker_sd_configs`: the containers of one Docker daemon, a target a port and network.
package struct DockerDiscovery: Sendable, Hashable {
    package var daemon: DockerDaemon
    /// The port of containers that expose none.
    package var port = 80
    package var hostNetworkingHost = "localhost"
    package var matchFirstNetwork = true

    package init(host: String) { daemon = DockerDaemon(host: host) }

    func groups(_ asker: DiscoveryAsker) async throws -> [TargetGroup] {
        let containers = try await daemon.list("/containers/json", asker, filtered: true)
        let networks = try await daemon.networks(asker, prefix: "__meta_docker_")
        let byID = Dictionary(containers.map { ($0["Id"].text, $0) }) { first, _ in first }
        return TargetGroup.list(source: "Docker", targets: containers.flatMap { targets($0, byID, networks) })
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
