import Foundation
import TestSupport
import Testing

/// Encryption at rest: nothing that was sent stands in any byte of the data directory, and a day whose keys are gone is gone.
@Suite struct SealedStorageTests {
    private static let quiet = "collect: {host: {enabled: false}}\nserver: {enable_admin_api: true}\n"
    private static let sealing = quiet + "storage: {encryption: {enabled: true}}\n"
    private static let form = "application/x-www-form-urlencoded"

    /// Files below a folder and their bytes.
    private static func files(_ folder: URL) throws -> [(path: String, bytes: Data)] {
        let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: [.isRegularFileKey])
        return try (all?.allObjects as? [URL] ?? []).filter { try $0.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true }
            .map { ($0.path, try Data(contentsOf: $0)) }
    }

    private static func holders(of word: String, _ folder: URL) throws -> [String] {
        try files(folder).filter { $0.bytes.range(of: Data(word.utf8)) != nil }.map(\.path)
    }

    private static func lines(_ server: ServerProcess, start: Int64) async throws -> Set<String> {
        let streams = try await server.result(
            "/loki/api/v1/query_range", ["query": "{app=\"s\"}", "start": String(start), "limit": "5000"])
        return Set(streams.flatMap { ($0["values"] as? [[Any]] ?? []).compactMap { $0[1] as? String } })
    }

    /// Sends the word on every way there is.
    private static func send(_ server: ServerProcess, _ word: String) async throws {
        let now = ServerProcess.now
        for i in 0..<200 as Range<Int64> {
            #expect(
                try await server.push(["app": "s", "word": word], [((now - 1000 + i) * 1_000_000, "line \(i) of \(word)")]).status == 204)
        }
        let metric = [(labels: ["__name__": "sealed_total", "word": word], samples: (0..<20).map { (now - $0 * 1000, Double($0)) })]
        #expect(try await server.remoteWrite(metric).status == 204)
        let pushed = try await server.post(
            "/metrics/job/\(word)", Array("# HELP p about \(word)\n# TYPE p gauge\np 1\n".utf8), type: "text/plain")
        #expect(pushed.status < 300)
        let text = "# TYPE e counter\ne_total{word=\"\(word)\"} 1 # {trace=\"\(word)\"} 1 \(Double(now) / 1000)\n# EOF\n"
        #expect(try await server.post("/api/v1/import/prometheus", Array(text.utf8), type: "application/openmetrics-text").status < 300)
        // Into the audit log, a hold and an erasure that waits for it.
        _ = try await server.get("/loki/api/v1/query_range?query=%7Bapp%3D%22s%22%7D%20%7C%3D%20%22\(word)%22")
        let hold = "{\"name\":\"h\",\"selector\":\"{word=\\\"\(word)\\\"}\",\"reason\":\"\(word)\"}"
        #expect(try await server.post("/api/v1/privacy/holds", Array(hold.utf8), type: "application/json").status < 300)
        let delete = "query=%7Bword%3D%22\(word)%22%7D%20%7C%3D%20%22nothing\(word)%22&start=0"
        #expect(try await server.post("/loki/api/v1/delete?\(delete)", [], type: form).status < 300)
    }

    @Test func `A word redaction keeps stands in no byte of the directory, is answered, and survives a SIGKILL`() async throws {
        let word = "zqvxsealedcanary"
        let server = try ServerProcess(configuration: Self.sealing)
        let start = (ServerProcess.now - 60_000) * 1_000_000
        try await server.start()
        try await Self.send(server, word)
        #expect(try Self.holders(of: word, server.dataDirectory) == [])
        server.killHard()
        #expect(try Self.holders(of: word, server.dataDirectory) == [])
        try await server.start()
        #expect(!server.log.contains("damage"))
        #expect(try await Self.lines(server, start: start).count == 200)
        #expect(try await server.result("/api/v1/query", ["query": "sealed_total{word=\"\(word)\"}"]).count == 1)
        // Segments and blocks too, in a snapshot and a backup.
        let snapshot = try await server.post("/api/v1/admin/tsdb/snapshot", Data(), type: Self.form)
        #expect(snapshot.status == 200)
        #expect(server.stop() == 0)
        let backup = server.folder.appendingPathComponent("copy")
        let key = ["--storage-key", server.folder.path + "/data.keys/storage.key"]
        let made = try await server.run(["backup", backup.path, "--data-dir", server.dataDirectory.path])
        #expect(made.status == 0, "\(made.errors)")
        for folder in [server.dataDirectory, backup] { #expect(try Self.holders(of: word, folder) == []) }
        // It is there, for who has the key.
        let dump = try await server.run(["check", "data", server.dataDirectory.path, "--dump"])
        #expect(dump.status == 0 && dump.output.contains("line 7 of \(word)"), "\(dump.errors)")
        #expect(try await server.run(["check", "data", backup.path] + key).status == 0)
        let audit = try await server.run(["audit", "verify", "--data-dir", server.dataDirectory.path])
        #expect(audit.status == 0, "\(audit.errors)")
    }

    @Test func `A flipped byte is found, and keys that are missing, others' or open are refused by name`() async throws {
        let server = try ServerProcess(configuration: Self.sealing)
        try await server.start()
        try await Self.send(server, "word")
        #expect(server.stop() == 0)
        let data = server.dataDirectory
        let sealed = try Self.files(data).filter { $0.bytes.starts(with: Array("VRDS".utf8)) }
        #expect(sealed.count >= 5)
        for (path, bytes) in sealed {
            var changed = bytes
            changed[bytes.startIndex + 150] ^= 1
            try changed.write(to: URL(fileURLWithPath: path))
            let check = try await server.run(["check", "data", data.path])
            #expect(check.status == 1 || check.errors.contains("note: \(path)"), "\(path)")
            try bytes.write(to: URL(fileURLWithPath: path))
        }
        #expect(try await server.run(["check", "data", data.path]).status == 0)
        let key = server.folder.path + "/data.keys/storage.key"
        func refusal() async -> String {
            do {
                try await server.start()
                return "started"
            } catch { return "\(error)" }
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: key)
        #expect(await refusal().contains("\(key) has mode 0640"))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
        try FileManager.default.moveItem(atPath: key, toPath: key + ".away")
        #expect(await refusal().contains("the master key \(key) is missing"))
        let other = "varde-master-key 1 \(String(repeating: "5c", count: 32))\n"
        #expect(FileManager.default.createFile(atPath: key, contents: Data(other.utf8), attributes: [.posixPermissions: 0o600]))
        #expect(await refusal().contains("bring the right one back"))
        // With days' keys of its own as well, the first file says so.
        try FileManager.default.moveItem(atPath: key + ".days", toPath: key + ".days.away")
        #expect(await refusal().contains("is missing: bring it back"))
        for name in [key, key + ".days"] {
            try? FileManager.default.removeItem(atPath: name)
            try FileManager.default.moveItem(atPath: name + ".away", toPath: name)
        }
        try await server.start()
        #expect(server.stop() == 0)
    }

    @Test func `A destroyed day is gone, in copies too, with a receipt, and the others stay`() async throws {
        let server = try ServerProcess(configuration: Self.sealing)
        try await server.start()
        let (now, day) = (ServerProcess.now, Int64(86_400_000))
        for i in 0..<3 as Range<Int64> {
            #expect(try await server.push(["app": "s"], [((now - i * day) * 1_000_000, "of day \(i)")]).status == 204)
            #expect(
                try await server.remoteWrite([(labels: ["__name__": "m", "day": "\(i)"], samples: [(now - i * day, Double(i))])]).status
                    == 204)
        }
        func texts() async throws -> Set<String> { try await Self.lines(server, start: (now - 5 * day) * 1_000_000) }
        #expect(try await texts().count == 3)
        // Cut to files, so that the copy has them.
        #expect(server.stop() == 0)
        let copy = server.folder.appendingPathComponent("copy").path
        #expect(try await server.run(["backup", copy, "--data-dir", server.dataDirectory.path]).status == 0)
        try await server.start()
        func name(_ time: Int64) -> String {
            String(Date(timeIntervalSince1970: Double(time) / 1000).ISO8601Format().prefix(10))
        }
        let victim = name(now - day)
        #expect(try await server.run(["keys", "storage"]).output.contains(victim))
        #expect(try await server.run(["keys", "storage", "destroy", victim]).status == 2)
        #expect(try await server.run(["keys", "storage", "destroy", name(now), "--yes"]).errors.contains("the day is not over"))
        #expect(try await server.run(["keys", "storage", "destroy", "1999-01-01", "--yes"]).errors.contains("no key"))
        let destroyed = try await server.run(["keys", "storage", "destroy", victim, "--yes"])
        #expect(destroyed.status == 0 && destroyed.output.contains("\"lines\":1,\"samples\":1"), "\(destroyed.output)\(destroyed.errors)")
        #expect(try await texts() == ["of day 0", "of day 2"])
        #expect(try await server.result("/api/v1/query", ["query": "last_over_time(m[5d])"]).count == 2)
        #expect(try await server.run(["keys", "storage"]).output.contains("destroyed"))
        let evidence = try await server.run(["report", "evidence"]).output
        #expect(evidence.contains("Keys of sealed files") && evidence.contains(victim))
        // What comes in for it later is under a new key.
        #expect(try await server.push(["app": "s"], [((now - day) * 1_000_000, "late")]).status == 204)
        #expect(server.stop() == 0)
        let receipt = server.dataDirectory.path + "/receipts/storage-day-\(victim).json"
        let verified = try await server.run(["subject", "verify", receipt, "--data-dir", server.dataDirectory.path])
        #expect(verified.status == 0 && verified.output.contains("of a storage key"), "\(verified.errors)")
        try await server.start()
        #expect(try await texts() == ["of day 0", "of day 2", "late"])
        #expect(server.stop() == 0)
        #expect(try await server.run(["check", "data", server.dataDirectory.path]).status == 0)
        // The copy made before has the other days, and not this one.
        try FileManager.default.moveItem(atPath: server.dataDirectory.path, toPath: server.folder.path + "/old")
        let restored = try await server.run(["restore", copy, "--data-dir", server.dataDirectory.path])
        #expect(restored.status == 0, "\(restored.errors)")
        try await server.start()
        #expect(server.log.contains("the keys of \(victim) were destroyed"))
        #expect(try await texts() == ["of day 0", "of day 2"])
        #expect(server.stop() == 0)
    }

    @Test func `Where retention ends a day's keys go, from snapshots too, with receipt and audit, and the rest goes on`() async throws {
        let server = try ServerProcess(configuration: Self.sealing)
        try await server.start()
        let (now, day) = (ServerProcess.now, Int64(86_400_000))
        let person = "02013299997"
        for i in [0, 5] as [Int64] {
            let lines = ["of day \(i)", "fnr=\(person) of day \(i)"].enumerated().map {
                ((now - i * day) * 1_000_000 + Int64($0.offset), $0.element)
            }
            #expect(try await server.push(["app": "s"], lines).status == 204)
            let series = (labels: ["__name__": "m", "day": "\(i)"], samples: [(timestamp: now - i * day, value: Double(i))])
            #expect(try await server.remoteWrite([series]).status == 204)
        }
        // Cut to files, so that the copies have them.
        #expect(server.stop() == 0)
        try await server.start()
        let made = try await server.post("/api/v1/admin/tsdb/snapshot", Data(), type: Self.form)
        let name = try #require((made.json["data"] as? [String: Any])?["name"] as? String)
        let old = String(Date(timeIntervalSince1970: Double(now - 5 * day) / 1000).ISO8601Format().prefix(10))
        // It is said what becomes of the keys.
        #expect(server.log.contains("files are sealed. Their keys are not among them: keep") && server.log.contains(old))
        #expect(server.stop() == 0)
        let copy = server.folder.appendingPathComponent("copy").path
        let backup = try await server.run(["backup", copy, "--data-dir", server.dataDirectory.path])
        #expect(backup.status == 0 && backup.errors.contains("storage.key.days") && backup.errors.contains(old), "\(backup.errors)")
        let keyFile = server.folder.path + "/data.keys/storage.key.days"
        let key = try #require(
            String(contentsOfFile: keyFile, encoding: .utf8).split(separator: "\n").first { $0.hasPrefix(old) }?.split(separator: " ").last)
        #expect(key.count == 120)

        try (Self.sealing + "retention: {time: 1d}\n").write(
            to: server.folder.appendingPathComponent("varde.yaml"), atomically: true, encoding: .utf8)
        try await server.start()
        func state() async throws -> String {
            try await server.run(["keys", "storage"]).output.split(separator: "\n").map(String.init).first { $0.contains(old) } ?? ""
        }
        for _ in 0..<200 {
            if try await state().contains("destroyed") { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(try await state().contains("destroyed"), "\(server.log.suffix(2_000))")
        #expect(try !String(contentsOfFile: keyFile, encoding: .utf8).contains(key))
        #expect(try await Self.lines(server, start: (now - 9 * day) * 1_000_000).count == 2)
        let evidence = try await server.run(["report", "evidence"]).output
        #expect(evidence.contains(old))
        #expect(try await server.get("/api/v1/privacy/storage-keys/\(old)/receipt").text.contains("\"by\":\"retention\""))
        // An erasure goes through the snapshot, whose older files nobody can read any more.
        let erased = try await server.run(["subject", "erase"], input: Data("\(person)\n".utf8))
        #expect(erased.status == 0 && erased.output.contains(name), "\(erased.errors)\n\(server.log.suffix(2_000))")
        #expect(server.stop() == 0)
        let receipt = server.dataDirectory.path + "/receipts/storage-day-\(old).json"
        let verified = try await server.run(["subject", "verify", receipt, "--data-dir", server.dataDirectory.path])
        #expect(verified.status == 0 && verified.output.contains("of a storage key"), "\(verified.errors)")
        let arguments = ["--storage-key", server.folder.path + "/data.keys/storage.key"]
        #expect(try await server.run(["audit", "verify", "--data-dir", server.dataDirectory.path] + arguments).status == 0)
        // Both copies are sound, lack the day, and say so.
        for (place, count) in [(server.dataDirectory.path + "/snapshots/" + name, 1), (copy, 2)] {
            let other = server.folder.path + "/restored-\(count)"
            let restored = try await server.run(["restore", place, "--data-dir", other] + arguments)
            #expect(restored.status == 0, "\(restored.errors)")
            let dump = try await server.run(["check", "data", other, "--dump"] + arguments)
            #expect(dump.status == 0 && dump.output.contains("of day 0") && !dump.output.contains("of day 5"), "\(dump.errors)")
            if count == 2 {
                #expect(restored.errors.contains("The keys of \(old) were destroyed"), "\(restored.errors)")
                #expect(dump.errors.contains("the keys of \(old) were destroyed"))
            }
        }
    }

    @Test func `Switched on for a directory there is, what was written before is answered, and sealed as it is written anew`() async throws
    {
        let server = try ServerProcess(configuration: Self.quiet)
        let start = (ServerProcess.now - 60_000) * 1_000_000
        try await server.start()
        try await Self.send(server, "beforeword")
        #expect(server.stop() == 0)
        #expect(try !Self.holders(of: "beforeword", server.dataDirectory).isEmpty)
        try Self.sealing.write(to: server.folder.appendingPathComponent("varde.yaml"), atomically: true, encoding: .utf8)
        try await server.start()
        #expect(try await Self.lines(server, start: start).count == 200)
        try await Self.send(server, "afterword")
        #expect(server.stop() == 0)
        #expect(try Self.holders(of: "afterword", server.dataDirectory) == [])
        // The catalog's texts are written anew at once.
        #expect(try !Self.holders(of: "beforeword", server.dataDirectory).contains { $0.contains("catalog") })
        #expect(try await server.run(["check", "data", server.dataDirectory.path]).status == 0)
        try Self.quiet.write(to: server.folder.appendingPathComponent("varde.yaml"), atomically: true, encoding: .utf8)
        try await server.start()
        #expect(try await Self.lines(server, start: start).count == 400)
        #expect(server.stop() == 0)
    }
}
