import VardeModel
import VardeWire

/// InfluxDB's write APIs, 1 and 2, as Telegraf and its like use them. Lines that can be read are stored whatever becomes of the others.
struct InfluxRoutes: Sendable {
    let intake: MetricIntake

    func add(to table: inout RouteTable) {
        for path in ["/write", "/api/v2/write"] { table.add(["POST"], path, role: .write, readsForms: false, write) }
        table.add(["GET"], "/ping", role: nil) { _ in
            APIResponse(status: 204, contentType: "text/plain", headers: [("X-Influxdb-Version", "1.8.10")])
        }
        // Clients make their database first: there is none to make.
        table.add(["POST"], "/query", role: .write) { _ in .json("{\"results\":[{\"statement_id\":0}]}") }
    }

    private func write(_ request: APIRequest) async throws -> APIResponse {
        do {
            return try await store(request)
        } catch let failure as APIFailure {
            intake.parts.metrics.count("varde_http_requests_refused_total", ["reason": failure.type])
            var response = Self.failed(failure.status, intake.parts.told(failure.message))
            if let seconds = failure.retryAfter { response.headers.append(("Retry-After", String(seconds))) }
            return response
        }
    }

    private func store(_ request: APIRequest) async throws -> APIResponse {
        let word = request.value("precision") ?? ""
        guard let precision = InfluxLines.Precision(word: word) else {
            throw APIFailure.badData("precision “\(word)” is none of ns, us, ms, s, m, h")
        }
        try intake.parts.checkWritable()
        let database = request.value("db") ?? request.value("bucket") ?? ""
        let extra = database.isEmpty ? [] : [Label("db", database)]
        var batch = RawSampleBatch()
        let decoded: InfluxLines.Decoded
        do throws(WireError) {
            decoded = try InfluxLines.decode(request.body.span, precision, extra: extra, now: intake.parts.clock(), into: &batch)
        } catch {
            throw APIFailure.badData("line protocol: \(error)")
        }
        let outcome = try await intake.store(batch, protocol: "influx")
        intake.refuse(decoded.refusedLines, "malformed")
        let reasons = decoded.reasons.map(intake.parts.told) + outcome.reasons
        if reasons.isEmpty { return APIResponse(status: 204, contentType: "text/plain") }
        if outcome.isFull, let failure = outcome.failure { throw failure }
        intake.parts.metrics.count("varde_http_requests_refused_total", ["reason": "bad_data"])
        return Self.failed(400, "partial write: \(reasons.joined(separator: "; ")) dropped=\(decoded.refusedLines + outcome.refused)")
    }

    /// In the words of both APIs: 1 reads `error`, 2 reads `code` and `message`.
    private static func failed(_ status: Int, _ message: String) -> APIResponse {
        var json = JSONWriter()
        json.raw("{\"code\":\"\(status < 500 ? "invalid" : "unavailable")\",\"message\":")
        json.string(message)
        json.raw(",\"error\":")
        json.string(message)
        json.raw("}")
        return APIResponse(status: status, body: json.bytes)
    }
}
