/// `search/…`: an experiment of Prometheus that is off unless asked for there; here it is not to be had, and says so in the same words.
extension PrometheusRoutes {
    private static let disabled = APIFailure(status: 500, type: "unavailable", message: "search API disabled")

    func searchMetricNames(_ request: APIRequest) throws -> APIResponse { throw Self.disabled }
    func searchLabelNames(_ request: APIRequest) throws -> APIResponse { throw Self.disabled }
    func searchLabelValues(_ request: APIRequest) throws -> APIResponse { throw Self.disabled }
}
