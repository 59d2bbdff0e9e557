import Foundation
import VardeCollect
import VardeKernels
import VardeMetrics
import VardeModel
import VardeQuery
import VardeWire

/// Prometheus' query API under `/api/v1`.
struct PrometheusRoutes: Sendable {
    let parts: ServerParts

    func add(to table: inout RouteTable) {
        for (path, handler) in [
            ("/api/v1/query", query), ("/api/v1/query_range", queryRange), ("/api/v1/labels", labels), ("/api/v1/series", series),
            ("/api/v1/format_query", formatQuery), ("/api/v1/parse_query", parseQuery), ("/api/v1/query_exemplars", exemplars),
        ] as [(String, RouteTable.Handler)] { table.add(["GET", "POST"], path, role: .read, handler) }
        for (path, handler) in [
            ("/api/v1/label/*/values", labelValues), ("/api/v1/metadata", metadata), ("/api/v1/targets", targets),
            ("/api/v1/scrape_pools", scrapePools),
            ("/api/v1/rules", rules), ("/api/v1/alerts", alerts), ("/api/v1/alertmanagers", alertmanagers),
            ("/api/v1/status/buildinfo", buildInfo),
            ("/api/v1/status/config", config), ("/api/v1/status/flags", flags), ("/api/v1/status/tsdb", tsdb),
            ("/api/v1/status/runtimeinfo", runtimeInfo),
            ("/api/v1/status/walreplay", walReplay), ("/federate", federate),
        ] as [(String, RouteTable.Handler)] { table.add(["GET"], path, role: .read, handler) }
    }

    private func budget(_ request: APIRequest) throws -> QueryBudget {
        let timeout = min(try request.duration("timeout") ?? parts.limits.queryTimeout, parts.limits.queryTimeout)
        return QueryBudget(maxSamples: parts.limits.querySamples, deadline: .now + .milliseconds(timeout))
    }

    private func engine(_ request: APIRequest) throws -> PromQLEngine {
        var options = PromQLOptions()
        if let lookback = try request.duration("lookback_delta"), lookback > 0 { options.lookback = lookback }
        options.logql = parts.logqlHook
        options.delaysNameRemoval = false
        return PromQLEngine(source: try parts.stores().metrics, options: options)
    }

    /// Runs a query and words its failure as Prometheus does.
    private func evaluate(
        _ request: APIRequest, _ body: @escaping @Sendable (QueryBudget) throws -> PromQLResult
    ) async throws -> APIResponse {
        let budget = try budget(request)
        let result: PromQLResult
        do {
            result = try await parts.pool.run(budget) { try body(budget) }
        } catch let error as QueryError {
            throw QueryFailure.failure(error)
        }
        return APIEnvelope.success(warnings: result.warnings, infos: result.infos) { json in
            ResultJSON.write(result, to: &json)
            // Statistics go before the closing brace of data.
            if let stats = request.value("stats"), !stats.isEmpty {
                json.raw(
                    ",\"stats\":{\"timings\":{\"evalTotalTime\":0,\"resultSortTime\":0,\"queryPreparationTime\":0,\"innerEvalTime\":0,\"execQueueTime\":0,\"execTotalTime\":0},\"samples\":{\"totalQueryableSamples\":\(result.samplesRead),\"peakSamples\":\(result.peakSamples)}}"
                )
            }
            json.raw("}")
        }
    }

    private func query(_ request: APIRequest) async throws -> APIResponse {
        let time = try request.time("time") ?? parts.clock()
        let text = request.value("query") ?? ""
        let engine = try engine(request)
        let limit = try request.limit()
        let response = try await evaluate(request) { budget in try Self.limited(engine.instant(text, at: time, budget: budget), limit) }
        return response
    }

    private static func limited(_ result: PromQLResult, _ limit: Int) throws -> PromQLResult {
        guard limit > 0 else { return result }
        func cut(_ matrix: StepMatrix) -> StepMatrix? {
            guard matrix.seriesCount > limit else { return nil }
            var out = StepMatrix(grid: matrix.grid)
            for series in 0..<limit { out.append(series: series, of: matrix) }
            return out
        }
        var result = result
        switch result.value {
        case .vector(let matrix): if let short = cut(matrix) { result.value = .vector(short) } else { return result }
        case .matrix(let matrix): if let short = cut(matrix) { result.value = .matrix(short) } else { return result }
        case .series(let all): if all.count > limit { result.value = .series(Array(all.prefix(limit))) } else { return result }
        case .scalar, .string: return result
        }
        result.warnings.append("results truncated due to limit")
        return result
    }

