import Foundation
import TestSupport
import Testing
import VardeModel

@testable import VardeQuery

/// Answers recorded from a real Loki, asked of the parser, the engine and the look-ups; the HTTP around them is tested with the server.
@Suite(.enabled(if: ConformanceFolder.isPresent, "conformance folder absent")) struct LogQLRecordedConformanceTests {
    private static func json(_ name: String) throws -> Any {
        let url = try #require(ConformanceFolder.url).appendingPathComponent("loki").appendingPathComponent(name)
        return try JSONSerialization.jsonObject(with: Data(contentsOf: url))
    }

    private static func labels(_ pairs: [String: String]) -> Labels { Labels(pairs.map { Label($0.key, $0.value) }) }

    private static func source() throws -> LogMemorySource {
        var source = LogMemorySource()
        // A page a stream: sizes count each text of metadata once a page.
        source.pageSize = 1_000
        let corpus = try #require(try json("corpus.json") as? [String: Any])
        for stream in try #require(corpus["streams"] as? [[String: Any]]) {
            let labels = labels(try #require(stream["stream"] as? [String: String]))
            var seen: Set<[String]> = []
            for value in try #require(stream["values"] as? [[Any]]) {
                let time = try #require(value[0] as? String)
                let line = try #require(value[1] as? String)
                // As the store does: a line that is there already is dropped.
                if !seen.insert([time, line]).inserted { continue }
                let metadata = value.count > 2 ? try #require(value[2] as? [String: String]) : [:]
                source.append(labels, try #require(Int64(time)), line, Self.labels(metadata))
            }
        }
        return source
    }

    @Test func `recorded answers are given alike`() throws {
        let source = try Self.source()
        var options = LogQLOptions()
        options.threads = 2
        let engine = LogQLEngine(source: source, options: options)
        let lookups = LogLookups(source: source, options: options)
        var passed = 0
        var total = 0
        for own in try #require(try Self.json("cases.json") as? [[String: Any]]) {
            let name = own["name"] as? String ?? ""
            let path = try #require(own["path"] as? String)
            let parameters = try #require(own["params"] as? [String: String])
            // Only flushed chunks were counted there; and what the server refuses before it asks the engine.
            if path.hasSuffix("index/stats") || name == "log instant is refused" { continue }
            total += 1
            let status = own["status"] as? Int ?? 200
            let answer: Any
            do throws(QueryError) {
                answer = try Self.answer(path, parameters, engine, lookups)
            } catch {
                if status == 400 { passed += 1 } else { Issue.record("\(name): \(parameters): \(error)") }
                continue
            }
            if status != 200 {
                Issue.record("\(name): \(parameters["query"] ?? ""): answered, where Loki says \(own["body"] ?? "")")
            } else if let difference = Self.difference(answer, own["body"] ?? [:]) {
                Issue.record("\(name): \(parameters["query"] ?? ""): \(difference)")
            } else {
                passed += 1
            }
        }
        print("loki/cases.json: \(passed)/\(total)")
        #expect(total > 80)
    }

    // MARK: Answers

    private static func answer(
        _ path: String, _ parameters: [String: String], _ engine: LogQLEngine, _ lookups: LogLookups
    ) throws(QueryError) -> [String: Any] {
        let query = parameters["query"] ?? ""
        let start = parameters["start"].flatMap(Int64.init) ?? 0
        let end = parameters["end"].flatMap(Int64.init) ?? 0
        func success(_ data: Any) -> [String: Any] { ["status": "success", "data": data] }
        switch path {
        case "/loki/api/v1/format_query": return success(try LogQLEngine.format(query))
        case "/loki/api/v1/labels": return success(try lookups.labelNames([], start: start, end: end))
        case "/loki/api/v1/label/app/values": return success(try lookups.labelValues(of: "app", [], start: start, end: end))
        case "/loki/api/v1/series":
            let series = try lookups.series([LogQLEngine.matchers(parameters["match[]"] ?? "")], start: start, end: end)
            return success(series.map(pairs))
        case "/loki/api/v1/index/volume":
            let volumes = try lookups.volume(LogQLEngine.matchers(query), start: start, end: end, limit: 100)
            let rows = volumes.map { ["metric": pairs($0.labels), "value": pair($0.points[0].time, Double($0.points[0].bytes))] }
            return success(["resultType": "vector", "result": rows as [Any]])
        case "/loki/api/v1/detected_fields":
            guard case .log(let log) = try LogQLEngine.parse(query) else { return [:] }
            let fields = try lookups.detectedFields(log, start: start, end: end, lineLimit: 100, limit: 1_000)
            let rows = fields.map {
                ["label": $0.label, "type": $0.kind.rawValue, "cardinality": $0.cardinality, "parsers": $0.parsers] as [String: Any]
            }
            return ["fields": rows, "limit": 1_000]
        default: break
        }
        switch try LogQLEngine.parse(query) {
        case .log(let log):
            let result = try engine.lines(
                log, start: start, end: end, limit: parameters["limit"].flatMap { Int($0) } ?? 100,
                direction: LogQLDirection(rawValue: parameters["direction"] ?? "backward") ?? .backward,
                interval: (parameters["interval"].flatMap { Int64($0) } ?? 0) * 1_000_000_000)
            let rows = result.streams.map { stream in
                [
                    "stream": pairs(stream.labels),
                    "values": stream.entries.map { ["\($0.timestamp)", String(decoding: $0.line, as: UTF8.self)] },
                ] as [String: Any]
            }
            return success(["resultType": "streams", "result": rows])
        case .metric(let metric) where path.hasSuffix("query"):
            let result = try engine.instant(metric, at: parameters["time"].flatMap { Int64($0) } ?? 0)
            if result.kind == .scalar {
                return success(["resultType": "scalar", "result": pair(result.matrix.grid.start, result.matrix.value(0, 0))])
            }
            let rows = (0..<result.matrix.seriesCount).map {
                ["metric": pairs(result.matrix.labels[$0]), "value": pair(result.matrix.grid.start, result.matrix.value($0, 0))]
                    as [String: Any]
            }
            return success(["resultType": "vector", "result": rows])
        case .metric(let metric):
            let step = (parameters["step"].flatMap { Double($0) } ?? max(1, (Double(end - start) / 250e9).rounded(.down))) * 1e9
            let matrix = try engine.range(metric, start: start, end: end, step: Int64(step)).matrix
            let rows = (0..<matrix.seriesCount).map { series -> [String: Any] in
                let points = (0..<matrix.grid.count).filter { matrix.kind(series, $0) != PointKind.absent }
                return [
                    "metric": pairs(matrix.labels[series]), "values": points.map { pair(matrix.grid.time($0), matrix.value(series, $0)) },
                ]
            }
            return success(["resultType": "matrix", "result": rows])
        }
    }

    private static func pair(_ time: Int64, _ value: Double) -> [Any] { [Double(time) / 1000, FloatText.api(value)] }

    private static func pairs(_ labels: Labels) -> [String: String] {
        Dictionary(uniqueKeysWithValues: labels.map { ($0.name, $0.value) })
    }

    // MARK: Comparing

    /// Where two JSON values differ; streams, series and fields in any order, numbers in texts within 1e-9.
    private static func difference(_ got: Any, _ wanted: Any, _ path: String = "") -> String? {
        if let a = got as? [String: Any], let b = wanted as? [String: Any] {
            for key in Set(a.keys).union(b.keys).sorted() where key != "stats" {
                guard let x = a[key], let y = b[key] else { return "\(path).\(key): \(a[key] ?? "nothing"), not \(b[key] ?? "nothing")" }
                if let found = difference(x, y, "\(path).\(key)") { return found }
            }
            return nil
        }
        if var a = got as? [Any], var b = wanted as? [Any] {
            if a.count != b.count { return "\(path): \(a.count) elements, not \(b.count): \(a) \(b)" }
            if path.hasSuffix(".result") || path.hasSuffix(".fields") || path == ".data" {
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
        return "\(path): \(got), not \(wanted)"
    }

    private static func key(_ any: Any) -> String {
        guard let object = any as? [String: Any] else { return "\(any)" }
        let labels = object["metric"] ?? object["stream"] ?? object["label"] ?? object
        return (labels as? [String: String])?.sorted { $0.key < $1.key }.map { "\($0)" }.joined() ?? "\(labels)"
    }
}
