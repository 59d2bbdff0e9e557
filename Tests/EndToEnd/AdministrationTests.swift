import Foundation
import Testing

/// Deletion, snapshots and backups of a server that is at work.
@Suite struct AdministrationTests {
    private static let quiet = "collect: {host: {enabled: false}}\n"
    private static let form = "application/x-www-form-urlencoded"

    /// Lines as they are stored, one stream.
    private static func lines(_ server: ServerProcess) async throws -> [String] {
        let answer = try await server.get("/loki/api/v1/query_range?query=%7Bapp%3D%22a%22%7D&limit=5000&direction=forward&since=1h")
        let streams = (answer.json["data"] as? [String: Any])?["result"] as? [[String: Any]] ?? []
        return streams.flatMap { ($0["values"] as? [[String]] ?? []).map { $0[1] } }.sorted()
    }

    /// Values of `n` by its label `i`, now.
    private static func values(_ server: ServerProcess, _ query: String = "n") async throws -> [String: String] {
        let answer = try await server.get("/api/v1/query?query=\(query)")
        var found: [String: String] = [:]
        for one in (answer.json["data"] as? [String: Any])?["result"] as? [[String: Any]] ?? [] {
            let labels = one["metric"] as? [String: String] ?? [:]
            found[labels["i"] ?? ""] = (one["value"] as? [Any])?.last as? String
        }
        return found
    }

    private static func fill(_ server: ServerProcess, lines count: Int, from start: Int = 0) async throws {
        let text = (start..<(start + count)).map { "line \($0)" }.joined(separator: "\n")
        #expect(try await server.post("/api/v1/logs/lines?app=a", Data(text.utf8), type: "text/plain").status < 300)
    }

    /// A page of metrics the server scrapes.
    private static func configuration(_ port: Int, _ more: String) -> String {
        quiet + more
            + "scrape_configs:\n  - {job_name: page, scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{targets: [\"127.0.0.1:\(port)\"]}]}\n"
    }

    private static func page(_ count: Int) throws -> FixedBodies {
        let text = (0..<count).map { "n{i=\"\($0)\"} \($0)\n" }.joined()
        return try FixedBodies(["/metrics": ("text/plain; version=0.0.4; charset=utf-8", Data(text.utf8))])
    }

    private static func waitFor(_ what: String, _ condition: () async throws -> Bool) async throws {
        for _ in 0..<600 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("never came: \(what)")
    }

    @Test func `deleted series stay away through a kill, until they are sent again`() async throws {
        let page = try Self.page(3)
        let server = try ServerProcess(configuration: Self.configuration(page.port, "server: {enable_admin_api: true}\n"))
        try await server.start()
        try await Self.waitFor("samples") { try await Self.values(server).count == 3 }
        page.stop()
        try await Self.waitFor("staleness") { try await Self.values(server).isEmpty }
        #expect(try await Self.values(server, "count_over_time(n%5B1h%5D)").count == 3)
        #expect(try await server.get("/api/v1/admin/tsdb/delete_series?match[]=n").status == 405)
        let none = try await server.post("/api/v1/admin/tsdb/delete_series", Data(), type: Self.form)
        #expect(none.status == 400 && none.text.contains("no match[] parameter provided"))
        let bad = try await server.post("/api/v1/admin/tsdb/delete_series", Data("match[]=n%7B".utf8), type: Self.form)
        #expect(bad.status == 400 && bad.text.contains("bad_data"))
        let done = try await server.post("/api/v1/admin/tsdb/delete_series", Data("match[]=n%7Bi%3D%221%22%7D".utf8), type: Self.form)
        #expect(done.status == 204 && done.body.isEmpty)
        #expect(try await Self.values(server, "count_over_time(n%5B1h%5D)").keys.sorted() == ["0", "2"])
        server.killHard()
        try await server.start()
        #expect(try await Self.values(server, "count_over_time(n%5B1h%5D)").keys.sorted() == ["0", "2"])
        let values = try await server.get("/api/v1/label/i/values")
        #expect(values.json["data"] as? [String] == ["0", "2"])
        #expect(try await server.post("/api/v1/admin/tsdb/clean_tombstones", Data(), type: Self.form).status == 204)
        #expect(!FileManager.default.fileExists(atPath: server.dataDirectory.path + "/metrics/tombstones"))
        #expect(try await Self.values(server, "count_over_time(n%5B1h%5D)").keys.sorted() == ["0", "2"])
    }

