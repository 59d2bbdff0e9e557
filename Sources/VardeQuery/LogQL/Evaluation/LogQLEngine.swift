package import VardeModel

/// What an evaluation goes by beside the query.
package struct LogQLOptions: Sendable {
    /// Threads that work on one query; 0 for as many as there are processors.
    package var threads = 0
    /// The tokens a personal value may stand as in the log; nil refuses `pii("…")`.
    package var resolvePII: (@Sendable (String) -> [String])?

    package init() {}
}

/// What a query read.
package struct LogQLStatistics: Sendable, Equatable {
    /// Bytes of the lines looked at, before compression.
    package var bytes = 0
    package var lines = 0
    /// Lines that passed the pipeline.
    package var linesPassed = 0
    package var pages = 0

    package init() {}

    mutating func add(_ other: LogQLStatistics) {
        bytes += other.bytes
        lines += other.lines
        linesPassed += other.linesPassed
        pages += other.pages
    }
}

/// Order of a log query's entries.
package enum LogQLDirection: String, Sendable {
    case forward
    case backward
}

/// A line of a result.
package struct LogQLEntry: Sendable {
    package var timestamp: Int64
    package var line: [UInt8]
    /// Labels of the line's structured metadata as they left the pipeline; empty unless categories were asked for.
    package var metadata: Labels = .empty
    /// Labels parsers and formatters gave it; empty unless categories were asked for.
    package var parsed: Labels = .empty
}

/// Lines that have the same labels in the end.
package struct LogQLStream: Sendable {
    package var labels: Labels
    package var entries: [LogQLEntry]
}

/// A log query's answer.
package struct LogQLStreams: Sendable {
    package var streams: [LogQLStream]
    package var statistics: LogQLStatistics
}

/// A metric query's answer.
package struct LogQLVector: Sendable {
    package enum Kind: Sendable {
        case vector
        case scalar
    }

    package var kind: Kind
    package var matrix: StepMatrix
    package var statistics: LogQLStatistics
}

/// Evaluates LogQL over a source of log lines. Calls block; run them on a thread that may.
package struct LogQLEngine: Sendable {
    package var source: any LogSource
    package var options: LogQLOptions

    package init(source: any LogSource, options: LogQLOptions = LogQLOptions()) {
        self.source = source
        self.options = options
    }

    /// Reads a query; its error is Loki's.
    package static func parse(_ query: String) throws(QueryError) -> LogQLExpression {
        do {
            return try LogQLParser.parse(query)
        } catch {
            throw error.queryError
        }
    }

    /// A selector alone, as look-ups take it.
    package static func matchers(_ selector: String) throws(QueryError) -> [LabelMatcher] {
        do {
            return try LogQLParser.parseMatchers(selector)
        } catch {
            throw error.queryError
        }
    }

    /// A query as it is best read.
    package static func format(_ query: String) throws(QueryError) -> String { LogQLPrinter.pretty(try parse(query)) }

    /// Lines of `[start, end)` in nanoseconds, `limit` at most, grouped by their final labels; streams in the order of their first line.
    ///
    /// - Parameters:
    ///   - interval: where positive, a line is given only if that many nanoseconds lie between it and the one given before.
    ///   - categorize: streams go by their stream labels alone; metadata and parsed labels stay with each entry.
    package func lines(
        _ query: LogQLLogQuery, start: Int64, end: Int64, limit: Int, direction: LogQLDirection, interval: Int64 = 0,
        categorize: Bool = false, budget: QueryBudget = QueryBudget()
    ) throws(QueryError) -> LogQLStreams {
        var scan = LogScan(engine: self, budget: budget)
        return try scan.lines(
            query, start: start, end: end, limit: limit, direction: direction, interval: interval, categorize: categorize)
    }

    /// A metric query at one time, in nanoseconds.
    package func instant(
        _ metric: LogQLMetric, at time: Int64, budget: QueryBudget = QueryBudget()
    ) throws(QueryError) -> LogQLVector {
        try vector(metric, StepGrid(at: Self.milliseconds(time)), isRange: false, budget)
    }

    /// A metric query from `start` through `end` in steps, all in nanoseconds.
    package func range(
        _ metric: LogQLMetric, start: Int64, end: Int64, step: Int64, budget: QueryBudget = QueryBudget()
    ) throws(QueryError) -> LogQLVector {
        let grid = StepGrid(
            start: Self.milliseconds(start), end: Self.milliseconds(end), step: max(1, Self.milliseconds(step)))
        var result = try vector(metric, grid, isRange: true, budget)
        if result.kind == .vector { result.matrix = result.matrix.sortedByLabels() }
        return result
    }

    /// The vector of a query over a grid: what `logql("…")` stands for in PromQL.
    package func matrix(_ query: String, _ grid: StepGrid, _ budget: QueryBudget) throws(QueryError) -> StepMatrix {
        guard case .metric(let metric) = try Self.parse(query) else {
            throw .badData("logql() needs a metric query, and this one yields lines")
        }
        return try vector(metric, grid, isRange: !grid.isInstant, budget).matrix
    }

    private func vector(
        _ metric: LogQLMetric, _ grid: StepGrid, isRange: Bool, _ budget: QueryBudget
    ) throws(QueryError) -> LogQLVector {
        if grid.count > 11_000 {
            throw .badData(
                "exceeded maximum resolution of 11,000 points per time series. Try increasing the value of the step parameter")
        }
        let evaluator = LogQLEvaluator(engine: self, grid: grid, isRange: isRange, budget: budget)
        if case .literal(let value) = metric {
            return LogQLVector(kind: .scalar, matrix: evaluator.constant(value), statistics: LogQLStatistics())
        }
        var statistics = LogQLStatistics()
        let matrix = try evaluator.vector(metric, &statistics)
        return LogQLVector(kind: .vector, matrix: matrix.removingEmptySeries(), statistics: statistics)
    }

    private static func milliseconds(_ nanoseconds: Int64) -> Int64 {
        nanoseconds >= 0 ? nanoseconds / 1_000_000 : (nanoseconds - 999_999) / 1_000_000
    }
}