    private func queryRange(_ request: APIRequest) async throws -> APIResponse {
        for name in ["start", "end"] where (request.value(name) ?? "").isEmpty {
            throw APIFailure.badData("invalid parameter \"\(name)\": cannot parse \"\" to a valid timestamp")
        }
        let start = try request.time("start") ?? 0
        let end = try request.time("end") ?? 0
        if end < start { throw APIFailure.badData("invalid parameter \"end\": end timestamp must not be before start time") }
        guard let step = try request.duration("step") else {
            throw APIFailure.badData("invalid parameter \"step\": cannot parse \"\" to a valid duration")
        }
        if step <= 0 {
            throw APIFailure.badData(
                "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer")
        }
        if (end - start) / step > 11_000 {
            throw APIFailure.badData(
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)")
        }
        let text = request.value("query") ?? ""
        let engine = try engine(request)
        let limit = try request.limit()
        return try await evaluate(request) { budget in
            try Self.limited(engine.range(text, start: start, end: end, step: step, budget: budget), limit)
        }
    }

    /// Range of a look-up; everything where none is given.
    private func lookup(_ request: APIRequest, _ matchers: [LabelMatcher]) throws -> SeriesRequest {
        let from = try request.time("start") ?? .min / 2
        let through = try request.time("end") ?? .max / 2
        if through < from { throw APIFailure.badData("invalid parameter \"end\": end timestamp must not be before start time") }
        return SeriesRequest(matchers: matchers, from: from, through: through)
    }

