import VardeCollect
import VardeCompression
import VardeKernels
import VardeLogs
import VardeMetrics
import VardeModel
import VardePrivacy
import VardeWire

/// Where data comes in: remote write, Loki push, plain lines.
struct WriteRoutes: Sendable {
    let parts: ServerParts

    func add(to table: inout RouteTable) {
        table.add(["POST"], "/api/v1/write", role: .write, remoteWrite)
        table.add(["POST"], "/loki/api/v1/push", role: .write, lokiPush)
        table.add(["POST"], "/api/v1/logs/lines", role: .write, lines)
    }

    /// Remote write 1.0, answered as its specification says: 204 once synced, 400 for what retrying cannot mend, 5xx for what it can.
    private func remoteWrite(_ request: APIRequest) async throws -> APIResponse {
        let type = request.contentType.replacing(" ", with: "")
        if type.contains("proto=io.prometheus.write.v2") {
            throw APIFailure(
                status: 415, type: "unsupported_type",
                message: "remote write 2.0 is not taken; send application/x-protobuf;proto=prometheus.WriteRequest")
        }
        guard type.isEmpty || type.hasPrefix("application/x-protobuf") else {
            throw APIFailure(
                status: 415, type: "unsupported_type",
                message: "content type “\(request.contentType)” is not taken; send application/x-protobuf")
        }
        if let proto = type.split(separator: ";").first(where: { $0.hasPrefix("proto=") }), proto != "proto=prometheus.writerequest" {
            throw APIFailure(status: 415, type: "unsupported_type", message: "\(proto) is not known; send proto=prometheus.WriteRequest")
        }
        if let encoding = request.headers["content-encoding"], encoding.lowercased() != "snappy" {
            throw APIFailure(status: 415, type: "unsupported_encoding", message: "content encoding “\(encoding)” is not taken; send snappy")
        }
        let store = try parts.stores().metrics
        try parts.checkWritable()
        let body = try unsnapped(request.body)
        var batch = RawSampleBatch()
        do throws(WireError) {
            for one in try RemoteWrite.decode(body, into: &batch) {
                parts.sentMetadata.note(one.family, FamilyMetadata(type: one.type, help: one.help, unit: one.unit))
            }
        } catch {
            throw APIFailure.badData("remote write: \(error)")
        }
        let redactor = parts.redactor
        let outcome: (report: AppendReport, refused: Int, errors: [IngestError])
        do throws(IngestError) {
            outcome = try await store.ingest(batch) { (bytes) throws(IngestError) in
                let labels: Labels
                do throws(WireError) { labels = try RemoteWrite.labels(bytes) } catch { throw .invalidLabels("\(error)") }
                return redactor?.redact(labels: labels) ?? labels
            }
        } catch {
            throw ServerParts.failure(error)
        }
        parts.metrics.count("varde_ingested_samples_total", ["protocol": "remote_write"], by: Double(outcome.report.accepted))
        if outcome.refused > 0 || outcome.report.outOfBounds > 0 {
            parts.metrics.count("varde_refused_samples_total", ["reason": "labels_or_limit"], by: Double(outcome.refused))
            parts.metrics.count("varde_refused_samples_total", ["reason": "out_of_bounds"], by: Double(outcome.report.outOfBounds))
            var words = outcome.errors.map { ServerParts.failure($0).message }
            if outcome.report.outOfBounds > 0 {
                words.append("\(outcome.report.outOfBounds) samples are older than retention or too far in the future")
            }
            throw APIFailure(
                status: 400, type: "bad_data",
                message:
                    "\(outcome.refused + outcome.report.outOfBounds) of \(batch.sampleCount) samples were refused, the others are stored: "
                    + words.joined(separator: "; "))
        }
        return APIResponse(status: 204, contentType: "text/plain")
    }

    private func unsnapped(_ body: [UInt8]) throws -> [UInt8] {
        var out: [UInt8] = []
        do throws(DecompressionError) {
            try Snappy.decompress(body.span, limit: parts.limits.decompressedBytes, into: &out)
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
