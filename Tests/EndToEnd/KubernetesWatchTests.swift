import Foundation
import Synchronization
import Testing

/// A cluster's objects are followed: what changes is known at once, and a watch that ends is taken up where it ended.
@Suite struct KubernetesWatchTests {
    /// An API server that lists what it is given, and whose watches a test answers one after another.
    private final class FakeCluster: Sendable {
        private final class State: Sendable {
            let asked = Mutex<[String]>([])
            /// Answers to watches still to come: what is sent, and whether the connection then stays open.
            let watches: Mutex<[(text: String, stays: Bool)]>
            let lists: Mutex<[String]>

            init(_ lists: [String], _ watches: [(text: String, stays: Bool)]) {
                self.watches = Mutex(watches)
                self.lists = Mutex(lists)
            }
        }

        private let listener: LoopbackListener
        private let state: State

        var address: String { "http://127.0.0.1:\(listener.port)" }
        var asked: [String] { state.asked.withLock { $0 } }

        /// - Parameters:
        ///   - lists: answers to lists, the last again and again.
        ///   - watches: answers to watches; beyond them a watch stays silent.
        init(lists: [String], watches: [(text: String, stays: Bool)]) throws {
            let state = State(lists, watches)
            self.state = state
            listener = try LoopbackListener { connection in
                guard let path = LoopbackListener.requestedPath(connection) else { return }
                state.asked.withLock { $0.append(path) }
                guard path.contains("watch=1") else {
                    let list = state.lists.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
                    let head =
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(list.utf8.count)\r\nConnection: close\r\n\r\n"
                    _ = LoopbackListener.send(Array((head + list).utf8), to: connection)
                    return
                }
                let (text, stays) = state.watches.withLock { $0.isEmpty ? ("", true) : $0.removeFirst() }
                _ = LoopbackListener.send(
                    Array("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".utf8), to: connection)
                // In two pieces, which end in the middle of a line.
                for piece in [text.prefix(text.count / 2), text.dropFirst(text.count / 2)] where !piece.isEmpty {
                    let chunk = "\(String(piece.utf8.count, radix: 16))\r\n\(piece)\r\n"
                    _ = LoopbackListener.send(Array(chunk.utf8), to: connection)
                }
                guard stays else { return }
                var one: UInt8 = 0
                while recv(connection, &one, 1, 0) > 0 {}
            }
        }

        func stop() { listener.stop() }
    }

    private static func pod(_ name: String, _ address: String, _ version: Int) -> String {
        "{\"metadata\":{\"name\":\"\(name)\",\"namespace\":\"shop\",\"resourceVersion\":\"\(version)\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"ports\":[{\"containerPort\":80,\"protocol\":\"TCP\"}]}]},\"status\":{\"podIP\":\"\(address)\",\"phase\":\"Running\"}}"
    }

    private static func list(_ pods: [String], _ version: Int) -> String {
        "{\"metadata\":{\"resourceVersion\":\"\(version)\"},\"items\":[\(pods.joined(separator: ","))]}"
    }

    private static func event(_ type: String, _ object: String) -> String { "{\"type\":\"\(type)\",\"object\":\(object)}\n" }

    private static func server(_ cluster: FakeCluster) async throws -> ServerProcess {
        let server = try ServerProcess(
            configuration: """
                collect: {host: {enabled: false}}
                scrape_configs:
                  - job_name: pods
                    scrape_interval: 1h
                    kubernetes_sd_configs:
                      - {role: pod, api_server: "\(cluster.address)", selectors: [{role: pod, label: "a=b"}]}
                """)
        try await server.start()
        return server
    }

    @Test func `Pods that come, move and go are known, and the next watch begins where the last ended`() async throws {
        let first =
            Self.event("ADDED", Self.pod("b", "10.1.0.2", 11)) + Self.event("MODIFIED", Self.pod("a", "10.1.0.9", 12))
            + Self.event("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"17\"}}")
        let second = Self.event("DELETED", Self.pod("b", "10.1.0.2", 18))
        let cluster = try FakeCluster(
            lists: [Self.list([Self.pod("a", "10.1.0.1", 9)], 10)], watches: [(first, false), (second, true)])
        defer { cluster.stop() }
        let server = try await Self.server(cluster)
        try await DiscoveredTargets.expect(["10.1.0.9:80"], of: server)
        #expect(
            cluster.asked == [
                "/api/v1/pods?limit=500&labelSelector=a%3Db",
                "/api/v1/pods?labelSelector=a%3Db&watch=1&allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds=300",
                "/api/v1/pods?labelSelector=a%3Db&watch=1&allowWatchBookmarks=true&resourceVersion=17&timeoutSeconds=300",
            ])
        #expect(server.stop() == 0)
    }

    @Test func `A version that is gone is listed anew, and what is gone meanwhile goes`() async throws {
        let gone = Self.event("ERROR", "{\"kind\":\"Status\",\"code\":410,\"message\":\"too old resource version\"}")
        let cluster = try FakeCluster(
            lists: [
                Self.list([Self.pod("a", "10.1.0.1", 9), Self.pod("b", "10.1.0.2", 9)], 10), Self.list([Self.pod("c", "10.1.0.3", 49)], 50),
            ], watches: [(gone, false)])
        defer { cluster.stop() }
        let server = try await Self.server(cluster)
        try await DiscoveredTargets.expect(["10.1.0.3:80"], of: server)
        for _ in 0..<100 where cluster.asked.count < 4 { try await Task.sleep(for: .milliseconds(100)) }
        #expect(cluster.asked.last?.contains("resourceVersion=50") == true)
        #expect(cluster.asked.count { !$0.contains("watch=1") } == 2)
        #expect(server.stop() == 0)
    }

    @Test func `What is no event is counted, and what was known stands`() async throws {
        let cluster = try FakeCluster(
            lists: [Self.list([Self.pod("a", "10.1.0.1", 9)], 10)], watches: [("{\"type\":\"ODD\"}\n", false), ("x\n", false)])
        defer { cluster.stop() }
        let server = try await Self.server(cluster)
        for _ in 0..<200 where try await server.ownMetric("varde_discovery_failures_total") < 2 {
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(try await server.ownMetric("varde_discovery_failures_total") >= 2)
        #expect(try await DiscoveredTargets.addresses(server) == ["10.1.0.1:80"])
        #expect(server.stop() == 0)
    }
}
