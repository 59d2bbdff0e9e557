import VardeKernels
import VardeModel
import VardeQuery
import VardeWire

/// What Loki's API tells of logs beside queries: labels, streams, volumes, fields, patterns.
extension LokiRoutes {
    /// Volumes and fields answered at most where the request says no limit.
    private static let defaultVolumes = 100
    private static let defaultFields = 1_000
    /// Lines fields are looked for in where the request says no `line_limit`.
    private static let defaultFieldLines = 100
    private static let maxVolumes = 5_000

    func addLookups(to table: inout RouteTable) {
        for (path, handler) in [
            ("/loki/api/v1/labels", labels), ("/loki/api/v1/label", labels), ("/loki/api/v1/series", series),
            ("/loki/api/v1/label/*/values", labelValues), ("/loki/api/v1/index/stats", indexStats),
            ("/loki/api/v1/index/volume", volume), ("/loki/api/v1/index/volume_range", volumeRange),
            ("/loki/api/v1/detected_labels", detectedLabels), ("/loki/api/v1/detected_fields", detectedFields),
            ("/loki/api/v1/detected_field/*/values", detectedFieldValues), ("/loki/api/v1/patterns", patterns),
        ] as [(String, RouteTable.Handler)] { table.add(["GET", "POST"], path, role: .read, handler) }
    }

    /// Look-ups run where they may block.
    private func look<Value: Sendable>(_ body: @escaping @Sendable (LogLookups, QueryBudget) throws -> Value) async throws -> Value {
        try await run { engine, budget in try body(LogLookups(source: engine.source, options: engine.options), budget) }
    }

    /// Matchers of a selector; none where the request gives none or `{}`.
    private func matchers(_ text: String?) throws -> [LabelMatcher] {
        guard let text, !text.allSatisfy({ $0 == " " }) else { return [] }
        do throws(QueryError) { return try LogQLEngine.matchers(text) } catch { throw Self.failure(error) }
    }

    /// The range, which must not end before it starts.
    private func range(_ request: APIRequest) throws -> (start: Int64, end: Int64) {
        let range = try request.lokiRange(now: now)
        if range.end < range.start { throw APIFailure.badData("end timestamp must not be before or equal to start time") }
        return range
    }

    private static func strings(_ list: [String]) -> APIResponse {
        // As Loki does, an empty list is left out.
        list.isEmpty ? .json("{\"status\":\"success\"}") : APIEnvelope.success { $0.strings(list) }
    }

    // MARK: Labels and streams

    private func labels(_ request: APIRequest) async throws -> APIResponse {
        let (matchers, range) = (try matchers(request.value("query")), try range(request))
        return Self.strings(try await look { lookups, _ in try lookups.labelNames(matchers, start: range.start, end: range.end) })
    }

    private func labelValues(_ request: APIRequest) async throws -> APIResponse {
        let (matchers, range) = (try matchers(request.value("query")), try range(request))
        let name = request.captures[0]
        return Self.strings(
            try await look { lookups, _ in try lookups.labelValues(of: name, matchers, start: range.start, end: range.end) })
    }

    private func series(_ request: APIRequest) async throws -> APIResponse {
        let selectors = try (request.values("match[]") + request.values("match")).map { try matchers($0) }
        if selectors.isEmpty { throw APIFailure.badData("0 matcher groups supplied") }
        let range = try range(request)
        let found = try await look { lookups, _ in try lookups.series(selectors, start: range.start, end: range.end) }
        return APIEnvelope.success { json in json.list(found) { ResultJSON.labels($1, to: &$0) } }
    }

    private func detectedLabels(_ request: APIRequest) async throws -> APIResponse {
        let (matchers, range) = (try matchers(request.value("query")), try range(request))
        let found = try await look { lookups, _ in try lookups.detectedLabels(matchers, start: range.start, end: range.end) }
        var json = JSONWriter()
        json.raw("{\"detectedLabels\":")
        json.list(found) { json, one in
            json.raw("{\"label\":")
            json.string(one.label)
            json.raw(",\"cardinality\":\(one.cardinality)}")
        }
        json.raw("}")
        return APIResponse(body: json.bytes)
    }

    // MARK: Volumes

    private func indexStats(_ request: APIRequest) async throws -> APIResponse {
        let (matchers, range) = (try matchers(request.value("query")), try range(request))
        let stats = try await look { lookups, budget in
            try lookups.indexStats(matchers, start: range.start, end: range.end, budget: budget)
        }
        return .json("{\"streams\":\(stats.streams),\"chunks\":\(stats.chunks),\"entries\":\(stats.entries),\"bytes\":\(stats.bytes)}")
    }

    private func volumes(_ request: APIRequest, step: Int64?) async throws -> [LogVolume] {
        let (matchers, range) = (try matchers(request.value("query")), try range(request))
        let limit = try request.count("limit", standard: Self.defaultVolumes, most: Self.maxVolumes)
        let targets = (request.value("targetLabels") ?? "").split(separator: ",").map { String($0.trimmingPrefix(" ")) }
        let word = request.value("aggregateBy") ?? ""
        guard let grouping = word.isEmpty ? .series : LogVolumeGrouping(rawValue: word) else {
            throw APIFailure.badData("invalid aggregation option")
        }
        return try await look { lookups, budget in
            try lookups.volume(
                matchers, targets: targets, by: grouping, start: range.start, end: range.end, step: step, limit: limit, budget: budget)
        }
    }

