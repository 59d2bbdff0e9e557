import VardeCompression
import VardeKernels
import VardeLogs
import VardeModel
import VardePrivacy
import VardeWire

/// Where data comes in: metrics by the routes named here, Loki push and plain lines here.
struct WriteRoutes: Sendable {
    let parts: ServerParts
    private var intake: MetricIntake { MetricIntake(parts: parts) }

    func add(to table: inout RouteTable) {
        RemoteWriteRoutes(intake: intake).add(to: &table)
        OTLPMetricRoutes(intake: intake).add(to: &table)
        InfluxRoutes(intake: intake).add(to: &table)
        ImportRoutes(intake: intake).add(to: &table)
        PushgatewayRoutes(parts: parts).add(to: &table)
        table.add(["POST"], "/loki/api/v1/push", role: .write, lokiPush)
        table.add(["POST"], "/api/v1/logs/lines", role: .write, lines)
    }

    private func unsnapped(_ body: [UInt8]) throws -> [UInt8] { try Self.unsnapped(body, limit: parts.limits.decompressedBytes) }

    /// What snappy's block format holds.
    static func unsnapped(_ body: [UInt8], limit: Int) throws -> [UInt8] {
        var out: [UInt8] = []
        do throws(DecompressionError) {
            try Snappy.decompress(body.span, limit: limit, into: &out)
        } catch {
            throw ServerResponder.failure(of: error)
        }
        return out
    }

    private func lokiPush(_ request: APIRequest) async throws -> APIResponse {
        let decoded: LokiPush.Decoded
        do {
            if request.contentType.hasPrefix("application/json") {
                decoded = try LokiPush.decodeJSON(request.body.span)
            } else if request.contentType.hasPrefix("application/x-protobuf") {
                // The protobuf form is always in snappy, whether the header says so or not.
                let body = try unsnapped(request.body)
                decoded = try LokiPush.decodeProtobuf(body.span)
            } else {
                throw APIFailure(
                    status: 415, type: "unsupported_type",
                    message: "Content-Type “\(request.contentType)” is not supported; send application/json or application/x-protobuf")
            }
        } catch let error as WireError {
            throw APIFailure.badData("\(error)")
        }
        parts.metrics.count("varde_repaired_lines_total", ["protocol": "loki"], by: Double(decoded.repairedLines))
        try await store(decoded.writes, protocol: "loki")
        return APIResponse(status: 204, contentType: "text/plain")
    }

    /// Redacts, then stores: nothing raw goes further than this function.
    private func store(_ writes: [LogStreamWrite], protocol name: String) async throws {
        let logs = try parts.stores().logs
        try parts.checkWritable()
        var total = 0
        for write in writes {
            if write.labels.isEmpty { throw APIFailure.badData("error at least one label pair is required per stream") }
            if write.labels.count > parts.current().logs.maxLabelsPerStream {
                throw APIFailure.badData(
                    "a stream has \(write.labels.count) labels, more than logs.max_label_names_per_series (\(parts.current().logs.maxLabelsPerStream))"
                )
            }
            total += write.entries.count
        }
        let bounded = try bound(writes)
        let redacted = parts.redactor?.redact(bounded) ?? bounded
        let report: LogAppendReport
        do throws(IngestError) {
            report = try await logs.append(redacted)
        } catch {
            throw ServerParts.failure(error)
        }
        parts.tails.publish(redacted)
        parts.metrics.count("varde_ingested_lines_total", ["protocol": name], by: Double(report.accepted))
        if !report.refused.isEmpty {
            let count = report.refused.reduce(0) { $0 + $1.count }
            parts.metrics.count("varde_refused_lines_total", ["reason": "bounds_or_limit"], by: Double(count))
            throw APIFailure.badData(
                report.refused.prefix(10).map(\.reason).joined(separator: "\n") + "\ntotal ignored: \(count) out of \(total)")
        }
    }

