import Foundation
import VardeCompression
import VardeKernels
import VardeMetrics
import VardeModel
import VardeQuery
import VardeWire

/// `status/…`, `features`, `notifications`.
extension PrometheusRoutes {
    func buildInfo(_ request: APIRequest) -> APIResponse {
        // Clients decide by the version what they may ask: it is that of the Prometheus whose API this is. No `features` here: Grafana
        // would take the server for Mimir.
        APIEnvelope.success { json in
            json.raw("{\"version\":\"3.14.0\",\"revision\":")
            json.string("varde-\(BuildInfo.version)-\(BuildInfo.commit)")
            json.raw(",\"branch\":\"varde\",\"buildUser\":\"\",\"buildDate\":\"\",\"goVersion\":\"\"}")
        }
    }

    func config(_ request: APIRequest) -> APIResponse {
        let text = SecretText.masked(parts.current().text) { parts.toldOfMachine($0) }
        return APIEnvelope.success { json in
            json.raw("{\"yaml\":")
            json.string(text)
            json.raw("}")
        }
    }

    func flags(_ request: APIRequest) -> APIResponse {
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

    func tsdb(_ request: APIRequest) async throws -> APIResponse {
        var limit = 10
        if let text = request.value("limit"), !text.isEmpty {
            guard let number = Int(text), number >= 1 else { throw APIFailure.badData("limit must be a positive number") }
            if number > 10_000 { throw APIFailure.badData("limit must not exceed 10000") }
            limit = number
        }
        let store = try parts.stores().metrics
        let most = limit
        let (statistics, top) = try await blocking { (store.statistics, store.top(most)) }
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

    func blocks(_ request: APIRequest) throws -> APIResponse {
        let blocks = try parts.stores().metrics.blockSummaries
        return APIEnvelope.success { json in
            json.raw("{\"blocks\":")
            json.list(blocks) { json, block in
                json.raw("{\"ulid\":\"\(block.ulid)\",\"minTime\":\(block.first),\"maxTime\":\(block.last + 1),\"version\":1")
                json.raw(",\"stats\":{\"numSamples\":\(block.samples),\"numSeries\":\(block.series),\"numChunks\":\(block.series)}")
                json.raw(",\"compaction\":{\"level\":\(block.level + 1),\"sources\":[\"\(block.ulid)\"]}}")
            }
            json.raw("}")
        }
    }

    func runtimeInfo(_ request: APIRequest) -> APIResponse {
        let host = (try? String(contentsOfFile: "/proc/sys/kernel/hostname", encoding: .utf8)) ?? ""
        return APIEnvelope.success { json in
            json.raw("{\"startTime\":")
            json.string(RFC3339.text(milliseconds: parts.startTime))
            json.raw(",\"CWD\":")
            json.string(FileManager.default.currentDirectoryPath)
            json.raw(",\"hostname\":")
            json.string(host.trimmingCharacters(in: .whitespacesAndNewlines))
            json.raw(",\"serverTime\":")
            json.string(RFC3339.text(milliseconds: parts.clock()))
            json.raw(",\"reloadConfigSuccess\":\(parts.reloads.lastSucceeded),\"lastConfigTime\":")
            json.string(RFC3339.text(milliseconds: parts.reloads.lastTime))
            // What Go's runtime would say, said of this one: threads and processors.
            json.raw(
                ",\"corruptionCount\":0,\"goroutineCount\":\(Int(ProcessStatistics.now()?.threads ?? 0)),\"GOMAXPROCS\":\(ProcessInfo.processInfo.activeProcessorCount),\"GOMEMLIMIT\":0,\"GOGC\":\"\",\"GODEBUG\":\"\",\"storageRetention\":"
            )
            json.string(DurationText.format(milliseconds: parts.current().retention.time))
            json.raw("}")
        }
    }

    func walReplay(_ request: APIRequest) -> APIResponse { APIEnvelope.success { $0.raw("{\"min\":0,\"max\":0,\"current\":0}") } }

    func selfMetrics(_ request: APIRequest) throws -> APIResponse {
        var filter: Regex?
        if let pattern = request.value("metric_name_pattern"), !pattern.isEmpty {
            do throws(Regex.SyntaxError) {
                filter = try Regex(pattern)
            } catch {
                throw APIFailure.badData("invalid metric_name_pattern: \(error.reason)")
            }
        }
        let page = parts.metrics.page()
        return APIEnvelope.success { json in
            let families = page.families.filter { filter?.matchesWhole($0.key) ?? true }.sorted { $0.key < $1.key }
            json.list(families) { SelfMetricsJSON.write($1.key, $1.value, to: &$0) }
        }
    }

    func features(_ request: APIRequest) -> APIResponse {
        let all = ServerFeatures.all(adminAPI: parts.current().server.enableAdminAPI)
        return APIEnvelope.success { json in
            json.raw("{")
            for (index, (category, features)) in all.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { json.raw(",") }
                json.string(category)
                json.raw(":{")
                for (index, (name, isOn)) in features.sorted(by: { $0.key < $1.key }).enumerated() {
                    if index > 0 { json.raw(",") }
                    json.string(name)
                    json.raw(":\(isOn)")
                }
                json.raw("}")
            }
            json.raw("}")
        }
    }

    func notifications(_ request: APIRequest) -> APIResponse {
        APIEnvelope.success { json in
            json.raw("[")
            if !parts.reloads.lastSucceeded {
                json.raw("{\"text\":\"Configuration reload has failed.\",\"date\":")
                json.string(RFC3339.text(milliseconds: parts.reloads.lastFailure))
                json.raw(",\"active\":true}")
            }
            json.raw("]")
        }
    }
}

/// What the server can do, in the names of Prometheus' feature registry.
enum ServerFeatures {
    static func all(adminAPI: Bool) -> [String: [String: Bool]] {
        let functions = PromQLFunction.all.keys.map { ($0, true) }
        let names = AggregationOperator.allCases.map(\.rawValue) + BinaryOperator.allCases.map(\.rawValue) + ["=~", "!~", "@"]
        let operators = names.map { ($0, true) }
        return [
            "api": [
                "admin": adminAPI, "exclude_alerts": true, "label_values_match": true, "lifecycle": true, "query_stats": true,
                "query_warnings": true, "remote_write_receiver": true, "search": false, "time_range_labels": true,
                "time_range_series": true,
            ],
            "prometheus": ["agent_mode": false, "auto_reload_config": false, "server_mode": true, "varde": true],
            "promql": [
                "anchored": true, "at_modifier": true, "bool": true, "by": true, "delayed_name_removal": false, "duration_expr": true,
                "fill": true, "fill_left": true, "fill_right": true, "group_left": true, "group_right": true, "ignoring": true,
                "negative_offset": true, "offset": true, "on": true, "per_query_lookback_delta": true, "per_step_stats": false,
                "smoothed": true, "subqueries": true, "type_and_unit_labels": false, "without": true,
            ],
            "promql_functions": Dictionary(functions) { $1 },
            "promql_operators": Dictionary(operators) { $1 },
            "tsdb": ["exemplar_storage": true, "isolation": true, "native_histograms": true, "st_storage": false],
        ]
    }
}
