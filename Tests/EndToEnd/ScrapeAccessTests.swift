import Foundation
import Testing

/// Targets and discovery that ask who is there: names and headers from files, tokens fetched through a proxy, redirects; and what is
/// written of scrapes that fail.
@Suite struct ScrapeAccessTests {
    @Test func `Secrets and headers of files, tokens by proxy and redirects work in scrapes and in discovery`() async throws {
        let tokens = try FakeSite { _ in ("200 OK\r\nContent-Type: application/json", #"{"access_token":"tok","expires_in":600}"#) }
        defer { tokens.stop() }
        let site = try FakeSite { path in
            switch path {
            case "/moved": ("302 Found\r\nLocation: /list", "")
            case "/list": ("200 OK", #"[{"targets":["10.9.9.9:1"]}]"#)
            case "/fixed": ("302 Found\r\nLocation: /never", "")
            default: ("200 OK\r\nContent-Type: text/plain", "a 1\n")
            }
        }
        defer { site.stop() }
        let server = try ServerProcess(
            configuration: """
                collect: {host: {enabled: false}}
                scrape_configs:
                  - job_name: app
                    scrape_interval: 1s
                    basic_auth: {username_file: user, password: p}
                    http_headers: {X-Tenant: {values: [a], files: [tenant]}}
                    static_configs: [{targets: ["\(site.address)"]}]
                  - job_name: found
                    scrape_interval: 1h
                    http_sd_configs:
                      - url: "http://\(site.address)/moved"
                        oauth2: {client_id: c, client_secret: s, token_url: "http://127.0.0.1:1/token", proxy_url: "http://\(tokens.address)"}
                      - {url: "http://\(site.address)/fixed", follow_redirects: false, http_headers: {X-Key: {secrets: [k]}}}

                """)
        for (name, text) in [("user", "ola\n"), ("tenant", "b\n")] {
            try text.write(to: server.folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        try await server.start()
        try await DiscoveredTargets.expect(["10.9.9.9:1"], of: server)
        #expect(try await ServerProcess.wait { site.values("X-Key", of: "/fixed") == ["k"] })
        #expect(try await ServerProcess.wait { !site.values("Host", of: "/metrics").isEmpty })
        #expect(site.values("Authorization", of: "/list") == ["Bearer tok"])
        #expect(tokens.values("Host", of: "/token") == ["127.0.0.1:1"])
        #expect(site.values("Authorization", of: "/metrics") == ["Basic " + Data("ola:p".utf8).base64EncodedString()])
        #expect(site.values("X-Tenant", of: "/metrics") == ["a", "b"])
        #expect(site.values("Host", of: "/never").isEmpty)
    }

    @Test func `Credentials stay with the host they are for`() async throws {
        let far = try FakeSite { _ in ("200 OK\r\nContent-Type: text/plain; version=0.0.4", "far 1\n") }
        let elsewhere = far.address.replacing("127.0.0.1", with: "localhost")
        let near = try FakeSite { path in
            switch path {
            case "/away": ("302 Found\r\nLocation: http://\(elsewhere)/there", "")
            case "/near": ("302 Found\r\nLocation: /end", "")
            default: ("200 OK\r\nContent-Type: text/plain; version=0.0.4", "near 1\n")
            }
        }
        defer {
            far.stop()
            near.stop()
        }
        let job = "authorization: {credentials: SECRET}, http_headers: {X-Key: {secrets: [SECRET]}}"
        let server = try ServerProcess(
            configuration: """
                collect: {host: {enabled: false}}
                global: {scrape_interval: 200ms, scrape_timeout: 200ms}
                scrape_configs:
                  - {job_name: away, metrics_path: /away, \(job), static_configs: [{targets: ["\(near.address)"]}]}
                  - {job_name: near, metrics_path: /near, \(job), static_configs: [{targets: ["\(near.address)"]}]}

                """)
        try await server.start()
        #expect(try await ServerProcess.wait { far.heads.count > 2 && near.values("Authorization", of: "/end").count > 0 })
        #expect(
            near.values("Authorization", of: "/away") == ["Bearer SECRET"] && near.values("Authorization", of: "/end") == ["Bearer SECRET"])
        #expect(far.heads.allSatisfy { !$0.contains("SECRET") && $0.contains("/there") })
        #expect(far.heads.first?.lowercased().contains("x-prometheus-scrape-timeout-seconds") == true)
    }

    @Test func `Scrapes that fail are written where the configuration says, without persons, and the breaker is shown`() async throws {
        let site = try FakeSite { _ in ("200 OK\r\nContent-Type: text/plain", "a ola.nordmann@firma.no\n") }
        defer { site.stop() }
        let dead = try FreePort.take()
        let server = try ServerProcess(
            configuration: """
                collect: {host: {enabled: false}}
                global: {scrape_interval: 200ms, scrape_timeout: 200ms, scrape_failure_log_file: failed.log}
                scrape_configs:
                  - {job_name: odd, static_configs: [{targets: ["\(site.address)"]}]}
                  - {job_name: quiet, scrape_failure_log_file: quiet.log, static_configs: [{targets: ["127.0.0.1:\(dead)"]}]}

                """)
        try await server.start()
        func log(_ name: String) -> String {
            (try? String(contentsOf: server.folder.appendingPathComponent(name), encoding: .utf8)) ?? ""
        }
        func errors() async throws -> [String: String] {
            let data = try await server.get("/api/v1/targets").json["data"] as? [String: Any]
            let active = data?["activeTargets"] as? [[String: Any]] ?? []
            return Dictionary(active.map { ("\($0["scrapePool"] ?? "")", "\($0["lastError"] ?? "")") }) { first, _ in first }
        }
        #expect(try await ServerProcess.wait { try await errors()["quiet"]?.hasPrefix("circuit breaker open: ") == true })
        #expect(try await ServerProcess.wait { log("failed.log").split(separator: "\n").count > 5 })
        let lines = log("failed.log").split(separator: "\n")
        let first = try #require(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: String])
        #expect(first["job_name"] == "odd" && first["level"] == "ERROR" && first["target"] == "http://\(site.address)/metrics")
        #expect(first["msg"]?.contains("is not a number") == true && !log("failed.log").contains("nordmann"), "\(first)")
        #expect(log("quiet.log").contains("\(dead)") && !log("failed.log").contains("\(dead)"))
        // It answers, whatever it says: its breaker stays closed.
        #expect(try await errors()["odd"]?.contains("circuit breaker") == false)
        #expect(try await ServerProcess.wait { try await server.ownMetric("varde_scrapes_held_back_total") > 0 })
    }
}
