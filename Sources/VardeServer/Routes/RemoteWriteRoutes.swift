import VardeModel
import VardeWire

/// Remote write 1.0 and 2.0, answered as their specifications say: 204 once synced, 400 for what retrying cannot mend, 5xx for what it
/// can, 415 for what the sender should send otherwise. What can be stored of a request is stored whatever becomes of the rest.
struct RemoteWriteRoutes: Sendable {
    let intake: MetricIntake

    func add(to table: inout RouteTable) {
        table.add(["POST"], "/api/v1/write", role: .write, encodings: ["snappy"], write)
    }

    private static let symbols = "io.prometheus.write.v2.request"
    private static let first = "prometheus.writerequest"

    private func write(_ request: APIRequest) async throws -> APIResponse {
        let isSymbols = try Self.isSymbols(request.contentType)
        if !isSymbols { return try await store(request, isSymbols: false).response(counted: false) }
        // Every answer of 2.0 says how much was written, those that say that nothing was too.
        do {
            return try await store(request, isSymbols: true).response(counted: true)
        } catch let failure as APIFailure {
            intake.parts.metrics.count("varde_http_requests_refused_total", ["reason": failure.type])
            var response = APIResponse.text(failure.status, intake.parts.told(failure.message))
            if let seconds = failure.retryAfter { response.headers.append(("Retry-After", String(seconds))) }
            response.headers += Written().headers
            return response
        }
    }

    /// Which of the two messages a content type (lower case) announces; without `proto` it is the first.
    private static func isSymbols(_ contentType: String) throws -> Bool {
        let parts = contentType.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\"" } }
        guard let type = parts.first else { return false }
        guard type == "application/x-protobuf" else {
            throw unsupported("content type “\(contentType)” is not taken; send application/x-protobuf")
        }
        guard let proto = parts.first(where: { $0.hasPrefix("proto=") })?.dropFirst(6) else { return false }
        if proto == symbols { return true }
        if proto == first { return false }
        throw unsupported("“proto=\(proto)” is not known; send proto=io.prometheus.write.v2.Request or proto=prometheus.WriteRequest")
    }

    private static func unsupported(_ message: String) -> APIFailure {
        APIFailure(status: 415, type: "unsupported_type", message: message)
    }

    /// What was written, and what is wrong with the rest.
    private struct Written {
        var outcome = MetricIntake.Outcome()

        var headers: [(name: String, value: String)] {
            [
                ("X-Prometheus-Remote-Write-Samples-Written", String(outcome.samples)),
                ("X-Prometheus-Remote-Write-Histograms-Written", String(outcome.histograms)),
                ("X-Prometheus-Remote-Write-Exemplars-Written", String(outcome.exemplars)),
            ]
        }

        func response(counted: Bool) -> APIResponse {
            var response = APIResponse(status: 204, contentType: "text/plain")
            if let failure = outcome.failure {
                response = .text(failure.status, failure.message)
                if let seconds = failure.retryAfter { response.headers.append(("Retry-After", String(seconds))) }
            }
            if counted { response.headers += headers }
            return response
        }
    }

    private func store(_ request: APIRequest, isSymbols: Bool) async throws -> Written {
        try intake.parts.checkWritable()
        let body = try WriteRoutes.unsnapped(request.body, limit: intake.parts.limits.decompressedBytes)
        var batch = RawSampleBatch()
        let decoded: RemoteWrite.Decoded
        do throws(WireError) {
            decoded = try isSymbols ? RemoteWriteSymbols.decode(body.span, into: &batch) : RemoteWrite.decode(body, into: &batch)
        } catch {
            throw APIFailure.badData("remote write: \(error)")
        }
        var written = Written()
        written.outcome = try await intake.store(batch, protocol: isSymbols ? "remote_write_2" : "remote_write")
        intake.note(decoded.metadata)
        let refused = decoded.refusedSamples + decoded.refusedHistograms
        intake.refuse(refused, "malformed")
        written.outcome.refused += refused
        written.outcome.reasons += decoded.reasons.map { intake.parts.told($0.description) }
        if let failure = written.outcome.failure {
            intake.parts.metrics.count("varde_http_requests_refused_total", ["reason": failure.type])
        }
        return written
    }
}
