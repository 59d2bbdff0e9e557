import VardeModel

/// The proxy requests go through, and the hosts asked without it: `proxy_url`, `no_proxy`, `proxy_from_environment` and
/// `proxy_connect_header` of Prometheus.
package struct EgressProxy: Sendable, Hashable {
    /// An HTTP proxy.
    package struct Server: Sendable, Hashable {
        package var host: String
        package var port: Int
        /// Value of the header Proxy-Authorization, empty for none.
        package var authorization = ""

        /// A server by its address, `http://[user:password@]host[:port]`; nil where the text is none.
        package init?(_ text: String) {
            guard let target = TargetURL(text.contains("://") ? text : "http://" + text), target.scheme == "http" else { return nil }
            host = target.host
            // Without a port it is that of HTTP.
            port = target.port
            let authority = text.drop(through: "://").prefix { $0 != "/" && $0 != "?" }
            guard let at = authority.lastIndex(of: "@") else { return }
            authorization = "Basic " + Base64.text(PercentEncoding.bytes(authority[..<at].utf8, plusIsBlank: false))
        }
    }

    /// For http and for https addresses; nil where those go directly.
    package var forHTTP: Server?
    package var forHTTPS: Server?
    /// Headers of the request that opens a tunnel.
    package var connectHeaders: [Header] = []
    private var exceptions: [Exception] = []
    /// Whether loopback is asked directly whatever the exceptions say, as it is where there are any.
    private var sparesLoopback = false

    package struct Header: Sendable, Hashable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// One entry of `no_proxy`.
    private enum Exception: Sendable, Hashable {
        case all
        case network(String)
        case address(String, port: Int?)
        /// A domain, its own name only where that counts.
        case domain(String, port: Int?, itself: Bool)
    }

    /// - Parameter exceptions: as `NO_PROXY` has them: addresses, networks and domains, with a port or without, or `*`.
    package init(http: Server?, https: Server?, exceptions text: String = "", sparesLoopback: Bool = false) {
        forHTTP = http
        forHTTPS = https
        exceptions = text.split(separator: ",").compactMap { Self.exception($0.lowercased().filter { !$0.isWhitespace }) }
        self.sparesLoopback = sparesLoopback || !text.isEmpty
    }

    private static func exception(_ text: String) -> Exception? {
        if text.isEmpty { return nil }
        if text == "*" { return .all }
        if text.contains("/") { return Network(text).map { _ in .network(text) } }
        if Network.address(of: text) != nil { return .address(text, port: nil) }
        var name = text
        var port: Int?
        if let colon = text.lastIndex(of: ":") {
            guard let number = Int(text[text.index(after: colon)...]) else { return nil }
            port = number
            name = String(text[..<colon]).filter { $0 != "[" && $0 != "]" }
        }
        if name.isEmpty { return nil }
        if Network.address(of: name) != nil { return .address(name, port: port) }
        if name.hasPrefix("*.") { name.removeFirst() }
        return name.hasPrefix(".") ? .domain(name, port: port, itself: false) : .domain("." + name, port: port, itself: true)
    }

    /// The proxy an address is asked through; nil where it is asked directly.
    func server(for target: TargetURL) -> Server? {
        guard let server = target.scheme == "https" ? forHTTPS : forHTTP else { return nil }
        let host = target.host.lowercased()
        let address = Network.address(of: host) == nil ? nil : host
        if sparesLoopback {
            if host == "localhost" { return nil }
            if let address, Self.loopback.contains(where: { $0.contains(address) }) { return nil }
        }
        let isException = exceptions.contains { exception in
            switch exception {
            case .all: true
            case .network(let network): address.map { Network(network)?.contains($0) ?? false } ?? false
            case .address(let own, let port):
                address.map { Network.address(of: $0) == Network.address(of: own) } ?? false && (port ?? target.port) == target.port
            case .domain(let name, let port, let itself):
                (host.hasSuffix(name) || itself && host == name.dropFirst()) && (port ?? target.port) == target.port
            }
        }
        return isException ? nil : server
    }

    private static let loopback = ["127.0.0.0/8", "::1/128"].compactMap { Network($0) }
}

extension String {
    /// What stands behind the first occurrence of a text; all of it where that does not occur.
    fileprivate func drop(through text: String) -> Substring { firstRange(of: text).map { self[$0.upperBound...] } ?? self[...] }
}
