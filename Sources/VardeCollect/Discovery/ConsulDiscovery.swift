import VardeModel

/// `consul_sd_configs`: the catalog's services and their instances.
package struct ConsulDiscovery: Sendable, Hashable {
    package var server = "localhost:8500"
    package var scheme = "http"
    package var pathPrefix = ""
    package var token = ""
    package var datacenter = ""
    package var namespace = ""
    package var partition = ""
    /// Services wanted, empty for all.
    package var services: [String] = []
    /// Tags a service must have, all of them.
    package var tags: [String] = []
    package var nodeMeta: [String: String] = [:]
    package var tagSeparator = ","
    package var filter = ""
    /// A filter of instances.
    package var healthFilter = ""
    /// Whether any server may answer, not the leader alone.
    package var allowStale = true

    package init() {}

    var headers: [(String, String)] { token.isEmpty ? [] : [("X-Consul-Token", token)] }

    /// Whether the services wanted are to be found in the catalog.
    var asksCatalog: Bool { services.isEmpty || !tags.isEmpty || !filter.isEmpty }

    /// Everything once, without waiting.
    func groups(_ asker: DiscoveryAsker) async throws -> [TargetGroup] {
        var names = services
        if asksCatalog { names = self.names(in: try await asker.json(catalogURL, headers: headers)) }
        let datacenter = try await datacenter.isEmpty ? ownDatacenter(asker) : self.datacenter
        var groups: [TargetGroup] = []
        for name in names {
            for entry in try await asker.json(url(ofService: name), headers: headers).list { groups.append(group(entry, name, datacenter)) }
        }
        return groups
    }

    /// Services of the catalog that are wanted.
    func names(in catalog: JSONTree) -> [String] {
        catalog.pairs.filter { service in
            let has = Set(service.value.list.map(\.text))
            return (services.isEmpty || services.contains(service.key)) && tags.allSatisfy(has.contains)
        }.map(\.key)
    }

    private var query: [(String, String)] {
        var query: [(String, String)] = []
        if allowStale { query.append(("stale", "")) }
        if !datacenter.isEmpty { query.append(("dc", datacenter)) }
        if !namespace.isEmpty { query.append(("ns", namespace)) }
        if !partition.isEmpty { query.append(("partition", partition)) }
        for (key, value) in nodeMeta.sorted(by: { $0.key < $1.key }) { query.append(("node-meta", "\(key):\(value)")) }
        return query
    }

    var catalogURL: String { url("/v1/catalog/services", filter.isEmpty ? query : query + [("filter", filter)]) }

    func url(ofService name: String) -> String {
        let path = "/v1/health/service/" + PercentEncoding.escaped(name, blankIsPlus: false)
        return url(path, query + (healthFilter.isEmpty ? [] : [("filter", healthFilter)]) + tags.map { ("tag", $0) })
    }

    /// The address of a query that waits for what comes after `index`; 0 for one that does not.
    func waiting(_ url: String, after index: UInt64, milliseconds: Int64) -> String {
        guard index > 0 else { return url }
        return "\(url)\(url.contains("?") ? "&" : "?")index=\(index)&wait=\(milliseconds)ms"
    }

    private func url(_ path: String, _ query: [(String, String)]) -> String {
        let text = query.map { $0.1.isEmpty ? $0.0 : $0.0 + "=" + PercentEncoding.escaped($0.1, blankIsPlus: true) }.joined(separator: "&")
        return "\(scheme)://\(server)\(pathPrefix.isEmpty ? "" : "/" + pathPrefix)\(path)\(text.isEmpty ? "" : "?" + text)"
    }

    func ownDatacenter(_ asker: DiscoveryAsker) async throws -> String {
        let name = try await asker.json(url("/v1/agent/self", []), headers: headers)["Config"]["Datacenter"].text
        if name.isEmpty { throw DiscoveryFault(description: "Consul's agent names no datacenter") }
        return name
    }

    func group(_ entry: JSONTree, _ name: String, _ datacenter: String) -> TargetGroup {
        let node = entry["Node"]
        let service = entry["Service"]
        // Tags stand between separators on both ends, so that one can be matched without knowing its place.
        let tags = tagSeparator + service["Tags"].list.map(\.text).joined(separator: tagSeparator) + tagSeparator
        let host = service["Address"].text.isEmpty ? node["Address"].text : service["Address"].text
        var labels: Labels = [
            "__meta_consul_dc": datacenter, "__meta_consul_address": node["Address"].text, "__meta_consul_node": node["Node"].text,
            "__meta_consul_namespace": service["Namespace"].text, "__meta_consul_partition": service["Partition"].text,
            "__meta_consul_tags": tags, "__meta_consul_service": name, "__meta_consul_service_address": service["Address"].text,
            "__meta_consul_service_port": service["Port"].text, "__meta_consul_service_id": service["ID"].text,
            "__meta_consul_health": health(entry["Checks"]),
        ]
        for (prefix, pairs) in [
            ("metadata", node["Meta"]), ("service_metadata", service["Meta"]), ("tagged_address", node["TaggedAddresses"]),
        ] {
            for pair in pairs.pairs { labels.set("__meta_consul_\(prefix)_\(sanitizedLabelName(pair.key))", to: pair.value.text) }
        }
        let literal = host.contains(":") ? "[\(host)]" : host
        return TargetGroup(addresses: ["\(literal):\(service["Port"].text)"], labels: labels, source: name)
    }

    /// The worst of an instance's checks.
    private func health(_ checks: JSONTree) -> String {
        let states = checks.list.map(\.["Status"].text)
        if checks.list.contains(where: {
            ["_node_maintenance"].contains($0["CheckID"].text) || $0["CheckID"].text.hasPrefix("_service_maintenance:")
        }) {
            return "maintenance"
        }
        return ["critical", "warning"].first(where: states.contains) ?? "passing"
    }
}