    @Test func `a lost catalog is found out, and made anew without a sample or line lost`() async throws {
        let page = try Self.page(3)
        let server = try ServerProcess(configuration: Self.configuration(page.port, ""))
        let empty = server.folder.appendingPathComponent("empty")
        try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
        for command in [["check", "data", empty.path], ["backup", empty.path + "-copy", "--data-dir", empty.path]] {
            let refused = try await server.run(command)
            #expect(refused.status == 1 && refused.errors.contains("no data directory"), "\(refused)")
        }
        try await server.start()
        try await Self.fill(server, lines: 100)
        try await Self.waitFor("samples") { try await Self.values(server).count == 3 }
        #expect(server.stop() == 0)
        page.stop()
        let data = server.dataDirectory
        for name in try FileManager.default.contentsOfDirectory(atPath: data.path) where name.hasPrefix("catalog.sqlite") {
            try FileManager.default.removeItem(at: data.appendingPathComponent(name))
        }
        let check = try await ServerProcess.run(ServerProcess.binary, ["check", "data", data.path])
        #expect(check.status == 1 && check.errors.contains("catalog"), "\(check)")
        try await server.start()
        try await Self.fill(server, lines: 1, from: 100)
        for _ in 0..<2 {
            #expect(try await Self.lines(server).count == 101)
            #expect(try await Self.values(server, "count_over_time(n%5B1h%5D)").count == 3)
            #expect(server.stop() == 0)
            let sound = try await ServerProcess.run(ServerProcess.binary, ["check", "data", data.path])
            #expect(sound.status == 0, "\(sound)")
            try await server.start()
        }
    }

