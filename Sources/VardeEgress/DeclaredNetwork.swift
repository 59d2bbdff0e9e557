/// A network somebody has declared: where it is, whose it is, and until when that holds.
package struct DeclaredNetwork: Sendable, Equatable {
    package var network: Network
    /// Two letters (ISO 3166-1).
    package var country: String
    package var `operator`: String
    /// Reference of the contract, empty for none.
    package var contract: String
    /// Milliseconds since the epoch from which it holds no more, nil for no end.
    package var end: Int64?

    package init(_ network: Network, country: String = "", operator name: String = "", contract: String = "", end: Int64? = nil) {
        self.network = network
        self.country = country
        self.operator = name
        self.contract = contract
        self.end = end
    }

    /// Loopback and private networks: the operator's own, declared without being written down.
    package static let local: [DeclaredNetwork] = Network.local.map { DeclaredNetwork($0, operator: "local") }
}

/// Whether an address may be talked to, by what is declared.
package enum NetworkVerdict: Sendable, Equatable {
    case declared(DeclaredNetwork)
    /// The declaration it falls under has ended.
    case expired(DeclaredNetwork)
    case undeclared
}

/// Declared networks, asked for addresses.
package struct DeclaredNetworks: Sendable {
    package var networks: [DeclaredNetwork]

    /// `networks` come beside the local ones.
    package init(_ networks: [DeclaredNetwork]) { self.networks = networks }

    /// What is declared of an address at `now` (ms). An IPv4 address in IPv6 clothes counts as the IPv4 address.
    package func verdict(on address: String, at now: Int64) -> NetworkVerdict {
        var expired: DeclaredNetwork?
        let local = Network.vendors.contains { $0.contains(address) } ? [] : DeclaredNetwork.local
        for declared in local + networks where declared.network.contains(address) {
            guard let end = declared.end, now >= end else { return .declared(declared) }
            expired = declared
        }
        return expired.map(NetworkVerdict.expired) ?? .undeclared
    }
}

/// A connection that was not made.
package struct EgressRefusal: Sendable {
    package var host: String
    package var address: String
    /// `undeclared` or `expired`.
    package var reason: String
}
