import VardeKernels
import VardeModel
import VardeWire

/// Where log lines come in over HTTP: Loki's push, OTLP, plain lines and NDJSON.
struct LogRoutes: Sendable {
    let parts: ServerParts

    private var intake: LogIntake { LogIntake(parts: parts) }

    func add(to table: inout RouteTable) {
        for path in ["/loki/api/v1/push", "/api/prom/push"] { table.add(["POST"], path, role: .write, lokiPush) }
        for path in ["/v1/logs", "/otlp/v1/logs"] { table.add(["POST"], path, role: .write, otlp) }
        table.add(["POST"], "/api/v1/logs/lines", role: .write, lines)
    }

    // MARK: Loki

    private func lokiPush(_ request: APIRequest) async throws -> APIResponse {
        let decoded: LokiPush.Decoded
        do {
            if request.contentType.hasPrefix("application/json") {
                decoded = try LokiPush.decodeJSON(request.body.span)
            } else if request.contentType.isEmpty || request.contentType.hasPrefix("application/x-protobuf") {
                // The protobuf form is always in snappy, whether the header says so or not.
                let body = try WriteRoutes.unsnapped(request.body, limit: parts.limits.decompressedBytes)
                decoded = try LokiPush.decodeProtobuf(body.span)
            } else {
                throw APIFailure(
                    status: 415, type: "unsupported_type",
                    message: "Content-Type “\(request.contentType)” is not supported; send application/json or application/x-protobuf")
            }
        } catch let error as WireError {
            throw APIFailure.badData("\(error)")
        }
        repaired(decoded.repairedLines, "loki")
        try await intake.store(decoded.writes, protocol: "loki").check()
        return APIResponse(status: 204, contentType: "text/plain")
    }

    private func repaired(_ lines: Int, _ name: String) {
        if lines > 0 { parts.metrics.count("varde_repaired_lines_total", ["protocol": name], by: Double(lines)) }
    }

    // MARK: OTLP

    private func otlp(_ request: APIRequest) async throws -> APIResponse {
        let isJSON = try OTLPAnswer.isJSON(request.contentType)
        do {
            let decoded: LokiPush.Decoded
            do throws(WireError) {
                decoded = try OTLPLogs.decode(
                    request.body.span, isJSON: isJSON, now: intake.times(request.body.count / OTLPLogs.leastRecordBytes + 1),
                    redact: OTLPAnswer.redaction(parts.redactor))
            } catch {
                throw APIFailure.badData("OTLP logs: \(error)")
            }
            repaired(decoded.repairedLines, "otlp")
            let outcome = try await intake.store(decoded.writes, protocol: "otlp")
            // What waiting may mend is asked for again; what it cannot is told beside the success of the rest.
            if outcome.status == 429 { try outcome.check() }
            return OTLPAnswer.taken(
                isJSON: isJSON, rejected: outcome.refusedCount, field: "rejectedLogRecords",
                reasons: outcome.refused.prefix(10).map { parts.told($0.reason) })
        } catch let failure as APIFailure {
            parts.metrics.count("varde_http_requests_refused_total", ["reason": failure.type])
            return OTLPAnswer.failed(failure, isJSON: isJSON, telling: parts.told)
        }
    }

    // MARK: Lines

