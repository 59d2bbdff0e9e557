import Foundation
import Testing

/// Targets that hang, drip, lie, swell and break: each is bounded, named and counted, and none delays another.
@Suite struct HostileTargetsTests {
    private struct Target {
        var health: String
        var lastError: String
    }

    private static func targets(_ server: ServerProcess) async throws -> [String: Target] {
        let data = try await server.get("/api/v1/targets?state=active").json["data"] as? [String: Any]
        var found: [String: Target] = [:]
        for one in data?["activeTargets"] as? [[String: Any]] ?? [] {
            found[one["scrapePool"] as? String ?? ""] = Target(
                health: one["health"] as? String ?? "", lastError: one["lastError"] as? String ?? "")
        }
        return found
    }

    /// Memory the process had at most, in bytes.
    private static func peakMemory(_ server: ServerProcess) throws -> Int {
        let pid = try #require(server.process?.processIdentifier)
        let line = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8).split(separator: "\n").first {
            $0.hasPrefix("VmHWM:")
        }
        return (line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
    }

    private static func jobs(_ port: Int) -> String {
        func job(_ name: String, _ options: String) -> String {
            "  - {job_name: \(name), metrics_path: /\(name), \(options), static_configs: [{targets: ['127.0.0.1:\(port)']}]}\n"
        }
        let short = "scrape_interval: 1s, scrape_timeout: 1s"
        var text = job("good", short) + job("long", short)
        for name in HostileTargets.paths {
            switch name {
            case "endless", "bomb": text += job(name, "\(short), body_size_limit: 1MB")
            case "million": text += job(name, "scrape_interval: 10s, scrape_timeout: 10s, sample_limit: 1000")
            default: text += job(name, short)
            }
        }
        return text
    }

    @Test(.timeLimit(.minutes(20)))
    func `Each hostile target is bounded, named with its fault and counted, and the good ones go on`() async throws {
        let hostile = try HostileTargets()
        defer { hostile.stop() }
        let server = try ServerProcess(
            configuration: "collect: {host: {enabled: false}}\nscrape_configs:\n" + Self.jobs(hostile.port))
        try await server.start()
        var found: [String: Target] = [:]
        for _ in 0..<600 {
            found = try await Self.targets(server)
            if HostileTargets.paths.allSatisfy({ found[$0]?.health == "down" }), found["good"]?.health == "up" { break }
            try await Task.sleep(for: .milliseconds(200))
        }
        let words = [
            "hang": "context deadline exceeded", "stall": "context deadline exceeded", "drip": "context deadline exceeded",
            "endless": "body size limit exceeded (limit: 1048576 bytes)", "bomb": "body size limit exceeded", "utf8": "line 1, column",
            "million": "sample limit exceeded",
        ]
        for name in HostileTargets.paths {
            #expect(found[name]?.health == "down", "\(name): \(found[name]?.health ?? "not there")")
            #expect(found[name]?.lastError.isEmpty == false, "\(name)")
            if let word = words[name] { #expect(found[name]?.lastError.contains(word) == true, "\(name): \(found[name]?.lastError ?? "")") }
        }
        #expect(found["good"]?.health == "up")
        for reason in ["timeout", "body_size", "connection", "format", "sample_limit"] {
            #expect(try await server.ownMetric("varde_scrape_faults_total", "reason=\"\(reason)\"") > 0, "\(reason)")
        }
        // What lies behind the length a target gave is not read as samples.
        #expect(try await server.get("/api/v1/query?query=stowaway").text.contains("\"result\":[]"))
        // The good target went on while another has not answered at all.
        var scrapes = 0.0
        for _ in 0..<300 where scrapes < 5 {
            let text = try await server.get("/api/v1/query?query=count_over_time(good%5B1h%5D)").text
            scrapes = text.firstMatch(of: /"value":\[[0-9.]+,"([0-9]+)"\]/).flatMap { Double($0.1) } ?? 0
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(scrapes >= 5)
        // The breaker is for those who do not answer.
        found = try await Self.targets(server)
        for name in ["short", "headers", "bomb", "endless", "words", "utf8"] {
            let error = found[name]?.lastError ?? ""
            #expect(!error.hasPrefix("circuit breaker") && !error.contains("HTTPClientError"), "\(name): \(error)")
        }
        // A million series that were not wanted never reached the store.
        #expect(try await server.ownMetric("varde_metrics_series") <= 2_000)
        #expect(try Self.peakMemory(server) < 1 << 30)
        #expect(server.stop() == 0)
    }

    @Test(.timeLimit(.minutes(20))) func `A target with more series than the store may have is refused, and the others go on`() async throws
    {
        let hostile = try HostileTargets()
        defer { hostile.stop() }
        let options = "scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{targets: ['127.0.0.1:\(hostile.port)']}]"
        let server = try ServerProcess(
            configuration: """
                limits: {series: 20000}
                collect: {host: {enabled: false}}
                scrape_configs:
                  - {job_name: good, metrics_path: /good, \(options)}

                """)
        try await server.start()
        for _ in 0..<300 where try await Self.targets(server)["good"]?.health != "up" { try await Task.sleep(for: .milliseconds(100)) }
        let file = server.folder.appendingPathComponent("varde.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        try (text + "  - {job_name: crowd, metrics_path: /crowd, \(options)}\n").write(to: file, atomically: true, encoding: .utf8)
        #expect(try await server.post("/-/reload", [], type: "text/plain").status == 200)
        for _ in 0..<300 where try await Self.targets(server)["crowd"]?.health != "down" { try await Task.sleep(for: .milliseconds(100)) }
        let found = try await Self.targets(server)
        #expect(found["crowd"]?.lastError.contains("limits.series is 20000") == true, "\(found["crowd"]?.lastError ?? "")")
        #expect(found["crowd"]?.lastError.hasPrefix("200") == true)
        #expect(found["good"]?.health == "up")
        #expect(try await server.ownMetric("varde_scrape_faults_total", "reason=\"store\"") > 0)
        // What Varde says of its targets and itself is beside the limit.
        #expect(try await server.ownMetric("varde_metrics_series") <= 20_100)
        let refused = try await server.post("/api/v1/import/prometheus", Array("other 1\n".utf8), type: "text/plain")
        #expect(refused.status == 503 && refused.text.contains("limits.series"), "\(refused)")
        #expect(server.stop() == 0)
    }
}
