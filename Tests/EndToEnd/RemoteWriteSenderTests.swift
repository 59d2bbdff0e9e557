import Foundation
import TestSupport
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// What is accepted goes on to other stores: whole, once, through outages and kills.
@Suite struct RemoteWriteSenderTests {
    /// Samples of the series a test sends, by series and time.
    private typealias Samples = [String: [Int64: Double]]

    /// A server that sends on, and takes nothing by itself.
    private static func sender(to url: String, options: String = "", top: String = "") throws -> ServerProcess {
        let configuration = """
            global: {external_labels: {site: oslo-1}}
            collect: {host: {enabled: false}}
            \(top)
            remote_write:
              - url: \(url)
                name: other
                queue_config: {batch_send_deadline: 100ms, capacity: 400, max_samples_per_send: 100}
            \(options.split(separator: "\n").map { "    \($0)\n" }.joined())
            """
        return try ServerProcess(configuration: configuration)
    }

    private static func receiver() async throws -> ServerProcess {
        let receiver = try ServerProcess(configuration: "collect: {host: {enabled: false}}\n")
        try await receiver.start()
        return receiver
    }

    /// Writes `rounds` requests of 50 series with 4 samples each, from `start` (ms) on; what was acknowledged.
    private static func feed(_ server: ServerProcess, start: Int64, rounds: Range<Int>, into all: inout Samples) async throws {
        for round in rounds {
            var series: [(labels: [String: String], samples: [(timestamp: Int64, value: Double)])] = []
            for number in 0..<50 {
                let samples = (0..<4).map {
                    (timestamp: start + Int64(round * 4 + $0) * 10, value: Double(round * 4 + $0) + Double(number))
                }
                series.append((["__name__": "fwd", "n": "\(number)", "site": number == 7 ? "own" : ""], samples))
            }
            let answer = try await server.remoteWrite(series.map { (labels: $0.labels.filter { !$0.value.isEmpty }, samples: $0.samples) })
            guard answer.status == 204 else { throw ServerProcess.Failure(description: answer.text) }
            for one in series {
                for sample in one.samples { all[one.labels["n"] ?? "", default: [:]][sample.timestamp] = sample.value }
            }
        }
    }

    /// What a server has of the series, with each sample as often as it is given.
    private static func stored(_ address: String, at time: Int64) async throws -> (samples: Samples, count: Int, labels: [[String: String]])
    {
        let query = "query=fwd%5B1h%5D&time=\(Double(time) / 1000)"
        let url = try #require(URL(string: "\(address)/api/v1/query?\(query)"))
        let (data, _) = try await URLSession.shared.data(from: url)
        let json = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        let result = (json?["data"] as? [String: Any])?["result"] as? [[String: Any]] ?? []
        var samples: Samples = [:]
        var count = 0
        for one in result {
            let labels = one["metric"] as? [String: String] ?? [:]
            for value in one["values"] as? [[Any]] ?? [] {
                let time = Int64(((value[0] as? Double ?? 0) * 1000).rounded())
                samples[labels["n"] ?? "", default: [:]][time] = Double(value[1] as? String ?? "")
                count += 1
            }
        }
        let labels: [[String: String]] = result.compactMap { $0["metric"] as? [String: String] }
        return (samples, count, labels)
    }

    /// Waits until a server has everything, and says what differs if it does not come to that.
    private static func expect(_ expected: Samples, in address: String, at time: Int64, seconds: Int = 40) async throws {
        let total = expected.values.reduce(0) { $0 + $1.count }
        var found: (samples: Samples, count: Int, labels: [[String: String]]) = ([:], 0, [])
        for _ in 0..<(seconds * 5) {
            found = (try? await stored(address, at: time)) ?? found
            if found.count >= total { break }
            try await Task.sleep(for: .milliseconds(200))
        }
        #expect(found.count == total, "\(total) samples were sent, \(found.count) are there")
        #expect(found.samples == expected)
    }

