import TestSupport
import Testing
import VardeModel

@testable import VardeQuery

@Suite struct PromQLEngineTests {
    private static let start: Int64 = 1_767_225_600_000

    /// Counters with resets and gaps, gauges with NaN, some series that end.
    private static func source(series: Int, samples: Int, seed: UInt64) -> PromQLMemorySource {
        var generator = SeededGenerator(seed: seed)
        var source = PromQLMemorySource()
        for i in 0..<series {
            var counter = 0.0
            let labels: Labels = ["__name__": "requests_total", "job": "job\(i % 5)", "instance": "i\(i)"]
            let gauge: Labels = ["__name__": "temperature", "job": "job\(i % 5)", "instance": "i\(i)"]
            for k in 0..<samples {
                let time = start + Int64(k) * 15_000 + Int64(i % 3)
                if Int.random(in: 0..<20, using: &generator) == 0 { continue }
                counter = Int.random(in: 0..<40, using: &generator) == 0 ? 0 : counter + Double.random(in: 0...10, using: &generator)
                source.append(labels, time, counter)
                let odd = Int.random(in: 0..<60, using: &generator) == 0
                source.append(gauge, time, odd && i % 4 == 0 ? .nan : Double.random(in: -50...50, using: &generator))
                if k == samples / 2, i % 7 == 0 { source.append(gauge, time + 1, .staleMarker) }
            }
        }
        return source
    }

    private func same(_ a: Double, _ b: Double) -> Bool {
        a == b || (a.isNaN && b.isNaN) || (a - b).magnitude <= 1e-9 * max(a.magnitude, b.magnitude, 1e-9)
    }

    private func matrix(_ result: PromQLResult) throws -> StepMatrix {
        guard case .matrix(let matrix) = result.value else { throw PromQLScriptError("no matrix") }
        return matrix
    }

    @Test(arguments: [
        "sum by (job) (rate(requests_total[5m]))", "avg without (instance) (temperature)", "stddev by (job) (temperature)",
        "max by (job) (max_over_time(temperature[10m]))", "count(requests_total)", "min(temperature)", "rate(requests_total[2m])",
        "topk by (job) (3, temperature)", "requests_total / on (instance, job) temperature", "quantile(0.3, temperature)",
        "group by (job) (temperature > 10)", "-temperature * 2 + 1",
    ])
    func `threads do not change the answer`(query: String) throws {
        let source = Self.source(series: 300, samples: 40, seed: 3)
        var results: [StepMatrix] = []
        for threads in [1, 4] {
            var options = PromQLOptions()
            options.threads = threads
            let engine = PromQLEngine(source: source, options: options)
            results.append(try matrix(engine.range(query, start: Self.start, end: Self.start + 600_000, step: 30_000)))
        }
        #expect(results[0].labels == results[1].labels)
        #expect(results[0].kinds == results[1].kinds)
        for i in results[0].values.indices where results[0].kinds[i] == PointKind.float {
            #expect(same(results[0].values[i], results[1].values[i]))
        }
    }

    /// What a function yields for the samples of one window, straight from its definition.
    private func naive(_ name: String, _ values: [Double]) -> Double? {
        let numbers = values.filter { !$0.isNaN }
        switch name {
        case "sum_over_time": return values.reduce(0, +)
        case "avg_over_time": return values.reduce(0, +) / Double(values.count)
        case "min_over_time": return numbers.min() ?? .nan
        case "max_over_time": return numbers.max() ?? .nan
        case "count_over_time": return Double(values.count)
        case "present_over_time": return 1
        case "last_over_time": return values.last
        case "changes": return Double(zip(values, values.dropFirst()).count { $0 != $1 && !($0.isNaN && $1.isNaN) })
        case "resets": return Double(zip(values, values.dropFirst()).count { $1 < $0 })
        default:
            var sorted = values
            return Quantiles.quantile(0.7, of: &sorted)
        }
    }

