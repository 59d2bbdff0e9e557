import Foundation
import Logging
import VardeDisk
import VardeMetrics
import VardeModel
import VardeQuery
import VardeWire

/// Prometheus' administration of the metrics store under `/api/v1/admin/tsdb`: off unless `server.enable_admin_api` says otherwise.
struct AdminRoutes: Sendable {
    let parts: ServerParts

    func add(to table: inout RouteTable) {
        for (path, handler) in [
            ("delete_series", deleteSeries), ("clean_tombstones", cleanTombstones), ("snapshot", snapshot),
        ] as [(String, RouteTable.Handler)] {
            table.add(["POST", "PUT"], "/api/v1/admin/tsdb/\(path)", role: .admin) { [parts] request in
                guard parts.current().server.enableAdminAPI else {
                    // As Prometheus answers: 500.
                    throw APIFailure(status: 500, type: "unavailable", message: "admin APIs disabled")
                }
                return try await handler(request)
            }
        }
    }

    /// Deletes samples of the series each `match[]` selects, from `start` to `end`; everything they have where neither is given.
    private func deleteSeries(_ request: APIRequest) async throws -> APIResponse {
        let sets = try request.matcherSets()
        if sets.isEmpty { throw APIFailure.badData("no match[] parameter provided") }
        let from = try request.time("start") ?? .min / 2
        let through = try request.time("end") ?? .max / 2
        if through < from { throw APIFailure.badData("invalid parameter \"end\": end timestamp must not be before start time") }
        let count = try await working { store in
            var count = 0
            for matchers in sets { count += try store.delete(matchers, from: from, through: through) }
            return count
        }
        // The selectors may name a person: only the number is told.
        parts.logger.info("series were deleted", metadata: ["selectors": "\(sets.count)", "series": "\(count)"])
        return APIResponse(status: 204)
    }

    private func cleanTombstones(_ request: APIRequest) async throws -> APIResponse {
        try await working { store in try store.cleanTombstones() }
        return APIResponse(status: 204)
    }

    /// Copies the data directory, as of now, into `snapshots` in it: hard links to blocks and segments, copies of the rest.
    private func snapshot(_ request: APIRequest) async throws -> APIResponse {
        var skipsHead = false
        if let text = request.value("skip_head"), !text.isEmpty {
            // What Go's ParseBool takes.
            if ["1", "t", "T", "TRUE", "true", "True"].contains(text) {
                skipsHead = true
            } else if !["0", "f", "F", "FALSE", "false", "False"].contains(text) {
                throw APIFailure.badData("invalid parameter \"skip_head\": unable to parse boolean \"skip_head\" argument: \(text.quoted)")
            }
        }
        let name = Self.name(at: parts.clock())
        let directory = parts.dataDirectory
        let room = parts.storage
        let isHead = { @Sendable (path: String) in path.hasPrefix("metrics/wal/") }
        let keys = try await working { [skipsHead] _ in
            let target = "\(directory)/\(DataBackup.snapshots)/\(name)"
            _ = try DataBackup.backup(directory, to: target, fileSystem: room.files) { skipsHead && isHead($0) }
            return try SealedSummary(room, directory: target).text
        }
        parts.logger.notice("a snapshot was made: \(keys ?? "its files are not sealed")", metadata: ["name": "\(name)"])
        return APIEnvelope.success { json in
            json.raw("{\"name\":")
            json.string(name)
            json.raw("}")
        }
    }

    /// As Prometheus names them: the time in UTC and a random number.
    private static func name(at time: Int64) -> String {
        let digits = RFC3339.text(milliseconds: time / 1000 * 1000).filter { $0 != "-" && $0 != ":" }
        return "\(digits)-\(String(Int64.random(in: 0...Int64.max), radix: 16))"
    }

    /// Runs what blocks on a thread that may, and words its failure.
    private func working<Value: Sendable>(_ body: @escaping @Sendable (MetricStore) throws -> Value) async throws -> Value {
        let store = try parts.stores().metrics
        do {
            return try await parts.pool.run(QueryBudget()) { try body(store) }
        } catch let failure as APIFailure {
            throw failure
        } catch {
            parts.logger.error("an administrative request failed: \(error)")
            throw APIFailure(status: 500, type: "internal", message: "\(error)")
        }
    }
}
