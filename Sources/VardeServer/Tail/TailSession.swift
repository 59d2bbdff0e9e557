import VardeModel
import VardeQuery
import VardeWire

/// What one client follows: a log query, first over what is stored, then over every batch that comes in.
struct TailSession: Sendable {
    private let parts: ServerParts
    private let query: LogQLLogQuery
    private let start: Int64
    private let limit: Int
    private let categorized: Bool

    /// - Throws: what is wrong with the request, as `APIFailure`.
    init(_ request: APIRequest, parts: ServerParts) throws {
        self.parts = parts
        do throws(QueryError) {
            guard case .log(let query) = try LogQLEngine.parse(request.value("query") ?? "") else {
                throw QueryError.badData("only log queries can be followed, this one yields numbers")
            }
            self.query = query
        } catch {
            throw LokiRoutes.failure(error)
        }
        start = try request.lokiTime("start") ?? (parts.clock() * 1_000_000 - 3_600_000_000_000)
        limit = try request.lokiLimit(most: parts.limits.logEntriesPerQuery)
        categorized = request.wantsCategories
        _ = try parts.stores()
    }

    /// Sends frames' texts until the client goes, the server stops, or sending fails.
    func run(_ send: (String) async throws -> Void) async throws {
        // Subscribed before the stored lines are read: nothing falls between. A line of that moment may be seen twice, so that none is lost.
        let subscription = try parts.tails.subscribe()
        defer { parts.tails.end(subscription) }
        var options = LogQLOptions()
        options.threads = 1
        let redaction = parts.redaction
        options.resolvePII = { redaction.tokens(for: $0) }
        let (query, limit, categorized) = (query, limit, categorized)
        let engine = LogQLEngine(source: try parts.stores().logs, options: options)
        let budget = QueryBudget(maxSamples: parts.limits.querySamples, deadline: .now + .milliseconds(parts.limits.queryTimeout))
        let (from, now) = (start, parts.clock() * 1_000_000)
        let stored = try await parts.pool.run(budget) {
            try engine.lines(query, start: from, end: now + 1, limit: limit, direction: .backward, categorize: categorized, budget: budget)
        }
        if !stored.streams.isEmpty { try await send(Self.frame(stored, missed: 0, categorized)) }
        for await writes in subscription.batches {
            var batch = engine
            batch.source = BatchSource(writes: writes)
            let count = writes.reduce(0) { $0 + $1.entries.count }
            let result = try batch.lines(
                query, start: .min / 2, end: .max / 2, limit: max(1, count), direction: .forward, categorize: categorized)
            let missed = subscription.takeMissed()
            if result.streams.isEmpty, missed == 0 { continue }
            try await send(Self.frame(result, missed: missed, categorized))
        }
    }

    private static func frame(_ result: LogQLStreams, missed: Int, _ categorized: Bool) -> String {
        var json = JSONWriter()
        json.raw("{\"streams\":")
        LokiResultJSON.streams(result, categorized: categorized, to: &json)
        json.raw(",\"dropped_entries\":")
        // How many is known, which were they is not.
        json.raw(missed == 0 ? "null" : "[{\"labels\":{\"count\":\"\(missed)\"},\"timestamp\":\"0\"}]")
        if categorized { json.raw(",\"encodingFlags\":[\"categorize-labels\"]") }
        json.raw("}")
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