    @Test(arguments: [
        "sum_over_time", "avg_over_time", "min_over_time", "max_over_time", "count_over_time", "present_over_time", "last_over_time",
        "changes",
        "resets", "quantile_over_time",
    ])
    func `sliding windows agree with their definition`(name: String) throws {
        let source = Self.source(series: 12, samples: 120, seed: 11)
        let engine = PromQLEngine(source: source)
        for (range, step) in [(Int64(60_000), Int64(15_000)), (600_000, 20_000), (45_000, 300_000), (1_200_000, 60_000)] {
            let arguments = name == "quantile_over_time" ? "0.7, temperature" : "temperature"
            let query = "\(name)(\(arguments)[\(range / 1000)s])"
            let result = try matrix(engine.range(query, start: Self.start, end: Self.start + 2_000_000, step: step))
            for series in source.series where series.labels.name == "temperature" {
                let row = result.labels.firstIndex { $0["instance"] == series.labels["instance"] }
                for i in 0..<result.grid.count {
                    let end = result.grid.time(i)
                    let window = zip(series.samples.timestamps, series.samples.values)
                        .filter { $0.0 > end - range && $0.0 <= end && !$0.1.isStaleMarker }.map(\.1)
                    let got = row.flatMap { result.kind($0, i) == PointKind.absent ? nil : result.value($0, i) }
                    if window.isEmpty {
                        #expect(got == nil)
                    } else if let got, let wanted = naive(name, window) {
                        #expect(same(got, wanted), "\(query) at \(end): \(got), not \(wanted)")
                    } else {
                        Issue.record("\(query) has nothing at \(end)")
                    }
                }
            }
        }
    }

    @Test func `rates over shared plans agree with rates of single windows`() throws {
        let source = Self.source(series: 9, samples: 100, seed: 5)
        let engine = PromQLEngine(source: source)
        let all = try matrix(
            engine.range("rate(requests_total[4m])", start: Self.start, end: Self.start + 1_500_000, step: 50_000))
        for i in 0..<all.grid.count {
            guard case .vector(let vector) = try engine.instant("rate(requests_total[4m])", at: all.grid.time(i)).value else { continue }
            for series in 0..<vector.seriesCount {
                let row = try #require(all.labels.firstIndex(of: vector.labels[series]))
                #expect(same(all.value(row, i), vector.value(series, 0)))
            }
        }
    }

    @Test func `a query ends when it is cancelled, late or too large`() throws {
        let engine = PromQLEngine(source: Self.source(series: 200, samples: 50, seed: 1))
        func kind(_ budget: QueryBudget) -> QueryError.Kind? {
            do throws(QueryError) {
                _ = try engine.range(
                    "sum(rate(requests_total[5m]))", start: Self.start, end: Self.start + 600_000, step: 15_000, budget: budget)
                return nil
            } catch {
                return error.kind
            }
        }
        let cancelled = QueryBudget()
        cancelled.cancel()
        #expect(kind(cancelled) == .canceled)
        #expect(kind(QueryBudget(deadline: ContinuousClock.now - .seconds(1))) == .timeout)
        #expect(kind(QueryBudget(maxSamples: 10)) == .execution)
        let roomy = QueryBudget()
        #expect(kind(roomy) == nil)
        #expect(roomy.samplesRead > 1000 && roomy.peakSamples < 10_000)
    }

    @Test func `the deepest expressions that are accepted are evaluated`() throws {
        let engine = PromQLEngine(source: Self.source(series: 2, samples: 3, seed: 1))
        let chain = "temperature" + String(repeating: " or temperature", count: PromQLParser.maxDepth - 2)
        _ = try engine.range(chain, start: Self.start, end: Self.start + 60_000, step: 15_000)
        let nested = String(repeating: "abs(", count: 240) + "temperature" + String(repeating: ")", count: 240)
        _ = try engine.range(nested, start: Self.start, end: Self.start + 60_000, step: 15_000)
        let parens = String(repeating: "(", count: 240) + "1" + String(repeating: ")", count: 240)
        guard case .scalar(_, let value) = try engine.instant(parens, at: 0).value else { throw PromQLScriptError("no scalar") }
        #expect(value == 1)
        let subqueries = String(repeating: "max_over_time(", count: 100) + "temperature" + String(repeating: "[1m:15s])", count: 100)
        _ = try engine.instant(subqueries, at: Self.start)
    }

