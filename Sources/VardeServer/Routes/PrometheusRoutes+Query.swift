import VardeCompression
import VardeMetrics
import VardeModel
import VardeQuery
import VardeWire

/// `query`, `query_range`, `format_query`, `parse_query`.
extension PrometheusRoutes {
    /// Points of a series a range query may ask for: as Prometheus has it, a week by the minute or a year by the hour.
    private static let maxPoints: Int64 = 11_000
    private static let truncated = "results truncated due to limit"

    func query(_ request: APIRequest) async throws -> APIResponse {
        let limit = try request.limit()
        let time = try request.time("time") ?? parts.clock()
        let run = try run(request)
        return try await evaluate(request, run, limit) { (engine, expression, budget) throws(QueryError) in
            try engine.instant(expression, query: run.text, at: time, budget: budget)
        }
    }

    func queryRange(_ request: APIRequest) async throws -> APIResponse {
        let limit = try request.limit()
        let start = try request.requiredTime("start")
        let end = try request.requiredTime("end")
        if end < start { throw APIFailure.badData("invalid parameter \"end\": end timestamp must not be before start time") }
        let nanoseconds = try request.requiredDuration("step")
        if nanoseconds <= 0 {
            throw APIFailure.badData(
                "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer")
        }
        if Double(end - start) * 1e6 / Double(nanoseconds) >= Double(Self.maxPoints + 1) {
            throw APIFailure.badData(
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)")
        }
        // Times are whole milliseconds here; a shorter step of a short range is one of them.
        let step = max(nanoseconds / 1_000_000, 1)
        let run = try run(request)
        return try await evaluate(request, run, limit) { (engine, expression, budget) throws(QueryError) in
            try engine.range(expression, query: run.text, start: start, end: end, step: step, budget: budget)
        }
    }

    /// Asks about the targets' health as dashboards ask, and drops the answer: what a process does at the first use of its code, some
    /// milliseconds of it, is done when the first dashboard comes.
    func askOnce() async {
        let end = parts.clock() / 1000
        let parameters = [
            ("query", "sum by (job) (rate(up[5m])) / on (job) group_left () sum by (job) (up)"), ("start", "\(end - 600)"),
            ("end", "\(end)"), ("step", "15"),
        ]
        guard let answer = try? await queryRange(APIRequest(method: "GET", path: "/api/v1/query_range", parameters: parameters))
        else { return }
        _ = GzipPiece(answer.body.span)
    }

    /// What both kinds of query need before the text is looked at.
    private struct Run: Sendable {
        var text: String
        var engine: PromQLEngine
        var budget: QueryBudget
    }

    private func run(_ request: APIRequest) throws -> Run {
        let most = parts.limits.queryTimeout
        let timeout = min(try request.duration("timeout").map { $0 / 1_000_000 } ?? most, most)
        var options = PromQLOptions()
        do {
            if let lookback = try request.plainDuration("lookback_delta"), lookback > 0 { options.lookback = lookback / 1_000_000 }
        } catch let failure as APIFailure {
            throw APIFailure.badData("error parsing lookback delta duration: \(failure.message)")
        }
        options.logql = parts.logqlHook
        options.delaysNameRemoval = false
        // They are not stored.
        options.usesStartTimestamps = false
        let budget = QueryBudget(maxSamples: parts.limits.querySamples, deadline: .now + .milliseconds(timeout))
        return Run(
            text: request.value("query") ?? "", engine: PromQLEngine(source: try parts.stores().metrics, options: options), budget: budget)
    }

