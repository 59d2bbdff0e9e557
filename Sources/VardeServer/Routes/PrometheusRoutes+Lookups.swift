import VardeMetrics
import VardeModel
import VardeQuery
import VardeWire

/// `labels`, `label/…/values`, `series`, `query_exemplars`.
extension PrometheusRoutes {
    /// Range of a look-up; everything where none is given.
    private func lookup(_ range: (from: Int64, through: Int64), _ matchers: [LabelMatcher]) -> SeriesRequest {
        SeriesRequest(matchers: matchers, from: range.from, through: range.through)
    }

    private func range(_ request: APIRequest) throws -> (from: Int64, through: Int64) {
        (try request.time("start") ?? .min / 2, try request.time("end") ?? .max / 2)
    }

    private func names(
        _ request: APIRequest, _ one: @escaping @Sendable (any SeriesSource, SeriesRequest) throws -> [String]
    ) async throws -> APIResponse {
        let limit = try request.limit()
        let range = try range(request)
        let sets = try request.matcherSets()
        let requests = (sets.isEmpty ? [[]] : sets).map { lookup(range, $0) }
        let source = try parts.stores().metrics
        let all: [String] = try await blocking {
            if range.from > range.through { return [] }
            if requests.count == 1 { return try one(source, requests[0]) }
            var names: Set<String> = []
            for request in requests { names.formUnion(try one(source, request)) }
            return names.sorted { $0.utf8Precedes($1) }
        }
        let cut = limit > 0 && all.count > limit
        return APIEnvelope.success(warnings: cut ? ["results truncated due to limit"] : []) {
            $0.strings(cut ? Array(all.prefix(limit)) : all)
        }
    }

    func labels(_ request: APIRequest) async throws -> APIResponse {
        try await names(request) { try $0.labelNames($1) }
    }

    func labelValues(_ request: APIRequest) async throws -> APIResponse {
        // The name as it stands in the path: it may hold bytes that are no text.
        let escaped = request.path.split(separator: "/").dropFirst(3).first ?? ""
        let raw = PercentEncoding.bytes(escaped.utf8, plusIsBlank: false)
        guard !raw.isEmpty, let text = String(validating: raw, as: UTF8.self) else {
            throw APIFailure.badData("invalid label name: \(GoText.quoted(raw))")
        }
        let name = text.hasPrefix("U__") ? EscapedName.unescaped(text) : text
        if name.isEmpty { throw APIFailure.badData("invalid label name: \(name.quoted)") }
        return try await names(request) { try $0.labelValues(of: name, $1) }
    }

    func series(_ request: APIRequest) async throws -> APIResponse {
        if request.values("match[]").isEmpty { throw APIFailure.badData("no match[] parameter provided") }
        let limit = try request.limit()
        let range = try range(request)
        let sets = try request.matcherSets(prefix: "invalid parameter \"match[]\": ")
        let requests = sets.map { lookup(range, $0) }
        let source = try parts.stores().metrics
        let all: [Labels] = try await blocking {
            if range.from > range.through { return [] }
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

    func exemplars(_ request: APIRequest) async throws -> APIResponse {
        let range = try range(request)
        if range.through < range.from { throw APIFailure.badData("end timestamp must not be before start timestamp") }
        let text = request.value("query") ?? ""
        let store = try parts.stores().exemplars
        let found = try await blocking {
            let expression = try PromQLEngine.parse(text)
            return try store.select(expression.selectors, from: range.from, through: range.through)
        }
        return APIEnvelope.success { json in
            json.list(found) { json, series in
                json.raw("{\"seriesLabels\":")
                ResultJSON.labels(series.labels, to: &json)
                json.raw(",\"exemplars\":")
                json.list(series.exemplars) { json, exemplar in
                    json.raw("{\"labels\":")
                    ResultJSON.labels(exemplar.labels, to: &json)
                    json.raw(",\"value\":")
                    json.value(exemplar.value)
                    json.raw(",\"timestamp\":")
                    json.seconds(milliseconds: exemplar.timestamp)
                    json.raw("}")
                }
                json.raw("}")
            }
        }
    }
}

/// Names in Prometheus' escaping for paths: `U__` in front, `__` for an underscore, `_hex_` for a character.
enum EscapedName {
    /// Longest number of a character between underscores.
    private static let maxDigits = 6

    /// The name, or the text as it is where it is not so escaped.
    static func unescaped(_ text: String) -> String {
        var out = ""
        var rest = text.dropFirst(3)[...]
        while let character = rest.first {
            rest = rest.dropFirst()
            if character != "_" {
                out.append(character)
            } else if rest.first == "_" {
                out.append("_")
                rest = rest.dropFirst()
            } else if let end = rest.firstIndex(of: "_"), rest.distance(from: rest.startIndex, to: end) <= maxDigits,
                let code = UInt32(rest[..<end], radix: 16), let scalar = UnicodeScalar(code)
            {
                out.unicodeScalars.append(scalar)
                rest = rest[rest.index(after: end)...]
            } else {
                return text
            }
        }
        return out
    }
}

/// Texts in the form Go's `%q` gives bytes that may not be text.
enum GoText {
    static func quoted(_ bytes: [UInt8]) -> String {
        var out = "\""
        var rest = bytes[...]
        while !rest.isEmpty {
            // The longest valid character at the front, or one byte that is none.
            let length = (1...4).first { $0 <= rest.count && String(validating: rest.prefix($0), as: UTF8.self)?.isEmpty == false }
            if let length {
                out += String(decoding: rest.prefix(length), as: UTF8.self).quoted.dropFirst().dropLast()
                rest = rest.dropFirst(length)
            } else {
                let byte = rest.removeFirst()
                out += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return out + "\""
    }
}
