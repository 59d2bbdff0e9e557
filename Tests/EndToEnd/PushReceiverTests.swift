import Foundation
import Testing

/// What is pushed in other people's formats, asked of the built binary.
@Suite struct PushReceiverTests {
    private static let form = "application/x-www-form-urlencoded"

    private static func server() async throws -> ServerProcess {
        let server = try ServerProcess(configuration: "collect: {host: {enabled: false}}\n")
        try await server.start()
        return server
    }

    private static func value(_ server: ServerProcess, _ query: String) async throws -> String? {
        let escaped = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let data = try await server.get("/api/v1/query?query=\(escaped)").json["data"] as? [String: Any]
        return ((data?["result"] as? [[String: Any]])?.first?["value"] as? [Any])?.last as? String
    }

    @Test(arguments: ["/write?precision=s&db=t", "/api/v2/write?precision=s&bucket=t"])
    func `Line protocol is stored, a line that cannot be read costs that line only`(_ path: String) async throws {
        let server = try await Self.server()
        let now = Int64(Date().timeIntervalSince1970)
        let body = """
            cpu,host=a\\ b usage_idle=1.5,cores=4i,up=t,note="a, b" \(now)
            # a comment
            temp,room=x value=-3e-1 \(now)
            broken,room=x

            """
        let answer = try await server.post(path, Array(body.utf8), type: Self.form)
        #expect(answer.status == 400)
        #expect(answer.text.contains("partial write") && answer.text.contains("line 4") && answer.text.contains("dropped=1"))
        #expect(try await Self.value(server, #"cpu_usage_idle{host="a b", db="t"}"#) == "1.5")
        #expect(try await Self.value(server, "cpu_cores") == "4")
        #expect(try await Self.value(server, "cpu_up") == "1")
        #expect(try await Self.value(server, "cpu_note") == nil)
        #expect(try await Self.value(server, "temp") == "-0.3")
    }

    @Test func `Text is imported with labels of the request`() async throws {
        let server = try await Self.server()
        let answer = try await server.post(
            "/api/v1/import/prometheus?extra_label=dc%3Dosl", Array("a{b=\"c\"} 2\nnot a line\nd 3\ne{0=\"x\"} 1\nf 4\n".utf8),
            type: Self.form)
        #expect(answer.status == 400)
        #expect(answer.text.contains("line 2"))
        #expect(try await Self.value(server, #"a{b="c", dc="osl"}"#) == "2")
        #expect(try await Self.value(server, #"d{dc="osl"}"#) == "3")
        #expect(try await Self.value(server, #"f{dc="osl"}"#) == "4")
    }

    @Test func `Pushed groups are replaced name by name, kept over a kill, and refused with times or half a label`() async throws {
        let server = try await Self.server()
        let first = Array("# TYPE done gauge\ndone 1\n# TYPE other gauge\nother 1\n".utf8)
        #expect(try await server.post("/metrics/job/backup/path@base64/L3Zhci90bXA=", first, type: Self.form).status == 200)
        #expect(
            try await server.post("/metrics/job/backup/path@base64/L3Zhci90bXA=", Array("done 2\n".utf8), type: Self.form).status == 200)
        #expect(try await server.post("/metrics/job/backup", Array("done 1 1700000000000\n".utf8), type: Self.form).status == 400)
        #expect(try await server.post("/metrics/job/x/odd", first, type: Self.form).status == 400)
        server.killHard()
        try await server.start()
        let page = try await server.get("/pushgateway/metrics").text
        #expect(page.contains(#"done{job="backup",path="/var/tmp"} 2"#), "\(page)")
        #expect(page.contains(#"other{job="backup",path="/var/tmp"} 1"#))
        #expect(page.contains(#"push_time_seconds{job="backup",path="/var/tmp"}"#))
        #expect(page.contains("push_failure_time_seconds"))
    }
}
