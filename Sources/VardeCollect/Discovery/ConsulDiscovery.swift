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
    /// Whether any server may answer, not the leader alone.
    package var allowStale = true

    package init() {}

    func groups(_ asker: DiscoveryAsker) async throws -> [TargetGroup] {
        var query: [(String, String)] = []
        if allowStale { query.append(("stale", "")) }
        if !datacenter.isEmpty { query.append(("dc", datacenter)) }
        if !namespace.isEmpty { query.append(("ns", namespace)) }
        if !partition.isEmpty { query.append(("partition", partition)) }
        for (key, value) in nodeMeta.sorted(by: { $0.key < $1.key }) { query.append(("node-meta", "\(key):\(value)")) }
        let headers = token.isEmpty ? [] : [("X-Consul-Token", token)]
        let filtered = filter.isEmpty ? query : query + [("filter", filter)]
        var names = services
        if names.isEmpty {
            let catalog = try await asker.json(url("/v1/catalog/services", filtered), headers: headers)
            names = catalog.pairs.filter { service in
                let has = Set(service.value.list.map(\.text))
                return tags.allSatisfy(has.contains)
            }.map(\.key)
        }
        let datacenter = try await datacenter.isEmpty ? ownDatacenter(asker, headers) : self.datacenter
        var groups: [TargetGroup] = []
        for name in names {
            let wanted = query + tags.map { ("tag", $0) }
            let path = "/v1/health/service/" + TargetResolution.escape(name).replacing("+", with: "%20")
            for entry in try await asker.json(url(path, wanted), headers: headers).list {
                groups.append(group(entry, name, datacenter))
            }
        }
        return groups
    }

    private func url(_ path: String, _ query: [(String, String)]) -> String {
        let text = query.map { $0.1.isEmpty ? $0.0 : $0.0 + "=" + TargetResolution.escape($0.1) }.joined(separator: "&")
        return "\(scheme)://\(server)\(pathPrefix.isEmpty ? "" : "/" + pathPrefix)\(path)\(text.isEmpty ? "" : "?" + text)"
    }

    private func ownDatacenter(_ asker: DiscoveryAsker, _ headers: [(String, String)]) async throws -> String {
        try await asker.json(url("/v1/agent/self", []), headers: headers)["Config"]["Datacenter"].text
    }

    private func group(_ entry: JSONTree, _ name: String, _ datacenter: String) -> TargetGroup {
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
