import Foundation
import Testing
import VardeModel

/// What becomes of samples by what a receiver answers.
@Suite struct RemoteWriteAnswersTests {
    private static func sender(to url: String, options: String = "", top: String = "") throws -> ServerProcess {
        try ServerProcess(
            configuration: """
                collect: {host: {enabled: false}}
                \(top)
                remote_write:
                  - url: \(url)
                    name: other
                    queue_config: {batch_send_deadline: 100ms, capacity: 400, max_samples_per_send: 100, max_shards: 1}
                \(options.split(separator: "\n").map { "    \($0)\n" }.joined())
                """)
    }

    /// Writes 25 series with 4 samples each; how many there are.
    private static func feed(_ server: ServerProcess, start: Int64, rounds: Range<Int> = 0..<1) async throws -> Int {
        for round in rounds {
            let answer = try await server.remoteWrite(
                (0..<25).map { number in
                    (["__name__": "fwd", "n": "\(number)"], (0..<4).map { (start + Int64(round * 4 + $0) * 1_000, Double($0)) })
                })
            guard answer.status == 204 else { throw ServerProcess.Failure(description: answer.text) }
        }
        return rounds.count * 100
    }

    @Test func `Who answers 429 is asked again when it says, and not before`() async throws {
        let receiver = try ScriptedReceiver { number, _ in
            number == 0 ? .init(status: 429, headers: ["Retry-After": "2"]) : .init(status: 204)
        }
        defer { receiver.stop() }
        let server = try Self.sender(to: receiver.url)
        try await server.start()
        let count = try await Self.feed(server, start: ServerProcess.now - 60_000)
        #expect(try await ServerProcess.wait { receiver.taken.count == count })
        let exchanges = receiver.all
        #expect(exchanges.map(\.answer.status).prefix(2) == [429, 204])
        #expect(exchanges[1].request.time - exchanges[0].request.time >= .milliseconds(1_990))
        #expect(exchanges[0].request.headers["retry-attempt"] == nil)
        #expect(exchanges[1].request.headers["retry-attempt"] == "1")
        #expect(try await ServerProcess.wait { try await server.ownMetric("varde_remote_storage_samples_total") == Double(count) })
        #expect(try await server.ownMetric("varde_remote_storage_samples_retried_total") == Double(count))
        #expect(try await server.ownMetric("varde_remote_storage_samples_failed_total") == 0)
        #expect(server.stop() == 0)
    }

    @Test func `Where 429 is not to be retried, what it answers is refused`() async throws {
        let receiver = try ScriptedReceiver { _, _ in .init(status: 429, headers: ["Retry-After": "600"]) }
        defer { receiver.stop() }
        let server = try ServerProcess(
            configuration: """
                collect: {host: {enabled: false}}
                remote_write:
                  - {url: "\(receiver.url)", name: other, queue_config: {batch_send_deadline: 100ms, retry_on_http_429: false}}
                """)
        try await server.start()
        let count = try await Self.feed(server, start: ServerProcess.now - 60_000)
        #expect(try await ServerProcess.wait { try await server.ownMetric("varde_remote_storage_samples_failed_total") == Double(count) })
        #expect(server.stop() == 0)
    }

    @Test(arguments: [400, 413, 422])
    func `A batch that is refused is halved until what is wrong with it stands alone`(_ status: Int) async throws {
        let receiver = try ScriptedReceiver { _, request in
            let isWrong = request.samples.contains { $0.labels["n"] == "13" }
            return .init(status: isWrong || status == 413 && request.samples.count > 30 ? status : 200)
        }
        defer { receiver.stop() }
        let server = try Self.sender(to: receiver.url)
        try await server.start()
        let count = try await Self.feed(server, start: ServerProcess.now - 60_000)
        #expect(try await ServerProcess.wait { try await server.ownMetric("varde_remote_storage_samples_total") == Double(count - 4) })
        let taken = receiver.taken
        #expect(taken.count == count - 4)
        #expect(Set(taken.map { "\($0.labels) \($0.timestamp)" }).count == count - 4)
        #expect(!taken.contains { $0.labels["n"] == "13" })
        #expect(try await server.ownMetric("varde_remote_storage_samples_failed_total") == 4)
        // What was refused for good is not asked again.
        let requests = receiver.all.count
        #expect(requests <= 1 + 24)
        #expect(server.stop() == 0)
    }

