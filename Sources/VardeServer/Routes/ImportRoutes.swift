import VardeModel
import VardeWire

/// Samples pushed in Prometheus' text formats, as VictoriaMetrics takes them: `/api/v1/import/prometheus`, with
/// `extra_label=name=value` and `timestamp` (ms), and grouping labels behind the path as the Pushgateway has them.
struct ImportRoutes: Sendable {
    let intake: MetricIntake

    func add(to table: inout RouteTable) {
        table.add(["POST", "PUT", "GET"], "/api/v1/import/prometheus", role: .write, readsForms: false, store)
        table.add(["POST", "PUT", "GET"], "/api/v1/import/prometheus/metrics/**", role: .write, readsForms: false, store)
    }

    private func store(_ request: APIRequest) async throws -> APIResponse {
        try intake.parts.checkWritable()
        var extra = request.captures.isEmpty ? [] : Array(try PushgatewayRoutes.group(request.captures))
        for text in request.values("extra_label") {
            let pair = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, !pair[0].isEmpty else { throw APIFailure.badData("extra_label “\(text)” is not name=value") }
            extra.append(Label(String(pair[0]), String(pair[1])))
        }
        var now = intake.parts.clock()
        if let text = request.value("timestamp"), !text.isEmpty {
            guard let time = Int64(text) else { throw APIFailure.badData("timestamp “\(text)” is not in milliseconds") }
            now = time
        }
        var batch = RawSampleBatch()
        let decoded: ExpositionBatch.Decoded
        let format = (try? ExpositionFormat(contentType: request.contentType)).flatMap { $0 == .protobuf ? nil : $0 } ?? .text0
        do throws(WireError) {
            decoded = try ExpositionBatch.decode(request.body.span, format, extra: extra, now: now, into: &batch)
        } catch {
            throw APIFailure.badData("\(error)")
        }
        var outcome = try await intake.store(batch, protocol: "import")
        intake.note(decoded.metadata.filter { $0.type != "unknown" || !$0.help.isEmpty })
        intake.refuse(decoded.refusedLines, "malformed")
        outcome.refused += decoded.refusedLines
        outcome.reasons += decoded.reasons.map(intake.parts.told)
        if let failure = outcome.failure { throw failure }
        return APIResponse(status: 204, contentType: "text/plain")
    }
}
