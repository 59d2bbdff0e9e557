import VardeModel

/// `kubernetes_sd_configs`: objects of a cluster's API server, listed once and then watched; through a
/// proxy they are listed anew at every refresh.
package struct KubernetesDiscovery: Sendable, Hashable {
    package enum Role: String, Sendable, CaseIterable {
        case pod, service, node, endpoints, endpointslice, ingress
    }

    package var role: Role
    /// `https://host:port`.
    package var server: String
    /// Namespaces looked at, empty for all.
    package var namespaces: [String] = []
    /// Selectors of labels and fields by the kind of object they choose from.
    package var selectors: [Role: Selector] = [:]

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
        switch role {
        case .pod, .service, .node, .ingress: [role]
        case .endpoints, .endpointslice: [role, .service, .pod]
        }
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
        let own = objects[role] ?? []
        switch role {
        case .pod: return own.flatMap(KubernetesPods.groups)
        case .service: return own.flatMap(KubernetesServices.groups)
        case .node: return own.flatMap(KubernetesNodes.groups)
        case .ingress: return own.flatMap(KubernetesIngresses.groups)
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
            case .endpoints: ("/api/v1", "endpoints")
            case .endpointslice: ("/apis/discovery.k8s.io/v1", "endpointslices")
            case .ingress: ("/apis/networking.k8s.io/v1", "ingresses")
            }
        return namespaces.isEmpty || kind == .node
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
    /// An object's labels and annotations under a kind's prefix, each with its `…present` beside it, and its namespace.
    mutating func addKubernetes(_ object: JSONTree, kind: String) {
        let metadata = object["metadata"]
        set("__meta_kubernetes_namespace", to: metadata["namespace"].text)
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
