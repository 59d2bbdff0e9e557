import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import VardeEgress

/// A server on loopback that counts requests and answers each the same.
private final class AnsweringServer: Sendable {
    let channel: any Channel
    let requests = Mutex<[String]>([])
    var port: Int { channel.localAddress?.port ?? 0 }

    /// - Parameter closing: requests, the first, that are answered with the end of their connection.
    init(
        status: HTTPResponseStatus = .ok, location: String? = nil, host: String = "127.0.0.1", port: Int = 0, closing: Int = 0
    ) async throws {
        let box = Box(closing: closing)
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline().flatMap {
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Answer(box, status, location))
                    }
                }
            }
            .bind(host: host, port: port).get()
        box.server.withLock { $0 = self }
    }

    final class Box: Sendable {
        let server = Mutex<AnsweringServer?>(nil)
        let closing: Mutex<Int>

        init(closing: Int) { self.closing = Mutex(closing) }

        func closes() -> Bool {
            closing.withLock { left in
                defer { left = max(0, left - 1) }
                return left > 0
            }
        }
    }

    private final class Answer: ChannelInboundHandler, Sendable {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        let box: Box
        let status: HTTPResponseStatus
        let location: String?

        init(_ box: Box, _ status: HTTPResponseStatus, _ location: String?) {
            self.box = box
            self.status = status
            self.location = location
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): box.server.withLock { $0 }?.requests.withLock { $0.append(head.uri) }
            case .end:
                if box.closes() { return context.close(promise: nil) }
                var headers = HTTPHeaders([("Content-Length", "2")])
                if let location { headers.add(name: "Location", value: location) }
                context.write(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: "ok")))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            case .body: break
            }
        }
    }
}

/// What was refused, in the order it was.
private final class Refusals: Sendable {
    let all = Mutex<[String]>([])
    func note(_ refusal: EgressRefusal) { all.withLock { $0.append("\(refusal.host) \(refusal.address) \(refusal.reason)") } }
}

@Suite struct ResidencyTests {
    private func client(
        _ networks: [DeclaredNetwork] = [], now: Int64 = 0, _ refusals: Refusals, resolver: @escaping @Sendable (String) throws -> [String]
    ) -> EgressClient {
        EgressClient(networks: networks, resolver: resolver, clock: { now }, onRefusal: { refusals.note($0) })
    }

    private func failure(_ client: EgressClient, _ url: String) async -> String {
        do throws(EgressError) {
            _ = try await client.send("GET", url, timeout: 60_000, maxBytes: 100)
            return "answered"
        } catch { return "\(error)" }
    }

