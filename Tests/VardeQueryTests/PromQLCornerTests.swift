import Testing
import VardeModel

@testable import VardeQuery

/// What Prometheus 3.14 was seen to answer where its source has corners of its own.
@Suite struct PromQLCornerTests {
    private static let start: Int64 = 1_767_225_600_000

    private func engine(_ source: PromQLMemorySource) -> PromQLEngine {
        var options = PromQLOptions()
        options.delaysNameRemoval = false
        return PromQLEngine(source: source, options: options)
    }

    /// `gauge` and `other_gauge` with equal labels, buckets that fall, two series of a job.
    private static let source: PromQLMemorySource = {
        var source = PromQLMemorySource()
        for k in 0..<40 {
            let time = start + Int64(k) * 15_000
            source.append(["__name__": "gauge", "job": "a"], time, Double(k))
            source.append(["__name__": "other_gauge", "job": "a"], time, Double(k))
            for (bound, count) in [("0.1", 3.0), ("1", 2), ("+Inf", 4)] {
                source.append(["__name__": "bad_bucket", "le": bound], time, count * Double(k + 1))
            }
            for code in ["200", "500"] {
                source.append(["__name__": "many", "code": code, "job": "a"], time, 1)
                if k >= 20 || code == "200" { source.append(["__name__": "grows", "code": code, "job": "a"], time, 1) }
            }
        }
        return source
    }()

    private func told(_ query: String, steps: Int = 1) throws -> [String] {
        let engine = engine(Self.source)
        let at = Self.start + 300_000
        let result =
            try steps == 1
            ? engine.instant(query, at: at) : engine.range(query, start: at, end: at + Int64(steps - 1) * 15_000, step: 15_000)
        return result.warnings + result.infos
    }

    private func failure(_ query: String, steps: Int = 1) -> String? {
        do {
            _ = try told(query, steps: steps)
            return nil
        } catch {
            return (error as? QueryError)?.message
        }
    }

    @Test func `what is told of a subquery stands at the start of the query`() throws {
        #expect(try told("1 + rate(gauge[5m:])").first?.hasSuffix("\"gauge\" (1:1)") == true)
        #expect(try told("1 + rate(gauge[5m])").first?.hasSuffix("\"gauge\" (1:10)") == true)
    }

    @Test func `series that differ by their names are an error even where an operator leaves nothing of them`() throws {
        let same = "vector cannot contain metrics with the same labelset"
        let rate = "rate({__name__=~\".*gauge\"}[5m])"
        for query in ["\(rate) > 1e9", "\(rate) >/ 1", "histogram_sum(\(rate))", "clamp(\(rate), 2, 1)", "count(\(rate) > 1e9)"] {
            #expect(failure(query) == same, "\(query)")
        }
        #expect(failure("absent_over_time({__name__=~\".*gauge\"}[5m])") == nil)
    }

