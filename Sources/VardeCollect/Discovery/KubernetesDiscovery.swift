import VardeModel

/// `kubernetes_sd_configs`: objects of a cluster's API server, listed anew at every refresh.
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

    func groups(_ asker: DiscoveryAsker) async throws -> [TargetGroup] {
        switch role {
        case .pod: return try await list(.pod, asker).flatMap(KubernetesPods.groups)
        case .service: return try await list(.service, asker).flatMap(KubernetesServices.groups)
        case .node: return try await list(.node, asker).flatMap(KubernetesNodes.groups)
        case .ingress: return try await list(.ingress, asker).flatMap(KubernetesIngresses.groups)
        case .endpoints, .endpointslice:
            let objects = try await list(role, asker)
            let services = Self.byName(try await list(.service, asker))
            let pods = Self.byName(try await list(.pod, asker))
            return objects.flatMap { object in
                role == .endpoints
                    ? KubernetesEndpoints.groups(object, services, pods) : KubernetesEndpointSlices.groups(object, services, pods)
            }
        }
    }

    private static func byName(_ objects: [JSONTree]) -> [String: JSONTree] {
        Dictionary(objects.map { ($0["metadata"]["namespace"].text + "/" + $0["metadata"]["name"].text, $0) }) { first, _ in first }
    }

    /// All objects of a kind in the namespaces, page by page.
    private func list(_ kind: Role, _ asker: DiscoveryAsker) async throws -> [JSONTree] {
        let (base, name) =
            switch kind {
            case .pod: ("/api/v1", "pods")
            case .service: ("/api/v1", "services")
            case .node: ("/api/v1", "nodes")
            case .endpoints: ("/api/v1", "endpoints")
            case .endpointslice: ("/apis/discovery.k8s.io/v1", "endpointslices")
            case .ingress: ("/apis/networking.k8s.io/v1", "ingresses")
            }
        let paths =
            namespaces.isEmpty || kind == .node
            ? ["\(base)/\(name)"] : namespaces.map { "\(base)/namespaces/\(TargetResolution.escape($0))/\(name)" }
        var objects: [JSONTree] = []
        for path in paths {
            var next = ""
            for _ in 0..<Self.maxPages {
                var query = "limit=\(Self.pageSize)"
                if let selector = selectors[kind] {
                    if !selector.label.isEmpty { query += "&labelSelector=" + TargetResolution.escape(selector.label) }
                    if !selector.field.isEmpty { query += "&fieldSelector=" + TargetResolution.escape(selector.field) }
                }
                if !next.isEmpty { query += "&continue=" + TargetResolution.escape(next) }
                let answer = try await asker.json("\(server)\(path)?\(query)")
                objects += answer["items"].list
                next = answer["metadata"]["continue"].text
                if next.isEmpty { break }
            }
        }
        return objects
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
