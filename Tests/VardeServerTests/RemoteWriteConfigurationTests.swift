import Testing
import VardeForward
import VardeModel

@testable import VardeServer

/// Options of `remote_write`: what Prometheus takes is taken, what it refuses is refused where it stands.
@Suite struct RemoteWriteConfigurationTests {
    private static func read(_ endpoint: String) throws -> Configuration {
        let text = "remote_write:\n  - url: http://a:1/w\n" + endpoint.split(separator: "\n").map { "    \($0)\n" }.joined()
        return try Configuration(parsing: text, file: "p.yml")
    }

    @Test(arguments: [
        "", "name: n\nremote_timeout: 5s\nheaders: {X-Scope-OrgID: t}", "send_native_histograms: true\nfollow_redirects: false",
        "protobuf_message: io.prometheus.write.v2.Request", "basic_auth: {username: u, password_file: /p}\nenable_http2: true",
        "authorization: {credentials: c}\ntls_config: {ca_file: /ca}", "oauth2: {client_id: a, client_secret: b, token_url: \"http://t/\"}",
        "write_relabel_configs: [{source_labels: [a], regex: b, action: drop}]",
        "queue_config: {capacity: 5, max_shards: 3, min_shards: 2, max_samples_per_send: 7, batch_send_deadline: 1s, min_backoff: 1ms, max_backoff: 2s, retry_on_http_429: false, sample_age_limit: 1h}",
        "metadata_config: {send: false, send_interval: 2m, max_samples_per_send: 10}",
    ])
    func `Good options are read`(_ endpoint: String) throws {
        #expect(try Self.read(endpoint).remoteWrite.count == 1)
    }

    @Test(arguments: [
        ("headers: {Authorization: x}", 3, 30), ("headers: {Content-Type: x}", 3, 29), ("protobuf_message: other", 3, 23),
        ("queue_config: {max_shards: 2, min_shards: 3}", 3, 47), ("queue_config: {max_shards: -1}", 3, 32),
        ("queue_config: {capacity: 0}", 3, 30), ("queue_config: {max_samples_per_send: 0}", 3, 42),
        ("queue_config: {min_shards: 300}", 3, 32),
        ("queue_config: {min_backoff: 10s}", 3, 19), ("queue_config: {capacity: null}", 3, 19),
        ("queue_config: {min_backoff: 1s, max_backoff: 1ms}", 3, 50), ("queue_config: {odd: 1}", 3, 20), ("odd: 1", 3, 5),
        ("basic_auth: {username: u}\nauthorization: {credentials: c}", 4, 20), ("sigv4: {region: x}", 3, 5),
        ("proxy_url: socks5://p", 3, 16),
        ("no_proxy: a", 3, 15), ("proxy_url: http://p\nproxy_from_environment: true", 3, 16), ("proxy_connect_header: {a: [b]}", 3, 27),
        ("proxy_from_environment: true\nno_proxy: a", 4, 15),
        ("write_relabel_configs: [{action: nothing}]", 3, 38), ("remote_timeout: -1s", 3, 21),
    ])
    func `Bad options are refused where they stand`(_ endpoint: String, _ line: Int, _ column: Int) {
        let error = #expect(throws: ConfigurationError.self) { try Self.read(endpoint) }
        #expect(error.map { [$0.line, $0.column] } == [line, column], "\(error.map { "\($0)" } ?? "")")
    }

    @Test func `Endpoints are told apart by name, or by their address and which of it they are`() throws {
        let text =
            "global: {external_labels: {site: a}}\nremote_write: [{url: \"http://u:p@a/\"}, {url: \"http://u:p@a/\"}, {url: \"http://b/\", name: n}]"
        let endpoints = try Configuration(parsing: text, file: "p.yml").remoteWrite
        #expect(endpoints.map(\.target.name) == ["http://a/", "http://a/#2", "n"])
        #expect(endpoints.allSatisfy { $0.externalLabels["site"] == "a" })
        #expect(throws: ConfigurationError.self) {
            try Configuration(parsing: "remote_write: [{url: \"http://a/\", name: n}, {url: \"http://b/\", name: n}]", file: "p.yml")
        }
        #expect(throws: ConfigurationError.self) { try Configuration(parsing: "remote_write: [{}]", file: "p.yml") }
    }
}
