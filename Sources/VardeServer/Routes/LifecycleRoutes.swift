import VardeKernels

/// Health, readiness, reload, own metrics, and a first page.
struct LifecycleRoutes: Sendable {
    let parts: ServerParts
    let reload: @Sendable () async throws -> Void

    func add(to table: inout RouteTable) {
        table.add(["GET"], "/-/healthy", role: nil) { _ in .text(200, "Varde is healthy.\n") }
        let ready: RouteTable.Handler = { [parts] _ in
            parts.isReady ? .text(200, "Varde is ready.\n") : .text(503, "Service Unavailable\n")
        }
        table.add(["GET"], "/-/ready", role: nil, ready)
        table.add(["GET"], "/ready", role: nil) { [parts] _ in parts.isReady ? .text(200, "ready\n") : .text(503, "Ingester not ready\n") }
        table.add(["POST", "PUT"], "/-/reload", role: .admin) { [reload] _ in
            do {
                try await reload()
            } catch {
                throw APIFailure(status: 500, type: "reload", message: "failed to reload config: \(error)")
            }
            return .text(200, "")
        }
        table.add(["GET"], "/metrics", role: .read) { [parts] _ in
            APIResponse(contentType: "text/plain; version=0.0.4; charset=utf-8", body: parts.metrics.text())
        }
        table.add(["GET"], "/", role: nil) { request in
            if ElasticRoutes.isClient(request) { return ElasticRoutes.hello() }
            return .text(
                200,
                """
                Varde \(BuildInfo.summary)

                /api/v1/query?query=up       PromQL, Prometheus' API
                /loki/api/v1/query_range     LogQL, Loki's API
                /api/v1/targets              what is scraped, and how it goes
                /metrics                     this server's own metrics
                /-/healthy /-/ready          for load balancers

                From a terminal: varde query 'up', varde logs '{app=~".+"}', varde targets

                """)
        }
    }
}
