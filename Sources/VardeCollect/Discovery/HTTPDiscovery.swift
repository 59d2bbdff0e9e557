import VardeModel

/// `http_sd_configs`: a list of target groups as JSON.
enum HTTPDiscovery {
    static func groups(_ url: String, _ asker: DiscoveryAsker) async throws -> [TargetGroup] {
        let document = try await asker.json(url)
        guard case .array(let items) = document else { throw DiscoveryFault(description: "\(url) answers with no list of target groups") }
        return try items.enumerated().map { index, item in
            let addresses = item["targets"].list.map(\.text)
            guard !item["targets"].isNull, item["targets"].list.allSatisfy(\.isString) else {
                throw DiscoveryFault(description: "\(url): group \(index) has no list of targets")
            }
            var labels = Labels(item["labels"].pairs.map { Label($0.key, $0.value.text) })
            labels.set("__meta_url", to: url)
            return TargetGroup(addresses: addresses, labels: labels, source: "\(url):\(index)")
        }
    }
}