    /// Locks that SQLite holds for a server, as the kernel lists them for each open file: the list of all locks comes in pieces,
    /// between which it changes.
    private static func locks(_ server: ServerProcess) throws -> Int {
        let folder = "/proc/\(try #require(server.process).processIdentifier)/fdinfo"
        var held: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
            guard let text = try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8) else { continue }
            for line in text.split(separator: "\n") where line.hasPrefix("lock:") && line.contains("POSIX") {
                held.insert(line.split(separator: " ", omittingEmptySubsequences: true).dropFirst().joined(separator: " "))
            }
        }
        return held.count
    }

    @Test func `a snapshot lets go of no lock on the catalog, and backups beside the server do it no harm`() async throws {
        let server = try ServerProcess(configuration: Self.quiet + "server: {enable_admin_api: true}\n")
        try await server.start()
        try await Self.fill(server, lines: 10)
        let held = try Self.locks(server)
        #expect(held > 0)
        let copies = server.dataDirectory.path + "-copies"
        defer { try? FileManager.default.removeItem(atPath: copies) }
        for round in 0..<6 {
            #expect(try await server.post("/api/v1/admin/tsdb/snapshot", Data(), type: Self.form).status == 200)
            #expect(try Self.locks(server) >= held, "round \(round)")
            let pushed = try await server.send("PUT", "/metrics/job/j\(round)", body: Data("a \(round)\n".utf8))
            #expect(pushed.status == 200)
            let made = try await server.run(["backup", copies + "/\(round)", "--data-dir", server.dataDirectory.path])
            #expect(made.status == 0, "\(made.errors)")
            let checked = try await server.run(["check", "data", server.dataDirectory.path])
            #expect(checked.status == 0, "\(checked.errors)")
        }
        #expect(server.process?.isRunning == true)
    }

    @Test func `administration is off unless configured, and for administrators`() async throws {
        let off = try ServerProcess(configuration: Self.quiet)
        try await off.start()
        for name in ["delete_series?match[]=up", "clean_tombstones", "snapshot"] {
            let answer = try await off.post("/api/v1/admin/tsdb/\(name)", Data(), type: Self.form)
            #expect(answer.json["errorType"] as? String == "unavailable" && answer.json["error"] as? String == "admin APIs disabled")
        }
        var tokens: [String: (String, String, String)] = [:]
        for (name, role) in ["reader": "read", "boss": "admin"] {
            let made = try await ServerProcess.run(ServerProcess.binary, ["token", "new", "x", "--role", role])
            let hash = try #require(made.errors.firstMatch(of: /sha256:[0-9a-f]{64}/))
            let secret = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
            tokens[name] = (secret, String(hash.output), role)
        }
        let list = tokens.map { name, token in "      - {name: \(name), roles: [\(token.2)], hash: \"\(token.1)\"}\n" }.joined()
        let on = try ServerProcess(
            configuration: Self.quiet + "server:\n  enable_admin_api: true\n  auth:\n    tokens:\n\(list)")
        try await on.start()
        for (name, status) in [("reader", 403), ("boss", 204)] {
            let answer = try await on.post(
                "/api/v1/admin/tsdb/clean_tombstones", Data(), type: Self.form,
                headers: ["Authorization": "Bearer \(tokens[name]?.0 ?? "")"])
            #expect(answer.status == status, "\(name): \(answer.text)")
        }
        #expect(try await on.post("/api/v1/admin/tsdb/clean_tombstones", Data(), type: Self.form).status == 401)
    }

    @Test(arguments: [false, true])
    func `a backup taken while samples and lines come in is sound and has what was acknowledged before it`(isSealed: Bool) async throws {
        let page = try Self.page(50)
        defer { page.stop() }
        let sealing = "storage: {encryption: {enabled: \(isSealed), key_file: KEYS/storage.key}}\n"
        let keys = FileManager.default.temporaryDirectory.appendingPathComponent("varde-keys-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: keys, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: keys) }
        let sealed = sealing.replacingOccurrences(of: "KEYS", with: keys)
        let storage = ["--storage-key", keys + "/storage.key"]
        let server = try ServerProcess(configuration: Self.configuration(page.port, "server: {enable_admin_api: true}\n" + sealed))
        try await server.start()
        try await Self.waitFor("samples") { try await Self.values(server).count == 50 }
        try await Self.fill(server, lines: 100)
        let sender = Task {
            var next = 100
            while !Task.isCancelled {
                try await Self.fill(server, lines: 20, from: next)
                next += 20
                try await Task.sleep(for: .milliseconds(5))
            }
            return next
        }
        let copy = server.folder.appendingPathComponent("copy").path
        let made = try await server.run(["backup", copy, "--data-dir", server.dataDirectory.path] + storage)
        #expect(made.status == 0 && made.errors.contains("sound"), "\(made.errors)")
        let snapshot = try await server.post("/api/v1/admin/tsdb/snapshot", Data(), type: Self.form)
        let name = try #require((snapshot.json["data"] as? [String: Any])?["name"] as? String)
        sender.cancel()
        _ = try? await sender.value
        #expect(name.wholeMatch(of: /\d{8}T\d{6}Z-[0-9a-f]+/) != nil)
        #expect(server.stop() == 0)
        // Neither the target of a backup nor that of a restore may hold anything.
        #expect(try await server.run(["backup", copy, "--data-dir", server.dataDirectory.path] + storage).status == 1)
        #expect(try await server.run(["restore", copy, "--data-dir", server.dataDirectory.path] + storage).status == 1)
        #expect(try await server.run(["check", "data", server.dataDirectory.path] + storage).status == 0)
        for source in [copy, server.dataDirectory.path + "/snapshots/\(name)"] {
            #expect(try await server.run(["check", "data", source] + storage).status == 0)
            if isSealed { #expect(try await server.run(["check", "data", source]).status == 1) }
            let other = try ServerProcess(configuration: Self.quiet + sealed)
            let restored = try await other.run(["restore", source, "--data-dir", other.dataDirectory.path] + storage)
            #expect(restored.status == 0, "\(restored.errors)")
            try await other.start()
            #expect(!other.log.contains("damage"))
            #expect(try await Self.values(other, "last_over_time(n%5B1h%5D)").count == 50)
            let lines = Set(try await Self.lines(other))
            let missing = (0..<100).map { "line \($0)" }.filter { !lines.contains($0) }
            #expect(missing == [])
            // Batches are in it whole or not at all.
            let answer = try await other.get("/loki/api/v1/query?query=sum(count_over_time(%7Bapp%3D%22a%22%7D%5B1h%5D))")
            let counts = (answer.json["data"] as? [String: Any])?["result"] as? [[String: Any]] ?? []
            let count = ((counts.first?["value"] as? [Any])?.last as? String).flatMap { Int($0) } ?? 1
            #expect(count % 20 == 0)
            #expect(other.stop() == 0)
        }
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: copy + "/catalog.sqlite"))
        try file.seek(toOffset: 30)
        try file.write(contentsOf: Data([0xff]))
        try file.close()
        let refused = try await server.run(["restore", copy, "--data-dir", server.folder.path + "/never"] + storage)
        #expect(refused.status == 1 && refused.errors.contains("catalog.sqlite"))
        #expect(!FileManager.default.fileExists(atPath: server.folder.path + "/never"))
    }
}