    private func volume(_ request: APIRequest) async throws -> APIResponse {
        let found = try await volumes(request, step: nil)
        return APIEnvelope.success { json in
            json.raw("{\"resultType\":\"vector\",\"result\":")
            json.list(found) { json, volume in
                json.raw("{\"metric\":")
                ResultJSON.labels(volume.labels, to: &json)
                json.raw(",\"value\":")
                Self.point(volume.points[0], to: &json)
                json.raw("}")
            }
            json.raw("}")
        }
    }

    private func volumeRange(_ request: APIRequest) async throws -> APIResponse {
        let range = try range(request)
        let step = try request.lokiDuration("step") ?? Self.step(range)
        if step <= 0 { throw APIFailure.badData("zero or negative query resolution step widths are not accepted. Try a positive integer") }
        let found = try await volumes(request, step: step)
        return APIEnvelope.success { json in
            json.raw("{\"resultType\":\"matrix\",\"result\":")
            json.list(found) { json, volume in
                json.raw("{\"metric\":")
                ResultJSON.labels(volume.labels, to: &json)
                json.raw(",\"values\":")
                json.list(volume.points) { Self.point($1, to: &$0) }
                json.raw("}")
            }
            json.raw("}")
        }
    }

    private static func point(_ point: (time: Int64, bytes: Int), to json: inout JSONWriter) {
        json.raw("[")
        json.seconds(milliseconds: point.time)
        json.raw(",\"\(point.bytes)\"]")
    }

    /// The step of a range where the request gives none: about 250 of them, whole seconds.
    static func step(_ range: (start: Int64, end: Int64)) -> Int64 {
        max(1, (range.end - range.start) / 250 / 1_000_000_000) * 1_000_000_000
    }

    // MARK: Fields and patterns

    private func detectedFields(_ request: APIRequest) async throws -> APIResponse {
        let (query, range) = (try logQuery(request), try range(request))
        let (lineLimit, limit) = try fieldLimits(request)
        let found = try await look { lookups, budget in
            try lookups.detectedFields(query, start: range.start, end: range.end, lineLimit: lineLimit, limit: limit, budget: budget)
        }
        var json = JSONWriter()
        json.raw("{\"fields\":")
        json.list(found) { json, field in
            json.raw("{\"label\":")
            json.string(field.label)
            json.raw(",\"type\":\"\(field.kind.rawValue)\",\"cardinality\":\(field.cardinality),\"parsers\":")
            if field.parsers.isEmpty { json.raw("null") } else { json.strings(field.parsers) }
            if !field.jsonPath.isEmpty {
                json.raw(",\"jsonPath\":")
                json.strings(field.jsonPath)
            }
            json.raw("}")
        }
        json.raw(",\"limit\":\(limit)}")
        return APIResponse(body: json.bytes)
    }

    private func detectedFieldValues(_ request: APIRequest) async throws -> APIResponse {
        let (query, range) = (try logQuery(request), try range(request))
        let (lineLimit, limit) = try fieldLimits(request)
        let name = request.captures[0]
        let values = try await look { lookups, budget in
            try lookups.detectedFieldValues(
                of: name, query, start: range.start, end: range.end, lineLimit: lineLimit, limit: limit, budget: budget)
        }
        var json = JSONWriter()
        json.raw("{")
        if !values.isEmpty {
            json.raw("\"values\":")
            json.strings(values)
            json.raw(",")
        }
        json.raw("\"limit\":\(limit)}")
        return APIResponse(body: json.bytes)
    }

    private func fieldLimits(_ request: APIRequest) throws -> (lines: Int, fields: Int) {
        let lines = try request.count("line_limit", standard: Self.defaultFieldLines, most: LogLookups.maxFieldLines)
        // An older name of the same limit comes first, as there.
        let older = try request.count("field_limit", standard: 0, most: parts.limits.logEntriesPerQuery)
        return (lines, older > 0 ? older : try request.count("limit", standard: Self.defaultFields, most: parts.limits.logEntriesPerQuery))
    }

    private func logQuery(_ request: APIRequest) throws -> LogQLLogQuery {
        guard case .log(let query) = try Self.parse(request) else {
            throw APIFailure.badData("only log queries have fields and patterns, this one yields numbers")
        }
        return query
    }

    private func patterns(_ request: APIRequest) async throws -> APIResponse {
        let (query, range) = (try logQuery(request), try range(request))
        let step = try request.lokiDuration("step") ?? Self.step(range)
        if step <= 0 { throw APIFailure.badData("zero or negative query resolution step widths are not accepted. Try a positive integer") }
        let found = try await look { lookups, budget in
            try lookups.patterns(query, start: range.start, end: range.end, step: step, budget: budget)
        }
        return APIEnvelope.success { json in
            json.list(found) { json, pattern in
                json.raw("{\"pattern\":")
                json.string(pattern.pattern)
                json.raw(",\"level\":")
                json.string(pattern.level)
                json.raw(",\"samples\":")
                json.list(pattern.samples) { json, sample in json.raw("[\(sample.time),\(sample.count)]") }
                json.raw("}")
            }
        }
    }
}

extension APIRequest {
    /// A count; where it is absent the standard, where it is above the most an error.
    fileprivate func count(_ name: String, standard: Int, most: Int) throws -> Int {
        guard let text = value(name), !text.isEmpty else { return standard }
        guard let number = Int(text) else { throw APIFailure.badData("strconv.Atoi: parsing \(text.quoted): invalid syntax") }
        if number <= 0 { throw APIFailure.badData("\(name) must be a positive value") }
        if number > most {
            throw APIFailure.badData("max entries limit per query exceeded, limit > max_entries_limit_per_query (\(number) > \(most))")
        }
        return number
    }
}