    /// Lines that are too long are cut and marked, or refuse the request, as configured.
    private func bound(_ writes: [LogStreamWrite]) throws -> [LogStreamWrite] {
        let settings = parts.current().logs
        let isLong = writes.contains { write in
            (0..<write.entries.count).contains { write.entries.lineRange($0).count > settings.maxLineBytes }
        }
        guard isLong else { return writes }
        guard settings.truncateLongLines else {
            parts.metrics.count("varde_refused_lines_total", ["reason": "line_too_long"])
            throw APIFailure.badData(
                "max entry size (\(settings.maxLineBytes) bytes) exceeded: shorten the line, or set logs.max_line_size or logs.max_line_size_truncate"
            )
        }
        return writes.map { write in
            var entries = LogColumns()
            for index in 0..<write.entries.count {
                let range = write.entries.lineRange(index)
                let metadata = entries.metadataIndex(for: write.entries.metadata(index))
                if range.count <= settings.maxLineBytes {
                    entries.append(
                        write.entries.timestamps[index], line: write.entries.lineBytes.span.extracting(range), metadataIndex: metadata)
                } else {
                    parts.metrics.count("varde_truncated_lines_total")
                    var cut = range.lowerBound + settings.maxLineBytes
                    // Not inside a character.
                    while cut > range.lowerBound, write.entries.lineBytes[cut] & 0xC0 == 0x80 { cut -= 1 }
                    let line = Array(write.entries.lineBytes[range.lowerBound..<cut]) + Array("…<TRUNCATED>".utf8)
                    entries.append(write.entries.timestamps[index], line: line.span, metadataIndex: metadata)
                }
            }
            return LogStreamWrite(labels: write.labels, entries: entries)
        }
    }

    /// Plain lines or NDJSON; labels from the query string or `X-Varde-Labels: a=b, c=d`.
    private func lines(_ request: APIRequest) async throws -> APIResponse {
        var labels = request.parameters.map { Label($0.name, $0.value) }
        for pair in (request.headers["x-varde-labels"] ?? "").split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { $0.drop { $0 == " " } }
            guard parts.count == 2 else { throw APIFailure.badData("X-Varde-Labels: “\(pair)” is not name=value") }
            labels.append(Label(String(parts[0]), String(parts[1])))
        }
        for label in labels where !label.name.isClassicLabelName { throw APIFailure.badData("“\(label.name)” is not a label name") }
        let stream = Labels(labels)
        if stream.isEmpty { throw APIFailure.badData("the lines need at least one label: ?app=name or the header X-Varde-Labels") }
        let isJSON = request.contentType.contains("json")
        guard
            isJSON || request.contentType.isEmpty || request.contentType.hasPrefix("text/")
                || request.contentType.hasPrefix("application/octet-stream")
        else {
            throw APIFailure(
                status: 415, type: "unsupported_type",
                message: "content type “\(request.contentType)” is not taken; send text/plain or application/x-ndjson")
        }
        var columns = LogColumns()
        var repaired = 0
        // Lines of one request follow each other by a nanosecond, so that their order is kept.
        var time = parts.clock() * 1_000_000
        for slice in request.body.split(separator: 10, omittingEmptySubsequences: true) {
            var line = Array(slice)
            if line.last == 13 { line.removeLast() }
            if line.isEmpty { continue }
            if !UTF8Check.isValid(line.span) {
                repaired += 1
                line = Array(Bytes.string(line.span).utf8)
            }
            let own = isJSON ? Self.timestamp(in: line.span) : nil
            columns.append(own ?? time, line: line.span)
            time += 1
        }
        parts.metrics.count("varde_repaired_lines_total", ["protocol": "lines"], by: Double(repaired))
        try await store([LogStreamWrite(labels: stream, entries: columns)], protocol: "lines")
        return APIResponse(status: 204, contentType: "text/plain")
    }

    /// Nanoseconds of an object's `time`, `timestamp`, `ts` or `@timestamp`, nil where there is none that can be read.
    private static func timestamp(in line: Span<UInt8>) -> Int64? {
        var reader = JSONReader()
        var found: Int64?
        try? reader.object(line) { (reader, key) throws(WireError) in
            guard found == nil, ["time", "timestamp", "ts", "@timestamp"].contains(key) else {
                try reader.skip(line)
                return
            }
            if try reader.kind(line) == .number {
                guard let number = Double(try reader.number(line)), number > 0 else { return }
                // By its size: seconds, milliseconds, microseconds or nanoseconds.
                found = Int64(number < 1e11 ? number * 1e9 : number < 1e14 ? number * 1e6 : number < 1e17 ? number * 1e3 : number)
            } else if try reader.kind(line) == .string {
                found = RFC3339.nanoseconds(try reader.string(line))
            } else {
                try reader.skip(line)
            }
        }
        return found
    }
}
