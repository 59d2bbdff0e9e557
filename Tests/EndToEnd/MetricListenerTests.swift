import Foundation
import Testing

/// Graphite and StatsD by TCP and UDP, by hand.
@Suite struct MetricListenerTests {
    /// Asks until a query's result holds a text, or half a minute is over.
    private static func answer(_ server: ServerProcess, _ query: String, holding text: String) async throws -> String {
        var found = ""
        for _ in 0..<300 {
            let escaped = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? query
            found = try await server.get("/api/v1/query?query=\(escaped)").text
            if found.contains(text) { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        return found
    }

    @Test func `Graphite's lines are samples, whatever is wrong with others, and no person is in what is stored`() async throws {
        let port = try FreePort.take()
        let server = try ServerProcess(
            configuration: "collect: {host: {enabled: false}, graphite: {tcp: '127.0.0.1:\(port)', udp: '127.0.0.1:\(port)'}}\n")
        try await server.start()
        let now = Int(Date().timeIntervalSince1970)
        let stream = try RawSocket(.stream, port: port)
        stream.send("servers.web1.load;dc=oslo 1.5 \(now)\nwhat is this\nusers.visits;who=kari.nordmann@example.no 3 \(now)\n")
        stream.send("\(String(repeating: "x", count: 9_000)) 1\nlast.without.end 7 -1")
        stream.finish()
        let datagrams = try RawSocket(.datagram, port: port)
        datagrams.send("by.datagram 2 \(now)\nby.datagram.too 4 N\n")
        #expect(try await Self.answer(server, "servers_web1_load{dc=\"oslo\",job=\"graphite\"}", holding: "\"1.5\"").contains("\"1.5\""))
        #expect(try await Self.answer(server, "last_without_end", holding: "\"7\"").contains("\"7\""))
        #expect(try await Self.answer(server, "by_datagram_too + by_datagram", holding: "\"6\"").contains("\"6\""))
        let visits = try await Self.answer(server, "users_visits", holding: "EMAIL")
        #expect(visits.contains("<EMAIL:") && !visits.contains("nordmann"))
        #expect(try await server.ownMetric("varde_metric_lines_dropped_total", "reason=\"malformed\"") == 1)
        #expect(try await server.ownMetric("varde_metric_lines_dropped_total", "reason=\"too_long\"") == 1)
        #expect(try await server.ownMetric("varde_ingested_samples_total", "protocol=\"graphite\"") == 5)
        #expect(server.stop() == 0)
    }

    @Test func `StatsD's senders are summed up, written every interval and once more at the end`() async throws {
        let port = try FreePort.take()
        let server = try ServerProcess(
            configuration: """
                collect:
                  host: {enabled: false}
                  statsd: {tcp: "127.0.0.1:\(port)", udp: "127.0.0.1:\(port)", interval: 1s, max_series: 5}

                """)
        try await server.start()
        let datagrams = try RawSocket(.datagram, port: port)
        datagrams.send("page.views:1|c|@0.1|#site:no\npage.views:2|c|#site:no\nusers:a|s\nusers:b|s")
        datagrams.send("queue:7|g\nqueue:-3|g\n_e{1,1}:a|b\nbroken\nlatency:120:250|ms")
        #expect(try await Self.answer(server, "page_views{job=\"statsd\",site=\"no\"}", holding: "\"12\"").contains("\"12\""))
        #expect(try await Self.answer(server, "queue", holding: "\"4\"").contains("\"4\""))
        #expect(try await Self.answer(server, "histogram_count(latency)", holding: "\"2\"").contains("\"2\""))
        #expect(try await Self.answer(server, "histogram_sum(latency)", holding: "\"0.37\"").contains("\"0.37\""))
        #expect(try await Self.answer(server, "max_over_time(users[5m])", holding: "\"2\"").contains("\"2\""))
        #expect(try await server.ownMetric("varde_metric_lines_dropped_total", "reason=\"unsupported\"") == 1)
        #expect(try await server.ownMetric("varde_metric_lines_dropped_total", "reason=\"malformed\"") == 1)
        let stream = try RawSocket(.stream, port: port)
        stream.send("one:1|c\ntwo:1|c\nthree:1|c\n")
        for _ in 0..<100 {
            if try await server.ownMetric("varde_metric_lines_dropped_total", "reason=\"series_limit\"") == 2 { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(try await server.ownMetric("varde_metric_lines_dropped_total", "reason=\"series_limit\"") == 2)
        datagrams.send("page.views:30|c|#site:no")
        for _ in 0..<100 {
            if try await server.ownMetric("varde_metric_lines_total", "transport=\"udp\"") >= 8 { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(server.stop() == 0)
        try await server.start()
        #expect(try await Self.answer(server, "max_over_time(page_views[5m])", holding: "\"42\"").contains("\"42\""))
        #expect(server.stop() == 0)
    }

    @Test func `Listeners open and close with a reload, and an address that is taken refuses the whole`() async throws {
        let (port, other) = (try FreePort.take(), try FreePort.take())
        let server = try ServerProcess(configuration: "collect: {graphite: {tcp: '127.0.0.1:\(port)'}}\n")
        try await server.start()
        let file = server.folder.appendingPathComponent("varde.yaml")
        try "collect: {graphite: {tcp: '127.0.0.1:\(other)'}, statsd: {tcp: '127.0.0.1:\(server.port)'}}\n".write(
            to: file, atomically: true, encoding: .utf8)
        let refused = try await server.post("/-/reload", [], type: "text/plain")
        #expect(refused.status != 200 && refused.text.contains("collect.statsd.tcp"), "\(refused.text)")
        #expect(throws: (any Error).self) { try RawSocket(.stream, port: other) }
        try "collect: {graphite: {tcp: '127.0.0.1:\(other)', idle_timeout: 100ms}}\n".write(to: file, atomically: true, encoding: .utf8)
        #expect(try await server.post("/-/reload", [], type: "text/plain").status == 200)
        #expect(throws: (any Error).self) { try RawSocket(.stream, port: port) }
        #expect(try RawSocket(.stream, port: other).waitForClose(milliseconds: 10_000))
        #expect(server.stop() == 0)
    }
}