    @Test(arguments: ["prometheus.WriteRequest", "io.prometheus.write.v2.Request"])
    func `Another Varde has what this one has, relabelled, with external labels and stale markers`(_ message: String) async throws {
        let receiver = try await Self.receiver()
        let server = try Self.sender(
            to: receiver.address + "/api/v1/write",
            options: """
                protobuf_message: \(message)
                send_native_histograms: true
                headers: {X-Scope-OrgID: team}
                write_relabel_configs:
                  - {source_labels: [__name__], regex: "secret_.*", action: drop}
                """)
        try await server.start()
        let start = ServerProcess.now - 600_000
        var expected: Samples = [:]
        try await Self.feed(server, start: start, rounds: 0..<30, into: &expected)
        _ = try await server.remoteWrite([
            (["__name__": "secret_one"], [(start, 1)]),
            (["__name__": "gone"], [(start, 1), (start + 1_000, .init(bitPattern: 0x7ff0_0000_0000_0002))]),
        ])
        try await Self.expect(expected, in: receiver.address, at: start + 60_000)
        let labels = try await Self.stored(receiver.address, at: start + 60_000).labels
        #expect(labels.allSatisfy { $0["site"] == ($0["n"] == "7" ? "own" : "oslo-1") })
        for _ in 0..<100 where try await receiver.result("/api/v1/query", ["query": "gone", "time": "\(start / 1000)"]).isEmpty {
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(try await receiver.result("/api/v1/query", ["query": "gone", "time": "\(Double(start + 900) / 1000)"]).count == 1)
        #expect(try await receiver.result("/api/v1/query", ["query": "gone", "time": "\(Double(start + 1_100) / 1000)"]).isEmpty)
        #expect(try await receiver.result("/api/v1/query", ["query": "secret_one", "time": "\(start / 1000 + 1)"]).isEmpty)
        #expect(try await server.ownMetric("varde_remote_storage_samples_dropped_total", "relabelled") == 1)
        #expect(try await server.ownMetric("varde_remote_storage_samples_failed_total") == 0)
        #expect(server.stop() == 0)
    }

    @Test func `A receiver that was down for a while has everything afterwards, once`() async throws {
        let receiver = try await Self.receiver()
        let server = try Self.sender(to: receiver.address + "/api/v1/write")
        try await server.start()
        let start = ServerProcess.now - 600_000
        var expected: Samples = [:]
        try await Self.feed(server, start: start, rounds: 0..<10, into: &expected)
        receiver.killHard()
        try await Self.feed(server, start: start, rounds: 10..<60, into: &expected)
        for _ in 0..<100 where try await server.ownMetric("varde_remote_storage_samples_retried_total") == 0 {
            try await Task.sleep(for: .milliseconds(100))
        }
        // The sender is restarted meanwhile, once in order and once not.
        #expect(server.stop() == 0)
        try await server.start()
        try await Self.feed(server, start: start, rounds: 60..<70, into: &expected)
        server.killHard()
        try await server.start()
        try await receiver.start()
        try await Self.feed(server, start: start, rounds: 70..<80, into: &expected)
        try await Self.expect(expected, in: receiver.address, at: start + 60_000)
        #expect(try await server.ownMetric("varde_remote_storage_samples_failed_total") == 0)
    }

    @Test(.enabled(if: Peers.find("prometheus") != nil, "Debian's prometheus is not unpacked here"), arguments: [false, true])
    func `Debian's prometheus has everything, once, though the sender is killed again and again`(_ newer: Bool) async throws {
        let prometheus = try #require(Peers.find("prometheus"))
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("varde-fwd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try "global: {}\n".write(to: folder.appendingPathComponent("p.yml"), atomically: true, encoding: .utf8)
        let address = "127.0.0.1:\(try FreePort.take())"
        let peer = Process()
        peer.executableURL = prometheus
        peer.arguments = [
            "--config.file=\(folder.path)/p.yml", "--storage.tsdb.path=\(folder.path)/data", "--web.listen-address=\(address)",
            "--web.enable-remote-write-receiver",
        ]
        peer.standardOutput = FileHandle.nullDevice
        peer.standardError = FileHandle.nullDevice
        try peer.startAlone()
        defer { peer.terminate() }
        // Debian's does not know 2.0: the sender finds out.
        let server = try Self.sender(
            to: "http://\(address)/api/v1/write", options: newer ? "protobuf_message: io.prometheus.write.v2.Request\n" : "")
        var generator = SeededGenerator(seed: 7)
        let start = ServerProcess.now - 600_000
        var expected: Samples = [:]
        var round = 0
        for _ in 0..<5 {
            try await server.start()
            let next = round + Int.random(in: 5...20, using: &generator)
            try await Self.feed(server, start: start, rounds: round..<next, into: &expected)
            round = next
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...250, using: &generator)))
            server.killHard()
        }
        try await server.start()
        try await Self.expect(expected, in: "http://\(address)", at: start + 60_000)
    }

    @Test func `A network nobody declared gets nothing, and that is said`() async throws {
        let server = try Self.sender(to: "http://192.0.2.7:9009/api/v1/write")
        try await server.start()
        var expected: Samples = [:]
        try await Self.feed(server, start: ServerProcess.now - 600_000, rounds: 0..<2, into: &expected)
        for _ in 0..<100 where try await server.ownMetric("varde_egress_refused_connections_total") == 0 {
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(try await server.ownMetric("varde_egress_refused_connections_total") > 0)
        #expect(try await server.ownMetric("varde_remote_storage_samples_total") == 0)
        #expect(server.log.contains("in no declared network"))
    }
}
