import VardeLogs
import VardeModel
import VardePrivacy
import VardeQuery
import VardeWire

/// Requests about a person under `/api/v1/privacy`: found, handed out, erased; erasures under way, their receipts, legal holds.
///
/// Raw identifiers come in bodies only: an address is logged by proxies, a body is not.
struct PrivacyRoutes: Sendable {
    let parts: ServerParts

    /// Parameters of the address that are read; anything else there is refused, it might be a person.
    private static let parameters: Set<String> = ["start", "end"]

    func add(to table: inout RouteTable) {
        for (path, handler) in [("find", find), ("export", export), ("erase", erase)] as [(String, RouteTable.Handler)] {
            table.add(["POST"], "/api/v1/privacy/subject/\(path)", role: .privacy, readsForms: false, handler)
        }
        table.add(["GET"], "/api/v1/privacy/erasures", role: .privacy, list)
        table.add(["GET"], "/api/v1/privacy/erasures/*", role: .privacy, status)
        table.add(["DELETE"], "/api/v1/privacy/erasures/*", role: .privacy, cancel)
        table.add(["GET"], "/api/v1/privacy/erasures/*/receipt", role: .privacy, receipt)
        table.add(["GET"], "/api/v1/privacy/holds", role: .privacy, listHolds)
        table.add(["POST"], "/api/v1/privacy/holds", role: .privacy, readsForms: false, addHold)
        table.add(["DELETE"], "/api/v1/privacy/holds/*", role: .privacy, removeHold)
    }

    // MARK: Who is meant

    /// The person a body names.
    ///
    /// - Throws: 400 where it names nobody; never with a word of the body.
    private func subject(_ request: APIRequest) throws -> (tokens: SubjectTokens, reason: String) {
        if let other = request.parameters.first(where: { !Self.parameters.contains($0.name) }) {
            throw APIFailure.badData(
                "identifiers are read from the body only; the address has “\(parts.told(other.name).prefix(20))”, it may have start and end"
            )
        }
        let body = try SubjectBody(request)
        guard let tokens = parts.redaction.subject(body.identifiers) else {
            throw APIFailure.badData("privacy.enabled is false: nothing was pseudonymised, so nobody can be found by an identifier")
        }
        if tokens.texts.isEmpty {
            throw APIFailure.badData(
                "none of the identifiers is of a type that has pseudonyms: what is masked or truncated cannot be found by its value")
        }
        return (tokens, parts.audit.text(body.reason))
    }

    private func erasure(_ tokens: SubjectTokens, _ request: APIRequest) throws -> LogErasureRange {
        let start = try request.lokiTime("start") ?? .min
        let end = try request.lokiTime("end") ?? .max
        if end <= start { throw APIFailure.badData("end must be behind start") }
        return LogErasureRange(texts: tokens.texts, start: start, end: end)
    }

    // MARK: Finding

    private func find(_ request: APIRequest) async throws -> APIResponse { try await answer(request, isWhole: false) }

    private func export(_ request: APIRequest) async throws -> APIResponse { try await answer(request, isWhole: true) }

    private func answer(_ request: APIRequest, isWhole: Bool) async throws -> APIResponse {
        let tokens = try subject(request).tokens
        let range = try erasure(tokens, request)
        let stores = try stores()
        let (pool, audit, now) = (parts.pool, parts.audit, parts.clock())
        // Counted first: the audit log is told how many lines leave before they do.
        let found = try await pool.run(QueryBudget()) { try SubjectFinding(stores, range, now: now) }
        let (who, from, path) = (request.token?.name ?? "anonymous", request.remoteAddress, request.path)
        var answer = APIResponse(contentType: "application/x-ndjson")
        answer.lines = found.lines
        answer.pieces = { packing, write in
            var given = 0
            do {
                try await SubjectPieces(found, tokens, isWhole: isWhole).write(in: pool) { bytes in
                    try await write(AnswerPiece(bytes, packing: packing))
                } progress: {
                    given = $0
                }
            } catch {
                let lines = isWhole ? given : nil
                audit.later("broken off", "POST \(path) of \(found.lines) lines", who: who, from: from, lines: lines)
                throw error
            }
        }
        return answer
    }

    private func stores() throws -> ErasedStores {
        let open = try parts.stores()
        return ErasedStores(metrics: open.metrics, logs: open.logs, exemplars: open.exemplars, pushed: open.pushed)
    }

    // MARK: Erasing

    private func erase(_ request: APIRequest) async throws -> APIResponse {
        if !request.parameters.isEmpty { throw APIFailure.badData("an erasure takes no parameters: everything of the person is erased") }
        let (tokens, reason) = try subject(request)
        var erasure = ErasureRequest(
            id: Self.newID(), target: .subject(tokens.texts), by: request.token?.name ?? "anonymous", reason: reason,
            requested: parts.clock())
        erasure.types = tokens.types
        erasure.epochs = tokens.epochs
        erasure.lostBefore = tokens.lostBefore
        erasure.rawStreams = tokens.rawStreams.map { parts.audit.text($0) }
        let taken = try await submit(erasure)
        var answer = APIEnvelope.success { json in
            json.raw("{\"id\":")
            json.string(taken.id)
            json.raw(",\"state\":\"\(Self.state(of: taken))\",\"held_by\":")
            json.string(taken.heldBy)
            json.raw(",\"tokens\":\(tokens.texts.count),\"complete\":\(tokens.isComplete),\"unknown_identifiers\":\(tokens.unknown)}")
        }
        answer.status = 202
        return answer
    }

