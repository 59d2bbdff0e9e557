import Foundation
import TestSupport
import Testing

/// Lines that are accepted go on to other stores: whole, once, through outages and kills.
@Suite struct LokiWriteTests {
    private static func sender(to url: String, options: String = "") throws -> ServerProcess {
        try ServerProcess(
            configuration: """
                global: {external_labels: {site: oslo-1}}
                collect: {host: {enabled: false}}
                loki_write:
                  - url: \(url)
                    name: other
                    queue_config: {batch_wait: 100ms, batch_size: 4KB, min_backoff: 50ms, max_backoff: 200ms}
                \(options.split(separator: "\n").map { "    \($0)\n" }.joined())
                """)
    }

    private static func receiver() async throws -> ServerProcess {
        let receiver = try ServerProcess(configuration: "collect: {host: {enabled: false}}\n")
        try await receiver.start()
        return receiver
    }

    /// Pushes rounds of 40 lines over four streams; the lines that were acknowledged, by stream and time.
    private static func feed(_ server: ServerProcess, start: Int64, rounds: Range<Int>, into all: inout [String: String]) async throws {
        for round in rounds {
            var streams: [[String: Any]] = []
            for number in 0..<4 {
                let values = (0..<10).map { line -> [Any] in
                    let time = "\((start + Int64(round * 10 + line)) * 1_000_000)"
                    let text = "round \(round) line \(line) of stream \(number) \(String(repeating: "x", count: 40))"
                    all["\(number) \(time)"] = text
                    return [time, text, ["trace": "t\(line)"]]
                }
                streams.append(["stream": ["app": "fwd", "n": "\(number)"], "values": values])
            }
            let body = try JSONSerialization.data(withJSONObject: ["streams": streams])
            let answer = try await server.post("/loki/api/v1/push", body, type: "application/json")
            guard answer.status == 204 else { throw ServerProcess.Failure(description: answer.text) }
        }
    }

    /// Lines a server has, by stream and time, and how many there are.
    private static func stored(
        _ server: ServerProcess, start: Int64
    ) async throws -> (lines: [String: String], count: Int, site: Set<String>) {
        let query = "{app=\"fwd\"}".addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let range = "start=\(start * 1_000_000)&end=\((start + 3_600_000) * 1_000_000)&limit=5000&direction=forward"
        let answer = try await server.get("/loki/api/v1/query_range?query=\(query)&\(range)")
        let result = (answer.json["data"] as? [String: Any])?["result"] as? [[String: Any]] ?? []
        var lines: [String: String] = [:]
        var count = 0
        var site: Set<String> = []
        for one in result {
            let labels = one["stream"] as? [String: String] ?? [:]
            if labels["trace"] != nil { site.insert(labels["site"] ?? "") }
            for value in one["values"] as? [[Any]] ?? [] {
                lines["\(labels["n"] ?? "") \(value[0])"] = value[1] as? String
                count += 1
            }
        }
        return (lines, count, site)
    }

    private static func expect(_ expected: [String: String], in server: ServerProcess, start: Int64) async throws {
        var found: (lines: [String: String], count: Int, site: Set<String>) = ([:], 0, [])
        for _ in 0..<200 {
            found = (try? await stored(server, start: start)) ?? found
            if found.count >= expected.count { break }
            try await Task.sleep(for: .milliseconds(200))
        }
        #expect(found.count == expected.count, "\(expected.count) lines were sent, \(found.count) are there")
        #expect(found.lines == expected)
        #expect(found.site == ["oslo-1"])
    }

