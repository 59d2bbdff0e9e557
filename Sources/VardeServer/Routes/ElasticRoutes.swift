import VardeKernels
import VardeLogs
import VardeModel
import VardePrivacy
import VardeWire

/// Elasticsearch's bulk intake, so that Filebeat, Fluent Bit, Logstash and Vector ship here: `/_bulk`, and what such clients look at
/// before they send. The same below `/elasticsearch`.
struct ElasticRoutes: Sendable {
    let parts: ServerParts

    /// The version clients are told: those that refuse older servers than themselves take it.
    static let version = "8.17.0"
    private static let maxActions = 100_000

    private var intake: LogIntake { LogIntake(parts: parts) }

    func add(to table: inout RouteTable) {
        for prefix in ["", "/elasticsearch"] {
            for path in ["/_bulk", "/*/_bulk"] { table.add(["POST", "PUT"], prefix + path, role: .write, bulk) }
            table.add(["GET", "POST"], prefix + "/_license", role: .write) { _ in
                Self.answer(
                    "{\"license\":{\"uid\":\"varde\",\"type\":\"basic\",\"status\":\"active\",\"expiry_date_in_millis\":4000000000000}}")
            }
            table.add(["GET"], prefix + "/_xpack", role: .write) { _ in
                Self.answer(
                    "{\"build\":{},\"license\":{\"uid\":\"varde\",\"type\":\"basic\",\"mode\":\"basic\",\"status\":\"active\"},\"features\":{}}"
                )
            }
            table.add(["GET"], prefix + "/_cluster/health", role: .write) { _ in
                Self.answer("{\"cluster_name\":\"varde\",\"status\":\"green\",\"timed_out\":false,\"number_of_nodes\":1}")
            }
            // Templates, policies and pipelines have no meaning here: whatever is set is taken, whatever is asked for is there.
            for path in [
                "/_ilm/policy/*", "/_index_template/*", "/_template/*", "/_component_template/*", "/_ingest/pipeline/*", "/_data_stream/*",
                "/_alias/*",
            ] {
                table.add(["GET", "PUT", "POST"], prefix + path, role: .write) { _ in Self.answer("{\"acknowledged\":true}") }
            }
            for path in ["/_nodes/http", "/_nodes/_all/http"] {
                table.add(["GET"], prefix + path, role: .write) { _ in Self.answer("{\"cluster_name\":\"varde\",\"nodes\":{}}") }
            }
        }
        table.add(["GET"], "/elasticsearch", role: .write) { _ in Self.hello() }
    }

    /// Whether a request for `/` is of a client of Elasticsearch, which wants to know the version.
    static func isClient(_ request: APIRequest) -> Bool {
        let agent = (request.headers["user-agent"] ?? "").lowercased()
        return ["elastic", "beat", "logstash", "fluent-bit", "vector/"].contains { agent.contains($0) }
    }

    static func hello() -> APIResponse {
        answer(
            "{\"name\":\"varde\",\"cluster_name\":\"varde\",\"cluster_uuid\":\"varde\",\"version\":{\"number\":\"\(version)\",\"build_flavor\":\"default\",\"lucene_version\":\"9.12.0\",\"minimum_wire_compatibility_version\":\"7.17.0\",\"minimum_index_compatibility_version\":\"7.0.0\"},\"tagline\":\"You Know, for Search\"}"
        )
    }

    private static func answer(_ json: String, status: Int = 200) -> APIResponse {
        var response = APIResponse.json(json)
        response.status = status
        // Elastic's own clients refuse a server that does not say so.
        response.headers.append(("X-Elastic-Product", "Elasticsearch"))
        return response
    }

    // MARK: Bulk

    /// One document's outcome, in the order of the request.
    private struct Item {
        var action: String
        var index: String
        var id: String
        /// Why it was not taken; nil where it was.
        var refusal: String?
    }

