import VardeKernels
import VardeModel
import VardePrivacy
import VardeWire

/// OTLP metrics over HTTP, protobuf or JSON, where OpenTelemetry, Prometheus and Mimir have them.
///
/// Answered in the request's encoding as the OTLP specification says: 200 with `partial_success` where points were rejected, a
/// `google.rpc.Status` where nothing was taken.
struct OTLPMetricRoutes: Sendable {
    let intake: MetricIntake

    func add(to table: inout RouteTable) {
        for path in ["/v1/metrics", "/otlp/v1/metrics", "/api/v1/otlp/v1/metrics"] { table.add(["POST"], path, role: .write, metrics) }
    }

    private func metrics(_ request: APIRequest) async throws -> APIResponse {
        let isJSON = try OTLPAnswer.isJSON(request.contentType)
        do {
            try intake.parts.checkWritable()
            var batch = RawSampleBatch()
            let decoded: OTLPMetrics.Decoded
            do throws(WireError) {
                decoded = try OTLPMetrics.decode(
                    request.body.span, isJSON: isJSON, intake.parts.current().otlp, deltas: intake.parts.otlpDeltas,
                    now: intake.parts.clock(), redact: OTLPAnswer.redaction(intake.parts.redactor), into: &batch)
            } catch {
                throw APIFailure.badData("OTLP: \(error)")
            }
            let outcome = try await intake.store(batch, protocol: "otlp")
            intake.note(decoded.metadata)
            intake.refuse(decoded.rejected, "malformed")
            if outcome.isFull, let failure = outcome.failure { throw failure }
            return OTLPAnswer.taken(
                isJSON: isJSON, rejected: decoded.rejected + outcome.refused, field: "rejectedDataPoints",
                reasons: decoded.reasons.map(intake.parts.told) + outcome.reasons)
        } catch let failure as APIFailure {
            intake.parts.metrics.count("varde_http_requests_refused_total", ["reason": failure.type])
            return OTLPAnswer.failed(failure, isJSON: isJSON, telling: intake.parts.told)
        }
    }
}

/// Answers of the OTLP routes.
enum OTLPAnswer {
    /// Redaction of what is redacted before it is written otherwise.
    static func redaction(_ redactor: Redactor?) -> OTLPRedaction {
        guard let redactor else { return .none }
        return OTLPRedaction(
            text: { name, text in
                name.isEmpty ? redactor.redact(text: text) : redactor.redact(labels: [name: text]).all.first?.value ?? ""
            }, part: { redactor.redact($1, within: $0) }, name: { redactor.redact(name: $0) })
    }

    /// - Throws: 415 where the content type (lower case) is neither of OTLP's.
    static func isJSON(_ contentType: String) throws -> Bool {
        switch contentType.prefix(while: { $0 != ";" && $0 != " " }) {
        case "application/x-protobuf": return false
        case "application/json": return true
        default:
            throw APIFailure(
                status: 415, type: "unsupported_type",
                message: "content type “\(contentType)” is not taken; send application/x-protobuf or application/json")
        }
    }

    /// `Export…ServiceResponse`; `field` is the JSON name of what counts the rejected.
    static func taken(isJSON: Bool, rejected: Int, field: String, reasons: [String]) -> APIResponse {
        let message = reasons.joined(separator: "; ")
        let isWhole = rejected == 0 && reasons.isEmpty
        if isJSON {
            var json = JSONWriter()
            json.raw("{")
            if !isWhole {
                json.raw("\"partialSuccess\":{\"\(field)\":\"\(rejected)\",\"errorMessage\":")
                json.string(message)
                json.raw("}")
            }
            json.raw("}")
            return APIResponse(body: json.bytes)
        }
        var response: [UInt8] = []
        if !isWhole {
            var partial: [UInt8] = []
            if rejected > 0 { ProtobufWriter.integer(1, Int64(rejected), to: &partial) }
            ProtobufWriter.string(2, message, to: &partial)
            ProtobufWriter.bytes(1, partial, to: &response)
        }
        return APIResponse(contentType: "application/x-protobuf", body: response)
    }

    /// A `google.rpc.Status` with the failure's words and HTTP status.
    static func failed(_ failure: APIFailure, isJSON: Bool, telling: (String) -> String) -> APIResponse {
        let message = telling(failure.message)
        // Codes of gRPC: invalid argument, resource exhausted, unavailable, unknown.
        let code = [400: 3, 413: 8, 429: 8, 503: 14][failure.status] ?? 2
        var response = APIResponse(status: failure.status)
        if isJSON {
            var json = JSONWriter()
            json.raw("{\"code\":\(code),\"message\":")
            json.string(message)
            json.raw("}")
            response.body = json.bytes
        } else {
            response.contentType = "application/x-protobuf"
            ProtobufWriter.integer(1, Int64(code), to: &response.body)
            ProtobufWriter.string(2, message, to: &response.body)
        }
        if let seconds = failure.retryAfter { response.headers.append(("Retry-After", String(seconds))) }
        return response
    }
}
