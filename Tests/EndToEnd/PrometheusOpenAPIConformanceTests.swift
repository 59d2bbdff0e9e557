import Foundation
import TestSupport
import Testing
import VardeCompression
import VardeModel
import VardeWire
import Yams

/// Every endpoint of Prometheus' API description is asked, rightly and wrongly, and its answers held against the description.
@Suite(.enabled(if: ConformanceFolder.isPresent, "conformance folder absent"))
struct PrometheusOpenAPIConformanceTests {
    /// Requests of each path: query strings. The first ones are answered 200, those with `!` in front with an error.
    private static let requests: [String: [String]] = [
        "/query": [
            // No text: for these the description wants a text as time, and Prometheus sends a number.
            "query=up", "query=up[10m]", "query=time()", "query=hist", "query=hist[10m]", "query=up&stats=all",
            "query=up&limit=1", "query=rate(gauge[5m])", "query=nothing_like_it", "!query=up%7B", "!query=up&time=x", "!query=up&timeout=x",
            "!",
        ],
        "/query_range": [
            "query=up&start=START&end=END&step=15", "query=hist&start=START&end=END&step=30s", "query=1&start=START&end=END&step=60",
            "!query=up&start=START&end=END&step=0", "!query=up&start=x&end=END&step=5", "!query=up[5m]&start=START&end=END&step=5",
        ],
        "/query_exemplars": ["query=up", "query=1", "query=up&start=START&end=END", "!query=up%7B", "!query=up&start=2&end=1"],
        "/format_query": ["query=up%20%2F%20up", "!query=", "!query=sum("],
        "/parse_query": [
            "query=sum%20by%20(job)%20(rate(up%5B5m%5D%20offset%201m))", "query=up%20%2Bon()%20group_left(a)%20up", "!query=sum(",
        ],
        "/labels": ["", "match[]=up", "limit=1", "start=START&end=END", "!match[]=%7B%7D", "!limit=x", "!start=x"],
        "/label/{name}/values": ["", "match[]=up&limit=1", "!limit=-1", "!match[]=%7Ba%3D%22%22%7D"],
        "/series": ["match[]=up", "match[]=up&match[]=hist&limit=1", "!", "!match[]=up%7B"],
        "/metadata": ["", "limit=1", "metric=up", "limit_per_metric=1", "!limit=x"],
        "/scrape_pools": [""],
        "/scrape_pools/config": ["scrapePool=self", "!", "!scrapePool=none"],
        "/targets": ["", "state=active", "state=dropped", "scrapePool=self"],
        "/targets/metadata": [
            "", "limit=1", "metric=varde_build_info", "match_target=%7Bjob%3D%22self%22%7D", "!limit=x", "!match_target=%7B",
        ],
        "/targets/relabel_steps": [
            "scrapePool=self&labels=%7B%22__address__%22%3A%22a%3A1%22%7D", "!scrapePool=self", "!labels=%7B%7D",
            "!scrapePool=self&labels=x",
        ],
        "/rules": ["", "type=alert", "exclude_alerts=true", "group_limit=5", "!type=x", "!group_limit=0", "!group_next_token=x"],
        "/alerts": [""],
        "/alertmanagers": [""],
        "/status/config": [""],
        "/status/runtimeinfo": [""],
        "/status/buildinfo": [""],
        "/status/flags": [""],
        "/status/tsdb": ["", "limit=2", "!limit=0", "!limit=10001"],
        "/status/tsdb/blocks": [""],
        "/status/walreplay": [""],
        "/status/self_metrics": ["", "metric_name_pattern=varde_build.*", "!metric_name_pattern=("],
        "/notifications": [""],
        "/features": [""],
        "/search/metric_names": ["!"],
        "/search/label_names": ["!"],
        "/search/label_values": ["!label=job"],
    ]

    /// Paths that take what no query string can give; they have tests of their own.
    private static let elsewhere: Set<String> = [
        "/admin/tsdb/delete_series", "/admin/tsdb/clean_tombstones", "/admin/tsdb/snapshot", "/read", "/write", "/otlp/v1/metrics",
    ]

