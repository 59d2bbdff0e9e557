import Foundation
import Testing
import VardeCompression

/// The built binary, as its users meet it.
@Suite struct ServerTests {
    private static let quiet = "collect: {host: {enabled: false}}\n"

    @Test func `Samples and lines that go in come out, by API and command line, and again after a restart`() async throws {
        let server = try ServerProcess(configuration: Self.quiet)
        try await server.start()
        let now = ServerProcess.now
        let samples = (0..<60).map { (timestamp: now - 60_000 + Int64($0) * 1000, value: Double($0 * 2)) }
        #expect(try await server.remoteWrite([(["__name__": "e2e_total", "job": "test"], samples)]).status == 204)
        let lines = (0..<10).map { (nanoseconds: (now - 10_000 + Int64($0)) * 1_000_000, line: "GET /side/\($0) status=200") }
        #expect(try await server.push(["app": "nginx"], lines).status == 204)

        for _ in 0..<2 {
            let rate = try await server.result("/api/v1/query", ["query": "rate(e2e_total[30s])", "time": "\(Double(now - 1000) / 1000)"])
            let value = ((rate.first?["value"] as? [Any])?.last as? String).flatMap { Double($0) }
            #expect(abs((value ?? 0) - 2) < 1e-9)
            let found = try await server.result("/loki/api/v1/query_range", ["query": #"{app="nginx"} |= "/side/7""#])
            #expect((found.first?["values"] as? [[Any]])?.first?.last as? String == "GET /side/7 status=200")

            let table = try await server.run(["query", "e2e_total", "--at", "\(Double(now - 1000) / 1000)"])
            #expect(table.status == 0 && table.output.contains("e2e_total") && table.output.contains("118"), "\(table)")
            let raw = try await server.run(["logs", #"{app="nginx"} |= "GET""#, "-o", "raw"])
            #expect(raw.output.split(separator: "\n").count == 10, "\(raw)")
            let chart = try await server.run([
                "query", "rate(e2e_total[30s])", "-o", "chart", "--since", "1m", "--end", "\(Double(now - 1000) / 1000)",
            ])
            #expect(chart.status == 0 && chart.output.unicodeScalars.contains { (0x2801...0x28FF).contains($0.value) }, "\(chart)")
            #expect(try await server.run(["labels"]).output.split(separator: "\n").contains("job"))
            #expect(try await server.run(["series", #"{job="test"}"#]).output.contains("e2e_total"))

            #expect(server.stop() == 0)
            let check = try await ServerProcess.run(ServerProcess.binary, ["check", "data", server.dataDirectory.path])
            #expect(check.status == 0, "\(check.errors)")
            try await server.start()
        }
    }

    /// What comes in wrong: the answer's status, words of its message, and the metric that counts it.
    struct BadInput: Sendable, CustomTestStringConvertible {
        var name: String
        var path: String
        var type: String
        var body: [UInt8]
        var headers: [String: String] = [:]
        var method = "POST"
        var status: Int
        var words: String
        var testDescription: String { name }

        static func snapped(_ bytes: [UInt8]) -> [UInt8] {
            var out: [UInt8] = []
            Snappy.compress(bytes.span, into: &out)
            return out
        }

        static let protobuf = "application/x-protobuf"
        static let all: [BadInput] = [
            BadInput(name: "no snappy", path: "/api/v1/write", type: protobuf, body: Array("hello".utf8), status: 400, words: "snappy"),
            BadInput(
                name: "snappy that claims 4 GB", path: "/api/v1/write", type: protobuf, body: [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0],
                status: 413, words: "bytes"),
            BadInput(
                name: "no protobuf", path: "/api/v1/write", type: protobuf, body: snapped([0x0A, 0x7F, 1]), status: 400,
                words: "remote write"),
            BadInput(
                name: "a body of 1.0 sent as 2.0", path: "/api/v1/write", type: protobuf + ";proto=io.prometheus.write.v2.Request",
                body: snapped([0x0A, 0x00]), status: 400, words: "proto="),
            BadInput(
                name: "a body of 2.0 sent as 1.0", path: "/api/v1/write", type: protobuf, body: snapped([0x22, 0x00]), status: 400,
                words: "proto="),
            BadInput(
                name: "a number where a message belongs", path: "/api/v1/write", type: protobuf, body: snapped([0x08, 0x01]), status: 400,
                words: "wire type"),
            BadInput(name: "wrong type", path: "/api/v1/write", type: "text/csv", body: [], status: 415, words: "text/csv"),
            BadInput(
                name: "wrong encoding", path: "/api/v1/write", type: protobuf, body: [], headers: ["Content-Encoding": "br"], status: 415,
                words: "br"),
            BadInput(name: "no JSON", path: "/loki/api/v1/push", type: "application/json", body: Array("{".utf8), status: 400, words: ""),
            BadInput(
                name: "no labels", path: "/loki/api/v1/push", type: "application/json",
                body: Array(#"{"streams":[{"stream":{},"values":[["1","x"]]}]}"#.utf8), status: 400, words: "label"),
            BadInput(
                name: "no label name", path: "/loki/api/v1/push", type: "application/json",
                body: Array(#"{"streams":[{"stream":{"a-b":"c"},"values":[["1","x"]]}]}"#.utf8), status: 400, words: "a-b"),
            BadInput(name: "lines without labels", path: "/api/v1/logs/lines", type: "text/plain", body: [97], status: 400, words: "label"),
            BadInput(
                name: "too large", path: "/api/v1/logs/lines?app=x", type: "text/plain", body: [UInt8](repeating: 97, count: 17 << 20),
                status: 413, words: ""),
            BadInput(name: "unknown path", path: "/api/v1/nothing", type: "text/plain", body: [], method: "GET", status: 404, words: ""),
            BadInput(name: "wrong method", path: "/api/v1/write", type: "text/plain", body: [], method: "GET", status: 405, words: ""),
            BadInput(
                name: "bad query", path: "/api/v1/query?query=sum(", type: "text/plain", body: [], method: "GET", status: 400,
                words: "1:5"),
            BadInput(
                name: "a form whose only pair is broken", path: "/api/v1/query", type: "application/x-www-form-urlencoded",
                body: Array("query=%zz".utf8), status: 400, words: "no expression"),
            BadInput(
                name: "a form with a semicolon", path: "/api/v1/query", type: "application/x-www-form-urlencoded",
                body: Array("query=1;time=4".utf8), status: 400, words: "no expression"),
            BadInput(
                name: "a subquery of billions of steps", path: "/api/v1/query?query=max_over_time(nosuch%5B1y%3A1ms%5D)",
                type: "text/plain",
                body: [], method: "GET", status: 422, words: "too many samples"),
            BadInput(
                name: "a tail without an upgrade", path: "/loki/api/v1/tail?query=%7Bapp%3D%22a%22%7D", type: "text/plain", body: [],
                method: "GET", status: 400, words: "WebSocket"),
            BadInput(
                name: "bad log query", path: "/loki/api/v1/query_range?query=%7Bapp%3D", type: "text/plain", body: [], method: "GET",
                status: 400, words: "parse error"),
        ]
    }

    @Test func `Names and values do not steer the terminal, and times out of reach are refused`() async throws {
        let server = try ServerProcess(configuration: Self.quiet)
        try await server.start()
        let odd = "odd{a=\"\u{1B}[31mred\u{7}\",b=\"two\\nlines\",c=\"\\\\ \\\" \u{202E}\"} 2\n"
        #expect(try await server.post("/api/v1/import/prometheus", Array(odd.utf8), type: "text/plain").status / 100 == 2)
        let told = #"odd{a="\x1b[31mred\a", b="two\nlines", c="\\ \" \u202e"}"#
        for arguments in [["query", "odd"], ["series", "odd"], ["query", "odd", "-o", "chart", "--since", "1m"]] {
            let shown = try await server.run(arguments)
            #expect(shown.output.contains(told) && !shown.output.contains("red\u{7}"), "\(shown)")
        }
        #expect(try await server.run(["labels", "b"]).output == "two\\nlines\n")
        for time in ["1e300", "-1e300", "9.3e18"] {
            let refused = try await server.run(["query", "odd", "--end=\(time)"])
            #expect(refused.status == 2 && refused.errors.contains(time), "\(refused)")
        }
        let far = try await server.run(["query", "(time() - \(ServerProcess.now / 1000 - 1800)) * 1e305", "-o", "chart"])
        #expect(far.status == 0, "\(far)")
    }

    @Test func `Bad input is answered by what and where, counted, and loses nothing else`() async throws {
        let server = try ServerProcess(configuration: Self.quiet)
        try await server.start()
        let now = ServerProcess.now
        for bad in BadInput.all {
            let before = try await server.ownMetric("varde_http_requests_refused_total")
            let answer =
                bad.method == "GET"
                ? try await server.get(bad.path) : try await server.post(bad.path, bad.body, type: bad.type, headers: bad.headers)
            #expect(answer.status == bad.status, "\(bad.name): \(answer.text)")
            #expect(bad.words.isEmpty || answer.text.contains(bad.words), "\(bad.name): \(answer.text)")
            #expect(try await server.ownMetric("varde_http_requests_refused_total") > before, "\(bad.name) is not counted")
        }
        // A line that is not UTF-8 is kept, with the bytes replaced.
        #expect(try await server.post("/api/v1/logs/lines?app=bytes", [0x61, 0xFF, 0x62, 10], type: "text/plain").status == 204)
        let kept = try await server.result("/loki/api/v1/query_range", ["query": #"{app="bytes"}"#])
        #expect((kept.first?["values"] as? [[Any]])?.first?.last as? String == "a\u{FFFD}b")
        #expect(try await server.ownMetric("varde_repaired_lines_total") == 1)
        // A batch with one bad series keeps the others.
        let answer = try await server.remoteWrite([
            (["__name__": "good"], [(now, 1)]), (["job": "nameless"], [(now, 1)]), (["__name__": "too_old"], [(now - 400 * 86_400_000, 1)]),
        ])
        #expect(answer.status == 400)
        #expect(try await server.result("/api/v1/query", ["query": "good", "time": "\(Double(now) / 1000)"]).count == 1)
        #expect(try await server.result("/api/v1/query", ["query": "too_old", "time": "\(Double(now) / 1000)"]).isEmpty)
        #expect(try await server.ownMetric("varde_refused_samples_total", "out_of_bounds") == 1)
    }

    @Test func `Lines alike stay as many as were sent, by whatever makes them alike`() async throws {
        let server = try ServerProcess(configuration: Self.quiet)
        try await server.start()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    try await server.post("/api/v1/logs/lines?app=same", Array("ping\nping\n".utf8), type: "text/plain").status
                }
            }
            for try await status in group { #expect(status == 204) }
        }
        let time = ServerProcess.now * 1_000_000
        // Masked, they are equal; the last is the first, sent twice.
        let secrets = ["aaaaaaaa1", "bbbbbbbb2", "cccccccc3", "aaaaaaaa1"].map { (nanoseconds: time, line: "login password=\($0) failed") }
        for _ in 0..<2 { #expect(try await server.push(["app": "secret"], secrets).status == 204) }
        for (app, count) in [("same", "80"), ("secret", "3")] {
            let found = try await server.result("/loki/api/v1/query", ["query": "sum(count_over_time({app=\"\(app)\"}[1h]))"])
            #expect((found.first?["value"] as? [Any])?.last as? String == count, "\(app): \(found)")
        }
    }

    @Test func `Every metric of its own says what it counts`() async throws {
        let server = try ServerProcess(configuration: Self.quiet)
        try await server.start()
        let page = try await server.get("/metrics").text.split(separator: "\n")
        let types = page.filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] }
        let helps = Set(page.filter { $0.hasPrefix("# HELP ") }.map { $0.split(separator: " ")[2] })
        #expect(types.count > 50)
        #expect(types.filter { !helps.contains($0) } == [])
    }

    @Test func `A stop ends queries that would outlast it`() async throws {
        let server = try ServerProcess(configuration: Self.quiet + "server: {shutdown_timeout: 2s}\n")
        try await server.start()
        let query = Task { try? await server.get("/api/v1/query?query=quantile_over_time(0.5%2Cvector(time())%5B4h%3A1ms%5D)") }
        for _ in 0..<200 {
            if try await server.ownMetric("varde_queries_running") > 0 { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(server.stop() == 0)
        _ = await query.value
    }

    @Test func `A client that asks whether to send its body is told to go on, before its answer`() async throws {
        let server = try ServerProcess()
        try await server.start()
        let head = "POST /api/v1/query HTTP/1.1\r\nHost: varde\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        let bodies = ["query=1%2B1", "query=2%2B2"]
        let socket = try RawSocket(.stream, port: server.port)
        for (body, more) in zip(bodies, ["", "Connection: close\r\n"]) {
            socket.send(head + more + "Expect: 100-continue\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body)
        }
        let answers = String(decoding: socket.receive(atLeast: .max), as: UTF8.self)
        let statuses = answers.matches(of: #/HTTP/1\.1 ([0-9]+)/#).map(\.1)
        #expect(statuses == ["100", "200", "100", "200"])
        #expect(answers.contains("\"2\"]") && answers.contains("\"4\"]"))
    }

    @Test func `A connection whose request is refused is closed, though its client goes on sending`() async throws {
        let server = try ServerProcess()
        try await server.start()
        let before = try server.openFiles()
        var clients: [RawSocket] = []
        for _ in 0..<10 {
            let client = try RawSocket(.stream, port: server.port)
            client.send("GET / HTTP/1.1\r\nHost: varde\r\nX: " + String(repeating: "a", count: 600_000) + "\r\n\r\n")
            clients.append(client)
        }
        #expect(try await ServerProcess.wait { try server.openFiles() < before + 5 })
        withExtendedLifetime(clients) {}
    }

    @Test(arguments: [
        (request: "GET /-/healthy HTTP/1.1\r\n\r\n", status: "400"),
        (request: "GET /-/healthy HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", status: "400"),
        (request: "GET /loki/api/v1/tail HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n", status: "400"),
        (request: "POST /loki/api/v1/push HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n", status: "400"),
        (request: "no HTTP at all\r\n\r\n", status: "400"),
        (request: "GET /-/healthy HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n", status: "200"),
        (request: "GET /-/healthy HTTP/1.0\r\n\r\n", status: "200"),
        (request: "GET /metrics HTTP/1.0\r\n\r\n", status: "200"),
    ])
    func `A request that is not framed as HTTP has it is told so and counted, and its connection closed, as that of HTTP 1.0 is`(
        _ request: String, _ status: String
    ) async throws {
        let server = try ServerProcess(configuration: Self.quiet)
        try await server.start()
        let before = try await server.ownMetric("varde_http_requests_refused_total", "bad_data")
        let socket = try RawSocket(.stream, port: server.port)
        socket.send(request)
        // Read to the end: the server closes.
        let answer = String(decoding: socket.receive(atLeast: .max), as: UTF8.self)
        let version = request.contains("HTTP/1.0") ? "1.0" : "1.1"
        #expect(answer.hasPrefix("HTTP/\(version) \(status)"), "\(answer)")
        #expect(answer.lowercased().contains("connection: close") && !answer.lowercased().contains("chunked"), "\(answer)")
        let after = try await server.ownMetric("varde_http_requests_refused_total", "bad_data")
        #expect(after - before == (status == "400" ? 1 : 0))
        #expect(!server.log.contains("a request failed"))
    }

    @Test func `A client of HTTP 1.0 that wishes to keep its connection keeps it`() async throws {
        let server = try ServerProcess(configuration: Self.quiet)
        try await server.start()
        let socket = try RawSocket(.stream, port: server.port)
        socket.send("GET /-/healthy HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
        let first = String(decoding: socket.receive(atLeast: 1), as: UTF8.self)
        #expect(first.lowercased().contains("connection: keep-alive"), "\(first)")
        socket.send("GET /-/healthy HTTP/1.0\r\n\r\n")
        #expect(String(decoding: socket.receive(atLeast: .max), as: UTF8.self).contains("HTTP/1.0 200"))
    }

    @Test func `A client that hangs up in the midst of its body is counted, and is no error of the server`() async throws {
        let server = try ServerProcess(configuration: Self.quiet)
        try await server.start()
        do {
            let socket = try RawSocket(.stream, port: server.port)
            socket.send("POST /loki/api/v1/push HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{")
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(try await ServerProcess.wait { try await server.ownMetric("varde_http_requests_refused_total", "hung_up") == 1 })
        #expect(!server.log.contains("a request failed"))
    }

    @Test func `A second server on the same directory, an open address without tokens and a bad configuration are refused`() async throws {
        let server = try ServerProcess(configuration: Self.quiet)
        try await server.start()
        let port = try FreePort.take()
        let second = try await ServerProcess.run(
            ServerProcess.binary, ["serve", "--data-dir", server.dataDirectory.path, "--listen", "127.0.0.1:\(port)"])
        #expect(second.status != 0 && second.errors.contains(server.dataDirectory.path), "\(second)")

        let other = server.folder.appendingPathComponent("other").path
        let open = try await ServerProcess.run(ServerProcess.binary, ["serve", "--data-dir", other, "--listen", "0.0.0.0:\(port)"])
        #expect(open.status != 0 && open.errors.contains("tokens"), "\(open)")

        let file = server.folder.appendingPathComponent("bad.yaml")
        try "global:\n  scrape_interval: 15s\n  scrap_timeout: 10s\n".write(to: file, atomically: true, encoding: .utf8)
        let bad = try await ServerProcess.run(ServerProcess.binary, ["serve", "--config", file.path, "--data-dir", other])
        #expect(bad.status != 0 && bad.errors.contains("bad.yaml:3:3"), "\(bad)")
        let checked = try await ServerProcess.run(ServerProcess.binary, ["check", "config", file.path])
        #expect(checked.status != 0 && (checked.errors + checked.output).contains("bad.yaml:3:3"), "\(checked)")
    }

    @Test func `A reload puts a new configuration in force, or keeps the old one and says why`() async throws {
        let server = try ServerProcess(configuration: Self.quiet + "global: {scrape_interval: 15s}\n")
        try await server.start()
        let file = server.folder.appendingPathComponent("varde.yaml")
        try (Self.quiet + "global: {scrape_interval: 31s}\n").write(to: file, atomically: true, encoding: .utf8)
        #expect(try await server.post("/-/reload", [], type: "text/plain").status == 200)
        #expect(try await server.get("/api/v1/status/config").text.contains("31s"))
        try (Self.quiet + "global: {scrape_intervall: 32s}\n").write(to: file, atomically: true, encoding: .utf8)
        let refused = try await server.post("/-/reload", [], type: "text/plain")
        #expect(refused.status == 500 && refused.text.contains("scrape_intervall"), "\(refused.text)")
        #expect(try await server.get("/api/v1/status/config").text.contains("31s"))
        #expect(try await server.ownMetric("varde_config_reload_failures_total") == 1)
    }

    @Test func `The configuration is shown without its secrets, however it is written`() async throws {
        let server = try ServerProcess(
            configuration: """
                collect: {host: {enabled: false}}
                scrape_configs:
                  - {job_name: a, basic_auth: {username: u, password: hidden1}, static_configs: [{targets: ["127.0.0.1:1"]}]}
                  - job_name: b
                    authorization: {credentials: "hidden2"}
                    http_sd_configs: [{url: "http://user:hidden3@127.0.0.1:1/x"}]
                server:
                  enable_admin_api: true

                """)
        try await server.start()
        let text = try await server.get("/api/v1/status/config").text
        #expect(!text.contains("hidden"), "\(text)")
        #expect(text.contains("job_name: a") && text.contains("<secret>") && text.contains("username: u"), "\(text)")
    }

    @Test func `Limits change with a reload, and those of the start are named`() async throws {
        let server = try ServerProcess(configuration: Self.quiet + "limits: {series: 1000}\n")
        try await server.start()
        let file = server.folder.appendingPathComponent("varde.yaml")
        try (Self.quiet + "limits: {series: 5, request_size: 1KB}\n").write(to: file, atomically: true, encoding: .utf8)
        #expect(try await server.post("/-/reload", [], type: "text/plain").status == 200)
        let large = try await server.post("/api/v1/logs/lines?app=x", [UInt8](repeating: 97, count: 5000), type: "text/plain")
        #expect(large.status == 413)
        #expect(server.log.contains("limits.series was changed"))
        try (Self.quiet + "server: {listen: \"0.0.0.0:1\"}\n").write(to: file, atomically: true, encoding: .utf8)
        #expect(try await server.post("/-/reload", [], type: "text/plain").status == 500)
        let checked = try await ServerProcess.run(ServerProcess.binary, ["check", "config", file.path])
        #expect(checked.status != 0 && (checked.errors + checked.output).contains("tokens"), "\(checked)")
    }

    @Test func `What is refused is not told with the person in it, and names are stored without one`() async throws {
        let server = try ServerProcess(configuration: Self.quiet)
        try await server.start()
        let number = "02013299997"
        let refused = try await server.post("/api/v1/import/prometheus", Array("bad{u=\"x\"} x \(number)\n".utf8), type: "text/plain")
        #expect(refused.status == 400 && !refused.text.contains(number), "\(refused.text)")
        let influx = Array("login,ola.nordmann@firma.no=x,+4791234567=y,n_\(number)=z v=1\n".utf8)
        #expect(try await server.post("/write", influx, type: "text/plain").status == 204)
        let names = try await server.get("/api/v1/labels").text
        #expect(!names.contains("nordmann") && !names.contains("91234567") && !names.contains(number), "\(names)")
        let body = Array("# HELP jobs_total Of \(number)\n# TYPE jobs_total counter\njobs_total 1\n".utf8)
        #expect(try await server.post("/metrics/job/a/owner/ola@firma.no", body, type: "text/plain").status == 200)
        #expect(server.stop() == 0)
        let dump = try await ServerProcess.run(ServerProcess.binary, ["check", "data", server.dataDirectory.path, "--dump"])
        #expect(dump.status == 0 && dump.output.contains("jobs_total"))
        #expect(!dump.output.contains(number) && !dump.output.contains("ola@"), "\(dump.output)")
    }

    @Test func `Keys that were lost are missed, and new ones are told from them`() async throws {
        let server = try ServerProcess(configuration: Self.quiet)
        try await server.start()
        #expect(try await server.push(["app": "a"], [(ServerProcess.now * 1_000_000, "til ola@firma.no")]).status == 204)
        #expect(server.stop() == 0)
        let keys = try FileManager.default.contentsOfDirectory(atPath: server.folder.path).filter { $0.hasPrefix("data") && $0 != "data" }
        #expect(keys.count == 1)
        for name in keys { try FileManager.default.removeItem(at: server.folder.appendingPathComponent(name)) }
        try await server.start()
        #expect(server.log.contains("the keys of the pseudonyms in this data directory"))
        #expect(try await server.push(["app": "b"], [(ServerProcess.now * 1_000_000, "til ola@firma.no")]).status == 204)
        let found = try await server.get("/loki/api/v1/query_range?query=%7Bapp%3D%22b%22%7D").text
        #expect(found.contains("<EMAIL:k") && !found.contains("<EMAIL:k1:"), "\(found)")
    }

    @Test func `Tokens open what their roles allow, and nothing else does`() async throws {
        var tokens: [String: String] = [:]
        var lines = ""
        for role in ["read", "write", "admin"] {
            let made = try await ServerProcess.run(ServerProcess.binary, ["token", "new", role, "--role", role])
            #expect(made.status == 0)
            let words = (made.output + made.errors).split(whereSeparator: { " \n\"',".contains($0) }).map(String.init)
            let hash = try #require(words.first { $0.hasPrefix("sha256:") })
            tokens[role] = words.first { $0.hasPrefix("varde_") }
            lines += "      - {name: \(role), roles: [\(role)], hash: \"\(hash)\"}\n"
        }
        let server = try ServerProcess(configuration: Self.quiet + "server:\n  auth:\n    tokens:\n" + lines)
        try await server.start()
        func status(_ path: String, _ token: String?) async throws -> Int {
            try await server.get(path, headers: token.map { ["Authorization": "Bearer \($0)"] } ?? [:]).status
        }
        #expect(try await status("/api/v1/query?query=1", nil) == 401)
        #expect(try await status("/api/v1/query?query=1", "wrong") == 401)
        #expect(try await status("/api/v1/query?query=1", tokens["read"]) == 200)
        #expect(try await status("/api/v1/query?query=1", tokens["write"]) == 403)
        #expect(try await status("/-/healthy", nil) == 200)
        let write = try #require(tokens["write"])
        let pushed = try await server.post(
            "/api/v1/logs/lines?app=a", Array("x\n".utf8), type: "text/plain",
            headers: ["Authorization": "Basic " + Data("any:\(write)".utf8).base64EncodedString()])
        #expect(pushed.status == 204, "\(pushed.text)")
        #expect(
            try await server.get("/metrics", headers: ["Authorization": "Bearer \(tokens["read"] ?? "")"]).text.contains(
                "varde_auth_failures_total"))
        for token in tokens.values { #expect(!server.log.contains(token)) }
    }
}
