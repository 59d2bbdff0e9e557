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
        let subscription = try parts.tails.subscribe(query.matchers)
        defer {
            parts.tails.end(subscription)
            note(subscription.takeMissed())
        }
        var options = LogQLOptions()
        options.threads = 1
        let redaction = parts.redaction
        options.resolvePII = { redaction.tokens(for: $0) }
        let (query, limit, categorized) = (query, limit, categorized)
        let engine = LogQLEngine(source: try parts.stores().logs, options: options)
        let budget = QueryBudget(maxSamples: parts.limits.querySamples, deadline: .now + .milliseconds(parts.limits.queryTimeout))
        // Lines may be a little ahead of the clock, and one that is stored before the subscription stands is seen here or nowhere.
        let (from, end) = (start, parts.clock() * 1_000_000 + 600_000_000_000)
        let stored = try await parts.pool.run(budget) {
            try engine.lines(query, start: from, end: end, limit: limit, direction: .backward, categorize: categorized, budget: budget)
        }
        if !stored.streams.isEmpty { try await send(Self.frame(stored, .init(), categorized)) }
        try await subscription.forEach { writes, missed in
            var batch = engine
            batch.source = BatchSource(writes: writes)
            let count = writes.reduce(0) { $0 + $1.entries.count }
            let result = try batch.lines(
                query, start: .min / 2, end: .max / 2, limit: max(1, count), direction: .forward, categorize: categorized)
            note(missed)
            if result.streams.isEmpty, missed.count == 0 { return }
            try await send(Self.frame(result, missed, categorized))
        }
    }

    private func note(_ missed: TailSubscription.Missed) {
        if missed.count > 0 { parts.metrics.count("varde_follow_missed_lines_total", by: Double(missed.count)) }
    }

    /// A frame as Loki's: missed lines by stream and time, the first thousand; `dropped_total`, which Loki has not, counts all.
    static func frame(_ result: LogQLStreams, _ missed: TailSubscription.Missed, _ categorized: Bool) -> String {
        var json = JSONWriter()
        json.raw("{\"streams\":")
        LokiResultJSON.streams(result, categorized: categorized, to: &json)
        if missed.count > 0 {
            json.raw(",\"dropped_entries\":[")
            for (index, line) in missed.named.enumerated() {
                json.raw(index == 0 ? "{\"labels\":" : ",{\"labels\":")
                ResultJSON.labels(line.labels, to: &json)
                json.raw(",\"timestamp\":\"\(line.time)\"}")
            }
            json.raw("],\"dropped_total\":\(missed.count)")
        } else {
            json.raw(",\"dropped_entries\":null")
        }
        if categorized { json.raw(",\"encodingFlags\":[\"categorize-labels\"]") }
        json.raw("}")
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
