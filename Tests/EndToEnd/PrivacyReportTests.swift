import Foundation
import TestSupport
import Testing

/// Keys listed, rotated and destroyed, and the reports an authority asks for.
@Suite struct PrivacyReportTests {
    private static let configuration = """
        collect: {host: {enabled: false}}
        residency:
          countries: [NO]
          networks: [{cidr: 192.0.2.0/24, country: NO, operator: Eksempel Drift AS, contract: DPA-2026-14, valid_until: 2027-12-31}]
        privacy:
          controller: {name: Eksempel AS, contact: post@eksempel.no}
          policies:
            - {selector: '{app="a"}', purpose: drift, legal_basis: art. 6(1)(f), subjects: kunder}
            - {selector: '{app="b"}', purpose: feilsøking, actions: {email: keep}, reason: sak 12, until: 2199-12-31}

        """

    private static func push(_ server: ServerProcess, _ app: String, _ line: String) async throws {
        #expect(try await server.push(["app": app], [(ServerProcess.now * 1_000_000, line)]).status == 204)
    }

    private static func found(_ server: ServerProcess) async throws -> Int? {
        let answer = try await server.run(["subject", "find"], input: Data("02013299997\n".utf8))
        let last = answer.output.split(separator: "\n").last ?? ""
        return ((try? JSONSerialization.jsonObject(with: Data(last.utf8))) as? [String: Any])?["lines"] as? Int
    }

    @Test func `A destroyed key makes its pseudonyms unlinkable, with a receipt, and the epochs after it go on`() async throws {
        let server = try ServerProcess(configuration: Self.configuration)
        try await server.start()
        try await Self.push(server, "a", "first fnr=02013299997")
        #expect(try await server.run(["keys", "rotate"]).status == 0)
        try await Self.push(server, "a", "second fnr=02013299997")
        #expect(try await Self.found(server) == 2)
        let list = try await server.run(["keys"])
        #expect(list.output.contains("k1") && list.output.contains("kept") && list.output.contains("in use"), "\(list.errors)")
        #expect(try await server.run(["keys", "destroy", "1"]).status == 2)
        let destroyed = try await server.run(["keys", "destroy", "1", "--yes"])
        #expect(destroyed.status == 0 && destroyed.output.contains("\"kind\":\"key\",\"epoch\":1"), "\(destroyed.errors)")
        #expect(try await Self.found(server) == 1)
        #expect(try await server.run(["keys", "destroy", "7", "--yes"]).status == 1)
        // A receipt lost in a crash is written at the next start; the key stays away.
        let path = server.dataDirectory.appendingPathComponent("receipts/key-epoch-1.json")
        #expect(server.stop() == 0)
        try FileManager.default.removeItem(at: path)
        try await server.start()
        #expect(try await Self.found(server) == 1)
        let receipt = server.folder.appendingPathComponent("key.json")
        try (try await server.get("/api/v1/privacy/keys/1/receipt")).body.write(to: receipt)
        let verified = try await ServerProcess.run(
            ServerProcess.binary, ["subject", "verify", receipt.path, "--data-dir", server.dataDirectory.path])
        #expect(verified.status == 0 && verified.output.contains("of a key"), "\(verified.errors)")
        // The one in use is followed by a new one.
        #expect(try await server.run(["keys", "destroy", "2", "--yes"]).status == 0)
        #expect(try await server.run(["keys"]).output.contains("k3"))
        try await Self.push(server, "a", "third fnr=02013299997")
        #expect(try await Self.found(server) == 1)
        #expect(server.stop() == 0)
        let audit = try String(
            contentsOf: server.dataDirectory.appendingPathComponent("audit/0000000000000001.audit"), encoding: .utf8)
        #expect(audit.contains("the key of epoch 1 destroyed") && audit.contains("epoch 2 begun"))
    }

    @Test func `Reports tell places, purposes, retention, keys and evidence, in two languages and as JSON`() async throws {
        let server = try ServerProcess(configuration: Self.configuration)
        try await server.start()
        try await Self.push(server, "a", "fnr=02013299997 to kari@example.no")
        try await Self.push(server, "c", "nothing")
        func json(_ kind: String) async throws -> [String: Any] {
            let answer = try await server.run(["report", kind, "-o", "json"])
            #expect(answer.status == 0, "\(answer.errors)")
            return (try JSONSerialization.jsonObject(with: Data(answer.output.utf8))) as? [String: Any] ?? [:]
        }
        let residency = try await json("residency")
        let places = residency["places"] as? [[String: Any]] ?? []
        #expect(places.first?["path"] as? String == server.dataDirectory.path && places.first?["device"] is String, "\(residency)")
        #expect((residency["networks"] as? [[String: Any]])?.last?["operator"] as? String == "Eksempel Drift AS")
        let record = try await json("art30")
        #expect((record["controller"] as? [String: Any])?["name"] as? String == "Eksempel AS")
        #expect((record["purposes"] as? [[String: Any]])?.count == 2)
        #expect((record["categories"] as? [[String: Any]])?.contains { $0["type"] as? String == "fnr" } == true)
        let evidence = try await json("evidence")
        let redacted = evidence["redacted"] as? [[String: Any]] ?? []
        #expect(redacted.contains { $0["type"] as? String == "fnr" && $0["count"] as? Int == 1 }, "\(redacted)")
        #expect((evidence["streams_without_purpose"] as? [[String: Any]])?.count == 1)
        #expect((evidence["exceptions"] as? [[String: Any]])?.first?["reason"] as? String == "sak 12")
        #expect((evidence["deletion"] as? [[String: Any]])?.first?["within"] as? Bool == true)
        #expect((evidence["keys"] as? [[String: Any]])?.count == 1)
        #expect((evidence["audit"] as? [String: Any])?["head"] as? String != nil)
        #expect((evidence["detectors"] as? [String: Any])?["recall_certain"] is String)
        for kind in ["residency", "art30", "evidence"] {
            let nb = try await server.run(["report", kind, "--language", "nb"]).output
            let en = try await server.run(["report", kind]).output
            #expect(nb.hasPrefix("# ") && en.hasPrefix("# ") && nb != en)
            #expect(!nb.contains("kari@example.no") && !nb.contains("02013299997"))
        }
        #expect(try await server.run(["report", "evidence", "--language", "nb"]).output.contains("## Strømmer uten formål"))
        #expect(try await server.get("/api/v1/privacy/reports/other").status == 404)
        #expect(try await server.get("/api/v1/privacy/reports/art30?format=xml").status == 400)
        #expect(server.stop() == 0)
    }
}
