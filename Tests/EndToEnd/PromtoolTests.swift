import Foundation
import Testing

/// Debian's promtool asks Varde as it asks Prometheus.
@Suite struct PromtoolTests {
    @Test(.enabled(if: Peers.find("promtool") != nil, "Debian's promtool is not unpacked here"))
    func `promtool's queries are answered`() async throws {
        let promtool = try #require(Peers.find("promtool"))
        let server = try ServerProcess(configuration: "collect: {host: {enabled: false}}\nscrape_configs: []\n")
        try await server.start()
        let end = ServerProcess.now / 1000 * 1000
        let samples = (0..<20).map { (timestamp: end - 300_000 + Int64($0) * 15_000, value: Double($0) * 1.5) }
        #expect(
            try await server.remoteWrite([
                (["__name__": "asked_total", "job": "a"], samples), (["__name__": "asked_total", "job": "b"], samples),
            ]).status == 204)
        func ask(_ arguments: [String]) async throws -> String {
            let answer = try await ServerProcess.run(promtool, arguments)
            #expect(answer.status == 0, "\(arguments): \(answer.errors)")
            return answer.output
        }
        let from = "--start=\((end - 300_000) / 1000)"
        let to = "--end=\((end - 15_000) / 1000)"
        let instant = try await ask(["query", "instant", server.address, "sum(asked_total)", "--time=\((end - 15_000) / 1000)"])
        #expect(instant.hasPrefix("{} => 57 @["), "\(instant)")
        let range = try await ask(["query", "range", server.address, "asked_total{job=\"a\"}", from, to, "--step=15s"])
        #expect(range.contains("asked_total{job=\"a\"} =>"), "\(range)")
        #expect(range.split(separator: "\n").count == 21, "\(range)")
        let series = try await ask(["query", "series", server.address, "--match=asked_total", from, to])
        #expect(
            series.split(separator: "\n").sorted() == ["{__name__=\"asked_total\", job=\"a\"}", "{__name__=\"asked_total\", job=\"b\"}"],
            "\(series)")
        #expect(try await ask(["query", "labels", server.address, "job", from, to]) == "a\nb\n")
        let bad = try await ServerProcess.run(promtool, ["query", "instant", server.address, "sum("])
        #expect(bad.status != 0 && bad.errors.contains("bad_data"), "\(bad)")
    }
}
