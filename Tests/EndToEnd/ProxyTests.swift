import Foundation
import Synchronization
import Testing
import VardeEgress

/// What goes through a proxy, and what does not.
@Suite struct ProxyTests {
    /// Answers requests itself, and opens tunnels to where it is asked.
    private final class FakeProxy: Sendable {
        private final class Asked: Sendable {
            let heads = Mutex<[String]>([])
        }

        private let listener: LoopbackListener
        private let asked = Asked()

        var address: String { "127.0.0.1:\(listener.port)" }
        var heads: [String] { asked.heads.withLock { $0 } }

        init(_ body: String) throws {
            let asked = asked
            listener = try LoopbackListener { connection in
                guard let head = LoopbackListener.head(connection) else { return }
                asked.heads.withLock { $0.append(head) }
                guard head.hasPrefix("CONNECT ") else {
                    let text =
                        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                    _ = LoopbackListener.send(Array(text.utf8), to: connection)
                    return
                }
                guard let port = head.split(separator: " ")[1].split(separator: ":").last.flatMap({ UInt16($0) }) else { return }
                Self.tunnel(connection, to: port)
            }
        }

        func stop() { listener.stop() }

        private static func tunnel(_ connection: Int32, to port: UInt16) {
            let other = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(other) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            let isConnected = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(other, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            guard isConnected else {
                _ = LoopbackListener.send(Array("HTTP/1.1 502 Bad Gateway\r\n\r\n".utf8), to: connection)
                return
            }
            _ = LoopbackListener.send(Array("HTTP/1.1 200 Connection established\r\n\r\n".utf8), to: connection)
            Thread.detachNewThread {
                pass(from: other, to: connection)
                shutdown(connection, Int32(SHUT_RDWR))
            }
            pass(from: connection, to: other)
            shutdown(other, Int32(SHUT_RDWR))
        }

        private static func pass(from one: Int32, to other: Int32) {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = recv(one, &buffer, buffer.count, 0)
                if count < 0, errno == EINTR { continue }
                guard count > 0, LoopbackListener.send(Array(buffer[..<count]), to: other) else { return }
            }
        }
    }

    private static func scraping(_ options: String) async throws -> ServerProcess {
        let server = try ServerProcess(
            configuration: """
                collect: {host: {enabled: false}}
                scrape_configs:
                  - job_name: app
                    scrape_interval: 1s
                \(options.split(separator: "\n").map { "    \($0)\n" }.joined())
                """)
        try await server.start()
        return server
    }

    private static func value(_ server: ServerProcess, _ query: String) async throws -> String? {
        (try await server.result("/api/v1/query", ["query": query]).first?["value"] as? [Any])?.last as? String
    }

    @Test func `Targets are asked through the proxy by their whole address, with its password, and those spared directly`() async throws {
        let proxy = try FakeProxy("by_proxy 1\n")
        let target = try FixedBodies(["/metrics": (type: "text/plain; version=0.0.4", body: Data("directly 1\n".utf8))])
        defer {
            proxy.stop()
            target.stop()
        }
        let targets = "static_configs: [{targets: [\"127.0.0.1:\(target.port)\"]}]"
        let server = try await Self.scraping("proxy_url: http://u%40x:p@\(proxy.address)\n\(targets)")
        #expect(try await ServerProcess.wait { try await Self.value(server, "by_proxy") == "1" })
        let head = try #require(proxy.heads.first)
        #expect(head.hasPrefix("GET http://127.0.0.1:\(target.port)/metrics HTTP/1.1\r\n"), "\(head)")
        #expect(head.contains("Proxy-Authorization: Basic \(Data("u@x:p".utf8).base64EncodedString())\r\n"))
        #expect(head.contains("Host: 127.0.0.1:\(target.port)\r\n"))
        #expect(try await Self.value(server, "directly") == nil)
        #expect(server.stop() == 0)
        let count = proxy.heads.count
        let other = try await Self.scraping("proxy_url: http://\(proxy.address)\nno_proxy: 10.0.0.0/8\n\(targets)")
        #expect(try await ServerProcess.wait { try await Self.value(other, "directly") == "1" })
        #expect(proxy.heads.count == count)
        #expect(other.stop() == 0)
    }

    @Test(arguments: [true, false])
    func `Neither a proxy nor a target behind one may be in an undeclared network`(_ isOfProxy: Bool) async throws {
        let proxy = try FakeProxy("by_proxy 1\n")
        defer { proxy.stop() }
        let own = isOfProxy ? "192.0.2.7:3128" : proxy.address
        let server = try await Self.scraping(
            "proxy_url: http://\(own)\nstatic_configs: [{targets: [\"\(isOfProxy ? "127.0.0.1:1" : "192.0.2.8:80")\"]}]")
        #expect(try await ServerProcess.wait { try await server.ownMetric("varde_egress_refused_connections_total") > 0 })
        #expect(try await ServerProcess.wait { try await Self.value(server, "up") == "0" })
        #expect(proxy.heads.isEmpty)
        #expect(server.stop() == 0)
    }

    @Test func `What is asked by TLS goes through a tunnel to the address that was checked`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("varde-proxy-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let certificate = try SelfSignedCertificate(in: folder)
        let server = try ServerProcess(
            configuration: """
                collect: {host: {enabled: false}}
                \(certificate.configuration)
                """, authority: certificate.authority)
        try await server.start()
        let proxy = try FakeProxy("")
        defer { proxy.stop() }
        var through = EgressProxy(http: nil, https: EgressProxy.Server("http://u:p@\(proxy.address)"))
        through.connectHeaders = [.init("X-Team", "drift\r\nX-Evil: 1")]
        var tls = EgressTLS()
        tls.authorities = certificate.authority
        let client = EgressClient()
        let url = "https://localhost:\(server.port)/-/ready"
        let answer = try await client.send("GET", url, timeout: 20_000, maxBytes: 1 << 20, tls: tls, proxy: through)
        #expect(answer.status == 200)
        let head = try #require(proxy.heads.first)
        #expect(
            head.hasPrefix("CONNECT 127.0.0.1:\(server.port) HTTP/1.1\r\n") || head.hasPrefix("CONNECT [::1]:\(server.port) HTTP/1.1\r\n"))
        #expect(head.contains("X-Team: driftX-Evil: 1\r\n"))
        #expect(head.contains("Proxy-Authorization: Basic"))
        await #expect(throws: EgressError.self) {
            _ = try await client.send("GET", url, timeout: 20_000, maxBytes: 1, tls: tls, proxy: through)
        }
        await client.shutdown()
        #expect(server.stop() == 0)
    }
}
