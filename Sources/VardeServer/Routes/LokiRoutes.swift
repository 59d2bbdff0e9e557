import Dispatch
import VardeKernels
import VardeModel
import VardeQuery
import VardeWire

/// Loki's query API under `/loki/api/v1`.
struct LokiRoutes: Sendable {
    let parts: ServerParts

    func add(to table: inout RouteTable) {
        // Requests that ask for the upgrade never come here.
        table.add(["GET"], WebSocketUpgrade.path, role: .read) { _ in
            throw APIFailure.badData("the tail is a WebSocket: send Upgrade: websocket, Sec-WebSocket-Key and Sec-WebSocket-Version: 13")
        }
        for (path, handler) in [
            ("/loki/api/v1/query", query), ("/loki/api/v1/query_range", queryRange), ("/loki/api/v1/format_query", formatQuery),
        ] as [(String, RouteTable.Handler)] { table.add(["GET", "POST"], path, role: .read, handler) }
        table.add(["GET"], "/loki/api/v1/status/buildinfo", role: nil) { _ in
            .json(
                "{\"version\":\"3.6.0\",\"revision\":\"varde-\(BuildInfo.version)\",\"branch\":\"varde\",\"buildUser\":\"\",\"buildDate\":\"\",\"goVersion\":\"\"}"
            )
        }
        addLookups(to: &table)
        // Grafana asks for rules of a Loki data source; there are none.
        for path in ["/loki/api/v1/rules", "/prometheus/api/v1/rules"] {
            table.add(["GET"], path, role: .read) { _ in .json("{\"status\":\"success\",\"data\":{\"groups\":[]}}") }
        }
    }

    var now: Int64 { parts.clock() * 1_000_000 }

    func engine() throws -> LogQLEngine {
        var options = LogQLOptions()
        let redaction = parts.redaction
        options.resolvePII = { redaction.tokens(for: $0) }
        return LogQLEngine(source: try parts.stores().logs, options: options)
    }

    /// Parses and evaluates on the pool; failures become Loki's plain-text answers.
    func run<Value: Sendable>(_ body: @escaping @Sendable (LogQLEngine, QueryBudget) throws -> Value) async throws -> Value {
        let budget = QueryBudget(maxSamples: parts.limits.querySamples, deadline: .now + .milliseconds(parts.limits.queryTimeout))
        let engine = try engine()
        do {
            return try await parts.pool.run(budget) { try body(engine, budget) }
        } catch let error as QueryError {
            throw Self.failure(error)
        }
    }

    static func failure(_ error: QueryError) -> APIFailure {
        switch error.kind {
        case .badData, .execution: APIFailure(status: 400, type: error.kind.rawValue, message: error.message)
        case .timeout: APIFailure(status: 504, type: "timeout", message: error.message)
        case .canceled: APIFailure(status: 499, type: "canceled", message: error.message)
        default: APIFailure(status: 500, type: "internal", message: error.message)
        }
    }

    static func parse(_ request: APIRequest) throws -> LogQLExpression {
        do throws(QueryError) { return try LogQLEngine.parse(request.value("query") ?? "") } catch { throw failure(error) }
    }

    private func query(_ request: APIRequest) async throws -> APIResponse {
        guard case .metric(let metric) = try Self.parse(request) else {
            throw APIFailure.badData(
                "log queries are not supported as an instant query type, please change your query to a range query type")
        }
        let time = try request.lokiTime("time") ?? now
        let began = DispatchTime.now()
        let result = try await run { engine, budget in try engine.instant(metric, at: time, budget: budget) }
        return Self.envelope(result.statistics, entries: result.matrix.seriesCount, since: began) { json in
            switch result.kind {
            case .scalar:
                json.raw("\"scalar\",\"result\":")
                ResultJSON.point(result.matrix.grid.time(0), result.matrix.value(0, 0), to: &json)
            case .vector:
                json.raw("\"vector\",\"result\":")
                ResultJSON.vector(result.matrix, to: &json)
            }
        }
    }

    private func queryRange(_ request: APIRequest) async throws -> APIResponse {
        let expression = try Self.parse(request)
        let (start, end) = try request.lokiRange(now: now)
        if end < start { throw APIFailure.badData("end timestamp must not be before or equal to start time") }
        let limit = try request.lokiLimit(most: parts.limits.logEntriesPerQuery)
        let direction = try request.lokiDirection()
        let began = DispatchTime.now()
        switch expression {
        case .log(let query):
            let interval = try request.lokiDuration("interval") ?? 0
            if interval < 0 { throw APIFailure.badData("interval must be >= 0") }
            let categorized = request.wantsCategories
            let result = try await run { engine, budget in
                try engine.lines(
                    query, start: start, end: end, limit: limit, direction: direction, interval: interval, categorize: categorized,
                    budget: budget)
            }
            let entries = result.streams.reduce(0) { $0 + $1.entries.count }
            var answer = Self.envelope(
                result.statistics, entries: entries, since: began, flags: categorized ? "[\"categorize-labels\"]" : nil
            ) {
                json in
                json.raw("\"streams\",\"result\":")
                LokiResultJSON.streams(result, categorized: categorized, to: &json)
            }
            answer.lines = entries
            return answer
        case .metric(let metric):
            let step = try request.lokiDuration("step") ?? max(1, (end - start) / 250 / 1_000_000_000) * 1_000_000_000
            if step <= 0 {
                throw APIFailure.badData("zero or negative query resolution step widths are not accepted. Try a positive integer")
            }
            if (end - start) / step > 11_000 {
                throw APIFailure.badData(
                    "exceeded maximum resolution of 11,000 points per time series. Try increasing the value of the step parameter")
            }
            let result = try await run { engine, budget in try engine.range(metric, start: start, end: end, step: step, budget: budget) }
            return Self.envelope(result.statistics, entries: result.matrix.seriesCount, since: began) { json in
                json.raw("\"matrix\",\"result\":")
                ResultJSON.write(result.matrix, to: &json)
            }
        }
    }

    private static func envelope(
        _ statistics: LogQLStatistics, entries: Int, since began: DispatchTime, flags: String? = nil, _ body: (inout JSONWriter) -> Void
    ) -> APIResponse {
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - began.uptimeNanoseconds) / 1e9
        return APIEnvelope.success { json in
            json.raw("{\"resultType\":")
            body(&json)
            if let flags { json.raw(",\"encodingFlags\":\(flags)") }
            json.raw(",\"stats\":")
            LokiResultJSON.statistics(statistics, entries: entries, seconds: seconds, to: &json)
            json.raw("}")
        }
    }

    private func formatQuery(_ request: APIRequest) throws -> APIResponse {
        do throws(QueryError) {
            let text = try LogQLEngine.format(request.value("query") ?? "")
            return APIEnvelope.success { $0.string(text) }
        } catch {
            var json = JSONWriter()
            json.raw("{\"status\":\"invalid-query\",\"error\":")
            json.string(parts.told(error.message))
            json.raw("}")
            return APIResponse(status: 400, body: json.bytes)
        }
    }
}
