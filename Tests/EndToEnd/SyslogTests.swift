import Foundation
import Testing

/// Syslog over TCP, UDP and TLS, by hand and from Debian's syslog-ng.
@Suite struct SyslogListenerTests {
    /// Asks until a query has so many lines, or half a minute is over.
    static func lines(
        _ server: ServerProcess, _ query: String, count: Int
    ) async throws -> [(labels: [String: String], line: String)] {
        var found: [(labels: [String: String], line: String)] = []
        for _ in 0..<300 {
            found = try await LogIntakeTests.lines(server, query)
            if found.count >= count { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        return found
    }

    /// Asks until a metric of the server's own is so large.
    static func metric(_ server: ServerProcess, _ name: String, _ label: String, reaches value: Double) async throws -> Double {
        var found = 0.0
        for _ in 0..<200 {
            found = try await server.ownMetric(name, label)
            if found >= value { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        return found
    }

    private static func stamp(_ seconds: Double = 0) -> String {
        let format = ISO8601DateFormatter()
        format.formatOptions = [.withInternetDateTime]
        return format.string(from: Date(timeIntervalSinceNow: seconds))
    }

    @Test func `Messages of both RFCs and both framings become lines with labels and structured metadata`() async throws {
        let port = try FreePort.take()
        let server = try ServerProcess(configuration: "logs: {syslog: {tcp: '127.0.0.1:\(port)', udp: '127.0.0.1:\(port)'}}\n")
        try await server.start()
        let stream = try RawSocket(.stream, port: port)
        let modern = "<165>1 \(Self.stamp()) web-1 nginx 42 ID47 [origin@32473 ip=\"10.0.0.4\"] user kari.nordmann@example.no logged in"
        stream.send("\(modern.utf8.count) \(modern)<34>Oct 11 22:14:15 web-2 su: 'su root' failed\n")
        let sshd = "<38>1 \(Self.stamp()) web-1 sshd - - - same line"
        // One second, one line, three times: three lines.
        for _ in 0..<3 { stream.send(sshd + "\n") }
        stream.send("<13>no end of line")
        stream.finish()
        let datagrams = try RawSocket(.datagram, port: port)
        datagrams.send("<11>1 \(Self.stamp()) web-3 cron 7 - - by datagram\n")
        datagrams.send("what is no syslog is kept")
        let found = try await Self.lines(server, "{job=\"syslog\"}", count: 8)
        func one(_ text: String) -> [String: String] { found.first { $0.line.contains(text) }?.labels ?? [:] }
        #expect(found.count == 8, "\(found)")
        #expect(found.contains { $0.line.hasPrefix("user <EMAIL:") && $0.line.hasSuffix("logged in") })
        let nginx = one("logged in")
        #expect(nginx["app"] == "nginx" && nginx["host"] == "web-1" && nginx["severity"] == "notice" && nginx["facility"] == "local4")
        #expect(nginx["procid"] == "42" && nginx["msgid"] == "ID47" && nginx["origin_ip"] == "10.0.0.4")
        #expect(one("su root")["host"] == "web-2" && one("su root")["severity"] == "crit")
        #expect(found.filter { $0.line == "same line" }.count == 3)
        #expect(one("by datagram")["app"] == "cron" && one("by datagram")["severity"] == "err")
        #expect(found.contains { $0.line == "what is no syslog is kept" } && found.contains { $0.line == "no end of line" })
        // Structured metadata is no label.
        #expect(try await LogIntakeTests.lines(server, "{procid=\"42\"}").isEmpty)
        #expect(try await server.ownMetric("varde_syslog_messages_total", "transport=\"tcp\"") == 6)
        #expect(try await server.ownMetric("varde_syslog_messages_total", "transport=\"udp\"") == 2)
        #expect(server.stop() == 0)
        let raw = try await server.run(["check", "data", "--dump", server.dataDirectory.path])
        #expect(!raw.output.contains("kari.nordmann"))
    }

    @Test func `Labels are those that are asked for, and a time beyond the bounds is that of arrival`() async throws {
        let port = try FreePort.take()
        let server = try ServerProcess(
            configuration: """
                logs:
                  reject_old_samples_max_age: 1d
                  syslog:
                    tcp: ["127.0.0.1:\(port)"]
                    labels: {source: net}
                    label_fields: [severity]
                    timezone: UTC

                """)
        try await server.start()
        let stream = try RawSocket(.stream, port: port)
        stream.send(
            "<11>1 2003-10-11T22:14:15Z router app - - - clock at the epoch\n<11>1 \(Self.stamp(3_600)) router app - - - an hour ahead\n")
        let found = try await Self.lines(server, "{source=\"net\",severity=\"err\"}", count: 2)
        #expect(found.map(\.line) == ["clock at the epoch", "an hour ahead"])
        #expect(found.allSatisfy { $0.labels["host"] == "router" && $0.labels["job"] == nil })
        #expect(try await LogIntakeTests.lines(server, "{host=\"router\"}").isEmpty)
        #expect(try await server.ownMetric("varde_syslog_restamped_messages_total") == 2)
        #expect(server.stop() == 0)
    }

    @Test func `Connections, idle time, sizes and networks have bounds, each counted`() async throws {
        let (port, closed) = (try FreePort.take(), try FreePort.take())
        let server = try ServerProcess(
            configuration: """
                logs:
                  max_line_size_truncate: true
                  syslog: {tcp: "127.0.0.1:\(port)", udp: "127.0.0.1:\(port)", connections: 2, max_message_size: 1KB}

                """)
        try await server.start()
        let first = try RawSocket(.stream, port: port)
        first.send("<13>1 - h app - - - \(String(repeating: "x", count: 4_000))\n<13>1 - h app - - - behind\n")
        let second = try RawSocket(.stream, port: port)
        second.send("9000 <13>1 - h app - - - ")
        _ = try await Self.lines(server, "{job=\"syslog\"}", count: 2)
        let third = try RawSocket(.stream, port: port)
        #expect(third.waitForClose(milliseconds: 5_000))
        #expect(try await Self.metric(server, "varde_syslog_refused_connections_total", "reason=\"connections\"", reaches: 1) == 1)
        // A reload with other bounds opens the listener anew.
        let file = server.folder.appendingPathComponent("varde.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        try text.replacingOccurrences(of: "connections: 2", with: "idle_timeout: 100ms").write(to: file, atomically: true, encoding: .utf8)
        #expect(try await server.post("/-/reload", [], type: "text/plain").status == 200)
        #expect(first.waitForClose(milliseconds: 10_000) && second.waitForClose(milliseconds: 10_000))
        let idle = try RawSocket(.stream, port: port)
        #expect(idle.waitForClose(milliseconds: 10_000))
        #expect(try await Self.metric(server, "varde_syslog_refused_connections_total", "reason=\"idle\"", reaches: 1) == 1)
        let broken = try RawSocket(.stream, port: port)
        broken.send("<13>1 - h app - - - before\n99999999999 what")
        #expect(broken.waitForClose(milliseconds: 5_000))
        #expect(try await Self.metric(server, "varde_syslog_dropped_messages_total", "reason=\"framing\"", reaches: 1) == 1)
        let datagrams = try RawSocket(.datagram, port: port)
        datagrams.send("<13>1 - h app - - - " + String(repeating: "y", count: 20_000))
        let found = try await Self.lines(server, "{job=\"syslog\"}", count: 4)
        #expect(found.map { "\($0.line.prefix(6))" }.sorted() == ["before", "behind", "xxxxxx", "yyyyyy"])
        #expect(found.allSatisfy { $0.line.utf8.count < 1_024 })
        #expect(try await server.ownMetric("varde_syslog_cut_messages_total") == 2)
        // A reload opens what is new and closes what is gone; an address that is taken refuses it as a whole.
        try "logs: {syslog: {tcp: '127.0.0.1:\(closed)', networks: ['192.0.2.0/24']}}\n".write(to: file, atomically: true, encoding: .utf8)
        #expect(try await server.post("/-/reload", [], type: "text/plain").status == 200)
        #expect(throws: ServerProcess.Failure.self) { try RawSocket(.stream, port: port) }
        let stranger = try RawSocket(.stream, port: closed)
        stranger.send("<13>1 - h app - - - from nowhere declared\n")
        #expect(stranger.waitForClose(milliseconds: 5_000))
        #expect(try await Self.metric(server, "varde_syslog_refused_connections_total", "reason=\"network\"", reaches: 1) == 1)
        try "logs: {syslog: {tcp: '127.0.0.1:\(server.port)'}}\n".write(to: file, atomically: true, encoding: .utf8)
        let refused = try await server.post("/-/reload", [], type: "text/plain")
        #expect(refused.status == 500 && refused.text.contains("cannot listen on 127.0.0.1:\(server.port)"), "\(refused)")
        _ = try RawSocket(.stream, port: closed)
        #expect(server.stop() == 0)
    }

    @Test func `A configuration that cannot be is refused with its place`() async throws {
        for (text, words) in [
            ("logs: {syslog: {}}", "listens nowhere"), ("logs: {syslog: {tcp: here}}", "must be HOST:PORT"),
            ("logs: {syslog: {tls: '127.0.0.1:1'}}", "give server.tls"), ("logs: {syslog: {tcp: ':1', label_fields: [pid]}}", "is none of"),
            ("logs: {syslog: {tcp: ':1', networks: [x]}}", "is not a network"), ("logs: {syslog: {tcp: ':1', port: 1}}", "unknown key"),
            ("logs: {syslog: {tcp: ':1', timezone: Oslo}}", "is no time zone"),
            ("logs: {syslog: {tcp: ':1', labels: {a-b: c}}}", "label name"),
        ] {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).yaml")
            defer { try? FileManager.default.removeItem(at: file) }
            try text.write(to: file, atomically: true, encoding: .utf8)
            let checked = try await ServerProcess.run(ServerProcess.binary, ["check", "config", file.path])
            #expect(checked.status == 1 && checked.errors.contains(words), "\(text): \(checked.errors)")
        }
    }

    @Test(.enabled(if: SyslogNG.isThere, "syslog-ng is not to be had here: run `make peers` and set VARDE_PEERS"))
    func `Debian's syslog-ng ships by TCP, UDP, TLS and HTTP, and nothing is lost`() async throws {
        let (port, secure) = (try FreePort.take(), try FreePort.take())
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("varde-syslog-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let certificate = try SelfSignedCertificate(in: folder)
        let plain = try ServerProcess(configuration: "logs: {syslog: {tcp: '127.0.0.1:\(port)', udp: '127.0.0.1:\(port)'}}\n")
        try await plain.start()
        let encrypted = try ServerProcess(
            configuration: """
                \(certificate.configuration)
                logs: {syslog: {tls: "127.0.0.1:\(secure)"}}

                """, authority: certificate.authority)
        let lines = (0..<2_000).map { "line \($0) of user\($0)@example.no, 100% \"quoted\" \\ æøå" }
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: folder.appendingPathComponent("in.log"))
        try await encrypted.start()
        let shipper = try SyslogNG(
            folder: folder,
            destinations: [
                "syslog(\"127.0.0.1\" port(\(port)) transport(\"tcp\") persist-name(\"modern\"))",
                "network(\"127.0.0.1\" port(\(port)) transport(\"tcp\") persist-name(\"legacy\") template(\"<$PRI>$DATE legacy $MSGHDR$MSG\\n\"))",
                "syslog(\"127.0.0.1\" port(\(port)) transport(\"udp\") persist-name(\"udp\") template(\"by-udp $MSG\"))",
                "syslog(\"127.0.0.1\" port(\(secure)) transport(\"tls\") persist-name(\"tls\") tls(ca-file(\"\(folder.path)/cert.pem\")))",
                """
                http(url("\(plain.address)/api/v1/logs/lines?app=sng-lines") method("POST") headers("Content-Type: text/plain")
                    body("$MSG") batch-lines(200) batch-timeout(200) persist-name("lines"))
                """,
            ])
        func check(_ server: ServerProcess, _ query: String, _ what: String) async throws {
            let found = try await Self.lines(server, query, count: 1_000)
            #expect(found.count == 1_000, "\(what): \(found.count)\n\(shipper.complaints)")
            #expect(found.allSatisfy { $0.line.contains("<EMAIL:") && $0.line.contains("æøå") && !$0.line.contains("@") }, "\(what)")
        }
        // A query gives 1,000 lines at most: the first half, by the number's first digits.
        let half = "|~ \"line ([0-9]|[1-9][0-9]|[1-9][0-9][0-9]) of\""
        try await check(plain, "{job=\"syslog\",host!=\"legacy\"} \(half) != \"by-udp\"", "RFC 5424 by TCP")
        try await check(plain, "{job=\"syslog\",host=\"legacy\",app=\"feeder\"} \(half)", "RFC 3164 by TCP")
        try await check(plain, "{app=\"sng-lines\"} \(half)", "plain lines by HTTP")
        try await check(encrypted, "{job=\"syslog\",app=\"feeder\"} \(half)", "RFC 5424 by TLS")
        // Datagrams may be lost on the way, but not here: the loopback's buffer holds them.
        let datagrams = try await Self.lines(plain, "{job=\"syslog\"} |= \"by-udp\"", count: 1_000)
        #expect(datagrams.count > 900)
        for server in [plain, encrypted] { #expect(server.stop() == 0) }
    }
}

/// Debian's syslog-ng, sending the lines of a file to several places.
final class SyslogNG {
    private static let libraries = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/syslog-ng"]

    static var isThere: Bool {
        guard let program = Peers.find("syslog-ng") else { return false }
        return FileManager.default.fileExists(atPath: modules(program) + "/libhttp.so")
    }

    private static func modules(_ program: URL) -> String {
        let folder = root(program).appendingPathComponent("usr/lib/syslog-ng")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return folder.appendingPathComponent(names.first { $0.first?.isNumber == true } ?? "").path
    }

    private static func root(_ program: URL) -> URL {
        program.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }

    private let process = Process()
    private let folder: URL

    var complaints: String { (try? String(contentsOf: folder.appendingPathComponent("sng.err"), encoding: .utf8)) ?? "" }

    init(folder: URL, destinations: [String]) throws {
        self.folder = folder
        guard let program = Peers.find("syslog-ng") else { throw ServerProcess.Failure(description: "no syslog-ng") }
        let modules = Self.modules(program)
        let version = URL(fileURLWithPath: modules).lastPathComponent
        let all = destinations.enumerated().map { "destination d\($0) { \($1); };\n" }.joined()
        let used = destinations.indices.map { "destination(d\($0));" }.joined(separator: " ")
        try """
        @version: \(version)
        options { threaded(yes); keep-hostname(yes); time-reopen(1); use-rcptid(yes); stats-level(0); };
        source s { file("\(folder.path)/in.log" flags(no-parse) follow-freq(0.1) program-override("feeder")); };
        \(all)
        log { source(s); \(used) flags(flow-control); };

        """.write(to: folder.appendingPathComponent("sng.conf"), atomically: true, encoding: .utf8)
        process.executableURL = program
        process.arguments = [
            "-F", "-e", "--no-caps", "-f", "\(folder.path)/sng.conf", "-R", "\(folder.path)/sng.persist", "-p", "\(folder.path)/sng.pid",
            "-c",
            "\(folder.path)/sng.ctl", "--module-path", modules,
        ]
        var environment = ProcessInfo.processInfo.environment
        environment["LD_LIBRARY_PATH"] = Self.libraries.map { Self.root(program).appendingPathComponent($0).path }.joined(separator: ":")
        process.environment = environment
        let complaints = folder.appendingPathComponent("sng.err")
        _ = FileManager.default.createFile(atPath: complaints.path, contents: nil)
        process.standardError = try FileHandle(forWritingTo: complaints)
        process.standardOutput = FileHandle.nullDevice
        try process.startAlone()
    }

    deinit {
        if process.isRunning {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
    }
}
