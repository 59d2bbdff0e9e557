import Foundation
import TestSupport
import Testing
import VardeCompression
import VardeModel
import VardeWire

/// Answers recorded from a real Prometheus 3.14, asked of the built binary over HTTP: status, body and wording.
@Suite(.enabled(if: ConformanceFolder.isPresent, "conformance folder absent"))
struct PrometheusRecordedHTTPConformanceTests {
    /// Data of the beginning of 2026, under every configuration a user may have: with redaction and without.
    @Test(arguments: [true, false])
    func `Recorded answers are given alike over HTTP`(privacy: Bool) async throws {
        let server = try ServerProcess(
            configuration: "retention: {time: 100y}\nprivacy: {enabled: \(privacy)}\ncollect: {host: {enabled: false}}\n")
        try await server.start()
        try await RecordedCorpus.send(to: server)
        var passed = 0
        var total = 0
        for own in try RecordedCorpus.json("cases.json") {
            let name = try #require(own["name"] as? String)
            let path = try #require(own["path"] as? String)
            let parameters = RecordedCorpus.parameters(of: own)
            // A form where the endpoint takes one and the case's number is odd, else the query string.
            let isForm = ["query", "query_range", "labels", "series", "format_query", "parse_query"].contains { path == "/api/v1/" + $0 }
            total += 1
            let answer =
                isForm && total % 2 == 1
                ? try await server.post(path, Array(parameters.utf8), type: "application/x-www-form-urlencoded")
                : try await server.get(parameters.isEmpty ? path : "\(path)?\(parameters)")
            if let difference = RecordedCorpus.difference(answer, own) {
                Issue.record("\(name): \(parameters): \(difference)")
            } else {
                passed += 1
            }
        }
        print("cases.json over HTTP: \(passed)/\(total)")
        #expect(total > 150)
    }
}

/// The recorded series and answers.
enum RecordedCorpus {
    static func json(_ name: String) throws -> [[String: Any]] {
        let url = try #require(ConformanceFolder.url).appendingPathComponent("prometheus").appendingPathComponent(name)
        return try #require(JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [[String: Any]])
    }

    /// Sends the corpus by remote write.
    static func send(to server: ServerProcess) async throws {
        var series: [(labels: Labels, samples: [(timestamp: Int64, value: Double)])] = []
        for one in try json("corpus.json") {
            let labels = Labels((one["labels"] as? [String: String] ?? [:]).map { Label($0.key, $0.value) })
            let samples = try (one["samples"] as? [[Any]] ?? []).map { sample in
                let text = sample[1] as? String ?? ""
                let value = text == "stale" ? Double.staleMarker : try #require(number(text))
                return (timestamp: try #require(sample[0] as? Int64), value: value)
            }
            series.append((labels, samples))
        }
        var body: [UInt8] = []
        Snappy.compress(RemoteWrite.encode(series).span, into: &body)
        let answer = try await server.post("/api/v1/write", body, type: "application/x-protobuf", headers: ["Content-Encoding": "snappy"])
        try #require(answer.status == 204, "\(answer.text)")
    }

    private static func number(_ text: String) -> Double? {
        switch text.lowercased() {
        case "nan": .nan
        case "inf", "+inf": .infinity
        case "-inf": -.infinity
        default: Double(text)
        }
    }

    static func parameters(of own: [String: Any]) -> String {
        var pairs: [(String, String)] = []
        for (name, value) in (own["params"] as? [String: Any] ?? [:]).sorted(by: { $0.key < $1.key }) {
            for one in (value as? [String]) ?? [value as? String ?? "\(value)"] { pairs.append((name, one)) }
        }
        return form(pairs)
    }

    static func form(_ pairs: [(String, String)]) -> String {
        let plain = CharacterSet(charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
        return pairs.map { pair in
            [pair.0, pair.1].map { $0.addingPercentEncoding(withAllowedCharacters: plain) ?? "" }.joined(separator: "=")
        }.joined(separator: "&")
    }

    /// Where an answer differs from the recorded one.
    static func difference(_ answer: ServerProcess.Answer, _ own: [String: Any]) -> String? {
        let status = own["status"] as? Int ?? 0
        if answer.status != status { return "status \(answer.status), not \(status): \(answer.text.prefix(300))" }
        if let text = own["body"] as? String { return answer.text == text ? nil : "\(answer.text.prefix(300)), not \(text)" }
        guard let got = try? JSONSerialization.jsonObject(with: answer.body) else { return "no JSON: \(answer.text.prefix(300))" }
        return JSONDifference.first(got, own["body"] ?? NSNull(), "")
    }
}

/// Compares answers of Prometheus' API: series in any order, numbers in texts within 1e-9.
enum JSONDifference {
    static func first(_ got: Any, _ wanted: Any, _ path: String, tolerance: Double = 1e-9) -> String? {
        if let a = got as? [String: Any], let b = wanted as? [String: Any] {
            for key in Set(a.keys).union(b.keys).sorted() {
                guard let x = a[key], let y = b[key] else {
                    return "\(path).\(key): \("\(a[key] ?? "nothing")".prefix(200)), not \("\(b[key] ?? "nothing")".prefix(200))"
                }
                if let found = first(x, y, "\(path).\(key)", tolerance: tolerance) { return found }
            }
            return nil
        }
        if var a = got as? [Any], var b = wanted as? [Any] {
            if a.count != b.count { return "\(path): \(a.count) elements, not \(b.count)" }
            if path.hasSuffix(".result") || path.hasSuffix(".warnings") || path.hasSuffix(".infos") {
                a.sort { key($0) < key($1) }
                b.sort { key($0) < key($1) }
            }
            for i in a.indices { if let found = first(a[i], b[i], "\(path)[\(i)]", tolerance: tolerance) { return found } }
            return nil
        }
        if let a = got as? String, let b = wanted as? String {
            if a == b { return nil }
            if let x = Double(a), let y = Double(b) {
                if (x - y).magnitude <= tolerance * max(x.magnitude, y.magnitude) || x.isNaN && y.isNaN { return nil }
            }
            return "\(path): \(a), not \(b)"
        }
        if let a = got as? NSNumber, let b = wanted as? NSNumber { return a.doubleValue == b.doubleValue ? nil : "\(path): \(a), not \(b)" }
        if got is NSNull, wanted is NSNull { return nil }
        return "\(path): \(got), not \(wanted)"
    }

    private static func key(_ any: Any) -> String {
        if let text = any as? String { return text }
        return ((any as? [String: Any])?["metric"] as? [String: String])?.sorted { $0.key < $1.key }.map { "\($0)" }.joined() ?? ""
    }
}