    /// Plain lines or NDJSON; labels from the query string or `X-Varde-Labels: a=b, c=d`.
    private func lines(_ request: APIRequest) async throws -> APIResponse {
        let isJSON = request.contentType.contains("json")
        guard
            isJSON || request.contentType.isEmpty || request.contentType.hasPrefix("text/")
                || request.contentType.hasPrefix("application/octet-stream")
        else {
            throw APIFailure(
                status: 415, type: "unsupported_type",
                message: "content type “\(request.contentType)” is not taken; send text/plain or application/x-ndjson")
        }
        let stream = Labels(try request.streamLabels())
        if isJSON { return try await documents(request, stream) }
        if stream.isEmpty { throw APIFailure.badData("the lines need at least one label: ?app=name or the header X-Varde-Labels") }
        var columns = LogColumns()
        var repaired = 0
        let body = request.body
        let ranges = Self.lineRanges(body)
        // Lines of one request follow each other by a nanosecond, so that their order is kept.
        var time = try request.lineTime() ?? intake.times(ranges.count)
        for range in ranges {
            let line = body.span.extracting(range)
            if UTF8Check.isValid(line) {
                columns.append(time, line: line)
            } else {
                repaired += 1
                columns.append(time, line: Array(Bytes.string(line).utf8).span)
            }
            time += 1
        }
        self.repaired(repaired, "lines")
        try await intake.store([LogStreamWrite(labels: stream, entries: columns)], protocol: "lines").check()
        return APIResponse(status: 204, contentType: "text/plain")
    }

    /// Lines that are not empty, without their ends.
    private static func lineRanges(_ body: [UInt8]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        while start < body.count {
            let end = body[start...].firstIndex(of: 10) ?? body.count
            let last = end > start && body[end - 1] == 13 ? end - 1 : end
            if last > start { ranges.append(start..<last) }
            start = end + 1
        }
        return ranges
    }

    /// NDJSON: each line an object whose time, message and label fields are taken out of it.
    private func documents(_ request: APIRequest, _ stream: Labels) async throws -> APIResponse {
        let names = request.fieldNames(parts.current().logs.fields)
        let body = request.body
        let ranges = Self.lineRanges(body)
        var builder = LogDocuments(names: names, stream: stream, now: try request.lineTime() ?? intake.times(ranges.count))
        for (number, range) in ranges.enumerated() {
            do throws(WireError) {
                try builder.add(body.span.extracting(range))
            } catch {
                throw APIFailure.badData("line \(number + 1): \(error)")
            }
        }
        repaired(builder.repairedLines, "lines")
        try await intake.store(builder.writes, protocol: "lines").check()
        return APIResponse(status: 204, contentType: "text/plain")
    }
}

extension APIRequest {
    /// Parameters that say where a document's fields are, and are no labels.
    private static let fieldParameters: Set<String> = ["_time_field", "_message_field", "_label_fields"]

    /// Nanoseconds of the first line without a time, as the sender has it in `X-Varde-Time`: what is sent again is then known by it.
    func lineTime() throws -> Int64? {
        guard let text = headers["x-varde-time"] else { return nil }
        guard let time = Int64(text), time > 0, time <= 1 << 62 else {
            throw APIFailure.badData("X-Varde-Time: nanoseconds since the epoch are wanted")
        }
        return time
    }

    /// Labels of the query string and of `X-Varde-Labels: a=b, c=d`.
    func streamLabels() throws -> [Label] {
        var labels = parameters.filter { !Self.fieldParameters.contains($0.name) }.map { Label($0.name, $0.value) }
        for pair in (headers["x-varde-labels"] ?? "").split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { $0.drop { $0 == " " } }
            guard parts.count == 2 else { throw APIFailure.badData("X-Varde-Labels: “\(pair)” is not name=value") }
            labels.append(Label(String(parts[0]), String(parts[1])))
        }
        for label in labels where !label.name.isClassicLabelName { throw APIFailure.badData("“\(label.name)” is not a label name") }
        return labels
    }

    /// Where documents have their fields: as the request says (`_time_field`, `_message_field`, `_label_fields` with commas between, or
    /// `X-Varde-Time-Field` and so on), else as configured.
    func fieldNames(_ configured: LogFieldNames) -> LogFieldNames {
        func list(_ parameter: String, _ header: String) -> [String]? {
            (value(parameter) ?? headers[header])?.split(separator: ",").map { String($0.trimmingPrefix(" ")) }
        }
        var names = configured
        if let own = list("_time_field", "x-varde-time-field") { names.time = own }
        if let own = list("_message_field", "x-varde-message-field") { names.message = own }
        if let own = list("_label_fields", "x-varde-label-fields") { names.labels = own }
        return names
    }
}
