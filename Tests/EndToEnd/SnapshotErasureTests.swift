import Foundation
import Testing

/// A person erased after snapshots were made is in none of them, and all else in them is as it was.
@Suite struct SnapshotErasureTests {
    /// Milliseconds from the request, or the last start, to each SIGKILL.
    private static let kills: [(isSealed: Bool, pauses: [Int])] = [(false, []), (false, [0, 20, 50, 90, 150]), (true, [10, 40, 100])]

    @Test(arguments: kills) func `An erasure reaches the snapshots made before, which are sound and can be brought back`(
        isSealed: Bool, pauses: [Int]
    ) async throws {
        let keys = FileManager.default.temporaryDirectory.appendingPathComponent("varde-keys-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: keys, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: keys) }
        let configuration = """
            collect: {host: {enabled: false}}
            server: {enable_admin_api: true}
            storage: {encryption: {enabled: \(isSealed), key_file: \(keys)/storage.key}}

            """
        let storage = ["--storage-key", keys + "/storage.key"]
        let server = try ServerProcess(configuration: configuration)
        try await server.start()
        let now = ServerProcess.now
        func push(_ range: Range<Int64>) async throws {
            let lines = range.map { i in
                (
                    nanoseconds: (now - 100_000 + i) * 1_000_000,
                    line: i % 10 == 3 ? "line \(i) fnr=02013299997" : "line \(i) fnr=30108299920"
                )
            }
            #expect(try await server.push(["app": "s"], lines).status == 204)
            for user in ["02013299997", "30108299920"] {
                let series = (
                    labels: ["__name__": "visits", "fnr": user], samples: [(timestamp: now - 50_000 + range.lowerBound, value: 1.0)]
                )
                #expect(try await server.remoteWrite([series]).status == 204)
            }
        }
        func snapshot() async throws -> String {
            let made = try await server.post("/api/v1/admin/tsdb/snapshot", Data(), type: "application/x-www-form-urlencoded")
            let name = try #require((made.json["data"] as? [String: Any])?["name"] as? String)
            return server.dataDirectory.path + "/snapshots/" + name
        }
        // One whose lines are in its log, one whose first lines are in segments.
        try await push(0..<200)
        let first = try await snapshot()
        #expect(server.stop() == 0)
        try await server.start()
        try await push(200..<300)
        let second = try await snapshot()
        func dump(_ path: String) async throws -> String {
            let dumped = try await server.run(["check", "data", path, "--dump"] + storage)
            #expect(dumped.status == 0, "\(dumped.errors)")
            return dumped.output
        }
        let token = try #require(try await dump(first).firstMatch(of: /line 3 fnr=(<FNR:k1:[a-z0-9]+>)/)?.output.1).description
        #expect(try await dump(second).contains(token))
        let erased = try await server.run(["subject", "erase", "--no-wait", "--reason", "r"], input: Data("02013299997\n".utf8))
        #expect(erased.status == 0, "\(erased.errors)")
        for pause in pauses {
            try await Task.sleep(for: .milliseconds(pause))
            server.killHard()
            try await server.start()
        }
        let id = erased.output.trimmingCharacters(in: .whitespacesAndNewlines)
        var answer = try await server.get("/api/v1/privacy/erasures/\(id)/receipt")
        for _ in 0..<300 where answer.status != 200 {
            try await Task.sleep(for: .milliseconds(100))
            answer = try await server.get("/api/v1/privacy/erasures/\(id)/receipt")
        }
        let said = answer.json
        #expect((said["copies_rewritten"] as? [String])?.count == 2 && said["lines"] as? Int == 30, "\(answer.text)")
        #expect(server.stop() == 0)
        for (path, count) in [(first, 180), (second, 270)] {
            let text = try await dump(path)
            #expect(!text.contains(token) && text.contains("line 4 "))
            let other = try ServerProcess(configuration: configuration)
            let restored = try await other.run(["restore", path, "--data-dir", other.dataDirectory.path] + storage)
            #expect(restored.status == 0, "\(restored.errors)")
            try await other.start()
            #expect(!other.log.contains("damage"))
            let streams = try await other.result(
                "/loki/api/v1/query_range", ["query": "{app=\"s\"}", "start": String((now - 200_000) * 1_000_000), "limit": "5000"])
            #expect(streams.reduce(0) { $0 + (($1["values"] as? [Any])?.count ?? 0) } == count)
            #expect(try await other.result("/api/v1/query", ["query": "last_over_time(visits[1h])"]).count == 1)
            #expect(other.stop() == 0)
        }
    }
}
