import Foundation
import TestSupport
import Testing
import VardeCompression

/// Planted personal data is nowhere: not in a file, not in what readers find in the files, not in the log, not in answers.
@Suite struct PlantedIdentifiersTests {
    /// Every file of the data directory as it is, and every text that readers find in them.
    private static func search(
        _ server: ServerProcess, _ cores: NeedleSearch, _ words: String
    ) async throws {
        let files = try FileManager.default.subpathsOfDirectory(atPath: server.dataDirectory.path)
        #expect(files.count > 3)
        for path in files {
            guard let data = FileManager.default.contents(atPath: server.dataDirectory.appendingPathComponent(path).path) else {
                continue
            }
            #expect(cores.found(in: data) == [], "\(words): \(path)")
        }
        let dump = try await ServerProcess.run(ServerProcess.binary, ["check", "data", "--dump", server.dataDirectory.path])
        #expect(dump.status == 0 && dump.output.contains("lookup done"), "\(dump.errors)")
        #expect(cores.found(in: Data(dump.output.utf8)) == [], "\(words): the dump")
    }

    @Test func `None of the planted identifiers is found anywhere`() async throws {
        let count = ProcessInfo.processInfo.environment["VARDE_CANARIES"].flatMap { Int($0) } ?? 1_500
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed), \(count) canaries")
        var canaries = PersonalDataCanaries(seed: seed)
        let planted = (0..<count).map { _ in canaries.next() }
        let server = try ServerProcess(configuration: "collect: {host: {enabled: false}}\n", arguments: ["--log-level", "debug"])
        try await server.start()
        let now = ServerProcess.now
        let cores = NeedleSearch(planted.map(\.core))
        // The search itself finds what is there.
        #expect(cores.found(in: Data("x\(planted[0].core)y".utf8)) == [planted[0].core])

        let batch = 100
        for first in stride(from: 0, to: count, by: batch) {
            let some = Array(planted[first..<min(first + batch, count)])
            let lines = some.enumerated().map {
                ((now - 10_000) * 1_000_000 + Int64(first + $0.offset), PlantedLine.text($0.element, form: first + $0.offset))
            }
            #expect(try await server.push(["app": "planted", "batch": "\(first)"], lines).status == 204)
            // A stream label, a metric label, a structured metadata value each.
            let one = some[0]
            #expect(try await server.push(["app": "planted", one.key: one.text], [(now * 1_000_000, "label")]).status == 204)
            #expect(
                try await server.remoteWrite([(["__name__": "planted_total", one.key: one.text], [(now, 1)])]).status == 204)
            let metadata: [String: Any] = [
                "streams": [["stream": ["app": "planted"], "values": [[String(now * 1_000_000 + 1), "metadata", [one.key: one.text]]]]]
            ]
            #expect(
                try await server.post(
                    "/loki/api/v1/push", try JSONSerialization.data(withJSONObject: metadata), type: "application/json"
                ).status == 204)
            // What is refused must not be told on either.
            let broken = "{\"streams\":[{\"stream\":{\"app\":\"\(one.text)\"},\"values\":[[\"\(one.text)\""
            let refused = try await server.post("/loki/api/v1/push", Array(broken.utf8), type: "application/json")
            #expect(refused.status == 400)
            #expect(cores.found(in: refused.body) == [])
            var nameless: [UInt8] = []
            Snappy.compress(Array(one.text.utf8).span, into: &nameless)
            #expect(cores.found(in: try await server.post("/api/v1/write", nameless, type: "application/x-protobuf").body) == [])
        }
        for path in ["/metrics", "/api/v1/status/tsdb", "/api/v1/status/config", "/loki/api/v1/labels", "/api/v1/labels"] {
            #expect(cores.found(in: try await server.get(path).body) == [], "\(path)")
        }
        let found = try await server.result("/loki/api/v1/query_range", ["query": #"{app="planted"}"#, "limit": "5000"])
        #expect(found.reduce(0) { $0 + (($1["values"] as? [Any])?.count ?? 0) } >= min(count, 5000))
        #expect(cores.found(in: try JSONSerialization.data(withJSONObject: found)) == [])
        server.killHard()

        try await Self.search(server, cores, "after the kill")
        // Once more after recovery and a stop, which write other files.
        try await server.start()
        #expect(server.stop() == 0)
        try await Self.search(server, cores, "after the stop")
        #expect(cores.found(in: Data(server.log.utf8)) == [], "the server's log")
    }

    /// Sends canaries by several ways over and over, until the server answers no more.
    private static func write(_ server: ServerProcess, _ planted: [PersonalDataCanaries.Canary], writer: Int) async {
        for round in 0..<1_000_000 {
            let now = ServerProcess.now
            func canary(_ offset: Int) -> PersonalDataCanaries.Canary { planted[(writer * 7 + round * 31 + offset) % planted.count] }
            let answer: ServerProcess.Answer?
            switch (writer + round) % 4 {
            case 0:
                let lines = (0..<50).map { (now * 1_000_000 + Int64($0), PlantedLine.text(canary($0), form: $0)) }
                answer = try? await server.push(["app": "planted", "writer": "\(writer)", canary(50).key: canary(50).text], lines)
            case 1:
                let records = (0..<20).map { PlantedRecord.json(canary($0), canary($0 + 20), canary($0 + 40), at: now) }
                answer = try? await server.post("/v1/logs", Array(PlantedRecord.request(records).utf8), type: "application/json")
            case 2:
                answer = try? await server.remoteWrite(
                    (0..<50).map { (["__name__": "planted_total", canary($0).key: canary($0).text], [(now, Double(round))]) })
            default:
                let lines = (0..<50).map { PlantedLine.text(canary($0), form: $0) }.joined(separator: "\n")
                answer = try? await server.post("/api/v1/logs/lines?app=planted", Array(lines.utf8), type: "text/plain")
            }
            guard let answer else { return }
            #expect(answer.status < 300, "\(answer.text)")
        }
    }

    @Test func `None is found on disk after kills at random moments while they are written, nor after recovery`() async throws {
        let rounds = ProcessInfo.processInfo.environment["VARDE_KILLS"].flatMap { Int($0) } ?? 4
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed), \(rounds) kills")
        var random = SeededGenerator(seed: seed)
        var canaries = PersonalDataCanaries(seed: seed)
        let planted = (0..<2_000).map { _ in canaries.next() }
        let cores = NeedleSearch(planted.flatMap(PlantedRecord.spellings))
        let server = try ServerProcess(configuration: "collect: {host: {enabled: false}}\n", arguments: ["--log-level", "debug"])
        for round in 0..<rounds {
            try await server.start()
            let pause = Int.random(in: 50...1_500, using: &random)
            await withTaskGroup { group in
                for writer in 0..<3 { group.addTask { await Self.write(server, planted, writer: writer + round) } }
                group.addTask {
                    try? await Task.sleep(for: .milliseconds(pause))
                    server.killHard()
                }
            }
            try await Self.search(server, cores, "after kill \(round), \(pause) ms into the writes")
        }
        try await server.start()
        #expect(server.stop() == 0)
        try await Self.search(server, cores, "after recovery")
        #expect(cores.found(in: Data(server.log.utf8)) == [], "the server's log")
    }
}