    func submit(_ erasure: ErasureRequest) async throws -> ErasureRequest {
        let desk = try parts.stores().erasures
        do {
            let taken = try await parts.pool.run(QueryBudget()) { try desk.saga.submit(erasure) }
            desk.kick()
            return taken
        } catch let refusal as ErasureSaga.Refusal {
            throw APIFailure(status: 429, type: "too_many_requests", message: refusal.description, retryAfter: 60)
        }
    }

    /// A name no other erasure has, whose order is that of their time.
    static func newID() -> String {
        String(UInt64.random(in: 1 << 60 ... .max), radix: 16)
    }

    static func state(of request: ErasureRequest) -> String { request.heldBy.isEmpty || request.step != .mark ? "under way" : "held" }

    private func list(_ request: APIRequest) throws -> APIResponse {
        let saga = try parts.stores().erasures.saga
        let receipts = try saga.receiptNames()
        return APIEnvelope.success { json in
            json.raw("{\"open\":")
            json.list(saga.open) { $0.bytes += $1.json(keepsTarget: false) }
            json.raw(",\"done\":")
            json.strings(receipts)
            json.raw("}")
        }
    }

    private func status(_ request: APIRequest) throws -> APIResponse {
        let id = request.captures[0]
        let saga = try parts.stores().erasures.saga
        if let open = saga.open.first(where: { $0.id == id }) {
            return APIEnvelope.success { json in
                json.raw("{\"state\":\"\(Self.state(of: open))\",\"request\":")
                json.bytes += open.json(keepsTarget: false)
                json.raw("}")
            }
        }
        guard let receipt = try saga.receipt(id) else { throw unknown(id) }
        return APIEnvelope.success { json in
            json.raw("{\"state\":\"done\",\"receipt\":")
            json.bytes += receipt.dropLast()
            json.raw("}")
        }
    }

    private func receipt(_ request: APIRequest) throws -> APIResponse {
        let id = request.captures[0]
        let saga = try parts.stores().erasures.saga
        if saga.open.contains(where: { $0.id == id }) {
            throw APIFailure(status: 404, type: "not_found", message: "the erasure \(id) is under way: there is no receipt yet")
        }
        guard let receipt = try saga.receipt(id) else { throw unknown(id) }
        return APIResponse(body: receipt)
    }

    private func unknown(_ id: String) -> APIFailure {
        APIFailure(status: 404, type: "not_found", message: "there is no erasure \(parts.told(id).prefix(40))")
    }

    private func cancel(_ request: APIRequest) async throws -> APIResponse {
        let id = request.captures[0]
        let saga = try parts.stores().erasures.saga
        do {
            try await parts.pool.run(QueryBudget()) { try saga.cancel(id) }
        } catch let refusal as ErasureSaga.Refusal {
            throw APIFailure(
                status: refusal == .begun(id) ? 409 : 404, type: refusal == .begun(id) ? "conflict" : "not_found",
                message: refusal.description)
        }
        return APIResponse(status: 204)
    }

    // MARK: Legal holds

    private func listHolds(_ request: APIRequest) throws -> APIResponse {
        let holds = try parts.stores().erasures.holds
        let given = try holds.given()
        return APIEnvelope.success { json in
            json.list((holds.configured() + given).map(told)) { $0.raw(LegalHolds.text($1)) }
        }
    }

    private func addHold(_ request: APIRequest) throws -> APIResponse {
        guard let text = String(validating: request.body, as: UTF8.self), let hold = LegalHolds.parse(text, name: "") else {
            throw APIFailure.badData(
                "a hold is an object of texts: {\"name\": …, \"selector\": …, \"reason\": …, \"until\": …}; reason is needed")
        }
        var named = hold
        if named.name.isEmpty { named.name = Self.newID() }
        named = told(named)
        guard named.name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }), named.name.utf8.count <= 100 else {
            throw APIFailure.badData("the name of a hold has letters, digits and signs but “/”, up to 100 of them")
        }
        do {
            _ = try LegalHolds.matchers(named, file: "")
        } catch let error as ConfigurationError {
            throw APIFailure.badData(error.message)
        }
        let holds = try parts.stores().erasures.holds
        try holds.add(named)
        parts.audit.later("hold", "\(named.name) \(named.selector): \(named.reason)", who: request.token?.name ?? "anonymous")
        return APIEnvelope.success { $0.raw(LegalHolds.text(named)) }
    }

    /// A hold without personal data. What it selects by stands as it stands in the streams, that they are still found.
    private func told(_ hold: LegalHolds.Hold) -> LegalHolds.Hold {
        var told = hold
        told.name = parts.audit.text(hold.name)
        told.reason = parts.audit.text(hold.reason)
        told.selector = parts.redactor?.redact(text: hold.selector) ?? hold.selector
        return told
    }

    private func removeHold(_ request: APIRequest) throws -> APIResponse {
        let name = parts.audit.text(request.captures[0])
        let desk = try parts.stores().erasures
        guard try desk.holds.remove(name) else {
            throw APIFailure(status: 404, type: "not_found", message: "there is no hold “\(name.prefix(100))” that was given over HTTP")
        }
        desk.kick()
        return APIResponse(status: 204)
    }
}
