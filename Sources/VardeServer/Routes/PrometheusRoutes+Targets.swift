import Foundation
import VardeCollect
import VardeMetrics
import VardeModel
import VardePrivacy
import VardeQuery
import VardeWire

/// What is scraped: `targets`, `targets/metadata`, `targets/relabel_steps`, `scrape_pools`, `metadata`; and rules, of which there are none.
extension PrometheusRoutes {
    func targets(_ request: APIRequest) -> APIResponse {
        let state = (request.value("state") ?? "").lowercased()
        let pool = request.value("scrapePool") ?? ""
        let showsActive = ["", "any", "active"].contains(state)
        let showsDropped = ["", "any", "dropped"].contains(state)
        let (allActive, allDropped, counts) = parts.scrapes.targets()
        let active = showsActive ? allActive.filter { pool.isEmpty || $0.job == pool } : []
        let dropped = showsDropped ? allDropped.filter { pool.isEmpty || $0.job == pool } : []
        return APIEnvelope.success { json in
            json.raw("{\"activeTargets\":")
            json.list(active) { write($1, to: &$0) }
            json.raw(",\"droppedTargets\":")
            json.list(dropped) { json, target in
                json.raw("{\"discoveredLabels\":")
                ResultJSON.labels(parts.toldOfMachine(target.discovered), to: &json)
                json.raw(",\"scrapePool\":")
                json.string(target.job)
                json.raw("}")
            }
            json.raw(",\"droppedTargetCounts\":{")
            let jobs = showsDropped ? Set(allActive.map(\.job)).union(counts.keys).sorted() : []
            for (index, job) in jobs.enumerated() {
                if index > 0 { json.raw(",") }
                json.string(job)
                json.raw(":\(counts[job] ?? 0)")
            }
            json.raw("}}")
        }
    }

    private func write(_ target: TargetStatus, to json: inout JSONWriter) {
        json.raw("{\"discoveredLabels\":")
        ResultJSON.labels(parts.toldOfMachine(target.discovered), to: &json)
        json.raw(",\"labels\":")
        ResultJSON.labels(parts.toldOfMachine(target.labels), to: &json)
        let url = parts.toldOfMachine(SecretText.address(target.url, showsParameters: true))
        for (name, text) in [
            ("scrapePool", target.job), ("scrapeUrl", url), ("globalUrl", url), ("lastError", parts.toldOfMachine(Self.error(of: target))),
            ("lastScrape", RFC3339.text(milliseconds: target.lastScrape)), ("health", target.health),
            ("scrapeInterval", DurationText.format(milliseconds: target.interval)),
            ("scrapeTimeout", DurationText.format(milliseconds: target.timeout)),
        ] {
            json.raw(",\"\(name)\":")
            json.string(text)
        }
        json.raw(",\"lastScrapeDuration\":")
        json.number(target.lastDuration)
        json.raw("}")
    }

    /// Why a target is down, and how its circuit breaker stands: the API's schema has no field for that.
    private static func error(of target: TargetStatus) -> String {
        target.breaker == "closed" ? target.lastError : "circuit breaker \(target.breaker): \(target.lastError)"
    }

    func targetsMetadata(_ request: APIRequest) throws -> APIResponse {
        let limit = try number(request, "limit")
        var matchers: [LabelMatcher] = []
        if let text = request.value("match_target"), !text.isEmpty {
            do throws(QueryError) {
                matchers = try PromQLEngine.matchers(ofSelector: text)
            } catch {
                throw APIFailure.badData("invalid parameter \"match_target\": \(error.message)")
            }
        }
        let compiled = try matchers.map { try CompiledMatcher($0) }
        let metric = request.value("metric") ?? ""
        var found: [(target: Labels, family: String?, metadata: FamilyMetadata)] = []
        for (labels, families) in parts.scrapes.metadataOfTargets() where compiled.allSatisfy({ $0.matches(labels) }) {
            if limit >= 0, found.count >= limit { break }
            if metric.isEmpty {
                for (name, metadata) in families.sorted(by: { $0.key < $1.key }) { found.append((labels, name, metadata)) }
            } else if let metadata = families[metric] {
                found.append((labels, nil, metadata))
            }
        }
        return APIEnvelope.success { json in
            json.list(found) { json, one in
                json.raw("{\"target\":")
                ResultJSON.labels(parts.toldOfMachine(one.target), to: &json)
                if let family = one.family {
                    json.raw(",\"metric\":")
                    json.string(family)
                }
                json.raw(",")
                Self.writeFields(of: one.metadata, to: &json)
                json.raw("}")
            }
        }
    }

    private static func writeFields(of metadata: FamilyMetadata, to json: inout JSONWriter) {
        json.raw("\"type\":")
        json.string(metadata.type)
        json.raw(",\"help\":")
        json.string(metadata.help)
        json.raw(",\"unit\":")
        json.string(metadata.unit)
    }

    /// A limit as the metadata endpoints read it; -1 for none.
    private func number(_ request: APIRequest, _ name: String) throws -> Int {
        guard let text = request.value(name), !text.isEmpty else { return -1 }
        guard let number = Int(text) else { throw APIFailure.badData("\(name) must be a number") }
        return number
    }

