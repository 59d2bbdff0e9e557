import Foundation
import VardeCollect
import VardeDisk
import VardeModel
import VardePrivacy
import VardeWire

/// Prometheus' Pushgateway: groups of metrics by `/metrics/job/JOB/LABEL/VALUE…`, collected by a job of the server's own until they are
/// deleted, and shown at `/pushgateway/metrics`.
struct PushgatewayRoutes: Sendable {
    let parts: ServerParts

    func add(to table: inout RouteTable) {
        for prefix in ["", "/pushgateway"] {
            table.add(["PUT", "POST"], prefix + "/metrics/**", role: .write, readsForms: false, push)
            table.add(["DELETE"], prefix + "/metrics/**", role: .write, delete)
        }
        table.add(["GET"], "/pushgateway/metrics", role: .read) { [parts] _ in
            APIResponse(contentType: "text/plain; version=0.0.4; charset=utf-8", body: try parts.stores().pushed.page())
        }
    }

    private func push(_ request: APIRequest) async throws -> APIResponse {
        let redactor = parts.redactor
        let group = redacted(try Self.group(request.captures))
        let pushed = try parts.stores().pushed
        try parts.checkWritable()
        let format = (try? ExpositionFormat(contentType: request.contentType)) ?? .text0
        let wasEmpty = pushed.isEmpty
        do {
            var families = try PushedFamily.list(parsing: request.body.span, format, group: group) { redactor?.redact(labels: $0) ?? $0 }
            for index in families.indices {
                families[index].name = redactor?.redact(name: families[index].name) ?? families[index].name
                families[index].help = parts.told(families[index].help)
            }
            try pushed.push(families, to: group, replacingAll: request.method == "PUT", now: parts.clock())
        } catch let refusal as PushedGroups.Refusal {
            throw APIFailure.badData(refusal.message)
        } catch let error as WireError {
            throw APIFailure.badData("\(error)")
        } catch let error as DiskError {
            throw APIFailure(status: 503, type: "unavailable", message: "the group could not be kept: \(error)", retryAfter: 10)
        }
        if wasEmpty { parts.applyScrapes() }
        return .text(200, "")
    }

    private func delete(_ request: APIRequest) async throws -> APIResponse {
        let group = redacted(try Self.group(request.captures))
        let pushed = try parts.stores().pushed
        try parts.checkWritable()
        do {
            try pushed.delete(group)
        } catch {
            throw APIFailure(status: 503, type: "unavailable", message: "the group could not be deleted: \(error)", retryAfter: 10)
        }
        return .text(202, "")
    }

    private func redacted(_ labels: Labels) -> Labels { parts.redactor?.redact(labels: labels) ?? labels }

    /// Grouping labels of a path's segments: `job`, a value, then names and values; a name that ends in `@base64` has its value so.
    static func group(_ segments: [String]) throws -> Labels {
        guard segments.count % 2 == 0, let first = segments.first, first == "job" || first == "job@base64" else {
            throw APIFailure.badData("grouping labels are /job/JOB{/LABEL/VALUE}: got /\(segments.joined(separator: "/"))")
        }
        var labels: [Label] = []
        for index in stride(from: 0, to: segments.count, by: 2) {
            var name = segments[index]
            var value = segments[index + 1]
            if name.hasSuffix("@base64") {
                name.removeLast(7)
                guard let decoded = base64(value) else {
                    throw APIFailure.badData("the value of \(name) is not base64: “\(value)”")
                }
                value = decoded
            }
            guard !name.isEmpty, !name.hasPrefix("__") else { throw APIFailure.badData("improper label name “\(name)”") }
            if labels.contains(where: { $0.name == name }) { throw APIFailure.badData("label “\(name)” is given twice") }
            labels.append(Label(name, value))
        }
        guard !labels[0].value.isEmpty else { throw APIFailure.badData("job name is required") }
        return Labels(labels)
    }

    /// URL-safe or standard base64, padded or not; `=` alone is the empty text.
    private static func base64(_ text: String) -> String? {
        var standard = text.replacing("-", with: "+").replacing("_", with: "/")
        while standard.hasSuffix("=") { standard.removeLast() }
        while standard.utf8.count % 4 != 0 { standard += "=" }
        guard let data = Data(base64Encoded: standard) else { return nil }
        return String(data: data, encoding: .utf8)
    }
}