    @Test(arguments: [401, 403, 404])
    func `What is refused for other reasons than what it holds is dropped whole, and told without personal data`(_ status: Int) async throws
    {
        let receiver = try ScriptedReceiver { _, _ in .init(status: status, body: "who is kari.nordmann@example.no?") }
        defer { receiver.stop() }
        let server = try Self.sender(to: receiver.url)
        try await server.start()
        let count = try await Self.feed(server, start: ServerProcess.now - 60_000)
        #expect(try await ServerProcess.wait { try await server.ownMetric("varde_remote_storage_samples_failed_total") == Double(count) })
        #expect(receiver.all.count <= 2)
        #expect(server.stop() == 0)
        #expect(server.log.contains("with \(status): who is ") && !server.log.contains("kari.nordmann"))
    }

    @Test func `While nobody takes anything the backlog lies in the log, and memory holds no more than a window`() async throws {
        let receiver = try ScriptedReceiver { _, _ in .init(status: 503) }
        let url = receiver.url
        defer { receiver.stop() }
        let server = try Self.sender(to: url)
        try await server.start()
        let start = ServerProcess.now - 600_000
        var count = 0
        var most = 0.0
        for round in 0..<30 {
            count += try await Self.feed(server, start: start, rounds: round * 4..<(round * 4 + 4))
            most = max(most, try await server.ownMetric("varde_remote_storage_samples_pending"))
        }
        #expect(count == 12_000)
        #expect(try await ServerProcess.wait { try await server.ownMetric("varde_remote_storage_samples_pending") > 0 })
        #expect(try await ServerProcess.wait { try await server.ownMetric("varde_remote_storage_backlog_bytes") > 10_000 })
        most = max(most, try await server.ownMetric("varde_remote_storage_samples_pending"))
        // A record of the log may go beyond the capacity of 400.
        #expect(most <= 800, "\(most) samples in memory")
        #expect(try await server.ownMetric("varde_remote_storage_samples_total") == 0)
        #expect(server.stop() == 0)
    }

    @Test(arguments: ["prometheus.WriteRequest", "io.prometheus.write.v2.Request"])
    func `Exemplars and native histograms of what is scraped go on with their series`(_ message: String) async throws {
        let body = """
            # TYPE hits counter
            hits_total{app="å"} 5 # {trace_id="abc"} 1.5
            # TYPE slow histogram
            slow_bucket{le="1"} 2 # {trace_id="def"} 0.5
            slow_bucket{le="+Inf"} 3
            slow_count 3
            slow_sum 4.5
            # EOF

            """
        let target = try FixedBodies(["/metrics": (type: "application/openmetrics-text; version=1.0.0", body: Data(body.utf8))])
        defer { target.stop() }
        let receiver = try ServerProcess(configuration: "collect: {host: {enabled: false}}\n")
        try await receiver.start()
        let server = try Self.sender(
            to: receiver.address + "/api/v1/write",
            options: "protobuf_message: \(message)\nsend_exemplars: true\nsend_native_histograms: true",
            top: """
                scrape_configs:
                  - job_name: app
                    scrape_interval: 1s
                    convert_classic_histograms_to_nhcb: true
                    always_scrape_classic_histograms: true
                    static_configs: [{targets: ["127.0.0.1:\(target.port)"]}]
                """)
        try await server.start()
        func exemplars() async throws -> [String] {
            let start = Double(ServerProcess.now) / 1000 - 3_600
            let answer = try await receiver.get("/api/v1/query_exemplars?query=%7Bjob%3D%22app%22%7D&start=\(start)&end=\(start + 7_200)")
            return (answer.json["data"] as? [[String: Any]] ?? []).flatMap { series in
                let name = (series["seriesLabels"] as? [String: String])?["__name__"] ?? ""
                return (series["exemplars"] as? [[String: Any]] ?? []).map {
                    "\(name) \(($0["labels"] as? [String: String])?["trace_id"] ?? "") \($0["value"] ?? "")"
                }
            }.sorted()
        }
        #expect(try await ServerProcess.wait { try await exemplars().count >= 2 })
        let found = try await exemplars()
        #expect(found.contains("hits_total abc 1.5"), "\(found)")
        #expect(found.contains { $0.hasSuffix("def 0.5") }, "\(found)")
        func counts() async throws -> [[String: Any]] { try await receiver.result("/api/v1/query", ["query": "histogram_count(slow)"]) }
        #expect(try await ServerProcess.wait { try await !counts().isEmpty })
        #expect((try await counts().first?["value"] as? [Any])?.last as? String == "3")
        #expect(try await ServerProcess.wait { try await server.ownMetric("varde_remote_storage_exemplars_total") >= 2 })
        #expect(server.stop() == 0)
    }
}
