import VardeModel
import VardePrivacy
import VardeQuery
import VardeWire

/// Loki's deletion of lines by a query, `/loki/api/v1/delete`, carried out as an erasure.
struct LokiDeleteRoutes: Sendable {
    let parts: ServerParts

    func add(to table: inout RouteTable) {
        table.add(["POST", "PUT"], "/loki/api/v1/delete", role: .privacy, create)
        table.add(["GET"], "/loki/api/v1/delete", role: .privacy, list)
        table.add(["DELETE"], "/loki/api/v1/delete", role: .privacy, cancel)
    }

    /// Takes `query`, `start` and `end`; answers 204 as Loki does, with the erasure's name in `X-Varde-Erasure`.
    private func create(_ request: APIRequest) async throws -> APIResponse {
        let query = request.value("query") ?? ""
        if query.isEmpty { throw APIFailure.badData("query not set") }
        // What a request says is kept until it is done and stands in its receipt.
        guard parts.audit.text(query) == query else {
            throw APIFailure.badData(
                "the query holds personal data or a pseudonym: send the identifier to /api/v1/privacy/subject/erase, in the body")
        }
        do throws(QueryError) { _ = try LogQLLineTest(query) } catch { throw LokiRoutes.failure(error) }
        guard let start = try request.lokiTime("start") else { throw APIFailure.badData("start time not set") }
        let end = try request.lokiTime("end") ?? parts.clock() * 1_000_000
        if end > parts.clock() * 1_000_000 { throw APIFailure.badData("deletes in the future are not allowed") }
        if start >= end { throw APIFailure.badData("start time can't be greater than end time") }
        // Loki's range includes its last nanosecond.
        let erasure = ErasureRequest(
            id: PrivacyRoutes.newID(), target: .query(query, start: start, end: end == .max ? end : end + 1),
            by: request.token?.name ?? "anonymous", reason: "", requested: parts.clock())
        let taken = try await PrivacyRoutes(parts: parts).submit(erasure)
        return APIResponse(status: 204, headers: [("X-Varde-Erasure", taken.id)])
    }

    private func list(_ request: APIRequest) throws -> APIResponse {
        let saga = try parts.stores().erasures.saga
        var all = saga.open.map { ($0, "received") }
        for name in try saga.receiptNames() {
            if let text = try saga.receipt(name), let done = ErasureRequest(receipt: String(decoding: text, as: UTF8.self)) {
                all.append((done, "processed"))
            }
        }
        var json = JSONWriter()
        let queries = all.compactMap { request, status -> (ErasureRequest, String, String, Int64, Int64)? in
            guard case .query(let query, let start, let end) = request.target else { return nil }
            return (request, status, query, start, end)
        }
        json.list(queries) { json, entry in
            let (request, status, query, start, end) = entry
            json.raw("{\"request_id\":")
            json.string(request.id)
            json.raw(",\"start_time\":")
            json.seconds(milliseconds: start / 1_000_000)
            json.raw(",\"end_time\":")
            json.seconds(milliseconds: (end - 1) / 1_000_000)
            json.raw(",\"query\":")
            json.string(query)
            json.raw(",\"status\":\"\(status)\",\"created_at\":")
            json.seconds(milliseconds: request.requested)
            json.raw("}")
        }
        return APIResponse(body: json.bytes)
    }

    private func cancel(_ request: APIRequest) async throws -> APIResponse {
        guard let id = request.value("request_id"), !id.isEmpty else { throw APIFailure.badData("request_id not set") }
        let saga = try parts.stores().erasures.saga
        do {
            try await parts.pool.run(QueryBudget()) { try saga.cancel(id) }
        } catch let refusal as ErasureSaga.Refusal {
            if refusal == .begun(id) {
                throw APIFailure.badData("deletion of request which is in process or already processed is not allowed")
            }
            throw APIFailure(status: 404, type: "not_found", message: "could not find delete request with given id")
        }
        return APIResponse(status: 204)
    }
}
