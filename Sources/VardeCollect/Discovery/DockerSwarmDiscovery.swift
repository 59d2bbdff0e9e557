import VardeModel

/// `dockerswarm_sd_configs`: services, tasks or nodes of a Docker swarm, asked of one of its managers.
package struct DockerSwarmDiscovery: Sendable, Hashable {
    package enum Role: String, Sendable, CaseIterable {
        case services, tasks, nodes
    }

    /// A Docker daemon that is a manager, as of `DockerDiscovery`.
    package var daemon: DockerDaemon
    package var role: Role
    /// The port of nodes, and of what publishes none.
    package var port = 80

    package init(daemon: DockerDaemon, role: Role) {
        self.daemon = daemon
        self.role = role
    }

    private static let prefix = "__meta_dockerswarm_"

    func groups(_ asker: DiscoveryAsker) async throws -> [TargetGroup] {
        let targets: [Labels] =
            switch role {
            case .nodes: try await daemon.list("/nodes", asker, filtered: true).map(node)
            case .services: try await services(asker)
            case .tasks: try await tasks(asker)
            }
        return TargetGroup.list(source: "DockerSwarm", targets: targets)
    }

    // MARK: Nodes

    private func node(_ node: JSONTree) -> Labels {
        nodeLabels(node).setting("__address__", to: Self.join(node["Status"]["Addr"].text, "\(port)"))
    }

    private func nodeLabels(_ node: JSONTree) -> Labels {
        let (description, spec, manager) = (node["Description"], node["Spec"], node["ManagerStatus"])
        var pairs = [
            ("address", node["Status"]["Addr"].text), ("availability", spec["Availability"].text),
            ("engine_version", description["Engine"]["EngineVersion"].text), ("hostname", description["Hostname"].text),
            ("id", node["ID"].text), ("platform_architecture", description["Platform"]["Architecture"].text),
            ("platform_os", description["Platform"]["OS"].text), ("role", spec["Role"].text), ("status", node["Status"]["State"].text),
        ]
        if !manager.isNull {
            pairs += [
                ("manager_leader", manager["Leader"].text == "true" ? "true" : "false"),
                ("manager_reachability", manager["Reachability"].text), ("manager_address", manager["Addr"].text),
            ]
        }
        return Self.labels("node_", pairs, spec["Labels"])
    }

    // MARK: Services

    private func services(_ asker: DiscoveryAsker) async throws -> [Labels] {
        let services = try await daemon.list("/services", asker, filtered: true)
        let networks = try await daemon.networks(asker, prefix: Self.prefix)
        return services.flatMap { service in
            let template = service["Spec"]["TaskTemplate"]["ContainerSpec"]
            let common = serviceLabels(service).with([
                (Self.prefix + "service_task_container_hostname", template["Hostname"].text),
                (Self.prefix + "service_task_container_image", template["Image"].text),
                (Self.prefix + "service_updating_status", service["UpdateStatus"]["State"].text),
            ])
            return service["Endpoint"]["VirtualIPs"].list.flatMap { address -> [Labels] in
                let own = common.with(networks[address["NetworkID"].text] ?? [])
                let host = Self.host(address["Addr"].text)
                let published = Self.published(service["Endpoint"]["Ports"]).map { port in
                    own.with([
                        (Self.prefix + "service_endpoint_port_name", port["Name"].text),
                        (Self.prefix + "service_endpoint_port_publish_mode", port["PublishMode"].text),
                        ("__address__", Self.join(host, port["PublishedPort"].text)),
                    ])
                }
                return published.isEmpty ? [own.setting("__address__", to: Self.join(host, "\(port)"))] : published
            }
        }
    }

    private func serviceLabels(_ service: JSONTree) -> Labels {
        let modes = service["Spec"]["Mode"].pairs.map(\.key)
        let mode = modes.contains("Replicated") ? "replicated" : modes.contains("Global") ? "global" : ""
        return Self.labels(
            "service_", [("id", service["ID"].text), ("name", service["Spec"]["Name"].text), ("mode", mode)], service["Spec"]["Labels"])
    }

    // MARK: Tasks

    private func tasks(_ asker: DiscoveryAsker) async throws -> [Labels] {
        let tasks = try await daemon.list("/tasks", asker, filtered: true)
        let services = try await daemon.list("/services", asker)
        let serviceLabels = Self.byID(services, serviceLabels)
        let ports = Self.byID(services) { Self.published($0["Endpoint"]["Ports"]) }
        let nodes = Self.byID(try await daemon.list("/nodes", asker), nodeLabels)
        let networks = try await daemon.networks(asker, prefix: Self.prefix)
        return tasks.flatMap { task -> [Labels] in
            let status = task["Status"]
            var common = Self.labels(
                "task_",
                [
                    ("id", task["ID"].text), ("desired_state", task["DesiredState"].text), ("state", status["State"].text),
                    ("slot", task["Slot"].text.isEmpty ? "0" : task["Slot"].text),
                    ("container_id", status["ContainerStatus"]["ContainerID"].text),
                ], .null)
            for pair in task["Spec"]["ContainerSpec"]["Labels"].pairs {
                common.set(Self.prefix + "container_label_" + sanitizedLabelName(pair.key), to: pair.value.text)
            }
            let node = nodes[task["NodeID"].text] ?? .empty
            common = common.with(serviceLabels[task["ServiceID"].text] ?? .empty).with(node)
            let host = node[Self.prefix + "node_address"] ?? ""
            let own = Self.published(status["PortStatus"]["Ports"]).map { target(common, $0, at: host) }
            return own
                + task["NetworksAttachments"].list.flatMap { attachment -> [Labels] in
                    let attached = common.with(networks[attachment["Network"]["ID"].text] ?? [])
                    return attachment["Addresses"].list.flatMap { address -> [Labels] in
                        let host = Self.host(address.text)
                        let found = (ports[task["ServiceID"].text] ?? []).map { target(attached, $0, at: host) }
                        return found.isEmpty ? [attached.setting("__address__", to: Self.join(host, "\(port)"))] : found
                    }
                }
        }
    }

    private func target(_ labels: Labels, _ port: JSONTree, at host: String) -> Labels {
        labels.with([
            (Self.prefix + "task_port_publish_mode", port["PublishMode"].text),
            ("__address__", Self.join(host, port["PublishedPort"].text)),
        ])
    }

    // MARK: Parts of all

    /// Labels of a kind of thing, and the swarm's own labels of it.
    private static func labels(_ kind: String, _ pairs: [(String, String)], _ own: JSONTree) -> Labels {
        var labels = Labels(pairs.map { Label(prefix + kind + $0.0, $0.1) })
        for pair in own.pairs { labels.set("\(prefix)\(kind)label_\(sanitizedLabelName(pair.key))", to: pair.value.text) }
        return labels
    }

    private static func published(_ ports: JSONTree) -> [JSONTree] { ports.list.filter { $0["Protocol"].text == "tcp" } }

    private static func byID<Value>(_ list: [JSONTree], _ make: (JSONTree) -> Value) -> [String: Value] {
        Dictionary(list.map { ($0["ID"].text, make($0)) }) { first, _ in first }
    }

    /// The address of `10.0.0.2/24`.
    private static func host(_ address: String) -> String { String(address.prefix { $0 != "/" }) }

    private static func join(_ host: String, _ port: String) -> String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension Labels {
    /// A copy with these set over its own.
    fileprivate func with(_ pairs: [(String, String)]) -> Labels {
        var copy = self
        for (name, value) in pairs { copy.set(name, to: value) }
        return copy
    }

    fileprivate func with(_ other: Labels) -> Labels { with(other.map { ($0.name, $0.value) }) }
}
