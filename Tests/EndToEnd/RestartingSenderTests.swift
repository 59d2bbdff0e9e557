import Foundation
import Synchronization
import Testing

/// Debian's prometheus sends what it scrapes while both sides are killed and started again: what its own store has, Varde has.
@Suite struct RestartingSenderTests {
    /// Counters that no two scrapes find alike.
    private final class Counters: Sendable {
        private final class State: Sendable {
            let scrapes = Mutex(0)
            let isClosed = Atomic(false)
        }

        private let listener: LoopbackListener
        private let state = State()

        var port: Int { listener.port }
        var scrapes: Int { state.scrapes.withLock { $0 } }

        init(series: Int) throws {
            listener = try LoopbackListener { [state] connection in
                guard LoopbackListener.head(connection) != nil, !state.isClosed.load(ordering: .relaxed) else { return }
                let scrape = state.scrapes.withLock { scrapes in
                    scrapes += 1
                    return scrapes
                }
                let lines = (0..<series).map { "served_total{n=\"\($0)\"} \(scrape * 1_000 + $0)\n" }
                let body = "# TYPE served_total counter\n" + lines.joined()
                let head =
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
                _ = LoopbackListener.send(Array((head + body).utf8), to: connection)
            }
        }

        /// From here on nobody gets anything.
        func close() { state.isClosed.store(true, ordering: .relaxed) }

        func stop() { listener.stop() }
    }

    private typealias Samples = [String: [[String]]]

    /// Time and value of every sample, by series.
    private static func samples(_ answer: [UInt8]) throws -> Samples {
        let json = try JSONSerialization.jsonObject(with: Data(answer)) as? [String: Any]
        let result = (json?["data"] as? [String: Any])?["result"] as? [[String: Any]] ?? []
        var samples: Samples = [:]
        for one in result {
            let values = (one["values"] as? [[Any]] ?? []).map { ["\($0[0])", "\($0[1])"] }
            samples[(one["metric"] as? [String: String])?["n"] ?? "", default: []] += values
        }
        return samples
    }

    /// Which scrape a sample is of.
    private static func scrape(_ sample: [String]) -> Int { (Int(sample[1]) ?? 0) / 1_000 }

    private static let query = "/api/v1/query?query=served_total%5B1h%5D"

    @Test(.enabled(if: Peers.find("prometheus") != nil, "Debian's prometheus is not unpacked here"))
    func `What prometheus has stored is in Varde, once and unchanged, however often either side was ended`() async throws {
        let counters = try Counters(series: 20)
        defer { counters.stop() }
        let server = try ServerProcess(configuration: "collect: {host: {enabled: false}}\n")
        let sender = try DebianPrometheus(
            try #require(Peers.find("prometheus")),
            configuration: """
                scrape_configs:
                  - {job_name: served, scrape_interval: 250ms, scrape_timeout: 250ms, static_configs: [{targets: ["127.0.0.1:\(counters.port)"]}]}
                remote_write:
                  - url: \(server.address)/api/v1/write
                    queue_config: {batch_send_deadline: 100ms, max_backoff: 500ms}
                """)
        try await server.start()
        try await sender.start()
        // What prometheus scrapes as it ends it may not read from its own log any more, and never sends.
        var lastScrapes: Set<Int> = []
        for round in 0..<6 {
            // A prometheus begins to scrape some seconds after its start.
            let before = counters.scrapes
            #expect(try await ServerProcess.wait { counters.scrapes >= before + 6 })
            switch round % 3 {
            case 0:
                // Away for a while: what is scraped meanwhile waits at the sender.
                server.killHard()
                try await Task.sleep(for: .milliseconds(1_500))
                try await server.start()
            case 1:
                // Asked to end, prometheus sends what waits; what waits when it is killed it never sends.
                sender.stop(by: SIGTERM)
                lastScrapes.formUnion([counters.scrapes - 1, counters.scrapes])
                server.killHard()
                try await server.start()
                try await sender.start()
            default:
                #expect(server.stop() == 0)
                try await server.start()
            }
        }
        try await Task.sleep(for: .milliseconds(1_000))
        counters.close()
        try await Task.sleep(for: .milliseconds(500))
        let expected = try Self.samples(try await sender.get(Self.query).body)
        let fewest = expected.values.map(\.count).min() ?? 0
        #expect(expected.count == 20 && fewest > 5, "\(expected.count) series, \(fewest) samples of one")
        func found() async throws -> Samples { try Self.samples(Array(try await server.get(Self.query).body)) }
        _ = try await ServerProcess.wait { try await found() == expected }
        let stored = try await found()
        for (series, samples) in expected {
            let have = stored[series] ?? []
            let owed = samples.filter { have.contains($0) || !lastScrapes.contains(Self.scrape($0)) }
            #expect(have == owed, "series \(series): \(samples.count) samples at prometheus, \(have.count) here")
        }
        #expect(stored.count == expected.count)
        #expect(server.stop() == 0)
    }
}
