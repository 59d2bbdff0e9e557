import Foundation
import TestSupport
import Testing

/// A person found, handed out and erased, over HTTP and by the command line; killed meanwhile.
@Suite struct SubjectRightsTests {
    private static let person = "02013299997"
    private static let mail = "Kari.Nordmann@example.no"
    private static let other = "30108299920"

    /// Lines of two people and none, over two days, in several segments; a series, an exemplar and a pushed group of the person.
    private static func fill(_ server: ServerProcess, batches: Int = 4, lines: Int = 200, tag: String = "batch") async throws {
        let now = ServerProcess.now
        for batch in 0..<batches {
            let base = (now - Int64(batch % 2) * 86_400_000 - 60_000) * 1_000_000
            let entries = (0..<lines).map { i in
                let line =
                    switch i % 40 {
                    case 3: "\(tag) \(batch) \(i) lookup fnr=\(person) ok"
                    case 7: "\(tag) \(batch) \(i) fnr: 020132 99997 again, and \(other) too"
                    case 11: "\(tag) \(batch) \(i) mail to \(mail.lowercased())"
                    case 13: "\(tag) \(batch) \(i) ring +47 412 34 567"
                    case 17: "\(tag) \(batch) \(i) only fnr=\(other)"
                    default: "\(tag) \(batch) \(i) nothing personal"
                    }
                return (base + Int64(i), line)
            }
            #expect(try await server.push(["app": batch % 2 == 0 ? "even" : "odd"], entries).status == 204)
        }
        #expect(
            try await server.remoteWrite([
                (["__name__": "logins_total", "user": mail], [(timestamp: now, value: 1)]),
                (["__name__": "logins_total", "user": "system"], [(timestamp: now, value: 2)]),
            ]).status == 204)
        #expect(try await server.post("/metrics/job/batch/email/\(mail)", Array("x_total 1\n".utf8), type: "text/plain").status == 200)
    }

    private static func lines(_ server: ServerProcess) async throws -> Set<String> {
        var found: Set<String> = []
        for app in ["even", "odd"] {
            let answer = try await server.result(
                "/loki/api/v1/query_range",
                ["query": "{app=\"\(app)\"}", "limit": "5000", "start": String((ServerProcess.now - 3 * 86_400_000) * 1_000_000)])
            for stream in answer { for value in stream["values"] as? [[Any]] ?? [] { found.insert(value[1] as? String ?? "") } }
        }
        return found
    }

    private static func objects(_ text: String) -> [[String: Any]] {
        text.split(separator: "\n").compactMap { (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any] }
    }

    private static func isOfPerson(_ line: String) -> Bool {
        ["lookup", "again", "mail to", "ring"].contains { line.contains($0) }
    }

    private static let identifiers = Data("\(person)\n  \(mail.uppercased())\n41234567\n".utf8)

    private static func isDone(_ server: ServerProcess, _ id: String) async -> Bool {
        (try? await server.get("/api/v1/privacy/erasures/\(id)"))?.text.contains("\"state\":\"done\"") == true
    }

    @Test func `A person is found by any identifier in any form, and handed out with third parties unnamed`() async throws {
        let server = try ServerProcess(configuration: "collect: {host: {enabled: false}}\n")
        try await server.start()
        try await Self.fill(server)
        let expected = try await Self.lines(server).filter(Self.isOfPerson).count
        let found = try await server.run(["subject", "find"], input: Self.identifiers)
        #expect(found.status == 0, "\(found.errors)")
        let summary = Self.objects(found.output).last ?? [:]
        #expect(summary["kind"] as? String == "summary" && summary["lines"] as? Int == expected && expected == 80)
        #expect(summary["streams"] as? Int == 2 && summary["series"] as? Int ?? 0 >= 1)
        let export = try await server.run(["subject", "export"], input: Self.identifiers)
        let objects = Self.objects(export.output)
        #expect(objects.filter { $0["kind"] as? String == "line" }.count == expected)
        #expect(objects.contains { $0["kind"] as? String == "series" && ($0["values"] as? [Any])?.isEmpty == false })
        for raw in [Self.person, Self.mail.lowercased(), Self.other, "41234567"] { #expect(!export.output.contains(raw)) }
        // Somebody else is not found; a body that names nobody is refused.
        let nobody = try await server.run(["subject", "find"], input: Data("13527248013\n".utf8))
        #expect(Self.objects(nobody.output).last?["lines"] as? Int == 0)
        #expect(try await server.post("/api/v1/privacy/subject/find", Array(" \n".utf8), type: "text/plain").status == 400)
        let broken = try await server.post(
            "/api/v1/privacy/subject/erase", Array("{\"identifiers\":[\"\(Self.person)\",1]}".utf8), type: "application/json")
        #expect(broken.status == 400 && !broken.text.contains(Self.person))
        // Never in an address, and never in the audit log.
        let leaky = try await server.post(
            "/api/v1/privacy/subject/find?id=\(Self.person)", Array(Self.person.utf8), type: "text/plain")
        #expect(leaky.status == 400)
        #expect(server.stop() == 0)
        for path in try FileManager.default.subpathsOfDirectory(atPath: server.dataDirectory.path) {
            let data = FileManager.default.contents(atPath: server.dataDirectory.appendingPathComponent(path).path) ?? Data()
            #expect(data.range(of: Data(Self.person.utf8)) == nil, "\(path)")
        }
    }

    @Test func `An erasure killed three times is whole, signed, and has changed nothing else`() async throws {
        let server = try ServerProcess(configuration: "collect: {host: {enabled: false}}\nserver: {enable_admin_api: true}\n")
        try await server.start()
        try await Self.fill(server, batches: 10, lines: 800)
        #expect(server.stop() == 0)
        try await server.start()
        try await Self.fill(server, batches: 2, lines: 400, tag: "late")
        let before = try await Self.lines(server)
        // The words the person stands as, to look for afterwards.
        let export = try await server.run(["subject", "export"], input: Self.identifiers).output
        let tokens = Set(export.matches(of: /(?:FNR|EMAIL|PHONE|ACCOUNT):k1:[a-z0-9]{18}/).map { String($0.output) })
        let others = Set(
            before.filter { $0.contains("only fnr") }.joined().matches(of: /FNR:k1:[a-z0-9]{18}/).map { String($0.output) })
        let own = tokens.subtracting(others)
        #expect(own.count >= 3 && others.count == 1)
        let asked = try await server.run(["subject", "erase", "--no-wait", "--reason", "request 17/2026"], input: Self.identifiers)
        let id = asked.output.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(asked.status == 0 && !id.isEmpty, "\(asked.errors)")
        // Out of sight at once.
        let hidden = try await Self.lines(server)
        let isHidden = hidden == before.filter { !Self.isOfPerson($0) }
        #expect(isHidden, "\(before.count) lines, \(hidden.count) in sight")
        for pause in [0, 30, 90] {
            try await Task.sleep(for: .milliseconds(pause))
            server.killHard()
            try await server.start()
            let isSame = try await Self.lines(server) == hidden
            #expect(isSame, "after a kill")
        }
        for _ in 0..<600 where !(await Self.isDone(server, id)) { try await Task.sleep(for: .milliseconds(100)) }
        let receipt = try await server.get("/api/v1/privacy/erasures/\(id)/receipt")
        let said = try await server.get("/api/v1/privacy/erasures/\(id)").text
        #expect(receipt.status == 200, "\(said)\n\(server.log.suffix(3000))")
        #expect(receipt.json["lines"] as? Int == before.count - hidden.count, "\(receipt.text)")
        #expect(receipt.json["reason"] as? String == "request 17/2026")
        let isSame = try await Self.lines(server) == hidden
        #expect(isSame)
        let left = Self.objects(try await server.run(["subject", "find"], input: Self.identifiers).output).last ?? [:]
        #expect(left["lines"] as? Int == 0 && left["series"] as? Int == 0, "\(left)")
        #expect(try await server.get("/pushgateway/metrics").text.contains("EMAIL") == false)
        // Signed; a changed one is told.
        let file = server.folder.appendingPathComponent("receipt.json")
        try receipt.body.write(to: file)
        let arguments = ["subject", "verify", file.path, "--data-dir", server.dataDirectory.path]
        let sound = try await ServerProcess.run(ServerProcess.binary, arguments)
        #expect(sound.status == 0 && sound.output.contains("sound"), "\(sound.errors)")
        try Data(receipt.text.replacingOccurrences(of: "\"lines\":", with: "\"lines\":1").utf8).write(to: file)
        #expect(try await ServerProcess.run(ServerProcess.binary, arguments).status == 1)
        #expect(server.stop() == 0)
        // Byte by byte and decompressed: nothing of the person, and the other person is still there.
        for path in try FileManager.default.subpathsOfDirectory(atPath: server.dataDirectory.path) {
            let data = FileManager.default.contents(atPath: server.dataDirectory.appendingPathComponent(path).path) ?? Data()
            for token in own { #expect(data.range(of: Data(token.utf8)) == nil, "\(path) holds \(token)") }
        }
        let dump = try await ServerProcess.run(ServerProcess.binary, ["check", "data", "--dump", server.dataDirectory.path])
        #expect(dump.status == 0, "\(dump.errors)")
        for token in own { #expect(!dump.output.contains(token)) }
        for token in others { #expect(dump.output.contains(token)) }
    }

    @Test func `A legal hold keeps an erasure waiting, and lines go by Loki's delete`() async throws {
        let server = try ServerProcess(
            configuration: """
                collect: {host: {enabled: false}}
                privacy: {legal_hold: [{selector: '{app="regnskap"}', reason: bokføringsloven § 13}]}

                """)
        try await server.start()
        try await Self.fill(server)
        let before = try await Self.lines(server)
        let hold = try await server.post(
            "/api/v1/privacy/holds", Array(#"{"name":"sak-7","selector":"{app=\"even\"}","reason":"police case"}"#.utf8),
            type: "application/json")
        #expect(hold.status == 200, "\(hold.text)")
        let asked = try await server.post(
            "/api/v1/privacy/subject/erase", try JSONEncoder().encode(["identifiers": [Self.person]]), type: "application/json")
        #expect(asked.status == 202 && asked.text.contains("\"state\":\"held\"") && asked.text.contains("sak-7: police case"))
        let id = (asked.json["data"] as? [String: Any])?["id"] as? String ?? ""
        let isHeld = try await Self.lines(server) == before
        #expect(isHeld)
        // Called off, and asked for again.
        #expect(try await server.send("DELETE", "/api/v1/privacy/erasures/\(id)").status == 204)
        #expect(try await server.get("/api/v1/privacy/erasures/\(id)").status == 404)
        let again = try await server.post("/api/v1/privacy/subject/erase", Array(Self.person.utf8), type: "text/plain")
        let second = (again.json["data"] as? [String: Any])?["id"] as? String ?? ""
        #expect(try await server.send("DELETE", "/api/v1/privacy/holds/sak-7").status == 204)
        for _ in 0..<300 where !(await Self.isDone(server, second)) { try await Task.sleep(for: .milliseconds(100)) }
        #expect(await Self.isDone(server, second))
        let left = try await Self.lines(server)
        let isLeft = left == before.filter { !$0.contains("lookup") && !$0.contains("again") }
        #expect(isLeft, "\(before.count) lines, \(left.count) left")

        // Loki's API.
        let start = String((ServerProcess.now - 2 * 86_400_000) / 1000)
        func delete(_ query: String, start: String = start) async throws -> ServerProcess.Answer {
            let escaped = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            return try await server.post("/loki/api/v1/delete?query=\(escaped)&start=\(start)", [], type: "text/plain")
        }
        let taken = try await delete(#"{app="odd"} |= "mail to" | line_format "x""#)
        #expect(taken.status == 204, "\(taken.text)")
        #expect(try await Self.lines(server).filter { $0.contains("mail to") }.count == left.filter { $0.contains("mail to") }.count / 2)
        #expect(try await delete("sum(rate({app=\"odd\"}[1m]))").status == 400)
        #expect(try await delete("{app=\"odd\"} |= \"kari@example.no\"").text.contains("/api/v1/privacy/subject/erase"))
        #expect(try await delete("{app=\"odd\"}", start: "").text == "start time not set")
        let name = taken.headers["x-varde-erasure"] ?? ""
        for _ in 0..<300 where !(await Self.isDone(server, name)) { try await Task.sleep(for: .milliseconds(100)) }
        let list = try await server.get("/loki/api/v1/delete")
        let entries = try JSONSerialization.jsonObject(with: list.body) as? [[String: Any]] ?? []
        #expect(entries.count == 1 && entries.first?["status"] as? String == "processed" && entries.first?["request_id"] as? String == name)
        #expect(server.stop() == 0)
        let audit = try await ServerProcess.run(ServerProcess.binary, ["audit", "verify", "--data-dir", server.dataDirectory.path])
        #expect(audit.status == 0, "\(audit.errors)")
    }

    @Test func `What concerns persons needs the role privacy`() async throws {
        var lines = ""
        var tokens: [String: String] = [:]
        for role in ["read", "privacy"] {
            let made = try await ServerProcess.run(ServerProcess.binary, ["token", "new", role, "--role", role])
            let words = (made.output + made.errors).split(whereSeparator: { " \n\"',".contains($0) }).map(String.init)
            tokens[role] = words.first { $0.hasPrefix("varde_") }
            let hash = try #require(words.first { $0.hasPrefix("sha256:") })
            lines += "      - {name: \(role), roles: [\(role)], hash: \"\(hash)\"}\n"
        }
        let server = try ServerProcess(
            configuration: "collect: {host: {enabled: false}}\nserver:\n  auth:\n    tokens:\n" + lines)
        try await server.start()
        let paths: [(method: String, path: String)] = [
            ("POST", "/api/v1/privacy/subject/find"), ("POST", "/api/v1/privacy/subject/export"),
            ("POST", "/api/v1/privacy/subject/erase"), ("GET", "/api/v1/privacy/erasures"), ("GET", "/api/v1/privacy/holds"),
            ("GET", "/api/v1/privacy/keys"), ("POST", "/api/v1/privacy/keys/rotate"), ("POST", "/api/v1/privacy/keys/1/destroy"),
            ("GET", "/api/v1/privacy/reports/art30"), ("POST", "/loki/api/v1/delete"), ("GET", "/loki/api/v1/delete"),
        ]
        for (method, path) in paths {
            for (role, allowed) in [("read", false), ("privacy", true)] {
                let answer = try await server.send(
                    method, path, body: Data(), headers: ["Authorization": "Bearer \(tokens[role] ?? "")", "Content-Type": "text/plain"])
                #expect((answer.status == 403) != allowed, "\(role) \(method) \(path): \(answer.status)")
            }
            #expect(try await server.send(method, path).status == 401, "\(path)")
        }
        #expect(server.stop() == 0)
    }
}
