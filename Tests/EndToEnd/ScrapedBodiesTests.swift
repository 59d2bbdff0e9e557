import Foundation
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Debian's prometheus and Varde scrape the same bytes: the samples are the same.
@Suite struct ScrapedBodiesTests {
    private static let textType = "text/plain; version=0.0.4; charset=utf-8"

    /// What exporters rarely send and may.
    private static let text = """
        # HELP odd_total A counter \\\\ with a backslash\\nand a line.
        # TYPE odd_total counter
        odd_total{p="a\\"b\\\\c\\nd",q=""} 1.5e+300
        odd_total { p = "å" , } -0
        odd_total{p="inf"} +Inf
        odd_total{p="ninf"} -Inf
        odd_total{p="small"} 4.9e-324
        odd_total{p="long"} 0.30000000000000004
        odd_total{p="big"} 12345678901234567890
        # TYPE lat histogram
        lat_bucket{le="0.5"} 1
        lat_bucket{le="1"} 2
        lat_bucket{le="+Inf"} 3
        lat_sum 1.25
        lat_count 3
        untyped_one{} 7

        """
    private static let openMetrics = """
        # TYPE req counter
        # HELP req Requests.
        req_total{p="a"} 3.0 # {trace_id="x1"} 1.0 1700000000.5
        req_created{p="a"} 1.7e+09
        # TYPE temp_celsius gauge
        # UNIT temp_celsius celsius
        temp_celsius -1.5e-07
        # TYPE st stateset
        st{st="x"} 1
        st{st="y"} 0
        # EOF

        """

    private static func fetch(_ url: String, accept: String) async throws -> (type: String, body: Data) {
        var request = URLRequest(url: try #require(URL(string: url)))
        request.setValue(accept, forHTTPHeaderField: "Accept")
        let (data, response) = try await URLSession.shared.data(for: request)
        return ((response as? HTTPURLResponse)?.value(forHTTPHeaderField: "Content-Type") ?? "", data)
    }

    /// Series with their values as text; numbers in `le` and `quantile` in one form, because Prometheus 3 writes `1.0` and 2 wrote `1`.
    private static func samples(_ address: String) async throws -> [String: String] {
        let selector = "%7B__name__%21~%22scrape_duration_seconds%7Cscrape_series_added%22%2Cjob%3D~%22.%2B%22%7D"
        let answer = try await fetch("\(address)/api/v1/query?query=\(selector)", accept: "*/*")
        let json = try JSONSerialization.jsonObject(with: answer.body) as? [String: Any]
        let result = (json?["data"] as? [String: Any])?["result"] as? [[String: Any]] ?? []
        var found: [String: String] = [:]
        for one in result {
            let labels = (one["metric"] as? [String: String] ?? [:]).map { name, value in
                "\(name)=\(name == "le" || name == "quantile" ? Double(value).map { "\($0)" } ?? value : value)"
            }
            found[labels.sorted().joined(separator: ",")] = (one["value"] as? [Any])?.last as? String ?? "\(one["histogram"] ?? "")"
        }
        return found
    }

    /// Runs a program that was unpacked, in a namespace of its own where `/usr/share` is that of the packages.
    private static func launchInPlace(_ binary: URL, _ arguments: [String], _ address: String) async throws -> Process {
        let usr = binary.deletingLastPathComponent().deletingLastPathComponent()
        let mount = "mount --bind \"$0/share\" /usr/share && exec \"$@\""
        return try await launch(
            URL(fileURLWithPath: "/usr/bin/env"),
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, usr.path, binary.path] + arguments, address)
    }

    private static func launch(_ binary: URL, _ arguments: [String], _ address: String) async throws -> Process {
        let process = Process()
        process.executableURL = binary
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.startAlone()
        for _ in 0..<300 where process.isRunning {
            if (try? await fetch(address + "/metrics", accept: "*/*"))?.body.isEmpty == false { return process }
            try await Task.sleep(for: .milliseconds(50))
        }
        if process.isRunning { process.terminate() }
        throw ServerProcess.Failure(description: "\(binary.lastPathComponent) did not come up")
    }

    private static let formats = [
        "text": "text/plain;version=0.0.4",
        "protobuf": "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
        "openmetrics": "application/openmetrics-text;version=1.0.0",
    ]

    /// Programs whose bodies are scraped: where they listen and keep things is given beside these.
    private static let exporters: [(name: String, arguments: @Sendable (_ address: String, _ folder: String) -> [String])] = [
        (
            "prometheus",
            { ["--config.file=\($1)/empty.yml", "--storage.tsdb.path=\($1)/source", "--web.listen-address=\($0)"] }
        ),
        ("prometheus-node-exporter", { address, _ in ["--web.listen-address=\(address)"] }),
        (
            "prometheus-alertmanager",
            {
                [
                    "--config.file=\($1)/alertmanager.yml", "--storage.path=\($1)/alertmanager", "--web.listen-address=\($0)",
                    "--cluster.listen-address=",
                ]
            }
        ),
        ("victoria-metrics", { ["-httpListenAddr=\($0)", "-storageDataPath=\($1)/victoria-metrics"] }),
        ("prometheus-pushgateway", { ["--web.listen-address=\($0)", "--persistence.file=\($1)/pushed"] }),
    ]