    private func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        do {
            return try await parts.pool.run(QueryBudget(), body)
        } catch let error as QueryError {
            throw QueryFailure.failure(error)
        } catch let error as APIFailure {
            throw error
        } catch {
            throw APIFailure(status: 422, type: "execution", message: "\(error)")
        }
    }

    private func names(
        _ request: APIRequest, _ one: @escaping @Sendable (any SeriesSource, SeriesRequest) throws -> [String]
    ) async throws -> APIResponse {
        let sets = try request.matcherSets()
        let limit = try request.limit()
        let requests = try (sets.isEmpty ? [[]] : sets).map { try lookup(request, $0) }
        let source = try parts.stores().metrics
        let all = try await blocking {
            var names: Set<String> = []
            for request in requests { names.formUnion(try one(source, request)) }
            return names.sorted { $0.utf8Precedes($1) }
        }
        let cut = limit > 0 && all.count > limit
        return APIEnvelope.success(warnings: cut ? ["results truncated due to limit"] : []) {
            $0.strings(cut ? Array(all.prefix(limit)) : all)
        }
    }

    private func labels(_ request: APIRequest) async throws -> APIResponse {
        try await names(request) { try $0.labelNames($1) }
    }

    private func labelValues(_ request: APIRequest) async throws -> APIResponse {
        let raw = request.captures[0]
        let name = raw.hasPrefix("U__") ? Self.unescapeName(raw) : raw
        if name.isEmpty || name.contains("\u{FFFD}") { throw APIFailure.badData("invalid label name: \(raw.quoted)") }
        return try await names(request) { try $0.labelValues(of: name, $1) }
    }

    /// A name in Prometheus' escaping for paths: `U__` in front, `__` for an underscore, `_hex_` for a character.
    private static func unescapeName(_ text: String) -> String {
        var out = ""
        var rest = text.dropFirst(3)[...]
        while let character = rest.first {
            rest = rest.dropFirst()
            if character != "_" {
                out.append(character)
            } else if rest.first == "_" {
                out.append("_")
                rest = rest.dropFirst()
            } else if let end = rest.firstIndex(of: "_"), let code = UInt32(rest[..<end], radix: 16), let scalar = UnicodeScalar(code) {
                out.unicodeScalars.append(scalar)
                rest = rest[rest.index(after: end)...]
            } else {
                return text
            }
        }
        return out
    }

    private func series(_ request: APIRequest) async throws -> APIResponse {
        let sets = try request.matcherSets()
        if sets.isEmpty { throw APIFailure.badData("no match[] parameter provided") }
        let limit = try request.limit()
        let requests = try sets.map { try lookup(request, $0) }
        let source = try parts.stores().metrics
        let all = try await blocking {
            var seen: Set<Labels> = []
            for request in requests {
                let selection = try source.select(request)
                for index in 0..<selection.count { seen.insert(selection.labels(at: index)) }
            }
            return seen.sorted()
        }
        let cut = limit > 0 && all.count > limit
        return APIEnvelope.success(warnings: cut ? ["results truncated due to limit"] : []) { json in
            json.list(cut ? Array(all.prefix(limit)) : all) { ResultJSON.labels($1, to: &$0) }
        }
    }

    private func formatQuery(_ request: APIRequest) throws -> APIResponse {
        do throws(QueryError) {
            let expression = try PromQLEngine.parse(request.value("query") ?? "")
            return APIEnvelope.success { $0.string(expression.pretty) }
        } catch { throw APIFailure.badData("invalid parameter \"query\": \(error.message)") }
    }

    private func parseQuery(_ request: APIRequest) throws -> APIResponse {
        do throws(QueryError) {
            let expression = try PromQLEngine.parse(request.value("query") ?? "")
            return APIEnvelope.success { expression.tree.write(to: &$0.bytes) }
        } catch { throw APIFailure.badData("invalid parameter \"query\": \(error.message)") }
    }

    private func exemplars(_ request: APIRequest) throws -> APIResponse {
        do throws(QueryError) { _ = try PromQLEngine.parse(request.value("query") ?? "") } catch { throw APIFailure.badData(error.message) }
        return APIEnvelope.success { $0.raw("[]") }
    }

    private func metadata(_ request: APIRequest) throws -> APIResponse {
        let metric = request.value("metric") ?? ""
        var limit = -1
        if let text = request.value("limit"), !text.isEmpty {
            guard let number = Int(text) else { throw APIFailure.badData("limit must be a number") }
            limit = number
        }
        var perMetric = -1
        if let text = request.value("limit_per_metric"), !text.isEmpty {
            guard let number = Int(text) else { throw APIFailure.badData("limit_per_metric must be a number") }
            perMetric = number
        }
        var all = parts.scrapes.metadata()
        for (name, more) in parts.sentMetadata.all { all[name, default: []].formUnion(more) }
        if !metric.isEmpty { all = all.filter { $0.key == metric } }
        var names = all.keys.sorted()
        if limit >= 0 { names = Array(names.prefix(limit)) }
        return APIEnvelope.success { json in
            json.raw("{")
            for (index, name) in names.enumerated() {
                if index > 0 { json.raw(",") }
                json.string(name)
                json.raw(":")
                var entries = (all[name] ?? []).sorted { $0.help < $1.help }
                if perMetric > 0 { entries = Array(entries.prefix(perMetric)) }
                json.list(entries) { json, entry in
                    json.raw("{\"type\":")
                    json.string(entry.type)
                    json.raw(",\"unit\":")
                    json.string(entry.unit)
                    json.raw(",\"help\":")
                    json.string(entry.help)
                    json.raw("}")
                }
            }
            json.raw("}")
        }
    }

    private func targets(_ request: APIRequest) -> APIResponse {
        let state = request.value("state") ?? ""
        let pool = request.value("scrapePool") ?? ""
        let (allActive, allDropped, counts) = parts.scrapes.targets()
        let active = allActive.filter { pool.isEmpty || $0.job == pool }
        let dropped = allDropped.filter { pool.isEmpty || $0.job == pool }
        return APIEnvelope.success { json in
            json.raw("{\"activeTargets\":")
            json.list(state == "dropped" ? [] : active) { json, target in
                json.raw("{\"discoveredLabels\":")
                ResultJSON.labels(target.discovered, to: &json)
                json.raw(",\"labels\":")
                ResultJSON.labels(target.labels, to: &json)
                json.raw(",\"scrapePool\":")
                json.string(target.job)
                json.raw(",\"scrapeUrl\":")
                json.string(target.url)
                json.raw(",\"globalUrl\":")
                json.string(target.url)
                json.raw(",\"lastError\":")
                json.string(target.lastError)
                json.raw(",\"lastScrape\":")
                json.string(RFC3339.text(milliseconds: target.lastScrape))
                json.raw(",\"lastScrapeDuration\":\(target.lastDuration),\"health\":")
                json.string(target.health)
                json.raw(",\"scrapeInterval\":")
                json.string(DurationText.format(milliseconds: target.interval))
                json.raw(",\"scrapeTimeout\":")
                json.string(DurationText.format(milliseconds: target.timeout))
                json.raw(",\"breaker\":")
                json.string(target.breaker)
                json.raw("}")
            }
            json.raw(",\"droppedTargets\":")
            json.list(state == "active" ? [] : dropped) { json, target in
                json.raw("{\"discoveredLabels\":")
                ResultJSON.labels(target.discovered, to: &json)
                json.raw(",\"scrapePool\":")
                json.string(target.job)
                json.raw("}")
            }
            json.raw(",\"droppedTargetCounts\":{")
            for (index, job) in Set(allActive.map(\.job)).union(counts.keys).sorted().enumerated() {
                if index > 0 { json.raw(",") }
                json.string(job)
                json.raw(":\(counts[job] ?? 0)")
            }
            json.raw("}}")
        }
    }

    private func scrapePools(_ request: APIRequest) -> APIResponse {
        let names = parts.current().scrapeConfigs.map(\.jobName).sorted()
        return APIEnvelope.success { json in
            json.raw("{\"scrapePools\":")
            json.strings(names)
            json.raw("}")
        }
    }

    private func rules(_ request: APIRequest) -> APIResponse { APIEnvelope.success { $0.raw("{\"groups\":[]}") } }
    private func alerts(_ request: APIRequest) -> APIResponse { APIEnvelope.success { $0.raw("{\"alerts\":[]}") } }
    private func alertmanagers(_ request: APIRequest) -> APIResponse {
        APIEnvelope.success { $0.raw("{\"activeAlertmanagers\":[],\"droppedAlertmanagers\":[]}") }
    }

    private func buildInfo(_ request: APIRequest) -> APIResponse {
        // Clients decide by the version what they may ask: it is that of the Prometheus whose API this is.
        APIEnvelope.success { json in
            json.raw("{\"version\":\"3.14.0\",\"revision\":")
            json.string("varde-\(BuildInfo.version)-\(BuildInfo.commit)")
            json.raw(",\"branch\":\"varde\",\"buildUser\":\"\",\"buildDate\":\"\",\"goVersion\":\"\"}")
        }
    }

    private func config(_ request: APIRequest) -> APIResponse {
        let text = SecretText.masked(parts.current().text)
        return APIEnvelope.success { json in
            json.raw("{\"yaml\":")
            json.string(text)
            json.raw("}")
        }
    }

    private func flags(_ request: APIRequest) -> APIResponse {
        let configuration = parts.current()
        return APIEnvelope.success { json in
            json.raw("{")
            for (index, (name, value)) in [
                ("config.file", configuration.file ?? ""), ("storage.tsdb.path", parts.dataDirectory),
                ("storage.tsdb.retention.time", DurationText.format(milliseconds: configuration.retention.time)),
                ("query.timeout", DurationText.format(milliseconds: configuration.limits.queryTimeout)), ("query.lookback-delta", "5m"),
                ("query.max-samples", String(configuration.limits.querySamples)),
                ("query.max-concurrency", String(configuration.limits.queryConcurrency)),
                ("web.enable-admin-api", String(configuration.server.enableAdminAPI)), ("web.enable-remote-write-receiver", "true"),
            ].enumerated() {
                if index > 0 { json.raw(",") }
                json.string(name)
                json.raw(":")
                json.string(value)
            }
            json.raw("}")
        }
    }

    private func tsdb(_ request: APIRequest) throws -> APIResponse {
        var limit = 10
        if let text = request.value("limit"), !text.isEmpty {
            guard let number = Int(text), (1...10_000).contains(number) else {
                throw APIFailure.badData("limit must be a positive number not exceeding 10000")
            }
            limit = number
        }
        let store = try parts.stores().metrics
        let statistics = store.statistics
        let top = store.top(limit)
        return APIEnvelope.success { json in
            json.raw(
                "{\"headStats\":{\"numSeries\":\(statistics.series),\"numLabelPairs\":\(statistics.labelPairs),\"chunkCount\":\(statistics.series),\"minTime\":\(statistics.headFirst),\"maxTime\":\(statistics.headLast)}"
            )
            for (name, counts) in [
                ("seriesCountByMetricName", top.byMetric), ("labelValueCountByLabelName", top.byLabel), ("memoryInBytesByLabelName", []),
                ("seriesCountByLabelValuePair", top.byPair),
            ] {
                json.raw(",\"\(name)\":")
                json.list(counts) { json, entry in
                    json.raw("{\"name\":")
                    json.string(entry.0)
                    json.raw(",\"value\":\(entry.1)}")
                }
            }
            json.raw("}")
        }
    }

    private func runtimeInfo(_ request: APIRequest) -> APIResponse {
        APIEnvelope.success { json in
            json.raw("{\"startTime\":")
            json.string(RFC3339.text(milliseconds: parts.startTime))
            json.raw(",\"CWD\":\"\",\"hostname\":\"\",\"serverTime\":")
            json.string(RFC3339.text(milliseconds: parts.clock()))
            json.raw(",\"reloadConfigSuccess\":\(parts.reloads.lastSucceeded),\"lastConfigTime\":")
            json.string(RFC3339.text(milliseconds: parts.reloads.lastTime))
            json.raw(
                ",\"corruptionCount\":0,\"goroutineCount\":0,\"GOMAXPROCS\":0,\"GOMEMLIMIT\":0,\"GOGC\":\"\",\"GODEBUG\":\"\",\"storageRetention\":"
            )
            json.string(DurationText.format(milliseconds: parts.current().retention.time))
            json.raw("}")
        }
    }

    private func walReplay(_ request: APIRequest) -> APIResponse { APIEnvelope.success { $0.raw("{\"min\":0,\"max\":0,\"current\":0}") } }

    /// The newest sample of each matching series within the lookback, as text.
    private func federate(_ request: APIRequest) async throws -> APIResponse {
        let sets = try request.matcherSets()
        if sets.isEmpty { throw APIFailure.badData("no match[] parameter provided") }
        let now = parts.clock()
        let external = parts.current().global.externalLabels
        let source = try parts.stores().metrics
        let body = try await blocking {
            var seen: [Labels: (Int64, Double)] = [:]
            for matchers in sets {
                let selection = try source.select(SeriesRequest(matchers: matchers, from: now - 300_000, through: now))
                var columns = SampleColumns()
                for index in 0..<selection.count {
                    columns.removeAll()
                    try selection.readSamples(at: index, from: now - 300_000, through: now, into: &columns)
                    guard let value = columns.values.last, let time = columns.timestamps.last, !value.isStaleMarker else { continue }
                    if !columns.histograms.isEmpty, columns.histograms[columns.count - 1] != nil { continue }
                    seen[selection.labels(at: index)] = (time, value)
                }
            }
            var out: [UInt8] = []
            var lastName = ""
            for (labels, (time, value)) in seen.sorted(by: { $0.key < $1.key }) {
                var labels = labels
                for label in external where labels[label.name] == nil { labels.set(label.name, to: label.value) }
                if labels.name != lastName {
                    out += "# TYPE \(labels.name.isClassicMetricName ? labels.name : labels.name.quoted) untyped\n".utf8
                    lastName = labels.name
                }
                out += "\(labels.description.replacing(", ", with: ",")) ".utf8
                SampleText.append(value, to: &out)
                out += " \(time)\n".utf8
            }
            return out
        }
        return APIResponse(contentType: "text/plain; version=0.0.4; charset=utf-8", body: body)
    }
}

/// Failures of the query engines as the API tells them.
enum QueryFailure {
    static func failure(_ error: QueryError) -> APIFailure {
        switch error.kind {
        case .badData: APIFailure.badData(error.message)
        case .timeout: APIFailure(status: 503, type: "timeout", message: error.message)
        case .canceled: APIFailure(status: 503, type: "canceled", message: error.message)
        case .execution: APIFailure(status: 422, type: "execution", message: error.message)
        default: APIFailure(status: 500, type: "internal", message: error.message)
        }
    }
}

/// Configuration text fit to be shown: values of keys that hold secrets are replaced.
enum SecretText {
    private static let keys = ["password", "credentials", "bearer_token", "secret", "hash", "client_secret", "key"]

    static func masked(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard let colon = line.firstIndex(of: ":") else { return String(line) }
            let name = line[..<colon].drop { $0 == " " || $0 == "-" || $0 == "{" }.trimmingCharacters(in: .whitespaces)
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            guard keys.contains(name), !value.isEmpty else { return String(line) }
            return "\(line[...colon]) <secret>"
        }.joined(separator: "\n")
    }
}