    @Test func `names go at once or at the end`() throws {
        var source = PromQLMemorySource()
        for name in ["a_total", "b_total"] {
            for k in 0..<10 { source.append(["__name__": name, "x": "y"], Self.start + Int64(k) * 15_000, Double(k)) }
        }
        func vector(_ query: String, delayed: Bool) throws -> StepMatrix {
            var options = PromQLOptions()
            options.delaysNameRemoval = delayed
            let result = try PromQLEngine(source: source, options: options).instant(query, at: Self.start + 120_000)
            guard case .vector(let vector) = result.value else { throw PromQLScriptError("no vector") }
            return vector
        }
        let joined = "label_join(rate(a_total[1m]), \"name\", \"\", \"__name__\")"
        #expect(try vector(joined, delayed: true).labels == [["name": "a_total", "x": "y"]])
        #expect(try vector(joined, delayed: false).labels == [["x": "y"]])
        let both = "sum(rate({__name__=~\".*_total\"}[1m]))"
        #expect(try vector(both, delayed: true).seriesCount == 1)
        #expect(throws: QueryError.execution("vector cannot contain metrics with the same labelset")) {
            try vector(both, delayed: false)
        }
        #expect(try vector("sum by (__name__) (rate(a_total[1m]))", delayed: false).labels == [.empty])
        #expect(try vector("sum by (x) (a_total)", delayed: false).labels == [["x": "y"]])
    }

    @Test func `Series of several names are folded without being kept, where nothing clashes`() throws {
        let source = Self.source(series: 300, samples: 40, seed: 5)
        let budget = QueryBudget(maxSamples: 3_000)
        var options = PromQLOptions()
        options.delaysNameRemoval = false
        let engine = PromQLEngine(source: source, options: options)
        let grid = (start: Self.start, end: Self.start + 600_000, step: Int64(10_000))
        let several = try matrix(
            engine.range(
                "sum by (job) (rate({__name__=~\"requests.*\"}[2m]))", start: grid.start, end: grid.end, step: grid.step, budget: budget))
        let one = try matrix(
            engine.range("sum by (job) (rate(requests_total[2m]))", start: grid.start, end: grid.end, step: grid.step))
        #expect(several.seriesCount == 5)
        let byJob = Dictionary(uniqueKeysWithValues: one.labels.enumerated().map { ($1, $0) })
        for (series, labels) in several.labels.enumerated() {
            let other = try #require(byJob[labels])
            for step in 0..<several.grid.count { #expect(same(several.value(series, step), one.value(other, step))) }
        }
    }

    @Test func `a scalar over a range is one series without labels`() throws {
        let result = try matrix(PromQLEngine(source: PromQLMemorySource()).range("time() * 2", start: 0, end: 3000, step: 1000))
        #expect(result.labels == [.empty] && result.values == [0, 2, 4, 6])
    }

    @Test func `log queries stand beside metrics where there are logs`() throws {
        var options = PromQLOptions()
        let engine = PromQLEngine(source: Self.source(series: 5, samples: 10, seed: 1), options: options)
        #expect(throws: QueryError.self) { try engine.instant("logql(\"sum(rate({a=~\\\".+\\\"}[5m]))\")", at: Self.start) }
        options.logql = { query, grid, _ in
            var matrix = StepMatrix(grid: grid)
            matrix.appendEmpty(["query": query])
            for step in 0..<grid.count { matrix.set(0, step, 21) }
            return matrix
        }
        let result = try PromQLEngine(source: engine.source, options: options).instant("2 * logql(\"x\")", at: Self.start)
        guard case .vector(let vector) = result.value else { throw PromQLScriptError("no vector") }
        #expect(vector.labels == [["query": "x"]] && vector.values == [42])
    }

    /// Figures of Go's `time.Unix(int64(f), 0).UTC()` on x86-64, which is what Prometheus asks.
    @Test(arguments: [
        ("NaN", [292_277_026_596, 12, 4, 0, 339, 15, 30, 31]), ("Inf", [292_277_026_596, 12, 4, 0, 339, 15, 30, 31]),
        ("-Inf", [292_277_026_596, 12, 4, 0, 339, 15, 30, 31]), ("1e20", [292_277_026_596, 12, 4, 0, 339, 15, 30, 31]),
        ("9.2e18", [291_536_396_232, 8, 31, 5, 244, 11, 33, 31]), ("-9.2e18", [-291_536_392_293, 5, 3, 2, 123, 12, 26, 31]),
        ("1e17", [3_168_875_820, 9, 6, 3, 250, 9, 46, 30]), ("-1e12", [-29_719, 4, 5, 2, 95, 22, 13, 30]),
        ("253402300800", [10_000, 1, 1, 6, 1, 0, 0, 31]),
    ])
    func `Times far away and times that are none have Prometheus' calendar`(seconds: String, wanted: [Double]) throws {
        let functions = ["year", "month", "day_of_month", "day_of_week", "day_of_year", "hour", "minute", "days_in_month"]
        let engine = PromQLEngine(source: PromQLMemorySource(), options: PromQLOptions())
        for (function, value) in zip(functions, wanted) {
            let found = try matrix(
                engine.range("\(function)(vector(\(seconds)))", start: Self.start, end: Self.start, step: 30_000))
            #expect(found.value(0, 0) == value, "\(function) of \(seconds)")
        }
    }
}
