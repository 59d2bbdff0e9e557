import Foundation
import Testing

/// Times and durations at the ends of what a number holds are answered, and the server goes on.
@Suite struct ExtremeTimesTests {
    @Test func `No time, offset or range ends the server`() async throws {
        let server = try ServerProcess(configuration: "collect: {host: {enabled: false}}\nscrape_configs: []\n")
        try await server.start()
        let least = Int64.min
        let most = Int64.max
        let log = "%7Bapp%3D%22x%22%7D"
        var paths: [String] = []
        for at in ["-9223372036854775", "9223372036854775", "-1e18", "1e18", "-9e15", "NaN"] {
            for query in [
                "fmt @ \(at)", "rate(fmt[5m] @ \(at))", "fmt[5m:1m] @ \(at)", "fmt @ \(at) offset -1h", "fmt @ \(at) offset 100y",
            ] {
                paths.append("/api/v1/query?query=" + (query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""))
            }
        }
        for range in ["5m] offset -250y", "250y] offset 200y", "36y] offset 36y", "5m] offset -36y"] {
            let query = "rate({app=\"x\"}[\(range))".addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            paths.append("/loki/api/v1/query?query=\(query)")
            for time in [least, most] { paths.append("/loki/api/v1/query?query=\(query)&time=\(time)") }
            paths.append("/loki/api/v1/query_range?query=\(query)")
        }
        let rate = "rate(\(log)%5B5m%5D)"
        for (start, end) in [(least, least + 10), (most - 10, most), (least, most), (9_999_999_998, 9_999_999_999)] {
            for path in [
                "query_range?query=\(rate)&step=1s", "query_range?query=\(log)", "index/stats?query=\(log)", "labels?query=\(log)",
            ] {
                paths.append("/loki/api/v1/\(path)&start=\(start)&end=\(end)")
            }
            paths.append("/loki/api/v1/index/volume_range?query=\(log)&start=\(start)&end=\(end)&step=9e9")
            paths.append("/loki/api/v1/query_range?query=\(rate)&start=\(start)&end=\(end)&step=292y&since=292y")
        }
        paths.append("/loki/api/v1/query_range?query=\(rate)&since=292y")
        for path in paths {
            let answer = try await server.get(path)
            #expect(answer.status == 200 || answer.status == 400 || answer.status == 422, "\(path): \(answer.status) \(answer.text)")
        }
        // What Prometheus' clients write for a range without bounds.
        let all = "start=-292273086-05-16T16:47:06Z&end=292277025-08-18T07:12:54.999999999Z"
        for path in ["labels?\(all)", "label/job/values?\(all)", "series?match%5B%5D=up&\(all)", "query_exemplars?query=up&\(all)"] {
            let answer = try await server.get("/api/v1/" + path)
            #expect(answer.status == 200, "\(path): \(answer.text)")
        }
        let federated = try await server.get("/api/v1/query?query=up&time=292277025-08-18T07:12:54.999999999Z")
        #expect(federated.status == 200, "\(federated.text)")
        let lines = try await server.post(
            "/api/v1/logs/lines?app=x", "a\nb\n".utf8, type: "text/plain", headers: ["X-Varde-Time": String(most)])
        #expect(lines.status == 400, "\(lines.text)")
        let deletion = try await server.send("POST", "/loki/api/v1/delete?query=\(log)&start=-9223372036&end=9223372037")
        #expect(deletion.status == 400, "\(deletion.text)")
        #expect(try await server.get("/-/ready").status == 200)
        #expect(server.process?.isRunning == true)
    }
}
