import Foundation
import Synchronization
import TestSupport
import Testing

/// `logs.files` with the built server: what programs write, rotated as logrotate does, and a server that is killed.
@Suite struct TailedFilesTests {
    private static func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("varde-tailed-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    private static func append(_ text: String, to path: String) {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        defer { close(file) }
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    }

    /// Every line of a selector with how often it is there.
    private static func counts(_ server: ServerProcess, _ query: String) async throws -> [String: Int] {
        var counts: [String: Int] = [:]
        var start = Int64(0)
        while true {
            let answer = try await server.result(
                "/loki/api/v1/query_range",
                [
                    "query": query, "start": String(start), "end": String((ServerProcess.now + 60_000) * 1_000_000), "limit": "5000",
                    "direction": "forward",
                ])
            let entries = answer.flatMap { stream in
                (stream["values"] as? [[Any]] ?? []).map { (Int64($0[0] as? String ?? "") ?? 0, $0[1] as? String ?? "") }
            }
            for (_, line) in entries { counts[line, default: 0] += 1 }
            guard entries.count == 5_000, let last = entries.map(\.0).max() else { return counts }
            start = last + 1
        }
    }

    @Test func `Lines, entries of several lines and JSON come in, redacted, and a reload changes what is read`() async throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        Self.append("before the start from kari.nordmann@example.no\n", to: folder.path + "/a.log")
        let server = try ServerProcess(
            configuration: """
                logs:
                  files:
                    - {paths: "\(folder.path)/*.log", labels: {job: plain}, filename_label: false}
                    - paths: ["\(folder.path)/*.trace"]
                      labels: {job: trace}
                      multiline: {first_line: '^\\d', max_wait: 300ms}
                    - {paths: "\(folder.path)/*.json", labels: {job: json}, format: json, fields: {message: [msg], labels: [level]}}

                """)
        try await server.start()
        Self.append("half of a", to: folder.path + "/a.log")
        Self.append("1 Exception\n  at x\n  at y\n2 next\n", to: folder.path + "/b.trace")
        Self.append(
            "{\"msg\":\"hei\",\"level\":\"warn\",\"user\":\"u\"}\n\(String(repeating: "z", count: 300_000))\nbehind\n",
            to: folder.path + "/c.json")
        let trace = try await SyslogListenerTests.lines(server, "{job=\"trace\"}", count: 2)
        #expect(trace.map(\.line) == ["1 Exception\n  at x\n  at y", "2 next"])
        #expect(trace.first?.labels["filename"] == folder.path + "/b.trace")
        Self.append(" line\n", to: folder.path + "/a.log")
        let plain = try await SyslogListenerTests.lines(server, "{job=\"plain\"}", count: 2)
        #expect(plain.count == 2 && plain[0].line.hasPrefix("before the start from <EMAIL:") && plain[1].line == "half of a line")
        let json = try await SyslogListenerTests.lines(server, "{job=\"json\"}", count: 2)
        #expect(Set(json.map(\.line)) == ["hei", "behind"], "\(json)")
        #expect(json.contains { $0.labels["level"] == "warn" && $0.line == "hei" })
        #expect(try await server.ownMetric("varde_refused_lines_total", "reason=\"line_too_long\"") == 1)
        let file = server.folder.appendingPathComponent("varde.yaml")
        try "logs: {files: [{paths: '\(folder.path)/new*', labels: {job: new}}]}\n".write(to: file, atomically: true, encoding: .utf8)
        #expect(try await server.post("/-/reload", [], type: "text/plain").status == 200)
        Self.append("not read any more\n", to: folder.path + "/a.log")
        Self.append("read now\n", to: folder.path + "/new.log")
        #expect(try await SyslogListenerTests.lines(server, "{job=\"new\"}", count: 1).map(\.line) == ["read now"])
        #expect(try await LogIntakeTests.lines(server, "{job=\"plain\"}").count == 2)
        #expect(server.stop() == 0)
        let dump = try await server.run(["check", "data", "--dump", server.dataDirectory.path])
        #expect(dump.status == 0, "\(dump.errors)")
        #expect(!dump.output.contains("kari.nordmann"))
        #expect(dump.output.contains(folder.path + "/a.log") && dump.output.contains(folder.path + "/new.log"))
    }

    @Test func `Killed again and again while files are written and rotated, it has every line once`() async throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = try ServerProcess(
            configuration: "logs: {files: [{paths: '\(folder.path)/app.log', labels: {job: kill}}]}\n")
        let rounds = ProcessInfo.processInfo.environment["VARDE_KILL_ROUNDS"].flatMap { Int($0) } ?? 4
        // A file that is written and renamed between two looks of the server is never seen: it is rotated once a life of the server.
        let rotation = Mutex<(isDue: Bool, next: Int)>((false, 0))
        let writer = Task { () -> Int in
            var number = 0
            while !Task.isCancelled {
                for _ in 0..<50 {
                    Self.append("line \(number) of a writer that does not wait\n", to: folder.path + "/app.log")
                    number += 1
                }
                // As logrotate would.
                if rotation.withLock({ $0.isDue }) {
                    try? FileManager.default.moveItem(atPath: folder.path + "/app.log", toPath: folder.path + "/app.log.\(number)")
                    rotation.withLock { $0 = (false, number) }
                }
                try? await Task.sleep(for: .milliseconds(2))
            }
            return number
        }
        for round in 0..<rounds {
            try await server.start()
            let seen = try await server.ownMetric("varde_tail_entries_total")
            _ = try await SyslogListenerTests.metric(server, "varde_tail_entries_total", "", reaches: seen + 500 + Double(round * 100))
            // What came after the last rotation is known to the server before the next, which finds it alive and dead by turns.
            let first = rotation.withLock { $0.next }
            #expect(try await ServerProcess.wait { try await !Self.counts(server, "{job=\"kill\"} |= `line \(first) of`").isEmpty })
            if round % 2 == 1 { server.killHard() }
            rotation.withLock { $0.isDue = true }
            #expect(try await ServerProcess.wait { rotation.withLock { !$0.isDue } })
            server.killHard()
        }
        writer.cancel()
        let written = await writer.value
        try await server.start()
        var counts: [String: Int] = [:]
        for _ in 0..<100 {
            counts = try await Self.counts(server, "{job=\"kill\"}")
            if counts.count >= written { break }
            try await Task.sleep(for: .milliseconds(200))
        }
        #expect(counts.count == written, "\(written - counts.count) of \(written) are missing")
        #expect(counts.values.allSatisfy { $0 == 1 }, "\(counts.filter { $0.value > 1 }.count) are there twice")
        #expect(server.stop() == 0)
    }

    @Test(.enabled(if: Peers.find("nginx") != nil, "nginx is not to be had here: run `make peers` and set VARDE_PEERS"))
    func `What nginx writes is read through a rotation by rename and USR1`() async throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let port = try FreePort.take()
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(folder.path)/\($0);" }
        try """
        \(getuid() == 0 ? "user root;" : "")
        daemon off;
        pid \(folder.path)/nginx.pid;
        error_log \(folder.path)/error.log warn;
        events { worker_connections 64; }
        http {
            \(temporary.joined(separator: " "))
            access_log \(folder.path)/access.log;
            server { listen 127.0.0.1:\(port); location / { return 200 "ok"; } }
        }

        """.write(to: folder.appendingPathComponent("nginx.conf"), atomically: true, encoding: .utf8)
        let nginx = Process()
        nginx.executableURL = Peers.find("nginx")
        nginx.arguments = ["-p", folder.path, "-e", "\(folder.path)/error.log", "-c", "\(folder.path)/nginx.conf"]
        nginx.standardError = FileHandle.nullDevice
        try nginx.startAlone()
        defer {
            nginx.terminate()
            nginx.waitUntilExit()
        }
        let server = try ServerProcess(
            configuration: "logs: {files: [{paths: '\(folder.path)/access.log', labels: {job: nginx}}]}\n")
        try await server.start()
        func ask(_ number: Int) async throws {
            for _ in 0..<100 {
                if let socket = try? RawSocket(.stream, port: port) {
                    socket.send("GET /number-\(number) HTTP/1.0\r\n\r\n")
                    _ = socket.waitForClose(milliseconds: 5_000)
                    return
                }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        for rotation in 0..<3 {
            for number in 0..<40 { try await ask(rotation * 100 + number) }
            // A file that is gone before it was ever seen cannot be read.
            if rotation == 0 { _ = try await SyslogListenerTests.lines(server, "{job=\"nginx\"}", count: 40) }
            // As logrotate: renamed, then nginx is told, and goes on writing to the old file until it has heard.
            try FileManager.default.moveItem(
                atPath: folder.path + "/access.log", toPath: folder.path + "/access.log.\(rotation)")
            for number in 40..<60 { try await ask(rotation * 100 + number) }
            kill(nginx.processIdentifier, SIGUSR1)
            for number in 60..<80 { try await ask(rotation * 100 + number) }
        }
        let found = try await SyslogListenerTests.lines(server, "{job=\"nginx\"}", count: 240)
        let numbers = found.compactMap { $0.line.firstMatch(of: /number-(\d+)/).flatMap { Int($0.1) } }
        let wanted: [Int] = (0..<3).flatMap { rotation in (0..<80).map { number in rotation * 100 + number } }
        #expect(numbers.sorted() == wanted)
        #expect(try await server.ownMetric("varde_tail_events_total", "event=\"renamed\"") >= 1)
        #expect(server.stop() == 0)
    }

    @Test func `A configuration that cannot be is refused with its place`() async throws {
        for (text, words) in [
            ("{labels: {a: b}}", "“paths” is missing"), ("{paths: x.log}", "must be an absolute path"),
            ("{paths: /x, filename_label: false}", "without any label"),
            ("{paths: /x, multiline: {first_line: '('}}", "no regular expression"),
            ("{paths: /x, fields: {time: [t]}}", "for `format: json` only"), ("{paths: /x, start: now}", "is none of beginning, end"),
            ("{paths: /x, labels: {a-b: c}}", "not a label name"), ("{paths: /x, path: y}", "unknown key"),
        ] {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).yaml")
            defer { try? FileManager.default.removeItem(at: file) }
            try "logs: {files: [\(text)]}".write(to: file, atomically: true, encoding: .utf8)
            let checked = try await ServerProcess.run(ServerProcess.binary, ["check", "config", file.path])
            #expect(
                checked.status == 1 && checked.errors.contains(words) && checked.errors.contains(".yaml:1:"), "\(text): \(checked.errors)")
        }
    }
}
