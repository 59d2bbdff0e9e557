import Foundation
import Testing
import VardeCompression
import VardeModel
import VardeWire

/// What the tests send to a server and ask of it.
extension ServerProcess {
    /// Milliseconds since the epoch.
    static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    static func labels(_ pairs: [String: String]) -> Labels { Labels(pairs.map { Label($0.key, $0.value) }) }

    /// Sends samples by remote write 1.0.
    func remoteWrite(_ series: [(labels: [String: String], samples: [(timestamp: Int64, value: Double)])]) async throws -> Answer {
        var body: [UInt8] = []
        Snappy.compress(RemoteWrite.encode(series.map { (Self.labels($0.labels), $0.samples) }).span, into: &body)
        return try await post(
            "/api/v1/write", body, type: "application/x-protobuf",
            headers: ["Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0"])
    }

    /// Pushes lines with nanoseconds to one stream, as Loki's clients do.
    func push(_ labels: [String: String], _ lines: [(nanoseconds: Int64, line: String)]) async throws -> Answer {
        let stream: [String: Any] = ["stream": labels, "values": lines.map { [String($0.nanoseconds), $0.line] }]
        return try await post(
            "/loki/api/v1/push", try JSONSerialization.data(withJSONObject: ["streams": [stream]]), type: "application/json")
    }

    /// The `result` of a query of either API.
    func result(_ path: String, _ parameters: [String: String]) async throws -> [[String: Any]] {
        var components = URLComponents()
        components.queryItems = parameters.map { URLQueryItem(name: $0.key, value: $0.value) }
        // A plus stands for itself, not for a space.
        let query = (components.percentEncodedQuery ?? "").replacingOccurrences(of: "+", with: "%2B")
        let answer = try await get("\(path)?\(query)")
        guard answer.status == 200 else { throw Failure(description: "\(path): \(answer.status) \(answer.text)") }
        return (answer.json["data"] as? [String: Any])?["result"] as? [[String: Any]] ?? []
    }

    /// The sum of a metric of the server's own over all label sets that hold `label`.
    func ownMetric(_ name: String, _ label: String = "") async throws -> Double {
        try await get("/metrics").text.split(separator: "\n")
            .filter { $0.hasPrefix(name + "{") || $0.hasPrefix(name + " ") }
            .filter { label.isEmpty || $0.contains(label) }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
            .reduce(0, +)
    }
}