    private func bulk(_ request: APIRequest) async throws -> APIResponse {
        let began = parts.clock()
        var names = request.fieldNames(parts.current().logs.fields)
        // Shippers of this protocol name these fields always the same.
        if names.message.isEmpty { names.message = ["message", "msg", "log", "event.original"] }
        if names.labels.isEmpty { names.labels = ["service.name", "host.name", "container.name", "kubernetes.namespace"] }
        let logs = try parts.stores().logs
        let stream = Labels(try request.bulkLabels())
        var documents = LogDocuments(names: names, stream: stream, now: intake.times(Self.maxActions))
        var items: [Item] = []
        let body = request.body
        var at = 0
        var number = 0
        func line() -> Range<Int>? {
            guard at < body.count else { return nil }
            let end = body[at...].firstIndex(of: 10) ?? body.count
            let range = at..<(end > at && body[end - 1] == 13 ? end - 1 : end)
            at = end + 1
            number += 1
            return range
        }
        let maxLine = parts.current().logs.truncateLongLines ? Int.max : parts.current().logs.maxLineBytes
        let redactor = parts.redactor
        while let range = line() {
            if range.isEmpty { continue }
            if items.count >= Self.maxActions { throw APIFailure.badData("a bulk request has at most \(Self.maxActions) actions") }
            var item: Item
            do throws(WireError) {
                item = try Self.action(body.span.extracting(range), index: request.captures.first ?? "")
            } catch {
                throw APIFailure.badData("Malformed action/metadata line [\(number)]: \(error)")
            }
            if item.action == "delete" {
                item.refusal = "lines are not deleted by this protocol"
                items.append(item)
                continue
            }
            guard let document = line() else { throw APIFailure.badData("the document of the action on line \(number) is missing") }
            if item.action == "update" {
                item.refusal = "lines are not updated"
                items.append(item)
                continue
            }
            do throws(WireError) {
                item.refusal = try documents.add(
                    body.span.extracting(document), labels: item.index.isEmpty ? [] : [Label("index", item.index)]
                ) { labels, time, length in
                    if length > maxLine { return "max entry size '\(maxLine)' bytes exceeded by a line with length '\(length)' bytes" }
                    return logs.objection(to: redactor?.redact(labels: labels) ?? labels, time: time, length: min(length, maxLine))
                }
            } catch {
                item.refusal = "failed to parse the document: \(error)"
            }
            items.append(item)
        }
        if documents.repairedLines > 0 {
            parts.metrics.count("varde_repaired_lines_total", ["protocol": "elasticsearch"], by: Double(documents.repairedLines))
        }
        // What is left to refuse is for want of room: the whole is to be sent again.
        try await intake.store(documents.writes, protocol: "elasticsearch").check()
        return Self.result(items, milliseconds: parts.clock() - began, metrics: parts.metrics, telling: parts.told)
    }

    /// `{"create":{"_index":"logs","_id":"1"}}`.
    private static func action(_ line: Span<UInt8>, index: String) throws(WireError) -> Item {
        var item = Item(action: "", index: index, id: "", refusal: nil)
        var reader = JSONReader()
        try reader.object(line) { (reader, action) throws(WireError) in
            guard ["create", "index", "update", "delete"].contains(action) else {
                throw WireError("expected create, index, update or delete, not \(action.quoted)", at: reader.at)
            }
            item.action = action
            try reader.object(line) { (reader, key) throws(WireError) in
                switch (key, try reader.kind(line)) {
                case ("_index", .string): item.index = try reader.string(line)
                case ("_id", .string): item.id = try reader.string(line)
                default: try reader.skip(line)
                }
            }
        }
        if item.action.isEmpty { throw WireError("no action") }
        return item
    }

    private static func result(
        _ items: [Item], milliseconds: Int64, metrics: SelfMetrics, telling: (String) -> String
    ) -> APIResponse {
        let refused = items.count { $0.refusal != nil }
        if refused > 0 { metrics.count("varde_refused_lines_total", ["reason": "document"], by: Double(refused)) }
        var json = JSONWriter()
        json.raw("{\"took\":\(max(0, milliseconds)),\"errors\":\(refused > 0),\"items\":")
        json.list(items) { json, item in
            json.raw("{\"\(item.action)\":{\"_index\":")
            json.string(telling(item.index))
            json.raw(",\"_id\":")
            json.string(telling(item.id))
            if let refusal = item.refusal {
                json.raw(",\"status\":400,\"error\":{\"type\":\"document_parsing_exception\",\"reason\":")
                json.string(telling(refusal))
                json.raw("}}}")
            } else {
                json.raw(",\"_version\":1,\"result\":\"created\",\"_shards\":{\"total\":1,\"successful\":1,\"failed\":0},\"status\":201}}")
            }
        }
        json.raw("}")
        var response = APIResponse(body: json.bytes)
        response.headers.append(("X-Elastic-Product", "Elasticsearch"))
        return response
    }
}

extension APIRequest {
    /// Parameters of Elasticsearch that are no labels.
    private static let elasticParameters: Set<String> = [
        "pipeline", "refresh", "timeout", "routing", "require_alias", "wait_for_active_shards", "filter_path", "pretty", "human",
        "error_trace", "_source", "_source_includes", "_source_excludes", "type", "list_executed_pipelines", "require_data_stream",
    ]

    /// Labels of a bulk request: its other parameters and `X-Varde-Labels`.
    fileprivate func bulkLabels() throws -> [Label] {
        var own = self
        own.parameters.removeAll { Self.elasticParameters.contains($0.name) }
        return try own.streamLabels()
    }
}
