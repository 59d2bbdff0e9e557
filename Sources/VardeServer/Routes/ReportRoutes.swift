import VardeQuery

/// Reports for authorities under `/api/v1/privacy/reports/KIND`: `format` is `json` or `markdown`, `language` `nb` or `en`.
struct ReportRoutes: Sendable {
    let parts: ServerParts

    func add(to table: inout RouteTable) { table.add(["GET"], "/api/v1/privacy/reports/*", role: .privacy, report) }

    private func report(_ request: APIRequest) async throws -> APIResponse {
        guard let kind = ReportKind(rawValue: request.captures[0]) else {
            throw APIFailure(
                status: 404, type: "not_found",
                message: "reports are \(ReportKind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let format = request.value("format") ?? "json"
        guard ["json", "markdown"].contains(format) else { throw APIFailure.badData("format is json or markdown") }
        guard let language = ReportLanguage(rawValue: request.value("language") ?? "en") else {
            throw APIFailure.badData("language is nb or en")
        }
        let parts = parts
        let report = try await parts.pool.run(QueryBudget()) { try ReportFacts(parts).report(kind) }
        if format == "json" { return APIResponse(body: report.json()) }
        return APIResponse(contentType: "text/markdown; charset=utf-8", body: report.markdown(language))
    }
}