    private static func document() throws -> [String: Any] {
        let url = try #require(ConformanceFolder.url).appendingPathComponent("api/prometheus-openapi.yaml")
        return try #require(try Yams.load(yaml: String(contentsOf: url, encoding: .utf8)) as? [String: Any])
    }

    private static func server() async throws -> (ServerProcess, start: Int64, end: Int64) {
        let server = try ServerProcess(
            configuration: """
                global: {scrape_interval: 1s, scrape_timeout: 1s}
                collect: {host: {enabled: false}}
                scrape_configs:
                  - job_name: self
                    static_configs: [{targets: ["127.0.0.1:PORT", "drop.example:1"], labels: {a: b}}]
                    relabel_configs:
                      - {source_labels: [__address__], regex: "drop.*", action: drop}
                      - {source_labels: [__address__], regex: "(.*):.*", target_label: host, replacement: "$1"}

                """)
        try await server.start()
        let now = Int64(Date().timeIntervalSince1970) * 1000
        let samples = (0..<20).map { (timestamp: now - 300_000 + Int64($0) * 15_000, value: Double($0)) }
        var body = RemoteWrite.encode([
            (["__name__": "up", "job": "a"], samples), (["__name__": "up", "job": "b"], samples), (["__name__": "gauge"], samples),
        ])
        body += RemoteWriteBodies.histogram(name: "hist", at: now - 30_000)
        body += RemoteWriteBodies.exemplar(name: "up", labels: ["job": "a"], trace: "abc", value: 2.5, at: now - 30_000)
        var packed: [UInt8] = []
        Snappy.compress(body.span, into: &packed)
        let answer = try await server.post("/api/v1/write", packed, type: "application/x-protobuf", headers: ["Content-Encoding": "snappy"])
        try #require(answer.status == 204, "\(answer.text)")
        // The first scrape of itself brings targets and metadata.
        for _ in 0..<100 {
            if try await server.get("/api/v1/targets").text.contains("\"health\":\"up\"") { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        return (server, now / 1000 - 300, now / 1000)
    }

    @Test func `Answers of every endpoint have the shape Prometheus describes`() async throws {
        let document = try Self.document()
        let schema = JSONSchema(document: document)
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let (server, start, end) = try await Self.server()
        var asked = 0
        for (path, methods) in paths.sorted(by: { $0.key < $1.key }) where !Self.elsewhere.contains(path) {
            let all = try #require(Self.requests[path], "no request is written for \(path)")
            for method in ["get", "post"] {
                guard let operation = methods[method] as? [String: Any] else { continue }
                let responses = try #require(operation["responses"] as? [String: [String: Any]])
                for request in all {
                    let isWrong = request.hasPrefix("!")
                    let query = String(request.drop { $0 == "!" }).replacingOccurrences(of: "START", with: "\(start)")
                        .replacingOccurrences(of: "END", with: "\(end)").replacingOccurrences(of: "[", with: "%5B")
                        .replacingOccurrences(of: "]", with: "%5D")
                    let target = "/api/v1" + path.replacingOccurrences(of: "{name}", with: "job")
                    let answer =
                        method == "post"
                        ? try await server.post(target, Array(query.utf8), type: "application/x-www-form-urlencoded")
                        : try await server.get(query.isEmpty ? target : "\(target)?\(query)")
                    asked += 1
                    let place = "\(method) \(path)?\(query)"
                    #expect((answer.status == 200) != isWrong, "\(place): \(answer.status) \(answer.text.prefix(200))")
                    let response = responses[answer.status == 200 ? "200" : "default"] ?? [:]
                    let content = response["content"] as? [String: [String: Any]] ?? [:]
                    guard let own = content["application/json"]?["schema"] as? [String: Any] else {
                        Issue.record("\(place): nothing is described for \(answer.status)")
                        continue
                    }
                    guard let json = try? JSONSerialization.jsonObject(with: answer.body) else {
                        Issue.record("\(place): no JSON: \(answer.text.prefix(200))")
                        continue
                    }
                    let faults = schema.faults(json, own)
                    #expect(faults.isEmpty, "\(place): \(faults.prefix(5).joined(separator: "\n"))")
                }
            }
        }
        print("prometheus-openapi.yaml: \(asked) answers")
        #expect(asked > 100)
    }

    @Test func `The schema check finds what is wrong`() {
        let schema = JSONSchema(document: ["s": ["type": "string"]])
        #expect(schema.faults(["a": 1], ["type": "object", "properties": ["a": ["$ref": "#/s"]]]).count == 1)
        #expect(schema.faults([:] as [String: Any], ["type": "object", "required": ["a"]]).count == 1)
        #expect(schema.faults(["b": 1], ["type": "object", "additionalProperties": false]).count == 1)
        #expect(schema.faults([1], ["type": "array", "items": ["type": "string"], "minItems": 2]).count == 2)
        #expect(schema.faults("x", ["anyOf": [["type": "number"], ["enum": ["y"]]]]).count == 1)
        #expect(schema.faults("now", ["type": "string", "format": "date-time"]).count == 1)
        #expect(schema.faults(1, ["pattern": "x"]).count == 1)
        #expect(schema.faults(NSNull(), ["type": "array"]).count == 1)
    }
}

/// Series of remote write that `RemoteWrite.encode` does not make.
enum RemoteWriteBodies {
    private static func series(_ name: String, _ labels: [String: String]) -> [UInt8] {
        var one: [UInt8] = []
        for (key, value) in labels.merging(["__name__": name], uniquingKeysWith: { $1 }).sorted(by: { $0.key < $1.key }) {
            var pair: [UInt8] = []
            ProtobufWriter.string(1, key, to: &pair)
            ProtobufWriter.string(2, value, to: &pair)
            ProtobufWriter.bytes(1, pair, to: &one)
        }
        return one
    }

    private static func request(_ one: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        ProtobufWriter.bytes(1, one, to: &out)
        return out
    }

    /// A series with one exemplar and no sample.
    static func exemplar(
        name: String, labels: [String: String], label: String = "trace_id", trace: String, value: Double, at time: Int64
    ) -> [UInt8] {
        var one = series(name, labels)
        var pair: [UInt8] = []
        ProtobufWriter.string(1, label, to: &pair)
        ProtobufWriter.string(2, trace, to: &pair)
        var exemplar: [UInt8] = []
        ProtobufWriter.bytes(1, pair, to: &exemplar)
        ProtobufWriter.double(2, value, to: &exemplar)
        ProtobufWriter.integer(3, time, to: &exemplar)
        ProtobufWriter.bytes(3, exemplar, to: &one)
        return request(one)
    }

    /// A series with one native histogram: schema 0, positive buckets 2, 4 and 1 from index 1, `count` + 7 observations.
    static func histogram(name: String, at time: Int64, count: Double = 0) -> [UInt8] {
        var one = series(name, [:])
        var histogram: [UInt8] = []
        ProtobufWriter.double(2, 8 + count, to: &histogram)
        ProtobufWriter.double(3, 12.5, to: &histogram)
        ProtobufWriter.integer(4, 0, to: &histogram)
        ProtobufWriter.double(5, 0.001, to: &histogram)
        ProtobufWriter.double(7, 1 + count, to: &histogram)
        var span: [UInt8] = []
        ProtobufWriter.integer(1, 2, to: &span)
        ProtobufWriter.integer(2, 3, to: &span)
        ProtobufWriter.bytes(11, span, to: &histogram)
        var buckets: [UInt8] = []
        for value in [2.0, 4, 1] {
            for shift in stride(from: 0, to: 64, by: 8) { buckets.append(UInt8(value.bitPattern >> UInt64(shift) & 255)) }
        }
        ProtobufWriter.bytes(13, buckets, to: &histogram)
        ProtobufWriter.integer(15, time, to: &histogram)
        ProtobufWriter.bytes(4, histogram, to: &one)
        return request(one)
    }
}
