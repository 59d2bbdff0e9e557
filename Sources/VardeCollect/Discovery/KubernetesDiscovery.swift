import VardeModel

/// `kubernetes_sd_configs`: objects of a cluster's API server, listed once and then watched; through a
/// proxy they are listed anew at every refresh.
package struct KubernetesDiscovery: Sendable, Hashable {
    package enum Role: String, Sendable, CaseIterable {
        case pod, service, node, endpoints, endpointslice, ingress
        /// None of targets: what `attach_metadata` looks at.
        case namespace
    }

    package var role: Role
    /// `https://host:port`.
    package var server: String
    /// Namespaces looked at, empty for all.
    package var namespaces: [String] = []
    /// Selectors of labels and fields by the kind of object they choose from.
    package var selectors: [Role: Selector] = [:]
    /// What targets get labels and annotations of as well: `attach_metadata`.
    package var attachesNode = false
    package var attachesNamespace = false

    package struct Selector: Sendable, Hashable {
        package var label: String
        package var field: String

        package init(label: String, field: String) {
            self.label = label
            self.field = field
        }
    }

    package init(role: Role, server: String) {
        self.role = role
        self.server = server
    }

    /// Objects asked for in one answer, and answers to one list, at most.
    private static let pageSize = 500
    private static let maxPages = 400

    /// The kinds of objects its targets are made of.
    var kinds: [Role] {
        var kinds = [role]
        if role == .endpoints || role == .endpointslice { kinds += [.service, .pod] }
        if attachesNode, role != .node { kinds.append(.node) }
        if attachesNamespace { kinds.append(.namespace) }
        return kinds
    }

    /// As things are now.
    func groups(_ asker: DiscoveryAsker) async throws -> [TargetGroup] {
        var objects: [Role: [JSONTree]] = [:]
        for kind in kinds {
            for path in paths(of: kind) { objects[kind, default: []] += try await list(path, of: kind, asker).items }
        }
        return groups(of: objects)
    }

    /// The targets objects make.
    func groups(of objects: [Role: [JSONTree]]) -> [TargetGroup] {
        let groups = plainGroups(of: objects)
        guard attachesNode || attachesNamespace else { return groups }
        let nodes = attachesNode ? Self.byName(objects[.node] ?? []) : [:]
        let namespaces = attachesNamespace ? Self.byName(objects[.namespace] ?? []) : [:]
        return groups.map { group in
            var group = group
            if let node = nodes["/" + Self.nodeName(group.labels)] {
                group.labels.set("__meta_kubernetes_node_name", to: node["metadata"]["name"].text)
                group.labels.addKubernetesMetadata(node, kind: "node")
            }
            if let namespace = namespaces["/" + (group.labels["__meta_kubernetes_namespace"] ?? "")] {
                group.labels.addKubernetesMetadata(namespace, kind: "namespace")
            }
            return group
        }
    }

    /// The node a target is on: as its endpoint says, or its pod.
    private static func nodeName(_ labels: Labels) -> String {
        for prefix in ["__meta_kubernetes_endpoint_", "__meta_kubernetes_endpointslice_endpoint_"] {
            if let name = labels[prefix + "node_name"], !name.isEmpty { return name }
        }
        for prefix in ["__meta_kubernetes_endpoint_", "__meta_kubernetes_endpointslice_"]
        where labels[prefix + "address_target_kind"] == "Node" {
            return labels[prefix + "address_target_name"] ?? ""
        }
        return labels["__meta_kubernetes_pod_node_name"] ?? ""
    }

    private func plainGroups(of objects: [Role: [JSONTree]]) -> [TargetGroup] {
        let own = objects[role] ?? []
        switch role {
        case .pod: return own.flatMap(KubernetesPods.groups)
        case .service: return own.flatMap(KubernetesServices.groups)
        case .node: return own.flatMap(KubernetesNodes.groups)
        case .ingress: return own.flatMap(KubernetesIngresses.groups)
        case .namespace: return []
        case .endpoints, .endpointslice:
            let services = Self.byName(objects[.service] ?? [])
            let pods = Self.byName(objects[.pod] ?? [])
            return own.flatMap { object in
                role == .endpoints
                    ? KubernetesEndpoints.groups(object, services, pods) : KubernetesEndpointSlices.groups(object, services, pods)
            }
        }
    }

    private static func byName(_ objects: [JSONTree]) -> [String: JSONTree] {
        Dictionary(objects.map { ($0["metadata"]["namespace"].text + "/" + $0["metadata"]["name"].text, $0) }) { first, _ in first }
    }

    /// Where objects of a kind are listed and watched: in all namespaces at once, or in each.
    func paths(of kind: Role) -> [String] {
        let (base, name) =
            switch kind {
            case .pod: ("/api/v1", "pods")
            case .service: ("/api/v1", "services")
            case .node: ("/api/v1", "nodes")
            case .namespace: ("/api/v1", "namespaces")
            case .endpoints: ("/api/v1", "endpoints")
            case .endpointslice: ("/apis/discovery.k8s.io/v1", "endpointslices")
            case .ingress: ("/apis/networking.k8s.io/v1", "ingresses")
            }
        return namespaces.isEmpty || kind == .node || kind == .namespace
            ? ["\(base)/\(name)"] : namespaces.map { "\(base)/namespaces/\(PercentEncoding.escaped($0, blankIsPlus: true))/\(name)" }
    }

    /// The selectors of a kind.
    func query(of kind: Role) -> [String] {
        guard let selector = selectors[kind] else { return [] }
        return [("labelSelector", selector.label), ("fieldSelector", selector.field)].filter { !$0.1.isEmpty }
            .map { "\($0.0)=\(PercentEncoding.escaped($0.1, blankIsPlus: true))" }
    }

    /// All objects of one list, page by page, and the version they are of.
    func list(_ path: String, of kind: Role, _ asker: DiscoveryAsker) async throws -> (items: [JSONTree], version: String) {
        var objects: [JSONTree] = []
        var version = ""
        var next = ""
        for _ in 0..<Self.maxPages {
            var query = ["limit=\(Self.pageSize)"] + query(of: kind)
            if !next.isEmpty { query.append("continue=" + PercentEncoding.escaped(next, blankIsPlus: true)) }
            let answer = try await asker.json("\(server)\(path)?\(query.joined(separator: "&"))")
            objects += answer["items"].list
            version = answer["metadata"]["resourceVersion"].text
            next = answer["metadata"]["continue"].text
            if next.isEmpty { break }
        }
        return (objects, version)
    }
}

