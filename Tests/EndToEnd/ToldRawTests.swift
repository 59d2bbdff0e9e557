import Foundation
import Testing

/// What the server tells of its configuration, its targets and of requests it refuses holds no secret and nobody's data.
@Suite struct ToldRawTests {
    private static let mail = "kari.nordmann@example.no"
    private static let number = "15075502467"
    private static let secret = "Zx9hunter2q"

    private static func leaks(_ text: String) -> [String] { [mail, number, secret, "nordmann"].filter { text.contains($0) } }

    private static func waitFor(_ what: String, _ condition: () async throws -> Bool) async throws {
        for _ in 0..<600 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("never came: \(what)")
    }

    @Test func `targets, configuration, metadata and reports tell no secret`() async throws {
        let text = "# HELP seen Seen by \(Self.mail), \(Self.number)\n# TYPE seen gauge\nseen 1\n"
        let page = try FixedBodies([
            "/metrics?api_key=\(Self.secret)&module=http_2xx": ("text/plain; version=0.0.4; charset=utf-8", Data(text.utf8))
        ])
        let configuration = """
            collect: {host: {enabled: false}}
            privacy: {legal_hold: [{name: "of \(Self.mail)", selector: '{user="\(Self.number)"}', reason: "asked by \(Self.mail)"}]}
            scrape_configs:
              - job_name: page
                scrape_interval: 1s
                params: {api_key: ["\(Self.secret)"], module: [http_2xx]}
                static_configs: [{targets: ["127.0.0.1:\(page.port)"], labels: {contact: "\(Self.mail)"}}]
            remote_write:
              - {url: "http://u:\(Self.secret)@127.0.0.1:\(page.port)/w?api_key=\(Self.secret)", headers: {X-Scope: "\(Self.secret)"}}
            loki_write: [{url: "http://127.0.0.1:\(page.port)/l?x=\(Self.secret)"}]
            """
        let server = try ServerProcess(configuration: configuration)
        try await server.start()
        try await Self.waitFor("metadata") { try await server.get("/api/v1/metadata").text.contains("Seen by <EMAIL>, <FNR>") }
        try await Self.waitFor("senders") { try await server.get("/metrics").text.contains("/w?api_key=…") }
        let targets = try await server.get("/api/v1/targets").text
        #expect(targets.contains("module=http_2xx") && targets.contains("127.0.0.1:\(page.port)"))
        for path in [
            "targets", "targets/metadata", "status/config", "scrape_pools/config?scrapePool=page", "privacy/holds", "privacy/reports/art30",
            "privacy/reports/residency", "privacy/reports/evidence", "status/flags", "metadata", "status/self_metrics",
        ] {
            let answer = try await server.get("/api/v1/\(path)")
            #expect(answer.status == 200 && Self.leaks(answer.text).isEmpty, "\(path): \(answer.text)")
        }
        #expect(Self.leaks(try await server.get("/metrics").text).isEmpty)
        #expect(Self.leaks(server.log).isEmpty, "\(server.log)")
        #expect(server.stop() == 0)
        let dump = try await server.run(["check", "data", "--dump", server.dataDirectory.path])
        #expect(dump.status == 0 && Self.leaks(dump.output).isEmpty)
    }

    @Test func `refusals name what was wrong, without the person in it`() async throws {
        let server = try ServerProcess(configuration: "collect: {host: {enabled: false}}\n")
        try await server.start()
        let mail = "kari.nordmann%40example.no"
        for path in [
            "/api/v1/query?query=up&time=\(mail)", "/api/v1/query_range?query=up&start=\(mail)", "/api/v1/query?query=up&timeout=\(mail)",
            "/api/v1/query?query=%7Ba%3D~%22(\(mail)%22%7D", "/federate?match[]=%7Ba%3D~%22(\(mail)%22%7D",
            "/loki/api/v1/labels?start=\(mail)",
            "/loki/api/v1/query_range?query=%7Ba%3D%22b%22%7D&direction=\(mail)", "/api/v1/privacy/erasures/\(mail)",
            "/api/v1/rules?type=\(mail)",
        ] {
            let answer = try await server.get(path)
            #expect(answer.status >= 400 && Self.leaks(answer.text).isEmpty, "\(path): \(answer.text)")
            // No pseudonym either: whoever asks is not to learn what somebody stands as.
            #expect(!answer.text.contains(":k1:"), "\(answer.text)")
        }
        #expect(
            try await server.get("/api/v1/query?query=up&time=foo").text.contains(
                #"invalid time value for 'time': cannot parse \"foo\" to a valid timestamp"#))
        let hold = #"{"name":"h-kari.nordmann@example.no","selector":"{user=\"kari.nordmann@example.no\",app=\"a\"}","reason":"r"}"#
        #expect(Self.leaks(try await server.post("/api/v1/privacy/holds", Data(hold.utf8), type: "application/json").text).isEmpty)
        let metrics = """
            {"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}}]},"scopeMetrics":[{"metrics":[
              {"name":"seen:kari.nordmann@example.no","gauge":{"dataPoints":[{"asDouble":1}]}},
              {"name":"bad:kari.nordmann@example.no","sum":{"dataPoints":[{"asDouble":1}]}}]}]}]}
            """
        let taken = try await server.post("/v1/metrics", Data(metrics.utf8), type: "application/json")
        #expect(taken.status == 200 && Self.leaks(taken.text).isEmpty, "\(taken.text)")
        let names = try await server.get("/api/v1/label/__name__/values").text
        #expect(names.contains("EMAIL_k1_") && Self.leaks(names).isEmpty, "\(names)")
        for (path, body, type) in [
            ("/write", "bad kari.nordmann@example.no\n", "text/plain"),
            ("/_bulk", "{\"delete\":{\"_index\":\"a\",\"_id\":\"kari.nordmann@example.no\"}}\n", "application/x-ndjson"),
        ] {
            #expect(Self.leaks(try await server.post(path, Data(body.utf8), type: type).text).isEmpty)
        }
        // What is found by a person's words is found in the names of metrics too.
        let found = try await server.post("/api/v1/privacy/subject/find", Data(Self.mail.utf8), type: "text/plain").text
        #expect(found.contains("\"series\":1"), "\(found)")
    }
}
