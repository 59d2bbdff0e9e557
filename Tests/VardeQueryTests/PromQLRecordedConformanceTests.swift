import Foundation
import TestSupport
import Testing
import VardeModel

@testable import VardeQuery

/// Answers recorded from a real Prometheus 3.14, asked of the parser and the engine; the HTTP around them is tested with the server.
@Suite(.enabled(if: ConformanceFolder.isPresent, "conformance folder absent")) struct PromQLRecordedConformanceTests {
    private struct Case {
        var name: String
        var path: String
        var parameters: [String: String]
        var body: [String: Any]
    }

    private static func json(_ name: String) throws -> [[String: Any]] {
        let url = try #require(ConformanceFolder.url).appendingPathComponent("prometheus").appendingPathComponent(name)
        return try #require(JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [[String: Any]])
    }

    private static func source() throws -> PromQLMemorySource {
        var source = PromQLMemorySource()
        for series in try json("corpus.json") {
            let labels = Labels((series["labels"] as? [String: String] ?? [:]).map { Label($0.key, $0.value) })
            for sample in series["samples"] as? [[Any]] ?? [] {
                let text = sample[1] as? String ?? ""
                let value = text == "stale" ? Double.staleMarker : try #require(GoNumber.float(text))
                source.append(labels, try #require(sample[0] as? Int64), value)
            }
        }
        return source
    }

    @Test(arguments: [false, true])
    func `recorded answers are given alike`(delaysNameRemoval: Bool) throws {
        var options = PromQLOptions()
        options.delaysNameRemoval = delaysNameRemoval
        let engine = PromQLEngine(source: try Self.source(), options: options)
        var passed = 0
        var total = 0
        for own in try Self.json("cases.json") {
            guard let path = own["path"] as? String, let body = own["body"] as? [String: Any] else { continue }
            guard let parameters = own["params"] as? [String: String] else { continue }
            let isOurs = ["query", "query_range", "format_query", "parse_query"].contains { path == "/api/v1/" + $0 }
            // What the server checks before it asks the engine.
            let error = body["error"] as? String ?? ""
            if !isOurs || error.contains("\"step\"") || error.contains("\"end\"") || error.hasPrefix("exceeded maximum") { continue }
            total += 1
            let name = own["name"] as? String ?? path
            let got = Self.answer(path, parameters, engine)
            if let difference = Self.difference(got, body) {
                Issue.record("\(name): \(parameters["query"] ?? ""): \(difference)")
            } else {
                passed += 1
            }
        }
        print("cases.json: \(passed)/\(total)")
        #expect(total > 100)
    }

    private static func milliseconds(_ text: String?) -> Int64? {
        guard let text else { return nil }
        if let seconds = Double(text) { return Int64((seconds * 1000).rounded()) }
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        return formatter.date(from: text).map { Int64(($0.timeIntervalSince1970 * 1000).rounded()) }
    }

    private static func answer(_ path: String, _ parameters: [String: String], _ engine: PromQLEngine) -> [String: Any] {
        let query = parameters["query"] ?? ""
        var engine = engine
        if let lookback = parameters["lookback_delta"].flatMap(DurationText.milliseconds) { engine.options.lookback = lookback }
        do throws(QueryError) {
            switch path {
            case "/api/v1/format_query": return ["status": "success", "data": try PromQLEngine.parse(query).pretty]
            case "/api/v1/parse_query":
                var bytes: [UInt8] = []
                try PromQLEngine.parse(query).tree.write(to: &bytes)
                return ["status": "success", "data": (try? JSONSerialization.jsonObject(with: Data(bytes))) ?? NSNull()]
            case "/api/v1/query":
                return response(try engine.instant(query, at: milliseconds(parameters["time"]) ?? 1_767_226_800_000))
            default:
                let start = milliseconds(parameters["start"]) ?? 0
                let end = milliseconds(parameters["end"]) ?? 0
                return response(try engine.range(query, start: start, end: end, step: milliseconds(parameters["step"]) ?? 1))
            }
        } catch {
            let prefix = error.kind == .badData ? "invalid parameter \"query\": " : ""
            return ["status": "error", "errorType": error.kind.rawValue, "error": prefix + error.message]
        }
    }

    private static func response(_ result: PromQLResult) -> [String: Any] {
        func pair(_ time: Int64, _ value: Double) -> [Any] { [Double(time) / 1000, FloatText.api(value)] }
        func metric(_ labels: Labels) -> [String: String] {
            Dictionary(uniqueKeysWithValues: labels.map { ($0.name, $0.value) })
        }
        var data: [String: Any] = [:]
        switch result.value {
        case .scalar(let time, let value): data = ["resultType": "scalar", "result": pair(time, value)]
        case .string(let time, let text): data = ["resultType": "string", "result": [Double(time) / 1000, text] as [Any]]
        case .vector(let matrix):
            let rows = (0..<matrix.seriesCount).map {
                ["metric": metric(matrix.labels[$0]), "value": pair(matrix.grid.start, matrix.value($0, 0))] as [String: Any]
            }
            data = ["resultType": "vector", "result": rows]
        case .matrix(let matrix):
            let rows = (0..<matrix.seriesCount).map { series -> [String: Any] in
                let points = (0..<matrix.grid.count).filter { matrix.kind(series, $0) == PointKind.float }
                return [
                    "metric": metric(matrix.labels[series]), "values": points.map { pair(matrix.grid.time($0), matrix.value(series, $0)) },
                ]
            }
            data = ["resultType": "matrix", "result": rows]
        case .series(let series):
            let rows = series.map { series -> [String: Any] in
                [
                    "metric": metric(series.labels),
                    "values": (0..<series.samples.count).map { pair(series.samples.timestamps[$0], series.samples.values[$0]) },
                ]
            }
            data = ["resultType": "matrix", "result": rows]
        }
        var answer: [String: Any] = ["status": "success", "data": data]
        if !result.warnings.isEmpty { answer["warnings"] = result.warnings }
        if !result.infos.isEmpty { answer["infos"] = result.infos }
        return answer
    }

    /// Where two JSON values differ; series in any order, numbers in texts within 1e-9.
    private static func difference(_ got: Any, _ wanted: Any, _ path: String = "") -> String? {
        if let a = got as? [String: Any], let b = wanted as? [String: Any] {
            for key in Set(a.keys).union(b.keys).sorted() {
                guard let x = a[key], let y = b[key] else { return "\(path).\(key): \(a[key] ?? "nothing"), not \(b[key] ?? "nothing")" }
                if let found = difference(x, y, "\(path).\(key)") { return found }
            }
            return nil
        }
        if var a = got as? [Any], var b = wanted as? [Any] {
            if a.count != b.count { return "\(path): \(a.count) elements, not \(b.count)" }
            func key(_ any: Any) -> String {
                ((any as? [String: Any])?["metric"] as? [String: String])?.sorted { $0.key < $1.key }.map { "\($0)" }.joined() ?? ""
            }
            if path.hasSuffix(".result") {
                a.sort { key($0) < key($1) }
                b.sort { key($0) < key($1) }
            }
            for i in a.indices { if let found = difference(a[i], b[i], "\(path)[\(i)]") { return found } }
            return nil
        }
        if let a = got as? String, let b = wanted as? String {
            if a == b { return nil }
            if let x = Double(a), let y = Double(b), (x - y).magnitude <= 1e-9 * Swift.max(x.magnitude, y.magnitude) { return nil }
            return "\(path): \(a), not \(b)"
        }
        if let a = got as? NSNumber, let b = wanted as? NSNumber { return a.doubleValue == b.doubleValue ? nil : "\(path): \(a), not \(b)" }
        if got is NSNull, wanted is NSNull { return nil }
        return "\(path): \(got), not \(wanted)"
    }
}