extension Labels {
    /// What `addKubernetesMetadata` adds, and the object's namespace.
    mutating func addKubernetes(_ object: JSONTree, kind: String) {
        set("__meta_kubernetes_namespace", to: object["metadata"]["namespace"].text)
        addKubernetesMetadata(object, kind: kind)
    }

    /// An object's labels and annotations under a kind's prefix, each with its `…present` beside it.
    mutating func addKubernetesMetadata(_ object: JSONTree, kind: String) {
        let metadata = object["metadata"]
        for (word, pairs) in [("label", metadata["labels"]), ("annotation", metadata["annotations"])] {
            for pair in pairs.pairs {
                let name = sanitizedLabelName(pair.key)
                set("__meta_kubernetes_\(kind)_\(word)_\(name)", to: pair.value.text)
                set("__meta_kubernetes_\(kind)_\(word)present_\(name)", to: "true")
            }
        }
    }

    func merging(_ other: Labels) -> Labels { Labels(Array(self) + Array(other)) }
}

extension TargetGroup {
    /// A group a target of one object.
    static func list(_ object: JSONTree, _ kind: String, _ targets: [Labels]) -> [TargetGroup] {
        list(source: "\(kind)/\(object["metadata"]["namespace"].text)/\(object["metadata"]["name"].text)", targets: targets)
    }
}

/// An address and a port, brackets around IPv6.
func joinedHostPort(_ host: String, _ port: String) -> String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
