import Foundation
import TestSupport
import Testing
import VardeCompression
import VardeWire

/// Every way lines come in over HTTP, as other people's programs send them.
@Suite struct LogIntakeTests {
    private static let now = Int64(Date().timeIntervalSince1970) * 1_000_000_000

    /// Lines of a selector with the labels of their stream, oldest first.
    static func lines(_ server: ServerProcess, _ query: String) async throws -> [(labels: [String: String], line: String)] {
        let plain = CharacterSet.alphanumerics
        let answer = try await server.get(
            "/loki/api/v1/query_range?since=30d&limit=1000&direction=forward&query=\(query.addingPercentEncoding(withAllowedCharacters: plain) ?? "")"
        )
        #expect(answer.status == 200, "\(answer.text)")
        let result = (answer.json["data"] as? [String: Any])?["result"] as? [[String: Any]] ?? []
        let all = result.flatMap { stream -> [(String, [String: String], String)] in
            let labels = stream["stream"] as? [String: String] ?? [:]
            return (stream["values"] as? [[Any]] ?? []).map { (($0[0] as? String) ?? "", labels, ($0[1] as? String) ?? "") }
        }
        return all.sorted { $0.0 < $1.0 }.map { ($0.1, $0.2) }
    }

    @Test func `Loki's push is read in every encoding, with or without an organisation`() async throws {
        let server = try ServerProcess()
        try await server.start()
        func json(_ line: String) -> [UInt8] {
            Array(
                "{\"streams\":[{\"stream\":{\"app\":\"p\"},\"values\":[[\"\(Self.now)\",\"\(line)\",{\"user\":\"kari@example.no\"}]]}]}"
                    .utf8)
        }
        var packed: [UInt8] = []
        let path = "/loki/api/v1/push"
        #expect(try await server.post(path, json("plain"), type: "application/json", headers: ["X-Scope-OrgID": "team"]).status == 204)
        Deflate.compress(json("gzip").span, as: .gzip, into: &packed)
        #expect(try await server.post(path, packed, type: "application/json", headers: ["Content-Encoding": "gzip"]).status == 204)
        for container in [Deflate.Container.zlib, .raw] {
            Deflate.compress(json("deflate \(container)").span, as: container, into: &packed)
            #expect(try await server.post(path, packed, type: "application/json", headers: ["Content-Encoding": "deflate"]).status == 204)
        }
        Zstd.compress(json("zstd").span, level: 1, into: &packed)
        #expect(try await server.post(path, packed, type: "application/json", headers: ["Content-Encoding": "zstd"]).status == 204)
        let found = try await Self.lines(server, "{app=\"p\"}")
        #expect(found.map(\.line).sorted() == ["deflate raw", "deflate zlib", "gzip", "plain", "zstd"])
        #expect(found.allSatisfy { $0.labels["user"]?.hasPrefix("<EMAIL:") == true })
        #expect(try await server.post(path, Array("{".utf8), type: "application/json").status == 400)
        #expect(try await server.post(path, Array("x".utf8), type: "application/json", headers: ["Content-Encoding": "zstd"]).status == 400)
        #expect(server.stop() == 0)
    }