    @Test func `Every address of a name is checked, one that is undeclared refuses the name`() async throws {
        let server = try await AnsweringServer()
        let refusals = Refusals()
        let client = client([], refusals) { $0 == "good" ? ["127.0.0.1"] : ["127.0.0.1", "203.0.113.7"] }
        #expect(await failure(client, "http://good:\(server.port)/a") == "answered")
        #expect(await failure(client, "http://mixed:\(server.port)/b").contains("203.0.113.7, which is in no declared network"))
        #expect(await failure(client, "http://203.0.113.9/c").contains("no declared network"))
        #expect(await failure(client, "http://[::ffff:203.0.113.9]/d").contains("no declared network"))
        #expect(server.requests.withLock { $0 } == ["/a"])
        #expect(
            refusals.all.withLock { $0 } == [
                "mixed 203.0.113.7 undeclared", "203.0.113.9 203.0.113.9 undeclared", "::ffff:203.0.113.9 ::ffff:203.0.113.9 undeclared",
            ])
        #expect(client.refused == 3)
        await client.shutdown()
    }

    @Test func `A redirect is checked as the first address is`() async throws {
        let refusals = Refusals()
        let away = try await AnsweringServer(status: .found, location: "http://elsewhere.example/x")
        let client = client([], refusals) { $0 == "elsewhere.example" ? ["198.51.100.4"] : ["127.0.0.1"] }
        #expect(await failure(client, "http://here:\(away.port)/").contains("elsewhere.example is at 198.51.100.4"))
        #expect(refusals.all.withLock { $0 } == ["elsewhere.example 198.51.100.4 undeclared"])
        let literal = try await AnsweringServer(status: .temporaryRedirect, location: "//198.51.100.5:80/x")
        #expect(await failure(client, "http://here:\(literal.port)/").contains("198.51.100.5"))
        await client.shutdown()
    }

    @Test func `A name that is bound to another address is refused from then on, the connection goes where was checked`() async throws {
        let server = try await AnsweringServer()
        let refusals = Refusals()
        let asked = Mutex(0)
        let client = client([], refusals) { _ in
            asked.withLock { count in
                count += 1
                return count == 1 ? ["127.0.0.1"] : ["203.0.113.7"]
            }
        }
        // The name is resolved once for a request: what was checked is what is connected to.
        #expect(await failure(client, "http://rebound:\(server.port)/1") == "answered")
        #expect(asked.withLock { $0 } == 1)
        #expect(await failure(client, "http://rebound:\(server.port)/2").contains("203.0.113.7"))
        #expect(server.requests.withLock { $0 } == ["/1"])
        await client.shutdown()
    }

    @Test func `An address that nobody listens at gives way to the next of the name`() async throws {
        let server = try await AnsweringServer()
        let left = try await AnsweringServer()
        let closed = left.port
        try await left.channel.close()
        let client = client([], Refusals()) { _ in ["127.0.0.9", "127.0.0.1"] }
        let outcome = await failure(client, "http://two:\(server.port)/")
        #expect(outcome == "answered")
        // The same where an answer comes line by line.
        let lines = Mutex<[[UInt8]]>([])
        let status = try await client.receiveLines("http://two:\(server.port)/", timeout: 60_000, longest: 100) { line in
            lines.withLock { $0.append(line) }
        }
        #expect(status == 200)
        #expect(lines.withLock { $0 } == [Array("ok".utf8)])
        await #expect(throws: EgressError.self) {
            try await client.receiveLines("http://two:\(closed)/", timeout: 60_000, longest: 100) { _ in }
        }
        await client.shutdown()
    }

    @Test func `What is lost with its connection before an answer began is asked once more, if asking changes nothing`() async throws {
        for (closing, method, comes) in [(1, "GET", true), (2, "GET", false), (1, "POST", false)] {
            let server = try await AnsweringServer(closing: closing)
            let client = client([], Refusals()) { _ in ["127.0.0.1"] }
            let status = try? await client.send(method, "http://lost:\(server.port)/", timeout: 60_000, maxBytes: 100).status
            #expect(status == (comes ? 200 : nil), "\(method), \(closing)")
            #expect(server.requests.withLock { $0.count } == (method == "GET" ? 2 : 1))
            await client.shutdown()
        }
    }

    @Test func `Asked in turn, the addresses of a name share the requests, and one that is down is passed over`() async throws {
        let first = try await AnsweringServer()
        let second = try await AnsweringServer(host: "127.0.0.2", port: first.port)
        let client = client([], Refusals()) { _ in ["127.0.0.1", "127.0.0.2", "127.0.0.9"] }
        func send(_ path: String, roundRobin: Bool) async throws -> Int {
            let url = "http://many:\(first.port)\(path)"
            return try await client.send("GET", url, timeout: 60_000, maxBytes: 100, roundRobin: roundRobin).status
        }
        for number in 0..<6 { #expect(try await send("/\(number)", roundRobin: true) == 200) }
        // A third of the requests begin at the address nobody listens at, and go on to the first.
        #expect(first.requests.withLock { $0.count } == 4)
        #expect(second.requests.withLock { $0.count } == 2)
        for number in 0..<3 { #expect(try await send("/plain\(number)", roundRobin: false) == 200) }
        #expect(first.requests.withLock { $0.count } == 7)
        await client.shutdown()
    }

    @Test func `A declaration holds until its end`() {
        let network = DeclaredNetwork(Network("203.0.113.0/24")!, country: "NO", operator: "X", contract: "C-1", end: 1_000)
        let networks = DeclaredNetworks([network])
        #expect(networks.verdict(on: "203.0.113.7", at: 999) == .declared(network))
        #expect(networks.verdict(on: "::ffff:203.0.113.7", at: 999) == .declared(network))
        #expect(networks.verdict(on: "203.0.113.7", at: 1_000) == .expired(network))
        #expect(networks.verdict(on: "198.51.100.1", at: 0) == .undeclared)
        for local in ["127.0.0.1", "::1", "10.1.2.3", "fe80::1%eth0", "fd00::1"] {
            if case .declared = networks.verdict(on: local, at: 0) { continue }
            Issue.record("\(local) is not declared")
        }
    }

    @Test func `A datagram to an undeclared address is not sent`() async {
        let refusals = Refusals()
        let client = client([], refusals) { _ in [] }
        await #expect(throws: EgressError.self) {
            try await client.exchange(datagram: [1], with: "203.0.113.53", port: 53, timeout: 100)
        }
        #expect(refusals.all.withLock { $0 } == ["203.0.113.53 203.0.113.53 undeclared"])
        await client.shutdown()
    }
}

/// What the system would ask to resolve a name.
@Suite struct SystemResolverTests {
    @Test func `Name servers and local names are read as the system reads them`() {
        let text = "# x\nnameserver 127.0.0.53\n nameserver\tfe80::1%eth0\nsearch a.no\nnameserver 10.0.0.1\nnameserver 10.0.0.2\n"
        #expect(ResolverConfiguration(parsing: text).nameServers == ["127.0.0.53", "fe80::1", "10.0.0.1"])
        #expect(SystemResolver.names(in: "127.0.0.1 Localhost db # old\n\n::1 ip6\n") == ["localhost", "db", "ip6"])
        #expect(SystemResolver.isLocal("localhost") && SystemResolver.isLocal("a.LOCALHOST"))
    }
}