    /// Series without names are folded one by one, also where some are the same: no more is held than groups and steps, and a series.
    @Test(arguments: [1, 2]) func `series that are the same but at other times are folded as they are read`(threads: Int) throws {
        var source = PromQLMemorySource()
        for host in 0..<400 {
            for k in 0..<200 {
                let name = k < 100 ? "early_total" : "late_total"
                source.append(["__name__": name, "host": "\(host)"], Self.start + Int64(k) * 15_000, Double(k))
            }
        }
        var options = PromQLOptions()
        options.delaysNameRemoval = false
        options.threads = threads
        let engine = PromQLEngine(source: source, options: options)
        // In between there is no window with two samples of both.
        let query = { (range: String) in
            let rate = "rate({__name__=~\".+_total\"}[\(range)])"
            return "sum(\(rate)) + sum(count by (host) (\(rate)))"
        }
        let result = try engine.range(query("30s"), start: Self.start + 30_000, end: Self.start + 199 * 15_000, step: 15_000)
        guard case .matrix(let matrix) = result.value else {
            Issue.record("\(result.value)")
            return
        }
        #expect(matrix.seriesCount == 1)
        #expect((0..<matrix.grid.count).count { matrix.kind(0, $0) == PointKind.float } == 197)
        // A row for each host in the inner sum and the count, not one for each series.
        #expect(result.peakSamples < 400 * 198 * 3 / 2)
        #expect(throws: QueryError.execution("vector cannot contain metrics with the same labelset")) {
            try engine.range(query("5m"), start: Self.start, end: Self.start + 199 * 15_000, step: 15_000)
        }
    }

    /// A series for each value, and 9,000 steps of each.
    @Test(arguments: ["histogram_quantiles(bad_bucket, \"q\", time())", "count_values(\"v\", vector(time()))"])
    func `series made of values count as samples held`(query: String) {
        let engine = engine(Self.source)
        #expect(throws: QueryError.execution("query processing would load too many samples into memory in query execution")) {
            try engine.range(query, start: Self.start, end: Self.start + 9_000_000, step: 1_000)
        }
        #expect(throws: Never.self) { try engine.range(query, start: Self.start, end: Self.start + 60_000, step: 1_000) }
    }

    @Test func `errors of functions name what was written`() {
        #expect(failure("absent_over_time(gauge[5m] anchored)")?.hasSuffix("not with absent_over_time") == true)
        #expect(failure("vector(1 </ 2)") == "operator \"</\" not allowed for Scalar operations")
    }

    @Test(arguments: [(1, 1), (2, 4), (3, 10), (4, 22)])
    func `raised buckets are counted as Prometheus counts them`(steps: Int, count: Int) throws {
        let lines = try told("histogram_quantile(0.5, bad_bucket)", steps: steps)
        #expect(lines.count == 1 && lines[0].contains(", over \(count) samples from "), "\(lines)")
        // Further quantiles find the buckets as the first has left them.
        #expect(
            try told("histogram_quantiles(bad_bucket, \"q\", 0.5, 0.9)", steps: steps)
                == lines.map { $0.replacing("(1:25)", with: "(1:21)") })
    }

    @Test func `what is told twice stands where it was told last`() throws {
        let inner = "histogram_quantile(-1, bad_bucket)"
        #expect(try told("histogram_quantile(-1, \(inner))").contains { $0.hasSuffix("got -1 (1:20)") })
    }

    @Test func `templates of label_replace name groups as Go does`() throws {
        let engine = engine(Self.source)
        for (template, value) in [("$01", ""), ("${1}x", "ax"), ("$1\u{1F600}", "a\u{1F600}"), ("$1x", ""), ("$0", "a"), ("$$", "$")] {
            let query = "label_replace(gauge, \"out\", \"\(template)\", \"job\", \"(.*)\")"
            guard case .vector(let matrix) = try engine.instant(query, at: Self.start).value else {
                throw QueryError.execution("no vector")
            }
            #expect(matrix.labels.map { $0["out"] ?? "" } == [value], "\(template)")
        }
    }

    @Test func `results of comparisons lose their names before they are compared`() {
        let bool = "many{code=\"200\"} != bool on (job) group_right {__name__=~\".*gauge\"}"
        #expect(failure(bool) == "multiple matches for labels: grouping labels must ensure unique matches")
    }

    @Test func `a range of one step is a range`() throws {
        let engine = engine(Self.source)
        let result = try engine.range("sort(gauge)", start: Self.start, end: Self.start + 10_000, step: 60_000)
        #expect(result.warnings.count == 1)
        #expect(try engine.range("sort(gauge)", start: Self.start, end: Self.start, step: 60_000).warnings.isEmpty)
    }

    @Test func `of two matching errors that of the first step is told`() {
        // From the twenty-first sample on, the right side has two series as well.
        #expect(failure("many + on (job) grows")?.hasPrefix("found duplicate series") == true)
        #expect(failure("many offset 5m + on (job) grows offset 3m", steps: 20)?.hasPrefix("multiple matches for labels") == true)
    }

    @Test func `labels of what is absent are those the index asks for first`() throws {
        let engine = engine(Self.source)
        for (query, labels) in [
            ("absent(nothing{le!=\"+Inf\",le=\"1\"})", Labels.empty), ("absent(nothing{le=\"1\"})", ["le": "1"] as Labels),
        ] {
            guard case .vector(let matrix) = try engine.instant(query, at: Self.start).value else {
                Issue.record("no vector")
                continue
            }
            #expect(matrix.labels == [labels], "\(query)")
        }
    }

    @Test func `bounds of native buckets are Prometheus' to the last digit`() {
        #expect(FloatText.plain(HistogramBounds.exponential(1, schema: 1)) == "1.414213562373095")
        #expect(FloatText.plain(HistogramBounds.exponential(-1, schema: 1)) == "0.7071067811865475")
        #expect(FloatText.plain(HistogramBounds.exponential(-3, schema: 2)) == "0.5946035575013605")
        #expect(FloatText.plain(HistogramBounds.exponential(7, schema: 3)) == "1.8340080864093422")
        #expect(HistogramBounds.exponential(4, schema: 2) == 2)
    }

    @Test func `type and unit go with the name before groups are made`() throws {
        var source = PromQLMemorySource()
        source.append(["__name__": "m", "__type__": "counter", "job": "a"], Self.start, 1)
        source.append(["__name__": "m", "__type__": "gauge", "job": "b"], Self.start, 2)
        let result = try engine(source).instant("max without (job) (abs(m))", at: Self.start)
        guard case .vector(let matrix) = result.value else { throw QueryError.execution("no vector") }
        #expect(matrix.labels == [Labels.empty] && matrix.value(0, 0) == 2)
    }

    @Test(arguments: [
        ("a[1.5m]", "1:3: parse error: unknown unit \".\" in duration \"1.5m\""),
        ("1..2", "1:1: parse error: bad number or duration syntax: \"1..\""),
        ("0x1.8p3", "1:1: parse error: bad number or duration syntax: \"0x1.\""),
        ("1abc", "1:1: parse error: bad number or duration syntax: \"1\""),
        ("1_", "1:1: parse error: bad number or duration syntax: \"1_\""),
        ("vector(11_)", "1:8: parse error: error parsing number: strconv.ParseFloat: parsing \"11_\": invalid syntax"),
        ("clamp(x,,1e3)", "1:8: parse error: trailing commas not allowed in function call args"),
        ("clamp(x,1,)", "1:10: parse error: trailing commas not allowed in function call args"),
    ])
    func `numbers and commas that do not fit are named as Prometheus names them`(query: String, message: String) {
        #expect(throws: QueryError.badData(message)) { try PromQLEngine.parse(query) }
    }

    @Test func `the greater of two zeros is the positive one`() {
        for (a, b) in [(0.0, -0.0), (-0.0, 0.0)] {
            #expect(GoMath.max(a, b).sign == .plus && GoMath.min(a, b).sign == .minus)
        }
    }
}
