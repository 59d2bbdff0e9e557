import Foundation
import Testing

/// A label with a fresh value each scrape: it hits its limit, is named, and everything else goes on.
@Suite struct CardinalityTests {
    @Test func `an explosion of one metric's series is refused and named, others go on`() async throws {
        let server = try ServerProcess(configuration: "limits: {series_per_name: 500}\n")
        try await server.start()
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        var refusals: [String] = []
        for scrape in 0..<10 {
            var series: [(labels: [String: String], samples: [(timestamp: Int64, value: Double)])] = []
            for i in 0..<100 {
                let labels = ["__name__": "session_seconds", "pod": "web-\(UUID().uuidString)", "i": "\(i)"]
                series.append((labels, [(now + Int64(scrape), 1)]))
                if i < 20 { series.append((["__name__": "steady", "i": "\(i)"], [(now + Int64(scrape), Double(scrape))])) }
            }
            let answer = try await server.remoteWrite(series)
            if answer.status == 400 { refusals.append(answer.text) } else { #expect(answer.status / 100 == 2, "\(answer.text)") }
        }
        #expect(refusals.count >= 4)
        #expect(refusals.allSatisfy { $0.contains("session_seconds") && $0.contains("limits.series_per_name") && $0.contains("500") })
        // Every scrape of the steady series was taken, those beside refused ones too.
        let steady = try await server.result("/api/v1/query", ["query": "sum(count_over_time(steady[5m]))", "time": "\(now / 1000 + 2)"])
        #expect((steady.first?["value"] as? [Any])?.last as? String == "200")
        #expect(try await server.ownMetric("varde_metrics_series_refused_total") >= 500)
        let top = try await server.run(["series", "--top", "--server", server.address])
        #expect(top.status == 0 && top.output.contains("session_seconds") && top.output.contains("pod"), "\(top.output)\(top.errors)")
        #expect(server.stop() == 0)
    }
}
