import Foundation
import Testing
import VardeCompression

/// Exemplars are data as samples are: what was acknowledged outlives a SIGKILL, and what was erased is nowhere.
@Suite struct ExemplarSurvivalTests {
    private static func send(_ server: ServerProcess, _ bodies: [[UInt8]]) async throws -> Int {
        let plain = bodies.flatMap { $0 }
        var packed: [UInt8] = []
        Snappy.compress(plain.span, into: &packed)
        return try await server.post(
            "/api/v1/write", packed, type: "application/x-protobuf", headers: ["Content-Encoding": "snappy"]
        ).status
    }

    /// Values of a label of all exemplars.
    private static func found(_ server: ServerProcess, _ label: String, of series: String) async throws -> [String] {
        let start = Double(ServerProcess.now) / 1000 - 7_200
        let query = series.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let answer = try await server.get("/api/v1/query_exemplars?query=\(query)&start=\(start)&end=\(start + 14_400)")
        guard answer.status == 200 else { throw ServerProcess.Failure(description: answer.text) }
        return (answer.json["data"] as? [[String: Any]] ?? []).flatMap { series in
            (series["exemplars"] as? [[String: Any]] ?? []).compactMap { ($0["labels"] as? [String: String])?[label] }
        }
    }

    @Test(arguments: [false, true])
    func `Exemplars sent and acknowledged are there after a SIGKILL, once`(_ isSealed: Bool) async throws {
        let server = try ServerProcess(
            configuration: "collect: {host: {enabled: false}}\nstorage: {encryption: {enabled: \(isSealed)}}\n")
        let start = ServerProcess.now - 600_000
        var expected: Set<String> = []
        for round in 0..<4 {
            try await server.start()
            for request in 0..<8 {
                let traces = (0..<5).map { "r\(round)q\(request)n\($0)" }
                let bodies = traces.enumerated().map {
                    RemoteWriteBodies.exemplar(
                        name: "hits_total", labels: ["n": "\($0.offset)"], trace: $0.element, value: 1,
                        at: start + Int64(round * 1_000 + request))
                }
                let status = try await Self.send(server, bodies)
                #expect(status == 204)
                expected.formUnion(traces)
            }
            server.killHard()
        }
        #expect(expected.count == 160)
        try await server.start()
        let found = try await Self.found(server, "trace_id", of: "hits_total")
        #expect(expected.subtracting(found).isEmpty, "\(expected.subtracting(found).sorted()) are lost")
        #expect(found.count == Set(found).count)
        #expect(server.stop() == 0)
    }

    @Test func `Exemplars that were scraped are there after a SIGKILL`() async throws {
        let body = "# TYPE hits counter\nhits_total 5 # {trace_id=\"abc\"} 1.5\n# EOF\n"
        let target = try FixedBodies(["/metrics": (type: "application/openmetrics-text; version=1.0.0", body: Data(body.utf8))])
        defer { target.stop() }
        let server = try ServerProcess(
            configuration: """
                collect: {host: {enabled: false}}
                scrape_configs:
                  - job_name: app
                    scrape_interval: 1s
                    static_configs: [{targets: ["127.0.0.1:\(target.port)"]}]
                """)
        try await server.start()
        let isTaken = try await ServerProcess.wait {
            try await server.ownMetric("varde_ingested_samples_total", "protocol=\"scrape\"") > 0
        }
        #expect(isTaken)
        // The same one with every scrape, under no time of its own, is one.
        for _ in 0..<300 where try await server.ownMetric("varde_scraped_exemplars_total") < 3 {
            try await Task.sleep(for: .milliseconds(100))
        }
        server.killHard()
        target.stop()
        try await server.start()
        let found = try await Self.found(server, "trace_id", of: "hits_total")
        #expect(found == ["abc"])
        #expect(server.stop() == 0)
    }

    private static func send(_ user: String, at time: Int64, to server: ServerProcess) async throws {
        let exemplar = RemoteWriteBodies.exemplar(
            name: "logins_total", labels: ["job": "app"], label: "user", trace: user, value: 1, at: time)
        let written = try await server.remoteWrite([(["__name__": "logins_total", "job": "app"], [(time, 1)])])
        let status = try await send(server, [exemplar])
        #expect(written.status == 204 && status == 204)
    }

    /// Every text of a data directory.
    private static func dump(_ server: ServerProcess) async throws -> String {
        try await ServerProcess.run(ServerProcess.binary, ["check", "data", "--dump", server.dataDirectory.path]).output
    }

    @Test func `Exemplars of a person that wait to be sent on are erased with the others`() async throws {
        let receiver = try ScriptedReceiver { _, _ in .init(status: 503) }
        defer { receiver.stop() }
        let server = try ServerProcess(
            configuration: """
                collect: {host: {enabled: false}}
                remote_write: [{url: "\(receiver.url)", send_exemplars: true}]
                """)
        try await server.start()
        let now = ServerProcess.now
        try await Self.send("kari.nordmann@example.no", at: now - 3_000, to: server)
        let first = try await Self.found(server, "user", of: "logins_total")
        let token = try #require(first.first)
        try await Self.send("ola.nordmann@example.no", at: now - 2_000, to: server)
        let both = try await Self.found(server, "user", of: "logins_total")
        let other = try #require(both.last)
        #expect(token != other && token.contains("EMAIL"))
        #expect(server.stop() == 0)
        // In the exemplars' own log, and in the metrics' for the receiver.
        #expect(try await Self.dump(server).components(separatedBy: token).count - 1 >= 2)
        try await server.start()
        let erased = try await server.run(["subject", "erase", "--reason", "request"], input: Data("kari.nordmann@example.no\n".utf8))
        #expect(erased.status == 0, "\(erased.errors)")
        #expect(try await Self.found(server, "user", of: "logins_total") == [other])
        #expect(server.stop() == 0)
        let texts = try await Self.dump(server)
        #expect(!texts.contains(token) && texts.contains(other))
        for path in try FileManager.default.subpathsOfDirectory(atPath: server.dataDirectory.path) {
            let data = FileManager.default.contents(atPath: server.dataDirectory.appendingPathComponent(path).path) ?? Data()
            #expect(data.range(of: Data(token.utf8)) == nil, "\(path) holds what was erased")
        }
    }
}