    func metadata(_ request: APIRequest) throws -> APIResponse {
        let limit = try number(request, "limit")
        let perMetric = try number(request, "limit_per_metric")
        let metric = request.value("metric") ?? ""
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
                var entries = (all[name] ?? []).sorted { ($0.help, $0.type, $0.unit) < ($1.help, $1.type, $1.unit) }
                if perMetric > 0 { entries = Array(entries.prefix(perMetric)) }
                json.list(entries) { json, entry in
                    json.raw("{")
                    Self.writeFields(of: entry, to: &json)
                    json.raw("}")
                }
            }
            json.raw("}")
        }
    }

    func scrapePools(_ request: APIRequest) -> APIResponse {
        let names = scrapeConfigs.map(\.jobName).sorted()
        return APIEnvelope.success { json in
            json.raw("{\"scrapePools\":")
            json.strings(names)
            json.raw("}")
        }
    }

    private var scrapeConfigs: [ScrapeConfig] { parts.current().effectiveScrapeConfigs(listen: parts.listen) }

    /// The job a request names.
    private func scrapePool(_ request: APIRequest) throws -> ScrapeConfig {
        let name = request.value("scrapePool") ?? ""
        if name.isEmpty { throw APIFailure.badData("no scrapePool parameter provided") }
        guard let config = scrapeConfigs.first(where: { $0.jobName == name }) else {
            throw APIFailure.badData("error retrieving scrape config: scrape pool \(name.quoted) not found")
        }
        return config
    }

    func scrapePoolConfig(_ request: APIRequest) throws -> APIResponse {
        let text = SecretText.masked(ScrapePoolText.yaml(of: try scrapePool(request), in: parts.current())) { parts.toldOfMachine($0) }
        return APIEnvelope.success { json in
            json.raw("{\"yaml\":")
            json.string(text)
            json.raw("}")
        }
    }

    func relabelSteps(_ request: APIRequest) throws -> APIResponse {
        if (request.value("scrapePool") ?? "").isEmpty { throw APIFailure.badData("no scrapePool parameter provided") }
        let text = request.value("labels") ?? ""
        if text.isEmpty { throw APIFailure.badData("no labels parameter provided") }
        let pairs: [String: String]
        do {
            pairs = try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
        } catch {
            throw APIFailure.badData("error parsing labels: not a JSON object of strings")
        }
        let rules = try scrapePool(request).relabelRules
        var labels: Labels? = Labels(pairs.map { Label($0.key, $0.value) })
        return APIEnvelope.success { json in
            json.raw("{\"steps\":")
            json.list(rules) { json, rule in
                labels = labels.flatMap { RelabelRule.apply([rule], to: $0) }
                json.raw("{\"rule\":")
                Self.write(rule, to: &json)
                json.raw(",\"output\":")
                ResultJSON.labels(labels ?? .empty, to: &json)
                json.raw(",\"keep\":\(labels != nil)}")
            }
            json.raw("}")
        }
    }

    private static func write(_ rule: RelabelRule, to json: inout JSONWriter) {
        json.raw("{")
        if !rule.sourceLabels.isEmpty {
            json.raw("\"source_labels\":")
            json.strings(rule.sourceLabels)
            json.raw(",")
        }
        if rule.modulus > 0 { json.raw("\"modulus\":\(rule.modulus),") }
        for (name, text) in [
            ("separator", rule.separator), ("regex", rule.pattern), ("target_label", rule.targetLabel), ("replacement", rule.replacement),
        ] where !text.isEmpty {
            json.raw("\"\(name)\":")
            json.string(text)
            json.raw(",")
        }
        json.raw("\"action\":")
        json.string(rule.action.rawValue)
        json.raw("}")
    }

    func rules(_ request: APIRequest) throws -> APIResponse {
        _ = try request.matcherSets()
        let type = (request.value("type") ?? "").lowercased()
        if !["", "alert", "record"].contains(type) {
            throw APIFailure.badData("invalid parameter \"type\": not supported value \(type.quoted)")
        }
        let exclude = (request.value("exclude_alerts") ?? "").lowercased()
        if !["", "1", "t", "true", "0", "f", "false"].contains(exclude) {
            throw APIFailure.badData(
                "invalid parameter \"exclude_alerts\": error converting exclude_alerts: "
                    + "strconv.ParseBool: parsing \(exclude.quoted): invalid syntax")
        }
        let limit = request.value("group_limit") ?? ""
        let token = request.value("group_next_token") ?? ""
        if !token.isEmpty, limit.isEmpty {
            throw APIFailure.badData(
                "invalid parameter \"group_next_token\": group_limit needs to be present in order to paginate over the groups")
        }
        if !limit.isEmpty {
            guard let number = Int32(limit) else {
                throw APIFailure.badData(
                    "invalid parameter \"group_limit\": group_limit needs to be a valid number: "
                        + "strconv.ParseInt: parsing \(limit.quoted): invalid syntax")
            }
            if number <= 0 { throw APIFailure.badData("invalid parameter \"group_limit\": group_limit needs to be greater than 0") }
        }
        if !token.isEmpty {
            throw APIFailure.badData(
                "invalid parameter \"group_next_token\": invalid group_next_token '\(token)'. were rule groups changed?")
        }
        return APIEnvelope.success { $0.raw("{\"groups\":[]}") }
    }

    func alerts(_ request: APIRequest) -> APIResponse { APIEnvelope.success { $0.raw("{\"alerts\":[]}") } }

    func alertmanagers(_ request: APIRequest) -> APIResponse {
        APIEnvelope.success { $0.raw("{\"activeAlertmanagers\":[],\"droppedAlertmanagers\":[]}") }
    }
}
