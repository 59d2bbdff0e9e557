import Foundation
import TestSupport
import Testing

/// Answers recorded from a real Loki, asked of the built binary over HTTP.
@Suite(.enabled(if: ConformanceFolder.isPresent, "conformance folder absent")) struct LokiConformanceTests {
    /// The recorded lines are of January 2026; personal data is left in, because there it was.
    static let configuration = """
        retention: {time: 30y}
        privacy: {enabled: false}
        collect: {host: {enabled: false}}

        """

    private static func file(_ name: String) throws -> Data {
        try Data(contentsOf: try #require(ConformanceFolder.url).appendingPathComponent("loki").appendingPathComponent(name))
    }

    private static func target(_ path: String, _ parameters: [String: String]) -> String {
        var components = URLComponents()
        components.path = path
        let plain = CharacterSet(charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
        components.percentEncodedQuery = parameters.sorted { $0.key < $1.key }.map { name, value in
            "\(name.addingPercentEncoding(withAllowedCharacters: plain) ?? "")=\(value.addingPercentEncoding(withAllowedCharacters: plain) ?? "")"
        }.joined(separator: "&")
        return components.string ?? path
    }

    @Test func `Recorded answers are given alike over HTTP`() async throws {
        let server = try ServerProcess(configuration: Self.configuration)
        try await server.start()
        let pushed = try await server.post("/loki/api/v1/push", try Self.file("corpus.json"), type: "application/json")
        #expect(pushed.status == 204, "\(pushed.text)")
        try await Self.ask(server, "from the head")
        // The same lines, from segments.
        #expect(server.stop() == 0)
        try await server.start()
        try await Self.ask(server, "from segments")
        #expect(server.stop() == 0)
    }

    private static func ask(_ server: ServerProcess, _ place: String) async throws {
        var passed = 0
        let cases = try #require(try JSONSerialization.jsonObject(with: file("cases.json")) as? [[String: Any]])
        for one in cases {
            let name = one["name"] as? String ?? ""
            let path = try #require(one["path"] as? String)
            let parameters = try #require(one["params"] as? [String: String])
            let status = try #require(one["status"] as? Int)
            let answer = try await server.get(target(path, parameters))
            let words = "\(place): \(name): \(parameters["query"] ?? path)"
            if answer.status != status {
                Issue.record("\(words): \(answer.status), not \(status): \(answer.text.prefix(300))")
                continue
            }
            if let body = one["body"] as? [String: Any], status == 200 {
                // Only flushed chunks were counted there.
                let keysOnly = path.hasSuffix("index/stats")
                if let found = difference(answer.json, body, keysOnly: keysOnly) {
                    Issue.record("\(words): \(found)")
                    continue
                }
            } else if one["body"] is String, (try? JSONSerialization.jsonObject(with: answer.body)) != nil {
                Issue.record("\(words): the error is no plain text: \(answer.text.prefix(300))")
                continue
            }
            passed += 1
        }
        print("loki/cases.json over HTTP, \(place): \(passed)/\(cases.count)")
        #expect(cases.count > 80)
    }

    /// Where two JSON values differ; streams, series and fields in any order, numbers in texts within 1e-9.
    private static func difference(_ got: Any, _ wanted: Any, _ path: String = "", keysOnly: Bool) -> String? {
        if let a = got as? [String: Any], let b = wanted as? [String: Any] {
            for key in Set(a.keys).union(b.keys).sorted() where key != "stats" {
                guard let x = a[key], let y = b[key] else { return "\(path).\(key): \(a[key] ?? "nothing"), not \(b[key] ?? "nothing")" }
                if let found = difference(x, y, "\(path).\(key)", keysOnly: keysOnly) { return found }
            }
            return nil
        }
        if var a = got as? [Any], var b = wanted as? [Any] {
            if a.count != b.count { return "\(path): \(a.count) elements, not \(b.count)" }
            if path.hasSuffix(".result") || path.hasSuffix(".fields") || path == ".data" {
                a.sort { key($0) < key($1) }
                b.sort { key($0) < key($1) }
            }
            for i in a.indices { if let found = difference(a[i], b[i], "\(path)[\(i)]", keysOnly: keysOnly) { return found } }
            return nil
        }
        if let a = got as? String, let b = wanted as? String {
            if a == b { return nil }
            if let x = Double(a), let y = Double(b), (x - y).magnitude <= 1e-9 * max(x.magnitude, y.magnitude) { return nil }
            return "\(path): \(a), not \(b)"
        }
        if let a = got as? NSNumber, let b = wanted as? NSNumber {
            return keysOnly || a.doubleValue == b.doubleValue ? nil : "\(path): \(a), not \(b)"
        }
        return "\(path): \(got), not \(wanted)"
    }

    private static func key(_ any: Any) -> String {
        guard let object = any as? [String: Any] else { return "\(any)" }
        let labels = object["metric"] ?? object["stream"] ?? object["label"] ?? object
        return (labels as? [String: String])?.sorted { $0.key < $1.key }.map { "\($0)" }.joined() ?? "\(labels)"
    }
}
