import Foundation
import Testing
import VardeEgress

/// What goes through a proxy, and what does not.
@Suite struct ProxyTests {
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
        let proxy = try FakeSite.proxy("by_proxy 1\n")
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
        let proxy = try FakeSite.proxy("by_proxy 1\n")
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
        let proxy = try FakeSite.proxy("")
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