    /// What live exporters answer, taken once in each format: by path.
    private static func liveBodies(_ folder: URL) async throws -> [String: (type: String, body: Data)] {
        try "global: {}\n".write(to: folder.appendingPathComponent("empty.yml"), atomically: true, encoding: .utf8)
        try "route: {receiver: none}\nreceivers: [{name: none}]\n"
            .write(to: folder.appendingPathComponent("alertmanager.yml"), atomically: true, encoding: .utf8)
        var bodies: [String: (type: String, body: Data)] = [:]
        for (name, arguments) in exporters {
            guard let binary = Peers.find(name) else {
                print("\(name) is not unpacked here: its bodies are left out")
                continue
            }
            let address = "127.0.0.1:\(try FreePort.take())"
            let all = arguments(address, folder.path)
            var running = try? await launch(binary, all, "http://\(address)")
            // Some look for files at the place they are meant to be installed at.
            if running == nil { running = try? await launchInPlace(binary, all, "http://\(address)") }
            guard let source = running else {
                print("\(name) does not run where it was unpacked: its bodies are left out")
                continue
            }
            defer { source.terminate() }
            if name == "prometheus-pushgateway" {
                var push = URLRequest(url: try #require(URL(string: "http://\(address)/metrics/job/nightly/shop/oslo")))
                push.httpMethod = "POST"
                push.httpBody = Data(
                    "# TYPE rows_total counter\nrows_total{table=\"a\"} 12.5\n# TYPE ran summary\nran{quantile=\"0.5\"} 3\nran_sum 7\nran_count 2\n"
                        .utf8)
                let pushed = try await URLSession.shared.data(for: push)
                #expect((pushed.1 as? HTTPURLResponse)?.statusCode == 200)
            }
            for (format, accept) in formats {
                bodies["/\(name)-\(format)"] = try await fetch("http://\(address)/metrics", accept: accept)
            }
        }
        return bodies
    }

    /// What PyPI's prometheus_client exposes, in each of its formats.
    private static func pythonBodies() async throws -> [String: (type: String, body: Data)] {
        guard let python = PythonClients.interpreter, let script = PythonClients.script("exposition.py") else {
            print("Python's clients are not installed here: the bodies of prometheus_client are left out")
            return [:]
        }
        let wanted = ["text", "openmetrics"].compactMap { format in formats[format].map { "\(format)=\($0)" } }
        let answer = try await ServerProcess.run(python, [script.path] + wanted)
        #expect(answer.status == 0, "\(answer.errors)")
        let found = try #require(try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: [String: String]])
        #expect(found["openmetrics"]?["type"]?.hasPrefix("application/openmetrics-text") == true)
        return Dictionary(
            uniqueKeysWithValues: found.map { ("/python-\($0.key)", ($0.value["type"] ?? "", Data(($0.value["body"] ?? "").utf8))) })
    }

    @Test(.enabled(if: Peers.find("prometheus") != nil, "Debian's prometheus is not unpacked here"))
    func `The same bodies give the same samples as in Debian's prometheus`() async throws {
        let prometheus = try #require(Peers.find("prometheus"))
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("varde-bodies-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var bodies: [String: (type: String, body: Data)] = [
            "/text": (Self.textType, Data(Self.text.utf8)),
            "/openmetrics": ("application/openmetrics-text; version=1.0.0; charset=utf-8", Data(Self.openMetrics.utf8)),
        ]
        bodies.merge(try await Self.liveBodies(folder)) { first, _ in first }
        bodies.merge(try await Self.pythonBodies()) { first, _ in first }
        let server = try FixedBodies(bodies)
        defer { server.stop() }
        let jobs = bodies.keys.sorted().map {
            "  - {job_name: \"\($0)\", metrics_path: \($0), static_configs: [{targets: [\"127.0.0.1:\(server.port)\"]}]}\n"
        }.joined()
        let configuration = "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n\(jobs)"
        let file = folder.appendingPathComponent("prometheus.yml")
        try configuration.write(to: file, atomically: true, encoding: .utf8)
        let address = "127.0.0.1:\(try FreePort.take())"
        let peer = try await Self.launch(
            prometheus,
            [
                "--config.file=\(file.path)", "--storage.tsdb.path=\(folder.path)/peer", "--web.listen-address=\(address)",
                "--enable-feature=native-histograms",
            ], "http://\(address)")
        defer { peer.terminate() }
        // Privacy off: MAC addresses among the labels would be pseudonymised, as they should.
        let varde = try ServerProcess(
            configuration: configuration.replacingOccurrences(of: "global: {", with: "global: {scrape_native_histograms: true, ")
                + "collect: {host: {enabled: false}}\nprivacy: {enabled: false}\n")
        try await varde.start()
        var (theirs, ours): ([String: String], [String: String]) = ([:], [:])
        for _ in 0..<100 {
            theirs = try await Self.samples("http://\(address)")
            ours = try await Self.samples(varde.address)
            if [theirs, ours].allSatisfy({ all in all.count { $0.key.contains("__name__=up,") && $0.value == "1" } == bodies.count }) {
                break
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(theirs.count > 500)
        for (series, value) in theirs where ours[series] != value {
            Issue.record("\(series): prometheus has \(value), Varde \(ours[series] ?? "nothing")")
        }
        #expect(Set(ours.keys).subtracting(theirs.keys).sorted() == [])
    }

}