    @Test func `Another Varde has what this one has, relabelled, redacted, with structured metadata`() async throws {
        let receiver = try await Self.receiver()
        let server = try Self.sender(
            to: receiver.address + "/loki/api/v1/push",
            options: "tenant_id: team\nrelabel_configs:\n  - {source_labels: [level], regex: debug, action: drop}\n")
        try await server.start()
        let start = ServerProcess.now - 600_000
        var expected: [String: String] = [:]
        try await Self.feed(server, start: start, rounds: 0..<20, into: &expected)
        let push = { (labels: String, line: String) in
            try await server.post(
                "/loki/api/v1/push", Array(#"{"streams":[{"stream":\#(labels),"values":[["\#(start * 1_000_000)","\#(line)"]]}]}"#.utf8),
                type: "application/json")
        }
        #expect(try await push(#"{"app":"x","level":"debug"}"#, "not wanted").status == 204)
        #expect(try await push(#"{"app":"x"}"#, "from kari.nordmann@example.no").status == 204)
        try await Self.expect(expected, in: receiver, start: start)
        let found = try await SyslogListenerTests.lines(receiver, "{app=\"x\"}", count: 1)
        #expect(found.count == 1 && found[0].line.hasPrefix("from <EMAIL:"))
        // Figures are noted once a second.
        for _ in 0..<100 where try await server.ownMetric("varde_loki_write_lines_dropped_total", "relabelled") == 0 {
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(try await server.ownMetric("varde_loki_write_lines_dropped_total", "relabelled") == 1)
        #expect(try await server.ownMetric("varde_loki_write_lines_failed_total") == 0)
        #expect(try await server.ownMetric("varde_loki_write_lines_total") == Double(expected.count + 1))
        #expect(server.stop() == 0)
    }

    @Test func `A receiver that was down has everything afterwards, though the sender was stopped and killed meanwhile`() async throws {
        let receiver = try await Self.receiver()
        let server = try Self.sender(to: receiver.address + "/loki/api/v1/push")
        try await server.start()
        let start = ServerProcess.now - 600_000
        var expected: [String: String] = [:]
        try await Self.feed(server, start: start, rounds: 0..<5, into: &expected)
        receiver.killHard()
        try await Self.feed(server, start: start, rounds: 5..<40, into: &expected)
        for _ in 0..<100 where try await server.ownMetric("varde_loki_write_lines_retried_total") == 0 {
            try await Task.sleep(for: .milliseconds(100))
        }
        // A clean stop cuts all lines to segments: what was not sent stays in the write-ahead log all the same.
        #expect(server.stop() == 0)
        try await server.start()
        try await Self.feed(server, start: start, rounds: 40..<50, into: &expected)
        server.killHard()
        try await server.start()
        try await receiver.start()
        try await Self.feed(server, start: start, rounds: 50..<60, into: &expected)
        try await Self.expect(expected, in: receiver, start: start)
        #expect(try await server.ownMetric("varde_loki_write_lines_failed_total") == 0)
        // What was sent is not kept any longer.
        for _ in 0..<200 where try await server.ownMetric("varde_loki_write_backlog_bytes") > 0 {
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(try await server.ownMetric("varde_loki_write_backlog_bytes") == 0)
    }

    @Test func `A sender that is killed again and again loses and doubles nothing`() async throws {
        let receiver = try await Self.receiver()
        let server = try Self.sender(to: receiver.address + "/loki/api/v1/push")
        var generator = SeededGenerator(seed: 7)
        let start = ServerProcess.now - 600_000
        var expected: [String: String] = [:]
        var round = 0
        for _ in 0..<5 {
            try await server.start()
            let next = round + Int.random(in: 5...15, using: &generator)
            try await Self.feed(server, start: start, rounds: round..<next, into: &expected)
            round = next
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...250, using: &generator)))
            server.killHard()
        }
        try await server.start()
        try await Self.expect(expected, in: receiver, start: start)
    }

    @Test func `A network nobody declared gets nothing, and the residency report names who is sent to`() async throws {
        let server = try Self.sender(to: "http://192.0.2.7:3100/loki/api/v1/push")
        try await server.start()
        var expected: [String: String] = [:]
        try await Self.feed(server, start: ServerProcess.now - 600_000, rounds: 0..<2, into: &expected)
        for _ in 0..<100 where try await server.ownMetric("varde_egress_refused_connections_total") == 0 {
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(try await server.ownMetric("varde_egress_refused_connections_total") > 0)
        #expect(try await server.ownMetric("varde_loki_write_lines_total") == 0)
        #expect(server.log.contains("in no declared network"))
        #expect(try await server.run(["report", "residency"]).output.contains("192.0.2.7"))
    }
}
