import VardeModel
import VardeQuery

/// Prometheus' query API under `/api/v1`: where each path leads.
struct PrometheusRoutes: Sendable {
    let parts: ServerParts

    func add(to table: inout RouteTable) {
        for (path, handler) in [
            ("/api/v1/query", query), ("/api/v1/query_range", queryRange), ("/api/v1/labels", labels), ("/api/v1/series", series),
            ("/api/v1/format_query", formatQuery), ("/api/v1/parse_query", parseQuery), ("/api/v1/query_exemplars", exemplars),
            ("/api/v1/search/metric_names", searchMetricNames), ("/api/v1/search/label_names", searchLabelNames),
            ("/api/v1/search/label_values", searchLabelValues),
        ] as [(String, RouteTable.Handler)] { table.add(["GET", "POST"], path, role: .read, handler) }
        for (path, handler) in [
            ("/api/v1/label/*/values", labelValues), ("/api/v1/metadata", metadata), ("/api/v1/targets", targets),
            ("/api/v1/targets/metadata", targetsMetadata), ("/api/v1/targets/relabel_steps", relabelSteps),
            ("/api/v1/scrape_pools", scrapePools), ("/api/v1/scrape_pools/config", scrapePoolConfig),
            ("/api/v1/rules", rules), ("/api/v1/alerts", alerts), ("/api/v1/alertmanagers", alertmanagers),
            ("/api/v1/status/buildinfo", buildInfo), ("/api/v1/status/config", config), ("/api/v1/status/flags", flags),
            ("/api/v1/status/tsdb", tsdb), ("/api/v1/status/tsdb/blocks", blocks), ("/api/v1/status/runtimeinfo", runtimeInfo),
            ("/api/v1/status/walreplay", walReplay), ("/api/v1/status/self_metrics", selfMetrics), ("/api/v1/features", features),
            ("/api/v1/notifications", notifications), ("/federate", federate),
        ] as [(String, RouteTable.Handler)] { table.add(["GET"], path, role: .read, handler) }
        table.add(["POST"], "/api/v1/read", role: .read, RemoteReadRoute(parts: parts).answer)
    }

    /// Runs what blocks on a query's thread.
    func blocking<Value: Sendable>(
        _ budget: QueryBudget = QueryBudget(), _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        do {
            return try await parts.pool.run(budget, body)
        } catch let error as QueryError {
            throw QueryFailure.failure(error)
        } catch let error as APIFailure {
            throw error
        } catch {
            throw APIFailure(status: 422, type: "execution", message: "\(error)")
        }
    }
}

/// Failures of the query engines as the API tells them.
enum QueryFailure {
    /// The status nginx gave a client that did not wait, and Prometheus took over.
    static let clientClosedRequest = 499

    static func failure(_ error: QueryError) -> APIFailure {
        switch error.kind {
        case .badData: APIFailure.badData(error.message)
        case .timeout: APIFailure(status: 503, type: "timeout", message: error.message)
        case .canceled: APIFailure(status: clientClosedRequest, type: "canceled", message: error.message)
        case .execution: APIFailure(status: 422, type: "execution", message: error.message)
        default: APIFailure(status: 500, type: "internal", message: error.message)
        }
    }
}
