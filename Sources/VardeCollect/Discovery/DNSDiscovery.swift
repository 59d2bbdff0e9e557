import VardeModel

/// `dns_sd_configs`: the records of names.
package struct DNSDiscovery: Sendable, Hashable {
    package enum RecordType: String, Sendable, CaseIterable {
        case srv = "SRV"
        case a = "A"
        case aaaa = "AAAA"
        case mx = "MX"
        case ns = "NS"

        /// As it stands in a message (RFC 1035, 2782, 3596).
        var code: UInt16 {
            switch self {
            case .a: 1
            case .ns: 2
            case .mx: 15
            case .aaaa: 28
            case .srv: 33
            }
        }
    }

    package var names: [String]
    package var type: RecordType
    /// The port of all types but SRV.
    package var port: Int

    package init(names: [String], type: RecordType, port: Int) {
        self.names = names
        self.type = type
        self.port = port
    }

    func groups(_ asking: any DiscoveryAsking) async throws -> [TargetGroup] {
        var groups: [TargetGroup] = []
        for (number, name) in names.enumerated() {
            groups += try await records(of: name, asking).map { group($0, name, number) }
        }
        return groups
    }

    /// Records of the first of the names it may stand for that has any.
    ///
    /// - Throws: where none has, and not all could be asked for.
    private func records(of name: String, _ asking: any DiscoveryAsking) async throws -> [DNSMessage.Record] {
        var failure: (any Error)?
        for full in asking.names(for: name) {
            let id = UInt16.random(in: 0 ... .max)
            guard let question = DNSMessage.question(full, type.code, id: id) else {
                throw DiscoveryFault(description: "“\(name.prefix(80))” is no name for DNS")
            }
            do {
                let found = try DNSMessage.records(try await asking.ask(question), id: id, type: type.code)
                if !found.isEmpty { return found }
            } catch { failure = error }
        }
        if let failure { throw DiscoveryFault(description: "\(name.prefix(80)): \(failure)") }
        return []
    }

    private func group(_ record: DNSMessage.Record, _ name: String, _ number: Int) -> TargetGroup {
        var labels: Labels = ["__meta_dns_name": name]
        var host = record.host
        while host.hasSuffix(".") { host.removeLast() }
        var port = port
        switch type {
        case .srv:
            labels.set("__meta_dns_srv_record_target", to: record.host)
            labels.set("__meta_dns_srv_record_port", to: String(record.port))
            port = Int(record.port)
        case .mx: labels.set("__meta_dns_mx_record_target", to: record.host)
        case .ns: labels.set("__meta_dns_ns_record_target", to: record.host)
        case .a, .aaaa: break
        }
        let literal = host.contains(":") ? "[\(host)]" : host
        return TargetGroup(addresses: ["\(literal):\(port)"], labels: labels, source: "\(name) \(number)")
    }
}