    @Test func `OTLP logs come in by both paths and encodings, and say what was rejected`() async throws {
        let server = try ServerProcess()
        try await server.start()
        func json(_ time: Int64, _ line: String) -> String {
            """
            {"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeLogs":[{"logRecords":[
            {"timeUnixNano":"\(time)","severityText":"ERROR","body":{"stringValue":"\(line)"},"attributes":[{"key":"http.status","value":{"intValue":"500"}}]}]}]}]}
            """
        }
        var answer = try await server.post("/v1/logs", Array(json(Self.now, "first").utf8), type: "application/json")
        #expect(answer.status == 200 && answer.text == "{}")
        var packed: [UInt8] = []
        Deflate.compress(Array(json(Self.now, "second").utf8).span, as: .gzip, into: &packed)
        answer = try await server.post("/otlp/v1/logs", packed, type: "application/json", headers: ["Content-Encoding": "gzip"])
        #expect(answer.status == 200)
        answer = try await server.post("/v1/logs", Array(json(Self.now + 7_200_000_000_000, "tomorrow").utf8), type: "application/json")
        let partial = answer.json["partialSuccess"] as? [String: Any]
        #expect(answer.status == 200 && partial?["rejectedLogRecords"] as? String == "1")
        #expect((partial?["errorMessage"] as? String)?.contains("timestamp too new") == true)
        // LogRecord { time_unix_nano, body { string_value } } in ScopeLogs in ResourceLogs.
        var (record, value, body, time): ([UInt8], [UInt8], [UInt8], [UInt8]) = ([], [], [], [])
        ProtobufWriter.string(1, "third", to: &value)
        withUnsafeBytes(of: UInt64(Self.now).littleEndian) { time = Array($0) }
        record = [0x09] + time
        ProtobufWriter.bytes(5, value, to: &record)
        for field: UInt64 in [2, 2, 1] {
            body = []
            ProtobufWriter.bytes(field, record, to: &body)
            record = body
        }
        answer = try await server.post("/v1/logs", body, type: "application/x-protobuf")
        #expect(answer.status == 200 && answer.body.isEmpty)
        answer = try await server.post("/v1/logs", [0xFF], type: "application/x-protobuf")
        #expect(answer.status == 400)
        #expect(try await server.post("/v1/logs", Array("{}".utf8), type: "text/plain").status == 415)
        let found = try await Self.lines(server, "{service_name=\"shop\"} | severity_text=\"ERROR\" | http_status=\"500\"")
        #expect(found.map(\.line).sorted() == ["first", "second"])
        #expect(try await Self.lines(server, "{service_name=\"unknown_service\"}").map(\.line) == ["third"])
        #expect(server.stop() == 0)
    }

    @Test func `NDJSON has time, message and labels where it is told they are`() async throws {
        let server = try ServerProcess(configuration: "logs: {fields: {message: [text]}}\n")
        try await server.start()
        let time = Self.now / 1_000_000_000
        let body = "{\"ts\":\(time),\"text\":\"hei\",\"user\":{\"id\":7}}\n\n{\"ts\":\(time),\"other\":1}\r\n"
        #expect(try await server.post("/api/v1/logs/lines?app=j", Array(body.utf8), type: "application/x-ndjson").status == 204)
        let found = try await Self.lines(server, "{app=\"j\"}")
        #expect(found.map(\.line).sorted() == ["hei", "{\"ts\":\(time),\"other\":1}"])
        #expect(found.contains { $0.labels["user_id"] == "7" })
        let own = "{\"when\":\(time),\"what\":\"who\",\"svc\":\"x\"}"
        let target = "/api/v1/logs/lines?_time_field=when&_message_field=what&_label_fields=svc"
        #expect(try await server.post(target, Array(own.utf8), type: "application/json").status == 204)
        #expect(try await Self.lines(server, "{svc=\"x\"}").map(\.line) == ["who"])
        let bad = try await server.post("/api/v1/logs/lines?app=j", Array("{}\n{x".utf8), type: "application/x-ndjson")
        #expect(bad.status == 400 && bad.text.contains("line 2"))
        #expect(server.stop() == 0)
    }

