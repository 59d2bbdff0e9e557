import Foundation
import TestSupport
import Testing

/// Python packages that people have talk to Varde, unchanged.
@Suite(.enabled(if: PythonClients.interpreter != nil, "Python's clients are not installed here: Tests/EndToEnd/python.sh"))
struct PythonClientTests {
    private static let configuration = "collect: {host: {enabled: false}}\nscrape_configs: []\n"

    /// What a part of clients.py saw.
    private func run(_ part: String, _ server: ServerProcess) async throws -> Any {
        let python = try #require(PythonClients.interpreter)
        let script = try #require(PythonClients.script("clients.py"))
        let answer = try await ServerProcess.run(python, [script.path, server.address, part])
        #expect(answer.status == 0, "\(part): \(answer.errors)")
        let line = answer.output.split(separator: "\n").last.map(String.init) ?? ""
        return try JSONSerialization.jsonObject(with: Data(line.utf8))
    }

    @Test func `python-logging-loki's lines arrive, redacted`() async throws {
        let server = try ServerProcess(configuration: Self.configuration)
        try await server.start()
        let streams = try #require(try await run("logging-loki", server) as? [[String: Any]])
        let stream = try #require(streams.first)
        #expect(streams.count == 1)
        let labels = try #require(stream["labels"] as? [String: String])
        #expect(labels["application"] == "pyapp" && labels["service"] == "orders" && labels["severity"] == "info")
        let lines = try #require(stream["lines"] as? [String])
        #expect(lines.count == 5)
        #expect(lines.allSatisfy { $0.hasPrefix("order ") && !$0.contains("kari") })
    }

    @Test func `The OpenTelemetry SDK exports metrics and logs`() async throws {
        let server = try ServerProcess(configuration: Self.configuration)
        try await server.start()
        let seen = try #require(try await run("opentelemetry", server) as? [String: Any])
        #expect(seen["flushed"] as? Bool == true)
        #expect(seen["items"] as? [String] == ["20"])
        #expect(seen["count"] as? [String] == ["20"])
        let sum = try #require((seen["sum"] as? [String])?.first.flatMap(Double.init))
        #expect(abs(sum - 19) < 1e-9)
        #expect(seen["info"] as? [String] == ["1"])
        let lines = try #require(seen["lines"] as? [String])
        #expect(lines.count == 3)
        #expect(lines.allSatisfy { $0.hasPrefix("paid ") && !$0.contains("kari") })
    }

    @Test func `prometheus-api-client and promql-parser find a Prometheus`() async throws {
        let server = try ServerProcess(configuration: Self.configuration)
        try await server.start()
        let end = ServerProcess.now / 1000 * 1000
        let samples = (0..<20).map { (timestamp: end - 285_000 + Int64($0) * 15_000, value: Double($0) * 1.5) }
        let series = ["a", "b"].map { (["__name__": "asked_total", "job": $0], samples) }
        #expect(try await server.remoteWrite(series).status == 204)
        let seen = try #require(try await run("api-client", server) as? [String: Any])
        #expect(seen["connects"] as? Bool == true)
        #expect((seen["metrics"] as? [String])?.contains("asked_total") == true)
        #expect((seen["jobs"] as? [String])?.sorted() == ["a", "b"])
        #expect(seen["now"] as? [String] == ["57"])
        #expect(seen["current"] as? Int == 1)
        #expect((seen["steps"] as? [Int])?.count == 2)
        #expect(seen["objects"] as? Int == 2)
        #expect(seen["samples"] as? Int == 40)
        let parsed = try #require(try await run("promql-parser", server) as? [String: Any])
        #expect(parsed["asked"] as? Int ?? 0 > 30)
        #expect(parsed["different"] as? [String] == [])
    }

    /// Left out: searches and the stream of notifications, which Varde does not have, and two calls that Prometheus answers with 204
    /// and nothing, against its own description.
    @Test(.enabled(if: ConformanceFolder.isPresent, "conformance folder absent"))
    func `schemathesis finds nothing that departs from Prometheus' API description`() async throws {
        let server = try ServerProcess(configuration: "server: {enable_admin_api: true}\n" + Self.configuration)
        try await server.start()
        let tool = try #require(PythonClients.interpreter).deletingLastPathComponent().appendingPathComponent("schemathesis")
        let description = try #require(ConformanceFolder.url).appendingPathComponent("api/prometheus-openapi.yaml")
        let answer = try await ServerProcess.run(
            tool,
            [
                "run", description.path, "--url", server.address + "/api/v1", "--checks",
                "status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance", "--phases",
                "examples,coverage,fuzzing", "--max-examples", "10", "--seed", "7", "--workers", "2", "--max-time", "40", "--warnings",
                "off",
                "--exclude-path-regex", "^/(search|notifications/live|admin/tsdb/(delete_series|clean_tombstones))", "--no-color",
            ], in: server.folder)
        #expect(answer.status == 0, "\(answer.output.suffix(6_000)) \(answer.errors)")
        print(answer.output.split(separator: "\n").suffix(4).joined(separator: "\n"))
        #expect(server.process?.isRunning == true)
    }
}

/// Where `make test` put Python's clients.
enum PythonClients {
    static let interpreter: URL? = {
        guard let folder = ProcessInfo.processInfo.environment["VARDE_PEERS"] else { return nil }
        let python = URL(fileURLWithPath: folder).appendingPathComponent("python/bin/python")
        return FileManager.default.isExecutableFile(atPath: python.path) ? python : nil
    }()

    /// A script beside the tests.
    static func script(_ name: String, _ file: String = #filePath) -> URL? {
        let url = URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent(name)
        return FileManager.default.fileExists(atPath: url.path) ? url : nil
    }
}
