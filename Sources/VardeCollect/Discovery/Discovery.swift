package import VardeEgress
import VardeModel

/// One entry of a job's `…_sd_configs`: where targets are asked for, and how often.
package struct Discovery: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case http(url: String)
        case dns(DNSDiscovery)
        case consul(ConsulDiscovery)
        case docker(DockerDiscovery)
        case dockerSwarm(DockerSwarmDiscovery)
        case kubernetes(KubernetesDiscovery)
    }

    package var kind: Kind
    /// Milliseconds.
    package var refreshInterval: Int64
    package var access = EndpointAccess()

    package init(_ kind: Kind, refreshInterval: Int64) {
        self.kind = kind
        self.refreshInterval = refreshInterval
    }

    /// Its kind and what it asks, without what may be secret.
    var place: String {
        /// Scheme, host and port.
        func bare(_ url: String) -> String {
            guard let scheme = url.firstRange(of: "://"), !url.hasPrefix("unix://") else { return url }
            let authority = url[scheme.upperBound...].prefix { !"/?#".contains($0) }
            return String(url[..<scheme.upperBound] + (authority.split(separator: "@").last ?? ""))
        }
        return switch kind {
        case .http(let url): "http discovery of \(bare(url))"
        case .dns(let dns): "dns discovery of \(dns.names.joined(separator: ", "))"
        case .consul(let consul): "consul discovery of \(consul.server)"
        case .docker(let docker): "docker discovery of \(bare(docker.daemon.host))"
        case .dockerSwarm(let swarm): "dockerswarm discovery of \(bare(swarm.daemon.host))"
        case .kubernetes(let kubernetes): "kubernetes discovery of \(bare(kubernetes.server))"
        }
    }

    /// The entry, or one for each of the names it has for DNS: one that cannot be resolved takes no other's targets with it.
    package var apart: [Discovery] {
        guard case .dns(let dns) = kind else { return [self] }
        return dns.names.map { name in
            var one = self
            one.kind = .dns(DNSDiscovery(names: [name], type: dns.type, port: dns.port))
            return one
        }
    }

    /// Most targets one entry may bring: an answer beyond that is refused as a whole.
    static let maxTargets = 200_000
    /// Milliseconds an answer may take.
    static let timeout: Int64 = 30_000
    /// Bytes of an answer.
    static let maxBytes = 64 << 20

    /// The groups there are now.
    ///
    /// - Throws: in words; what was known before stands then.
    package func groups(_ asking: any DiscoveryAsking) async throws -> [TargetGroup] {
        let asker = DiscoveryAsker(asking: asking, access: access)
        let groups: [TargetGroup] =
            switch kind {
            case .http(let url): try await HTTPDiscovery.groups(url, asker)
            case .dns(let dns): try await dns.groups(asking)
            case .consul(let consul): try await consul.groups(asker)
            case .docker(let docker): try await docker.groups(asker)
            case .dockerSwarm(let swarm): try await swarm.groups(asker)
            case .kubernetes(let kubernetes): try await kubernetes.groups(asker)
            }
        return try Self.checked(groups)
    }

    /// Groups, where they are not too many.
    static func checked(_ groups: [TargetGroup]) throws -> [TargetGroup] {
        let count = groups.reduce(0) { $0 + $1.addresses.count }
        guard count <= maxTargets else {
            throw DiscoveryFault(description: "\(count) targets, more than the \(maxTargets) one entry may bring")
        }
        return groups
    }
}

/// Why nothing was discovered.
package struct DiscoveryFault: Error, Sendable, CustomStringConvertible {
    package var description: String
}

/// What discovery asks through; tests put their own in its place.
package protocol DiscoveryAsking: Sendable {
    /// The answer to a GET of an `http`, `https` or `unix` address (`unix:///path/to/socket|/target`), within so many milliseconds.
    func get(_ url: String, headers: [(String, String)], access: EndpointAccess, timeout: Int64) async throws -> EgressResponse
    /// The status of an answer that comes line by line, and its lines as they come.
    func lines(
        _ url: String, headers: [(String, String)], access: EndpointAccess, longest: Int, timeout: Int64,
        onLine: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> Int
    /// The full names a name may stand for, in the order they are asked for.
    func names(for name: String) -> [String]
    /// The answer of a name server to a DNS message.
    func ask(_ message: [UInt8]) async throws -> [UInt8]
}

/// Asks with the entry's access.
struct DiscoveryAsker {
    let asking: any DiscoveryAsking
    let access: EndpointAccess

    private static let usual = [("Accept", "application/json"), ("User-Agent", "Varde")]

    /// Lines of a long answer.
    func lines(
        _ url: String, longest: Int, timeout: Int64, onLine: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> Int {
        try await asking.lines(
            url, headers: Self.usual, access: access, longest: longest, timeout: timeout, onLine: onLine)
    }

    /// The body of a 200 as JSON.
    func json(_ url: String, headers: [(String, String)] = []) async throws -> JSONTree {
        let response = try await answer(url, headers, Discovery.timeout)
        return try JSONTree(response.body.span)
    }

    /// The body of a 200 as JSON, and the index Consul gives it; 0 where there is none.
    func indexed(_ url: String, headers: [(String, String)], timeout: Int64) async throws -> (body: JSONTree, index: UInt64) {
        let response = try await answer(url, headers, timeout)
        let tree = try JSONTree(response.body.span)
        return (tree, response.header("x-consul-index").flatMap { UInt64($0) } ?? 0)
    }

    private func answer(_ url: String, _ headers: [(String, String)], _ timeout: Int64) async throws -> EgressResponse {
        let response = try await asking.get(url, headers: headers + Self.usual, access: access, timeout: timeout)
        guard response.status == 200 else {
            throw DiscoveryFault(description: "server returned HTTP status \(HTTPStatusText.text(response.status))")
        }
        return response
    }
}

/// Label names made of what others call things: every byte that may not stand in one becomes `_`, as Prometheus does it.
func sanitizedLabelName(_ text: String) -> String {
    String(
        decoding: text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            default: UInt8(ascii: "_")
            }
        }, as: UTF8.self)
}
