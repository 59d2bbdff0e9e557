import Foundation
import TestSupport
import Testing

/// How far a search for a person reaches: names, detectors of single streams, and what it says it cannot reach.
@Suite struct SubjectReachTests {
    private static let person = "02013299997"
    private static let mail = "kari.erase@example.no"

    private static func summary(_ output: String) -> [String: Any] {
        output.split(separator: "\n").last.flatMap { (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any] } ?? [:]
    }

    /// A line of a stream with metadata.
    private static func push(_ server: ServerProcess, _ app: String, _ line: String, _ metadata: [String: String] = [:]) async throws {
        let value: [Any] = ["\(ServerProcess.now * 1_000_000)", line, metadata]
        let body: [String: Any] = ["streams": [["stream": ["app": app], "values": [value]]]]
        let data = try JSONSerialization.data(withJSONObject: body)
        #expect(try await server.post("/loki/api/v1/push", Array(data), type: "application/json").status == 204)
    }

    @Test func `Pseudonyms in names of metadata and labels are found and erased`() async throws {
        let server = try ServerProcess(
            configuration: """
                collect: {host: {enabled: false}}
                privacy:
                  detectors: [{name: kunde, pattern: 'K[0-9]{8}'}]
                  policies: [{selector: '{app="own"}', actions: {kunde: pseudonymise}}]

                """)
        try await server.start()
        try await Self.push(server, "names", "by metadata", [Self.mail: "1"])
        try await Self.push(server, "names", "by another", ["u_\(Self.person)": "1"])
        try await Self.push(server, "names", "nobody", ["k": "v"])
        try await Self.push(server, "own", "kunde K12345678 her")
        let attribute = "{\"key\":\"\(Self.mail)\",\"value\":{\"stringValue\":\"1\"}}"
        let point = "{\"timeUnixNano\":\"\(ServerProcess.now)000000\",\"asDouble\":1,\"attributes\":[\(attribute)]}"
        let metrics = "{\"metrics\":[{\"name\":\"logins\",\"gauge\":{\"dataPoints\":[\(point)]}}]}"
        let body = "{\"resourceMetrics\":[{\"scopeMetrics\":[\(metrics)]}]}"
        #expect(try await server.post("/v1/metrics", Array(body.utf8), type: "application/json").status == 200)
        let identifiers = Data("\(Self.mail)\n\(Self.person)\nK12345678\n".utf8)
        let found = try await server.run(["subject", "find"], input: identifiers)
        let summary = Self.summary(found.output)
        #expect(found.status == 0 && summary["lines"] as? Int == 3 && summary["series"] as? Int == 1, "\(found.output)")
        #expect(summary["complete"] as? Bool == true)
        let erased = try await server.run(["subject", "erase", "--reason", "krav"], input: identifiers)
        #expect(erased.status == 0 && erased.output.contains("\"complete\":true"), "\(erased.output) \(erased.errors)")
        let left = Self.summary(try await server.run(["subject", "find"], input: identifiers).output)
        #expect(left["lines"] as? Int == 0 && left["series"] as? Int == 0, "\(left)")
        #expect(server.stop() == 0)
    }

    @Test func `Lost keys and streams that keep raw text are told, and no answer claims to be complete`() async throws {
        let raw = "{app=\"raw\"}"
        let server = try ServerProcess(
            configuration: """
                collect: {host: {enabled: false}}
                privacy:
                  policies: [{selector: '\(raw)', actions: {fnr: keep}, reason: test, until: 2199-12-31}]

                """)
        try await server.start()
        try await Self.push(server, "a", "fnr \(Self.person)")
        let identifiers = Data("\(Self.person)\n".utf8)
        let kept = try await server.run(["subject", "find"], input: identifiers)
        let first = Self.summary(kept.output)
        #expect(kept.status == 1 && first["complete"] as? Bool == false && first["raw_streams"] as? [String] == [raw], "\(kept.output)")
        #expect(first["lost_epochs_before"] as? Int == 0)
        #expect(server.stop() == 0)
        let keys = server.dataDirectory.path + ".keys/"
        for name in ["pseudonyms.key", "audit.key"] { try FileManager.default.removeItem(atPath: keys + name) }
        try await server.start()
        let lost = Self.summary(try await server.run(["subject", "find"], input: identifiers).output)
        #expect(lost["lines"] as? Int == 0 && lost["complete"] as? Bool == false && lost["lost_epochs_before"] as? Int ?? 0 > 1, "\(lost)")
        let erased = try await server.run(["subject", "erase", "--reason", "krav"], input: identifiers)
        #expect(erased.status == 1 && erased.output.contains("\"complete\":false"), "\(erased.output) \(erased.errors)")
        #expect(server.stop() == 0)
        let audit = try await ServerProcess.run(ServerProcess.binary, ["audit", "verify", "--data-dir", server.dataDirectory.path])
        #expect(audit.status == 1 && (audit.output + audit.errors).contains("another key from entry"), "\(audit.output) \(audit.errors)")
    }
}
