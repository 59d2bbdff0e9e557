import Foundation
import Testing
import VardeCompression

/// OTLP metrics over HTTP, asked of the built binary.
@Suite struct OTLPReceiverTests {
    private static func body(_ metrics: String) -> [UInt8] {
        Array(
            """
            {"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},
            {"key":"service.instance.id","value":{"stringValue":"i1"}},{"key":"host.arch","value":{"stringValue":"arm64"}}]},
            "scopeMetrics":[{"metrics":[\(metrics)]}]}]}
            """.utf8)
    }

    private static func sum(_ value: Int, at seconds: Int64, temporality: Int = 1) -> String {
        """
        {"name":"http.requests","unit":"1","sum":{"aggregationTemporality":\(temporality),"isMonotonic":true,"dataPoints":[
        {"asInt":"\(value)","startTimeUnixNano":"\(seconds - 10)000000000","timeUnixNano":"\(seconds)000000000"}]}}
        """
    }

    private static func value(_ server: ServerProcess, _ query: String) async throws -> String? {
        let escaped = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let data = try await server.get("/api/v1/query?query=\(escaped)").json["data"] as? [String: Any]
        return ((data?["result"] as? [[String: Any]])?.first?["value"] as? [Any])?.last as? String
    }

    private static func server(_ configuration: String = "") async throws -> ServerProcess {
        let server = try ServerProcess(configuration: "collect: {host: {enabled: false}}\n" + configuration)
        try await server.start()
        return server
    }

    @Test(arguments: ["/v1/metrics", "/otlp/v1/metrics", "/api/v1/otlp/v1/metrics"])
    func `Differences are summed up, a retry counts nothing twice, and the target has its info`(_ path: String) async throws {
        let server = try await Self.server()
        let now = Int64(Date().timeIntervalSince1970)
        for (value, time) in [(5, now - 20), (7, now - 10), (7, now - 10), (1, now)] {
            let answer = try await server.post(path, Self.body(Self.sum(value, at: time)), type: "application/json")
            #expect(answer.status == 200)
            #expect(answer.text == "{}")
        }
        #expect(try await Self.value(server, #"http_requests_total{job="shop", instance="i1"}"#) == "13")
        #expect(try await Self.value(server, #"target_info{job="shop", host_arch="arm64"}"#) == "1")
        let late = try await server.post(path, Self.body(Self.sum(1, at: now - 15)), type: "application/json")
        #expect(late.status == 200)
        #expect(late.text.contains(#""rejectedDataPoints":"1""#) && late.text.contains("older than the sum"), "\(late.text)")
    }

    @Test func `Compressed bodies are read, other types are refused, failures are told in the request's encoding`() async throws {
        let server = try await Self.server()
        let now = Int64(Date().timeIntervalSince1970)
        var packed: [UInt8] = []
        Deflate.compress(Self.body(Self.sum(5, at: now)).span, as: .gzip, into: &packed)
        let taken = try await server.post("/v1/metrics", packed, type: "application/json", headers: ["Content-Encoding": "gzip"])
        #expect(taken.status == 200)
        #expect(try await Self.value(server, "http_requests_total") == "5")
        #expect(try await server.post("/v1/metrics", [] as [UInt8], type: "text/plain").status == 415)
        let json = try await server.post("/v1/metrics", Array("{\"resourceMetrics\":[".utf8), type: "application/json")
        #expect(json.status == 400)
        #expect(json.json["code"] as? Int == 3)
        let protobuf = try await server.post("/v1/metrics", [0x0A, 0xFF] as [UInt8], type: "application/x-protobuf")
        #expect(protobuf.status == 400)
        #expect(protobuf.body.first == 0x08)
        let old = try await server.post("/v1/metrics", Self.body(Self.sum(5, at: 100, temporality: 2)), type: "application/json")
        #expect(old.status == 200)
        #expect(old.text.contains("older than retention"))
    }

    @Test func `Names and labels are translated as configured`() async throws {
        let server = try await Self.server(
            """
            otlp:
              translation_strategy: NoTranslation
              promote_resource_attributes: [host.arch]
              keep_identifying_resource_attributes: true

            """)
        let now = Int64(Date().timeIntervalSince1970)
        _ = try await server.post("/v1/metrics", Self.body(Self.sum(5, at: now, temporality: 2)), type: "application/json")
        #expect(try await Self.value(server, #"{"http.requests", "host.arch"="arm64"}"#) == "5")
        #expect(try await Self.value(server, #"{"target_info", "service.name"="shop"}"#) == "1")
    }
}
