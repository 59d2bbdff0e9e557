import Foundation
import Synchronization
import Testing

/// Consul is asked by queries that wait: what changes is known at once, and an index that goes back begins anew.
@Suite struct ConsulWatchTests {
    /// A Consul whose answers a test changes; a query that waits is answered when what it asks for has another index.
    private final class FakeConsul: Sendable {
        typealias Answer = (index: Int, body: String)

        private final class State: Sendable {
            let answers: Mutex<[String: Answer]>
            let asked = Mutex<[String]>([])
            let isStopped = Mutex(false)

            init(_ answers: [String: Answer]) { self.answers = Mutex(answers) }
        }

        private let listener: LoopbackListener
        private let state: State

        var port: Int { listener.port }
        var asked: [String] { state.asked.withLock { $0 } }

        init(_ answers: [String: Answer]) throws {
            let state = State(answers)
            self.state = state
            listener = try LoopbackListener { connection in
                guard let target = LoopbackListener.requestedPath(connection) else { return }
                state.asked.withLock { $0.append(target) }
                let parts = target.split(separator: "?")
                let path = String(parts.first ?? "")
                let index = (parts.last ?? "").split(separator: "&").first { $0.hasPrefix("index=") }.flatMap { Int($0.dropFirst(6)) }
                var found = state.answers.withLock { $0[path] }
                while let index, found?.index == index, !state.isStopped.withLock({ $0 }) {
                    Thread.sleep(forTimeInterval: 0.02)
                    found = state.answers.withLock { $0[path] }
                }
                let body = found?.body ?? "no such thing"
                let head =
                    "HTTP/1.1 \(found == nil ? "404 Not Found" : "200 OK")\r\nContent-Type: application/json\r\nX-Consul-Index: \(found?.index ?? 0)\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
                _ = LoopbackListener.send(Array((head + body).utf8), to: connection)
            }
        }

        func set(_ path: String, _ index: Int, _ body: String) { state.answers.withLock { $0[path] = (index, body) } }

        func stop() {
            state.isStopped.withLock { $0 = true }
            listener.stop()
        }
    }

    private static func instances(_ addresses: [String]) -> String {
        let all = addresses.map {
            "{\"Node\":{\"Node\":\"n1\",\"Address\":\"10.0.0.1\"},\"Service\":{\"ID\":\"\($0)\",\"Address\":\"\($0)\",\"Port\":80},\"Checks\":[]}"
        }
        return "[\(all.joined(separator: ","))]"
    }

    private static func server(_ consul: FakeConsul, _ more: String = "") async throws -> ServerProcess {
        let server = try ServerProcess(
            configuration: """
                collect: {host: {enabled: false}}
                scrape_configs:
                  - job_name: consul
                    scrape_interval: 1h
                    consul_sd_configs: [{server: "127.0.0.1:\(consul.port)", refresh_interval: 50ms\(more)}]
                """)
        try await server.start()
        return server
    }

    private static let web = "/v1/health/service/web"

    @Test func `Instances and services that come and go are known at once, and what has not changed is waited for`() async throws {
        let consul = try FakeConsul([
            "/v1/agent/self": (0, "{\"Config\":{\"Datacenter\":\"oslo\"}}"), "/v1/catalog/services": (10, "{\"web\":[\"p\"],\"old\":[]}"),
            Self.web: (20, Self.instances(["10.2.0.1"])), "/v1/health/service/old": (21, Self.instances(["10.2.0.9"])),
        ])
        defer { consul.stop() }
        let server = try await Self.server(consul)
        try await DiscoveredTargets.expect(["10.2.0.1:80", "10.2.0.9:80"], of: server)
        consul.set(Self.web, 22, Self.instances(["10.2.0.1", "10.2.0.2"]))
        try await DiscoveredTargets.expect(["10.2.0.1:80", "10.2.0.2:80", "10.2.0.9:80"], of: server)
        consul.set("/v1/health/service/db", 23, Self.instances(["10.2.0.3"]))
        consul.set("/v1/catalog/services", 11, "{\"web\":[\"p\"],\"db\":[]}")
        try await DiscoveredTargets.expect(["10.2.0.1:80", "10.2.0.2:80", "10.2.0.3:80"], of: server)
        #expect(
            consul.asked.filter { $0.hasPrefix(Self.web) } == [
                "\(Self.web)?stale", "\(Self.web)?stale&index=20&wait=120000ms", "\(Self.web)?stale&index=22&wait=120000ms",
            ])
        #expect(
            consul.asked.filter { $0.hasPrefix("/v1/catalog") } == [
                "/v1/catalog/services?stale", "/v1/catalog/services?stale&index=10&wait=120000ms",
                "/v1/catalog/services?stale&index=11&wait=120000ms",
            ])
        #expect(server.stop() == 0)
    }

    @Test func `An index that goes back is that of a server that began anew: the next query does not wait`() async throws {
        let consul = try FakeConsul([
            "/v1/agent/self": (0, "{\"Config\":{\"Datacenter\":\"oslo\"}}"), Self.web: (500, Self.instances(["10.2.0.1"])),
        ])
        defer { consul.stop() }
        let server = try await Self.server(consul, ", services: [web], health_filter: \"a == b\"")
        try await DiscoveredTargets.expect(["10.2.0.1:80"], of: server)
        for _ in 0..<100 where consul.asked.count < 3 { try await Task.sleep(for: .milliseconds(50)) }
        consul.set(Self.web, 3, Self.instances(["10.2.0.7"]))
        try await DiscoveredTargets.expect(["10.2.0.7:80"], of: server)
        for _ in 0..<100 where consul.asked.count < 5 { try await Task.sleep(for: .milliseconds(50)) }
        let asked = "\(Self.web)?stale&filter=a+%3D%3D+b"
        #expect(
            consul.asked == [
                "/v1/agent/self", asked, "\(asked)&index=500&wait=120000ms", asked, "\(asked)&index=3&wait=120000ms",
            ])
        #expect(server.stop() == 0)
    }

    @Test func `Of more services than may be waited for, all are asked for in turn`() async throws {
        let names = (0..<120).map { "s\($0)" }
        var answers: [String: FakeConsul.Answer] = [
            "/v1/agent/self": (0, "{\"Config\":{\"Datacenter\":\"oslo\"}}"),
            "/v1/catalog/services": (10, "{\(names.map { "\"\($0)\":[]" }.joined(separator: ","))}"),
        ]
        for (index, name) in names.enumerated() { answers["/v1/health/service/\(name)"] = (20, Self.instances(["10.2.1.\(index)"])) }
        let consul = try FakeConsul(answers)
        defer { consul.stop() }
        let server = try await Self.server(consul)
        let all = Set((0..<120).map { "10.2.1.\($0):80" })
        try await DiscoveredTargets.expect(all, of: server)
        consul.set("/v1/health/service/s0", 21, "[]")
        try await DiscoveredTargets.expect(all.subtracting(["10.2.1.0:80"]), of: server)
        #expect(consul.asked.allSatisfy { !$0.hasPrefix("/v1/health") || !$0.contains("wait=") })
        #expect(server.stop() == 0)
    }
}