    /// Parses and runs a query, and words its failure as Prometheus does.
    private func evaluate(
        _ request: APIRequest, _ run: Run, _ limit: Int,
        _ body: @escaping @Sendable (PromQLEngine, PromQLExpression, QueryBudget) throws(QueryError) -> PromQLResult
    ) async throws -> APIResponse {
        let began = ContinuousClock.now
        let outcome: (result: PromQLResult, clock: QueryClock)
        do {
            outcome = try await parts.pool.run(run.budget) {
                var clock = QueryClock(queued: began)
                let expression = try Self.parsed(run.text)
                clock.parsed()
                do throws(QueryError) {
                    var result = try body(run.engine, expression, run.budget)
                    clock.evaluated()
                    Self.cut(&result, to: limit)
                    return (result, clock)
                } catch {
                    // What is wrong with the text is found before the evaluation as well.
                    if error.kind == .badData { throw Self.badQuery(error) }
                    throw error
                }
            }
        } catch let error as QueryError {
            parts.slowQueries.note(request.path, run.text, since: began, run.budget, failure: error.kind.rawValue)
            throw QueryFailure.failure(error)
        }
        parts.slowQueries.note(request.path, run.text, since: began, run.budget, failure: nil)
        var (result, clock) = outcome
        let stats = request.value("stats") ?? ""
        if !["", "true", "all"].contains(stats) {
            result.warnings.append(
                "value \(stats.quoted) for parameter \"stats\" is deprecated and will be rejected in the next major release, "
                    + "use \"true\" or \"all\"")
        }
        return ResultStream.response(result, statistics: stats.isEmpty ? nil : clock)
    }

    private static func badQuery(_ error: QueryError) -> APIFailure {
        APIFailure.badData("invalid parameter \"query\": \(error.message)")
    }

    private static func parsed(_ text: String) throws -> PromQLExpression {
        do throws(QueryError) { return try PromQLEngine.parse(text) } catch { throw badQuery(error) }
    }

    /// Leaves the first series of a result, and says so.
    private static func cut(_ result: inout PromQLResult, to limit: Int) {
        guard limit > 0 else { return }
        func short(_ matrix: StepMatrix) -> StepMatrix? {
            guard matrix.seriesCount > limit else { return nil }
            var out = StepMatrix(grid: matrix.grid)
            for series in 0..<limit { out.append(series: series, of: matrix) }
            return out
        }
        switch result.value {
        case .vector(let matrix): if let short = short(matrix) { result.value = .vector(short) } else { return }
        case .matrix(let matrix): if let short = short(matrix) { result.value = .matrix(short) } else { return }
        case .series(let all): if all.count > limit { result.value = .series(Array(all.prefix(limit))) } else { return }
        case .scalar, .string: return
        }
        result.warnings.append(truncated)
    }

    func formatQuery(_ request: APIRequest) async throws -> APIResponse {
        let text = request.value("query") ?? ""
        let pretty = try await blocking { try Self.parsed(text).pretty }
        return APIEnvelope.success { $0.string(pretty) }
    }

    func parseQuery(_ request: APIRequest) async throws -> APIResponse {
        let text = request.value("query") ?? ""
        let tree = try await blocking {
            var bytes: [UInt8] = []
            try Self.parsed(text).tree.write(to: &bytes)
            return bytes
        }
        return APIEnvelope.success { $0.bytes += tree }
    }
}

/// How long the parts of a query took, as `stats` tells it; seconds.
struct QueryClock: Sendable {
    private let queued: ContinuousClock.Instant
    private let began: ContinuousClock.Instant
    private var ready: ContinuousClock.Instant
    private var done: ContinuousClock.Instant

    init(queued: ContinuousClock.Instant) {
        self.queued = queued
        began = .now
        ready = began
        done = began
    }

    mutating func parsed() { ready = .now }
    mutating func evaluated() { done = .now }

    /// By Prometheus' names.
    var timings: [(name: String, seconds: Double)] {
        [
            ("evalTotalTime", done - began), ("resultSortTime", .zero), ("queryPreparationTime", ready - began),
            ("innerEvalTime", done - ready), ("execQueueTime", began - queued), ("execTotalTime", done - queued),
        ].map { ($0.0, $0.1 / .seconds(1)) }
    }
}