    @Test func `Elasticsearch's bulk takes each document for itself`() async throws {
        let server = try ServerProcess()
        try await server.start()
        let hello = try await server.get("/", headers: ["User-Agent": "Elastic-filebeat/8.17.0 (linux; amd64)"])
        #expect((hello.json["version"] as? [String: Any])?["number"] as? String != nil)
        for path in ["/_license", "/_cluster/health", "/_ilm/policy/filebeat", "/_index_template/filebeat", "/elasticsearch/_license"] {
            #expect(try await server.get(path).status == 200, "\(path)")
        }
        let future = "2199-01-01T00:00:00Z"
        let body = """
            {"create":{"_index":"logs-a"}}
            {"message":"one","host":{"name":"h"},"log":{"level":"warn"}}
            {"index":{"_index":"logs-a","_id":"7"}}
            {"message":"late","@timestamp":"\(future)"}
            {"create":{}}
            {"message":"from kari@example.no"}
            {"create":{}}
            no json
            {"delete":{"_id":"1"}}

            """
        let answer = try await server.post("/logs-b/_bulk?pipeline=x&team=ops", Array(body.utf8), type: "application/x-ndjson")
        #expect(answer.status == 200 && answer.json["errors"] as? Bool == true, "\(answer.text)")
        let items = answer.json["items"] as? [[String: [String: Any]]] ?? []
        #expect(items.map { $0.values.first?["status"] as? Int } == [201, 400, 201, 400, 400])
        let found = try await Self.lines(server, "{team=\"ops\"}")
        #expect(found.first { $0.line == "one" }?.labels["host_name"] == "h")
        #expect(found.first { $0.line == "one" }?.labels["log_level"] == "warn")
        #expect(found.first { $0.labels["index"] == "logs-b" }?.line.hasPrefix("from <EMAIL:") == true)
        #expect(found.count == 2)
        #expect(try await server.post("/_bulk", Array("{\"create\":{}}\n".utf8), type: "application/x-ndjson").status == 400)
        #expect(server.stop() == 0)
    }

    @Test func `What is beyond a limit is refused in Loki's words and the rest is taken`() async throws {
        let server = try ServerProcess(
            configuration:
                "logs: {max_line_size: 1KB, per_stream_rate_limit: 1KB, per_stream_rate_limit_burst: 2KB, reject_old_samples_max_age: 1h, max_streams: 2}\n"
        )
        try await server.start()
        func push(_ app: String, _ lines: [String], at time: Int64 = Self.now) async throws -> ServerProcess.Answer {
            let values = lines.enumerated().map { "[\"\(time + Int64($0))\",\"\($1)\"]" }.joined(separator: ",")
            let body = "{\"streams\":[{\"stream\":{\"app\":\"\(app)\"},\"values\":[\(values)]}]}"
            return try await server.post("/loki/api/v1/push", Array(body.utf8), type: "application/json")
        }
        var answer = try await push("a", ["short", String(repeating: "x", count: 1_200), "also"])
        #expect(
            answer.status == 400 && answer.text.contains("max entry size '1024' bytes exceeded for stream '{app=\"a\"}'"), "\(answer.text)")
        #expect(try await Self.lines(server, "{app=\"a\"}").map(\.line) == ["short", "also"])
        answer = try await push("a", ["old"], at: Self.now - 7_200_000_000_000)
        #expect(answer.status == 400 && answer.text.contains("timestamp too old"))
        answer = try await push("a", ["new"], at: Self.now + 7_200_000_000_000)
        #expect(answer.status == 400 && answer.text.contains("timestamp too new"))
        answer = try await push("b", (0..<3).map { "\($0)" + String(repeating: "y", count: 800) })
        #expect(answer.status == 429 && answer.text.contains("Per stream rate limit exceeded"), "\(answer.text)")
        answer = try await push("b", ["fits"])
        #expect(answer.status == 204)
        answer = try await push("c", ["third"])
        #expect(answer.status == 429 && answer.text.contains("maximum active stream limit exceeded"))
        #expect(try await server.get("/metrics").text.contains("varde_refused_lines_total{reason=\"line_too_long\"} 1"))
        #expect(server.stop() == 0)
        let slow = try ServerProcess(
            configuration: "logs: {ingestion_rate: 1KB, ingestion_burst: 1KB, max_line_size: 100, max_line_size_truncate: true}\n")
        try await slow.start()
        let line = Array((String(repeating: "å", count: 80) + "\n").utf8)
        #expect(try await slow.post("/api/v1/logs/lines?app=s", line, type: "text/plain").status == 204)
        #expect(try await Self.lines(slow, "{app=\"s\"}").map(\.line) == [String(repeating: "å", count: 50) + "…<TRUNCATED>"])
        let much = try await slow.post("/api/v1/logs/lines?app=s", Array(repeatElement(line, count: 10).joined()), type: "text/plain")
        #expect(much.status == 429 && much.text.contains("ingestion rate limit exceeded"))
        #expect(slow.stop() == 0)
    }
}
