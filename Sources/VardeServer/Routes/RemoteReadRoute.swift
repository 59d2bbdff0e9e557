import VardeCompression
import VardeMetrics
import VardeModel
import VardeQuery
import VardeWire

/// `read`: series and samples as protobuf, whole in snappy, or as a stream of chunks a series at a time.
struct RemoteReadRoute: Sendable {
    let parts: ServerParts

    /// Bytes of frames gathered before they are sent on.
    private static let pieceSize = 256 << 10

    func answer(_ request: APIRequest) async throws -> APIResponse {
        var body: [UInt8] = []
        do throws(DecompressionError) {
            try Snappy.decompress(request.body.span, limit: parts.limits.decompressedBytes, into: &body)
        } catch {
            throw ServerResponder.failure(of: error)
        }
        let read: RemoteReadRequest
        do throws(WireError) {
            read = try RemoteReadRequest(body.span)
        } catch {
            throw APIFailure.badData("remote read: \(error)")
        }
        guard let type = read.responseType else {
            throw APIFailure.badData(
                "server does not support any of the requested response types: \(read.acceptedTypes); supported: SAMPLES, STREAMED_XOR_CHUNKS"
            )
        }
        let external = parts.current().global.externalLabels
        let queries = read.queries.map { query in
            var query = query
            // Labels of this server are not stored: whoever selects by them means series without.
            for index in query.matchers.indices where query.matchers[index].operation == .equal {
                let matcher = query.matchers[index]
                if let value = external[matcher.name], value == matcher.value { query.matchers[index].value = "" }
            }
            return query
        }
        let budget = QueryBudget(
            maxSamples: parts.limits.querySamples, deadline: .now + .milliseconds(parts.limits.queryTimeout))
        switch type {
        case .samples: return try await samples(queries, external, budget)
        case .streamedChunks: return try await chunks(queries, external, budget)
        }
    }

    private static func select(_ query: RemoteReadRequest.Query, _ source: any SeriesSource) throws -> any SeriesSelection {
        do {
            return try source.select(SeriesRequest(matchers: query.matchers, from: query.from, through: query.through))
        } catch let error as Regex.SyntaxError {
            throw APIFailure.badData("remote read: the pattern \(error.pattern.quoted) cannot be read: \(error.reason)")
        }
    }

    private static func merged(_ labels: Labels, _ external: Labels) -> Labels {
        var labels = labels
        for label in external where labels[label.name] == nil { labels.set(label.name, to: label.value) }
        return labels
    }

    private func samples(_ queries: [RemoteReadRequest.Query], _ external: Labels, _ budget: QueryBudget) async throws -> APIResponse {
        let source = try parts.stores().metrics
        let packed = try await PrometheusRoutes(parts: parts).blocking(budget) {
            var results: [[UInt8]] = []
            var columns = SampleColumns()
            for query in queries {
                let selection = try Self.select(query, source)
                var reader = selection.reader(from: query.from, through: query.through)
                var result: [UInt8] = []
                for index in Self.order(of: selection) {
                    try budget.check()
                    columns.removeAll()
                    try reader.read(at: index, into: &columns)
                    if columns.count == 0 { continue }
                    try budget.hold(columns.count)
                    RemoteReadResponse.appendSeries(Self.merged(selection.labels(at: index), external), columns, to: &result)
                }
                results.append(result)
            }
            var packed: [UInt8] = []
            Snappy.compress(RemoteReadResponse.response(ofQueries: results).span, into: &packed)
            return packed
        }
        return APIResponse(contentType: "application/x-protobuf", headers: [("Content-Encoding", "snappy")], body: packed)
    }

    /// Series by their labels, as the protocol wants them.
    private static func order(of selection: any SeriesSelection) -> [Int] {
        let labels = (0..<selection.count).map { selection.labels(at: $0) }
        return labels.indices.sorted { labels[$0] < labels[$1] }
    }

    private func chunks(_ queries: [RemoteReadRequest.Query], _ external: Labels, _ budget: QueryBudget) async throws -> APIResponse {
        let source = try parts.stores().metrics
        let routes = PrometheusRoutes(parts: parts)
        // Everything that can be wrong with the request is found before the first byte goes out.
        let selections = try await routes.blocking(budget) {
            try queries.map { query in
                let selection = try Self.select(query, source)
                return (query: query, selection: selection, order: Self.order(of: selection))
            }
        }
        return APIResponse(contentType: "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse") { packing, write in
            for (number, one) in selections.enumerated() {
                var next = 0
                while next < one.order.count {
                    let start = next
                    let (bytes, end) = try await routes.blocking(budget) {
                        var out: [UInt8] = []
                        var reader = one.selection.reader(from: one.query.from, through: one.query.through)
                        var columns = SampleColumns()
                        var at = start
                        while at < one.order.count, out.count < Self.pieceSize {
                            try budget.check()
                            columns.removeAll()
                            let index = one.order[at]
                            try reader.read(at: index, into: &columns)
                            if columns.count > 0 {
                                RemoteReadResponse.appendFrames(
                                    Self.merged(one.selection.labels(at: index), external), columns, query: number, to: &out)
                            }
                            at += 1
                        }
                        return (out, at)
                    }
                    if !bytes.isEmpty { try await write(AnswerPiece(bytes, packing: packing)) }
                    next = end
                }
            }
        }
    }
}
