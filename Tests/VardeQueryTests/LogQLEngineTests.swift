import TestSupport
import Testing
import VardeModel

@testable import VardeQuery

@Suite struct LogQLEngineTests {
    private static let second: Int64 = 1_000_000_000

    private struct Line {
        var labels: Labels
        var time: Int64
        var text: String
        var metadata: Labels
    }

    /// Lines of a few streams, close together, in pages that overlap between streams.
    private static func lines(_ generator: inout SeededGenerator, count: Int) -> [Line] {
        (0..<count).map { _ in
            let app = "app\(Int.random(in: 0..<4, using: &generator))"
            let level = ["info", "warn", "error"][Int.random(in: 0..<3, using: &generator)]
            let number = Int.random(in: 0..<1_000, using: &generator)
            let text =
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: #"{"level":"\#(level)","took":\#(number),"user":{"name":"u\#(number % 7)"}}"#
                case 1: "level=\(level) took=\(number) user_name=u\(number % 7) took=0"
                case 2: "\(level) worker-\(number % 5) took \(number)ms"
                default: #"{"level":"\#(level)","took":\#(number), broken"#
                }
            return Line(
                labels: ["app": app, "env": "test"], time: Int64.random(in: 0..<600, using: &generator) * second / 2, text: text,
                metadata: number % 3 == 0 ? ["trace": "t\(number % 5)"] : .empty)
        }
    }

    private static func source(_ lines: [Line]) -> LogMemorySource {
        var source = LogMemorySource()
        for line in lines { source.append(line.labels, line.time, line.text, line.metadata) }
        return source
    }

    private static func engine(_ source: LogMemorySource, threads: Int = 2) -> LogQLEngine {
        var options = LogQLOptions()
        options.threads = threads
        options.resolvePII = { ["token-of-\($0)", "old-token-of-\($0)"] }
        return LogQLEngine(source: source, options: options)
    }

    private static func log(_ text: String) throws -> LogQLLogQuery {
        guard case .log(let query) = try LogQLEngine.parse(text) else { throw QueryError.badData("no log query") }
        return query
    }

    private static func metric(_ text: String) throws -> LogQLMetric {
        guard case .metric(let metric) = try LogQLEngine.parse(text) else { throw QueryError.badData("no metric query") }
        return metric
    }

    @Test(arguments: [LogQLDirection.forward, .backward], [1, 2, 3])
    func `a limit gives the first lines of the whole order, however pages lie`(direction: LogQLDirection, threads: Int) throws {
        var generator = SeededGenerator(seed: 11)
        for round in 0..<30 {
            let lines = Self.lines(&generator, count: 300)
            let engine = Self.engine(Self.source(lines), threads: threads)
            let limit = Int.random(in: 1..<400, using: &generator)
            let start = Int64.random(in: 0..<100, using: &generator) * Self.second
            let end = start + Int64.random(in: 1..<300, using: &generator) * Self.second
            let result = try engine.lines(Self.log(#"{env="test"} |= "took""#), start: start, end: end, limit: limit, direction: direction)
            let got = result.streams.flatMap { $0.entries.map(\.timestamp) }.sorted()
            let all = lines.map(\.time).filter { $0 >= start && $0 < end }.sorted()
            let wanted = direction == .forward ? all.prefix(limit) : all.suffix(limit)
            #expect(got == Array(wanted), "seed 11, round \(round)")
            for stream in result.streams {
                let times = stream.entries.map(\.timestamp)
                #expect(times == times.sorted { direction == .forward ? $0 < $1 : $0 > $1 })
            }
        }
    }

    @Test(arguments: [
        #"| json | level="error""#, #"|= "worker" |~ "worker-[34] took 9""#, #"| json | user_name="u3" | took > 500"#,
        #"| logfmt | user_name=~"u[12]" | took >= 100"#, #"| json | __error__="JSONParserErr""#,
        #"| json | took < 50 or level="warn" | __error__="""#, #"| trace="t3""#,
    ]) func `lines that filters leave are the same whether pages and fields are skipped or not`(stages: String) throws {
        var generator = SeededGenerator(seed: 12)
        let lines = Self.lines(&generator, count: 1_200)
        let engine = Self.engine(Self.source(lines))
        let query = try Self.log(#"{env="test"} "# + stages)
        let result = try engine.lines(query, start: 0, end: 1_000 * Self.second, limit: 5_000, direction: .forward)
        // Line after line, everything extracted, nothing known beforehand.
        let pipeline = try LogQLPipeline(query.stages, resolvePII: nil)
        var wanted: [String] = []
        for line in lines {
            var labels = LineLabels()
            var output = LineOutput()
            labels.begin(stream: line.labels, metadata: LineLabels.metadataLabels(line.metadata, stream: line.labels))
            let bytes = Array(line.text.utf8)
            if pipeline.run(bytes.span, timestamp: line.time, &labels, output: &output) {
                wanted.append("\(line.time) \(line.text) \(labels.result())")
            }
        }
        let got = result.streams.flatMap { stream in
            stream.entries.map { "\($0.timestamp) \(String(decoding: $0.line, as: UTF8.self)) \(stream.labels)" }
        }
        #expect(got.sorted() == wanted.sorted())
        #expect(!wanted.isEmpty)
        #expect(result.statistics.linesPassed == wanted.count)
    }

    @Test(arguments: [
        #"sum by (app) (count_over_time({env="test"}[RANGE]))"#, #"count_over_time({env="test"}[RANGE])"#,
        #"sum by (trace) (count_over_time({env="test"}[RANGE]))"#, #"sum(count_over_time({env="test"} |= "took"[RANGE]))"#,
        #"sum by (app, trace) (count_over_time({env="test"} |= "took"[RANGE]))"#,
    ]) func `lines are counted in each window that holds them`(template: String) throws {
        var generator = SeededGenerator(seed: 13)
        for _ in 0..<4 {
            let lines = Self.lines(&generator, count: 150)
            let range = Int64.random(in: 1..<120, using: &generator)
            let step = Int64.random(in: 7..<90, using: &generator)
            let start = Int64.random(in: 0..<200, using: &generator)
            let query = template.replacing("RANGE", with: "\(range)s")
            let result = try Self.engine(Self.source(lines)).range(
                Self.metric(query), start: start * Self.second, end: (start + 120) * Self.second, step: step * Self.second)
            let matrix = result.matrix
            var total = 0.0
            for series in 0..<matrix.seriesCount {
                for point in 0..<matrix.grid.count where matrix.kind(series, point) != PointKind.absent {
                    total += matrix.value(series, point)
                    let time = (start + Int64(point) * step) * Self.second
                    let wanted = lines.count { line in
                        let all = Labels(line.labels.map { $0 } + line.metadata.map { $0 })
                        return line.time > time - range * Self.second && line.time <= time
                            && matrix.labels[series].allSatisfy { all[$0.name] == $0.value }
                            && (!query.contains("trace") || all["trace"] == matrix.labels[series]["trace"])
                            && (query.hasPrefix("sum") || all == matrix.labels[series])
                    }
                    #expect(matrix.value(series, point) == Double(wanted), "seed 13: \(query) at \(time)")
                }
            }
            var all = 0
            for point in 0..<matrix.grid.count {
                let time = (start + Int64(point) * step) * Self.second
                all += lines.count { $0.time > time - range * Self.second && $0.time <= time }
            }
            #expect(total == Double(all), "seed 13: \(query)")
        }
    }

    @Test func `a personal value is found by its tokens, old and new, in lines and labels`() throws {
        var source = LogMemorySource()
        source.append(["app": "a"], 1, "login of token-of-kari")
        source.append(["app": "a"], 2, "login of old-token-of-kari")
        source.append(["app": "a"], 3, "login of token-of-ola")
        source.append(["app": "a"], 4, "user=token-of-kari")
        let engine = Self.engine(source)
        func times(_ query: String) throws -> [Int64] {
            try engine.lines(Self.log(query), start: 0, end: 10, limit: 10, direction: .forward).streams
                .flatMap { $0.entries.map(\.timestamp) }.sorted()
        }
        #expect(try times(#"{app="a"} |= pii("kari")"#) == [1, 2, 4])
        #expect(try times(#"{app="a"} != pii("kari")"#) == [3])
        #expect(try times(#"{app="a"} | logfmt | user = pii("kari")"#) == [4])
    }

    @Test func `a cancelled query ends, and one past its deadline`() throws {
        var generator = SeededGenerator(seed: 14)
        let engine = Self.engine(Self.source(Self.lines(&generator, count: 50)))
        let cancelled = QueryBudget()
        cancelled.cancel()
        #expect(throws: QueryError.self) {
            try engine.lines(
                Self.log(#"{env="test"}"#), start: 0, end: 1_000 * Self.second, limit: 5, direction: .backward, budget: cancelled)
        }
        let late = QueryBudget(deadline: .now - .seconds(1))
        #expect(throws: QueryError.self) {
            try engine.instant(Self.metric(#"sum(rate({env="test"} |= "a" [5m]))"#), at: 300 * Self.second, budget: late)
        }
    }

    @Test func `an interval thins lines after the limit`() throws {
        var source = LogMemorySource()
        for i in 0..<100 { source.append(["app": "a"], Int64(i) * Self.second, "line \(i)") }
        let result = try Self.engine(source).lines(
            Self.log(#"{app="a"}"#), start: 0, end: 100 * Self.second, limit: 30, direction: .forward, interval: 10 * Self.second)
        #expect(result.streams.flatMap { $0.entries.map(\.timestamp) } == [0, 10, 20].map { $0 * Self.second })
    }
}
