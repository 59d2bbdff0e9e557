import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
import VardeKernels

/// An answer from elsewhere.
package struct EgressResponse: Sendable {
    package var status: Int
    /// Names in lower case.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// Why nothing came back.
package enum EgressError: Error, Sendable, CustomStringConvertible {
    /// The address is in no declared network: no packet left.
    case undeclared(host: String, address: String)
    /// The declaration of its network has ended: no packet left.
    case expired(host: String, address: String, network: String)
    case badURL(String)
    case unresolvable(host: String, reason: String)
    case bodyTooLarge(limit: Int)
    case timeout
    case tooManyRedirects
    case failed(String)
    /// It answered, and the answer was cut, is no HTTP or leads where nothing may be asked.
    case unusable(String)

    package var description: String {
        switch self {
        case .undeclared(let host, let address):
            "\(host) is at \(address), which is in no declared network: add it to residency.networks to allow it"
        case .expired(let host, let address, let network):
            "\(host) is at \(address), and the declaration of \(network) in residency.networks has ended: renew its valid_until to allow it"
        case .badURL(let url): "not an http or https address: \(url)"
        case .unresolvable(let host, let reason): "\(host) cannot be resolved: \(reason)"
        case .bodyTooLarge(let limit): "body size limit exceeded: more than \(limit) bytes"
        case .timeout: "context deadline exceeded"
        case .tooManyRedirects: "more than 10 redirects"
        case .failed(let reason), .unusable(let reason): reason
        }
    }
}

/// The one way out. Each connection goes to an address that was resolved here and found in a declared network, at every redirect anew.
package final class EgressClient: Sendable {
    private struct PinnedKey: Hashable {
        var host: String
        var address: String
        var tls: EgressTLS?
    }

    private struct State {
        /// Clients for TLS by host and address: the name goes into the handshake, the connection to the checked address.
        var pinned: [PinnedKey: HTTPClient] = [:]
        var refused = 0
        /// Whose turn it is among a host's addresses.
        var turn: UInt = 0
    }

    /// Connections to one address at once. High, because one exporter may stand for many targets, and slow ones must not make
    /// the others wait.
    private static let maxConnectionsPerHost = 1_024
    /// TLS endpoints kept open at once.
    private static let maxPinned = 256

    private let networks: Mutex<DeclaredNetworks>
    let plain: HTTPClient
    let loops: [any EventLoop] = Array(MultiThreadedEventLoopGroup.singleton.makeIterator())
    private let state = Mutex(State())
    private let onRefusal: @Sendable (EgressRefusal) -> Void
    private let resolver: (@Sendable (String) throws -> [String])?
    private let clock: @Sendable () -> Int64

    /// `networks` come beside the local ones.
    ///
    /// - Parameters:
    ///   - resolver: a name's addresses; blocks. nil for the system's, where its name servers are declared.
    ///   - clock: milliseconds since the epoch.
    ///   - onRefusal: is told of every refused connection, for the audit log.
    package init(
        networks: [DeclaredNetwork] = [], resolver: (@Sendable (String) throws -> [String])? = nil,
        clock: @escaping @Sendable () -> Int64 = { WallClock.nanoseconds / 1_000_000 },
        onRefusal: @escaping @Sendable (EgressRefusal) -> Void = { _ in }
    ) {
        self.networks = Mutex(DeclaredNetworks(networks))
        self.resolver = resolver
        self.clock = clock
        self.onRefusal = onRefusal
        plain = HTTPClient(eventLoopGroupProvider: .singleton, configuration: Self.configuration())
    }

    private static func configuration() -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(10)
        configuration.connectionPool.idleTimeout = .seconds(90)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = maxConnectionsPerHost
        // What nobody listens at fails at once: whoever asks tries again by a plan of their own.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        // What is scraped may hold personal data, and connections stay open from one scrape to the next.
        configuration.http1_1ConnectionDebugInitializer = { channel in
            channel.eventLoop.makeCompletedFuture {
                try AbruptEnd.add(to: channel.pipeline.syncOperations)
                try ReceiveWipe.add(to: channel.pipeline.syncOperations)
            }
        }
        return configuration
    }

    /// Connections refused so far.
    package var refused: Int { state.withLock { $0.refused } }

    /// Puts other declared networks in force.
    package func declare(_ networks: [DeclaredNetwork]) { self.networks.withLock { $0 = DeclaredNetworks(networks) } }

    package func shutdown() async {
        let all = state.withLock { state in
            defer { state.pinned = [:] }
            return Array(state.pinned.values)
        }
        for client in all + [plain] { try? await client.shutdown() }
    }

    // Whoever lets go of a client in the middle of an error shuts it down, too: one that was not ends the process.
    deinit {
        let all = state.withLock { Array($0.pinned.values) }
        for client in all + [plain] { client.shutdown { _ in } }
    }

    /// Sends a request and reads the whole answer.
    ///
    /// - Parameters:
    ///   - timeout: milliseconds for everything together.
    ///   - maxBytes: of the body as it comes, before decompression.
    ///   - roundRobin: each request begins with another of the host's addresses.
    ///   - proxy: whom requests go through; its address must be declared as the target's must.
    package func send(
        _ method: String = "GET", _ url: String, headers: [(String, String)] = [], body: [UInt8] = [], timeout: Int64, maxBytes: Int,
        followRedirects: Bool = true, roundRobin: Bool = false, tls: EgressTLS? = nil, proxy: EgressProxy? = nil
    ) async throws(EgressError) -> EgressResponse {
        var target = url
        var headers = headers
        for hop in 0...10 {
            let response: EgressResponse
            do throws(EgressError) {
                response = try await sendOnce(
                    method, target, headers: headers, body: body, timeout: timeout, maxBytes: maxBytes, roundRobin: roundRobin, tls: tls,
                    proxy: proxy)
            } catch {
                switch error {
                case .undeclared, .expired, .badURL:
                    if hop == 0 { throw error }
                    throw .unusable("a redirect leads where nothing may be asked: \(error)")
                default: throw error
                }
            }
            guard followRedirects, [301, 302, 303, 307, 308].contains(response.status), let location = response.header("location") else {
                return response
            }
            let next = try Self.resolve(location, against: target)
            if !Self.isTrusted(next, as: target) { headers.removeAll { !Self.openHeaders.contains($0.0.lowercased()) } }
            target = next
        }
        throw .tooManyRedirects
    }

    /// Headers that hold no secret whatever is configured: another host than the one that was asked gets no more.
    private static let openHeaders: Set<String> = [
        "accept", "accept-encoding", "content-encoding", "content-type", "user-agent", "x-prometheus-remote-write-version",
        "x-prometheus-scrape-timeout-seconds",
    ]

    /// Whether a redirect stays with its host, and in the secret where it began so.
    private static func isTrusted(_ next: String, as before: String) -> Bool {
        guard let next = TargetURL(next), let before = TargetURL(before) else { return false }
        return next.host.lowercased() == before.host.lowercased() && (before.scheme == "http" || next.scheme == "https")
    }

    /// A redirect's target: absolute, or below the same authority.
    private static func resolve(_ location: String, against base: String) throws(EgressError) -> String {
        if location.contains("://") { return location }
        guard let target = TargetURL(base) else { throw .badURL(base) }
        if location.hasPrefix("//") { return "\(target.scheme):\(location)" }
        if location.hasPrefix("/") { return "\(target.scheme)://\(target.authority)\(location)" }
        let folder = target.path.split(separator: "?")[0].split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
            separator: "/")
        return "\(target.scheme)://\(target.authority)\(folder)/\(location)"
    }

    private func sendOnce(
        _ method: String, _ url: String, headers: [(String, String)], body: [UInt8], timeout: Int64, maxBytes: Int,
        roundRobin: Bool, tls: EgressTLS?, proxy: EgressProxy?
    ) async throws(EgressError) -> EgressResponse {
        guard let target = TargetURL(url) else { throw .badURL(url) }
        var addresses = try await checkedAddresses(of: target)
        if roundRobin, addresses.count > 1 {
            let turn = state.withLock { state in
                state.turn &+= 1
                return Int(state.turn % UInt(addresses.count))
            }
            addresses = Array(addresses[turn...] + addresses[..<turn])
        }
        let deadline = NIODeadline.now() + .milliseconds(timeout)
        if let proxy, let server = proxy.server(for: target) {
            let request = ProxiedRequest(
                method: method, target: target, address: addresses[0], headers: headers, body: body, tls: tls, maxBytes: maxBytes)
            return try await exchange(request, through: server, proxy, deadline: deadline)
        }
        return try await answer(of: target, at: addresses) { address throws(ConnectFailure) in
            try await exchange(method, url, target, at: address, headers: headers, body: body, tls: tls) { client, request in
                try await gather(request, body, by: client, at: address, deadline: deadline, maxBytes: maxBytes)
            }
        }
    }

    /// What the first of a host's addresses that somebody listens at answers.
    func answer<Answer>(
        of target: TargetURL, at addresses: [String], asking ask: (String) async throws(ConnectFailure) -> Answer
    ) async throws(EgressError) -> Answer {
        var failure = EgressError.unresolvable(host: target.host, reason: "no address")
        for address in addresses {
            do throws(ConnectFailure) {
                return try await ask(address)
            } catch {
                // Nobody listens there: the next address of the host.
                guard case .unreachable(let reason) = error else { throw error.reason }
                failure = reason
            }
        }
        throw failure
    }

    /// A failure, and whether it was that no connection came about.
    enum ConnectFailure: Error {
        case unreachable(EgressError)
        case other(EgressError)

        var reason: EgressError {
            switch self {
            case .unreachable(let error), .other(let error): error
            }
        }
    }

    /// One exchange with one address, which `ask` has.
    func exchange<Answer>(
        _ method: String, _ url: String, _ target: TargetURL, at address: String, headers: [(String, String)], body: [UInt8],
        tls: EgressTLS?, asking ask: (HTTPClient, HTTPClientRequest) async throws -> Answer
    ) async throws(ConnectFailure) -> Answer {
        let client: HTTPClient
        let request: HTTPClientRequest
        do throws(EgressError) {
            (client, request) = try prepared(method, url, target, at: address, headers: headers, body: body, tls: tls)
        } catch { throw .other(error) }
        do {
            return try await ask(client, request)
        } catch let error as EgressError {
            throw .other(error)
        } catch let error as HTTPClientError where [.deadlineExceeded, .readTimeout, .cancelled].contains(error) {
            throw .other(.timeout)
        } catch let error as HTTPClientError where error == .connectTimeout {
            throw .unreachable(.timeout)
        } catch is CancellationError {
            throw .other(.timeout)
        } catch {
            let reason = EgressError.failed("\(target.scheme)://\(target.authority)\(target.path): \(Self.words(error))")
            throw error is NIOConnectionError || error is IOError ? .unreachable(reason) : .other(reason)
        }
    }

    /// A request to a checked address, and the client to send it with.
    func prepared(
        _ method: String, _ url: String, _ target: TargetURL, at address: String, headers: [(String, String)], body: [UInt8],
        tls: EgressTLS?
    ) throws(EgressError) -> (HTTPClient, HTTPClientRequest) {
        let isTLS = target.scheme == "https"
        let literal = address.contains(":") ? "[\(address)]" : address
        // A server name of its own goes into the handshake by way of the address; the connection goes to the checked address all the same.
        let named = tls.flatMap { $0.serverName.isEmpty ? nil : "https://\($0.serverName):\(target.port)\(target.path)" }
        var request = HTTPClientRequest(url: isTLS ? named ?? url : "http://\(literal):\(target.port)\(target.path)")
        request.method = HTTPMethod(rawValue: method)
        if !isTLS || named != nil { request.headers.add(name: "Host", value: target.authority) }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if !body.isEmpty || method == "POST" { request.body = .bytes(ByteBuffer(bytes: body)) }
        if !isTLS { return (plain, request) }
        return (try pinnedClient(host: named == nil ? target.host : tls?.serverName ?? "", address: address, tls: tls), request)
    }

    /// The host's addresses, every one of which is declared; one that is not refuses the host.
    func checkedAddresses(of target: TargetURL) async throws(EgressError) -> [String] {
        if Network.address(of: target.host) != nil {
            try check(target.host, host: target.host)
            return [target.host]
        }
        let addresses: [String]
        do {
            // getaddrinfo blocks: it has threads of its own for that.
            addresses = try await NIOThreadPool.singleton.runIfActive { [self] in try resolve(target.host) }
        } catch let error as EgressError {
            throw error
        } catch {
            throw .unresolvable(host: target.host, reason: "\(error)")
        }
        if addresses.isEmpty { throw .unresolvable(host: target.host, reason: "no address") }
        for address in addresses { try check(address, host: target.host) }
        return addresses
    }

    /// A name's addresses; blocks. The name itself goes to no name server that is not declared.
    private func resolve(_ host: String) throws -> [String] {
        if let resolver { return try resolver(host) }
        if !SystemResolver.isLocal(host) {
            for server in SystemResolver.nameServers() { try check(server, host: "the name server of \(host)") }
        }
        return try HostAddresses.resolve(host)
    }

    func check(_ address: String, host: String) throws(EgressError) {
        let now = clock()
        switch networks.withLock({ $0.verdict(on: address, at: now) }) {
        case .declared: return
        case .expired(let declared):
            refuse(host, address, "expired")
            throw .expired(host: host, address: address, network: declared.network.description)
        case .undeclared:
            refuse(host, address, "undeclared")
            throw .undeclared(host: host, address: address)
        }
    }

    private func refuse(_ host: String, _ address: String, _ reason: String) {
        state.withLock { $0.refused += 1 }
        onRefusal(EgressRefusal(host: host, address: address, reason: reason))
    }

    private func pinnedClient(host: String, address: String, tls: EgressTLS?) throws(EgressError) -> HTTPClient {
        let key = PinnedKey(host: host, address: address, tls: tls)
        let tlsConfiguration = try tls?.configuration()
        let (client, spare) = state.withLock { state -> (HTTPClient, [HTTPClient]) in
            if let known = state.pinned[key] { return (known, []) }
            var configuration = Self.configuration()
            configuration.dnsOverride = [host: address]
            configuration.tlsConfiguration = tlsConfiguration
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            let spare = state.pinned.count >= Self.maxPinned ? Array(state.pinned.values) : []
            if !spare.isEmpty { state.pinned = [:] }
            state.pinned[key] = client
            return (client, spare)
        }
        if !spare.isEmpty { Task { for one in spare { try? await one.shutdown() } } }
        return client
    }
}
