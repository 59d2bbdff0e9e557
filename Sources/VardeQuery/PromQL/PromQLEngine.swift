package import VardeModel

/// What an evaluation goes by beside the query.
package struct PromQLOptions: Sendable {
    /// How far back an instant selector looks for a sample, in ms.
    package var lookback: Int64 = 300_000
    /// Step of subqueries that name none, in ms: the global evaluation interval.
    package var subqueryStep: Int64 = 60_000
    /// Whether start timestamps count as counter resets.
    package var usesStartTimestamps = true
    /// Whether the `__type__` label rather than the name's ending tells counters from gauges.
    package var typeAndUnitLabels = false
    /// Whether metric names that no longer fit are dropped at the end of the evaluation, so that labels can still be made of them,
    /// as Prometheus' feature `promql-delayed-name-removal` has it; else right where they cease to fit, as it does by default.
    package var delaysNameRemoval = true
    /// Threads that work on one query; 0 for as many as there are processors.
    package var threads = 0
    /// Annotations of a kind told in full; 0 for all.
    package var maxAnnotations = 10
    /// Evaluates the LogQL metric query of `logql("…")` over a grid; nil where there are no logs to ask.
    package var logql: (@Sendable (String, StepGrid, QueryBudget) throws -> StepMatrix)?

    package init() {}
}

/// Evaluates PromQL over a source of series. Calls block; run them on a thread that may.
package struct PromQLEngine: Sendable {
    package var source: any SeriesSource
    package var options: PromQLOptions

    package init(source: any SeriesSource, options: PromQLOptions = PromQLOptions()) {
        self.source = source
        self.options = options
    }

    /// Evaluates a query at one point in time (ms).
    package func instant(_ query: String, at time: Int64, budget: QueryBudget = QueryBudget()) throws(QueryError) -> PromQLResult {
        try instant(Self.parse(query), query: query, at: time, budget: budget)
    }

    /// Evaluates a query at `start`, `start + step`, … up to `end` (ms).
    package func range(
        _ query: String, start: Int64, end: Int64, step: Int64, budget: QueryBudget = QueryBudget()
    ) throws(QueryError)
        -> PromQLResult
    {
        try range(Self.parse(query), query: query, start: start, end: end, step: step, budget: budget)
    }

    /// Parses a query, with the error an API call would end with.
    package static func parse(_ query: String) throws(QueryError) -> PromQLExpression {
        do throws(PromQLParseError) {
            return try PromQLParser.parse(query)
        } catch {
            throw error.queryError
        }
    }

    /// Evaluates a parsed query at one point in time; `query` is its text, for positions.
    package func instant(
        _ expression: PromQLExpression, query: String, at time: Int64, budget: QueryBudget = QueryBudget()
    )
        throws(QueryError) -> PromQLResult
    {
        let grid = StepGrid(at: time)
        let evaluator = PromQLEvaluator(
            source: source, options: options, budget: budget, bounds: QueryBounds(start: time, end: time, step: 0))
        let resolved = try evaluator.resolve(expression)
        var annotations = PromQLAnnotations()
        try budget.check("query execution")
        let value: PromQLResult.Value
        switch resolved.type {
        case .scalar: value = .scalar(time: time, try evaluator.scalar(resolved, grid, &annotations)[0])
        case .string:
            guard case .string(let node) = resolved.unwrapped else { throw .execution("string expression expected") }
            value = .string(time: time, node.value)
        case .vector: value = .vector(try Self.finish(try evaluator.vector(resolved, grid, &annotations)))
        case .matrix: value = .series(try evaluator.rangeVector(resolved, grid, &annotations))
        }
        return result(value, annotations, query, budget)
    }

    /// Evaluates a parsed query over a range; `query` is its text, for positions.
    package func range(
        _ expression: PromQLExpression, query: String, start: Int64, end: Int64, step: Int64, budget: QueryBudget = QueryBudget()
    ) throws(QueryError) -> PromQLResult {
        let type = expression.type
        if type != .scalar, type != .vector {
            throw .badData("invalid expression type \"\(type.documented)\" for range query, must be Scalar or instant Vector")
        }
        let grid = StepGrid(start: start, end: end, step: step)
        let evaluator = PromQLEvaluator(
            source: source, options: options, budget: budget, bounds: QueryBounds(start: start, end: end, step: step))
        let resolved = try evaluator.resolve(expression)
        var annotations = PromQLAnnotations()
        try budget.check("query execution")
        var matrix = StepMatrix(grid: grid)
        if grid.count > 0 {
            if type == .scalar {
                matrix.appendEmpty(.empty)
                for (i, value) in try evaluator.scalar(resolved, grid, &annotations).enumerated() { matrix.set(0, i, value) }
            } else {
                matrix = try Self.finish(try evaluator.vector(resolved, grid, &annotations)).sortedByLabels()
            }
        }
        return result(.matrix(matrix), annotations, query, budget)
    }

    private func result(
        _ value: PromQLResult.Value, _ annotations: PromQLAnnotations, _ query: String, _ budget: QueryBudget
    )
        -> PromQLResult
    {
        let texts = annotations.texts(query: query, limit: options.maxAnnotations)
        return PromQLResult(
            value: value, warnings: texts.warnings, infos: texts.infos, samplesRead: budget.samplesRead, peakSamples: budget.peakSamples)
    }

    /// Drops the names that are to go, now that nothing asks for them any more, and joins what has become one series.
    private static func finish(_ matrix: StepMatrix) throws(QueryError) -> StepMatrix {
        try matrix.droppingNames().removingEmptySeries().mergingEqualLabels()
    }
}

/// What `start()`, `end()`, `range()` and `step()` stand for, in ms; step 0 for an instant.
struct QueryBounds: Sendable {
    var start: Int64
    var end: Int64
    var step: Int64
}
