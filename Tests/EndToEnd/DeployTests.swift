import Foundation
import Testing
import Yams

/// What stands in `deploy/` and `Config/` is what it says.
@Suite struct DeployTests {
    private static func files(_ folder: String, _ endings: String...) throws -> [URL] {
        let root = GatewayProcess.repository.appendingPathComponent(folder)
        return try FileManager.default.subpathsOfDirectory(atPath: root.path).sorted()
            .filter { path in endings.contains { path.hasSuffix($0) } }.map { root.appendingPathComponent($0) }
    }

    @Test func `Every YAML file parses, and Varde's own pass its check`() async throws {
        let all = try Self.files("deploy", ".yaml", ".yml") + Self.files("Config", ".yaml", ".yml")
        #expect(all.count >= 5)
        for file in all {
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(throws: Never.self, "\(file.path)") { try #require(try Yams.load(yaml: text)) }
            if file.lastPathComponent == "varde.yaml", !file.path.contains("grafana") {
                let check = try await ServerProcess.run(ServerProcess.binary, ["check", "config", file.path])
                #expect(check.status == 0, "\(check.output)\(check.errors)")
            }
        }
    }

    @Test func `The compose file publishes nothing beyond loopback and holds no secret`() throws {
        let file = GatewayProcess.repository.appendingPathComponent("deploy/docker/compose.yaml")
        let compose = try #require(try Yams.load(yaml: try String(contentsOf: file, encoding: .utf8)) as? [String: Any])
        let services = try #require(compose["services"] as? [String: [String: Any]])
        #expect(Set(services.keys) == ["varde", "grafana"])
        let volumes = try #require(compose["volumes"] as? [String: Any])
        let secrets = try #require(compose["secrets"] as? [String: [String: Any]])
        for (name, service) in services {
            for port in service["ports"] as? [String] ?? [] { #expect(port.hasPrefix("127.0.0.1:"), "\(name): \(port)") }
            #expect(service["cap_drop"] as? [String] == ["ALL"], "\(name)")
            #expect(service["mem_limit"] != nil, "\(name)")
            for volume in service["volumes"] as? [String] ?? [] {
                let source = String(volume.prefix { $0 != ":" })
                if source.hasPrefix(".") {
                    let path = file.deletingLastPathComponent().appendingPathComponent(source).standardized.path
                    #expect(FileManager.default.fileExists(atPath: path), "\(name): \(path)")
                } else {
                    #expect(volumes.keys.contains(source), "\(name): \(source)")
                }
            }
            for secret in service["secrets"] as? [String] ?? [] { #expect(secrets.keys.contains(secret), "\(name): \(secret)") }
        }
        for secret in secrets.values { #expect(secret["file"] != nil) }
        let grafana = try #require(services["grafana"]?["environment"] as? [String: String])
        #expect(grafana["GF_USERS_ALLOW_SIGN_UP"] == "false")
        #expect(grafana["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "/run/secrets/grafana_admin_password")
        #expect(grafana["GF_SECURITY_ADMIN_PASSWORD"] == nil)
    }

    /// Expressions of a dashboard's panels and variables, with the type of their data source.
    private static func expressions(_ value: Any, source: String = "") -> [(source: String, expression: String)] {
        if let list = value as? [Any] { return list.flatMap { expressions($0, source: source) } }
        guard let object = value as? [String: Any] else { return [] }
        let own = (object["datasource"] as? [String: Any])?["type"] as? String ?? source
        var found = object.sorted { $0.key < $1.key }.flatMap { expressions($0.value, source: own) }
        if let text = object["expr"] as? String { found.append((own, text)) }
        return found
    }

    @Test func `Every query of the dashboards is answered`() async throws {
        let server = try ServerProcess(configuration: "collect: {host: {enabled: false}}\n")
        try await server.start()
        let dashboards = try Self.files("deploy/grafana/dashboards", ".json")
        #expect(dashboards.count == 3)
        for file in dashboards {
            let all = Self.expressions(try JSONSerialization.jsonObject(with: try Data(contentsOf: file)))
            #expect(all.count > 3, "\(file.lastPathComponent)")
            for (source, expression) in all {
                var query = expression
                for (name, value) in [("$__rate_interval", "1m"), ("$__interval", "1m"), ("$__range", "1h"), ("$__auto", "1m")] {
                    query = query.replacingOccurrences(of: name, with: value)
                }
                query = query.replacing(/\$\{?[a-z_]+(:[a-z]+)?\}?/, with: "x")
                let path = source == "loki" ? "/loki/api/v1/query_range" : "/api/v1/query"
                await #expect(throws: Never.self, "\(file.lastPathComponent): \(query)") {
                    _ = try await server.result(path, ["query": query])
                }
            }
        }
    }

    private static let systemdAnalyze = Peers.find("systemd-analyze")

    @Test(.enabled(if: systemdAnalyze != nil, "systemd-analyze is not here"))
    func `The systemd unit passes verification, and its directories are those of its command`() async throws {
        let tool = try #require(Self.systemdAnalyze)
        let unit = GatewayProcess.repository.appendingPathComponent("deploy/systemd/varde.service")
        let text = try String(contentsOf: unit, encoding: .utf8)
        // The key ring lies beside the data: both must be the service's to write.
        #expect(text.contains("--data-dir /var/lib/varde/data ") && text.contains("StateDirectory=varde/data varde/data.keys"))
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("varde-unit-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let copy = folder.appendingPathComponent("varde.service")
        // The binary need not be installed to check the rest.
        try text.replacingOccurrences(of: "/usr/local/bin/varde", with: ServerProcess.binary.path)
            .write(to: copy, atomically: true, encoding: .utf8)
        let result = try await ServerProcess.run(tool, ["verify", copy.path])
        let complaints = result.errors.split(separator: "\n").filter { $0.contains("varde.service") }
        #expect(complaints.isEmpty, "\(complaints)")
    }

    private static let isGatewayPossible = Peers.find("nginx") != nil && Peers.find("openssl") != nil

    @Test(.enabled(if: isGatewayPossible, "nginx or openssl is not here"))
    func `Push, query and tail go through the nginx gateway, and a dead upstream is left within its time limits`() async throws {
        let (nginx, openssl) = (try #require(Peers.find("nginx")), try #require(Peers.find("openssl")))
        let quiet = "collect: {host: {enabled: false}}\n"
        let (main, spare) = (try ServerProcess(configuration: quiet), try ServerProcess(configuration: quiet))
        try await main.start()
        try await spare.start()
        let page: [String: (type: String, body: Data)] = ["/hello": ("text/plain", Data("hello".utf8)), "/metrics": ("text/plain", Data())]
        let (one, two) = (try FixedBodies(page), try FixedBodies(page))
        defer { two.stop() }
        let gateway = try GatewayProcess(
            nginx: nginx, openssl: openssl, varde: (main.port, spare.port), services: (one.port, two.port))
        let environment = ["VARDE_SERVER": "https://localhost:\(gateway.vardePort)", "VARDE_CA_FILE": gateway.certificate.path]
        func varde(_ arguments: String..., input: String = "") async throws -> (status: Int32, output: String, errors: String) {
            try await ServerProcess.run(ServerProcess.binary, arguments, input: Data(input.utf8), environment: environment)
        }
        var isUp = false
        for _ in 0..<200 where !isUp && gateway.isRunning {
            isUp = try await varde("ping").status == 0
            if !isUp { try await Task.sleep(for: .milliseconds(50)) }
        }
        try #require(isUp, "\(gateway.complaints)")

        let pushed = try await varde("push", "logs", "--label", "app=behind", input: "through the gateway\n")
        #expect(pushed.status == 0, "\(pushed)")
        #expect(try await varde("logs", #"{app="behind"}"#, "-o", "raw").output == "through the gateway\n")
        let series = try await main.remoteWrite([(["__name__": "behind"], [(ServerProcess.now, 7)])])
        #expect(series.status == 204)
        #expect(try await varde("query", "behind").output.contains("7"))

        // Tail: a WebSocket's frames from the server are plain text inside TLS.
        let request = """
            GET /loki/api/v1/tail?query=%7Bapp%3D%22behind%22%7D HTTP/1.1\r
            Host: localhost\r
            Connection: Upgrade\r
            Upgrade: websocket\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
            \r

            """
        let (input, output) = (gateway.folder.appendingPathComponent("request"), gateway.folder.appendingPathComponent("tail"))
        try Data(request.utf8).write(to: input)
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        let tail = Process()
        tail.executableURL = openssl
        tail.arguments = ["s_client", "-quiet", "-connect", "127.0.0.1:\(gateway.vardePort)", "-CAfile", gateway.certificate.path]
        tail.standardInput = try FileHandle(forReadingFrom: input)
        tail.standardOutput = try FileHandle(forWritingTo: output)
        tail.standardError = FileHandle.nullDevice
        try tail.startAlone()
        defer { tail.terminate() }
        func tailed() -> String { String(decoding: FileManager.default.contents(atPath: output.path) ?? Data(), as: UTF8.self) }
        for _ in 0..<200 where !tailed().contains("101 Switching Protocols") { try await Task.sleep(for: .milliseconds(50)) }
        #expect(tailed().contains("101 Switching Protocols"))
        for _ in 0..<200 where !tailed().contains("seen while watching") {
            #expect(try await varde("push", "logs", "--label", "app=behind", input: "seen while watching\n").status == 0)
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(tailed().contains("seen while watching"))

        // Services: one of the two dies, every request is still answered; their metrics are not for outside.
        func service(_ path: String) async throws -> (status: Int32, output: String, errors: String) {
            let get = "GET \(path) HTTP/1.1\r\nHost: api.example.no\r\nConnection: close\r\n\r\n"
            return try await ServerProcess.run(
                openssl, ["s_client", "-quiet", "-connect", "127.0.0.1:\(gateway.servicesPort)", "-CAfile", gateway.certificate.path],
                input: Data(get.utf8))
        }
        #expect(try await service("/hello").output.hasSuffix("hello"))
        #expect(try await service("/metrics").output.hasPrefix("HTTP/1.1 404"))
        one.stop()
        for _ in 0..<6 { #expect(try await service("/hello").output.hasSuffix("hello"), "\(gateway.complaints)") }

        // Varde: with the first one killed, pushes and queries go to the spare.
        main.killHard()
        let failedOver = try await varde("push", "logs", "--label", "app=spare", input: "to the spare\n")
        #expect(failedOver.status == 0, "\(failedOver)")
        #expect(try await varde("logs", #"{app="spare"}"#, "-o", "raw").output == "to the spare\n")
        #expect(try await spare.result("/loki/api/v1/query_range", ["query": #"{app="spare"}"#]).count == 1)
        #expect(!gateway.accessLog.contains("app%3D"), "the gateway logs query strings")
    }
}
