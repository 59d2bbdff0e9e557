import VardeDisk
import VardePrivacy
import VardeQuery
import VardeWire

/// The keys of sealed files under `/api/v1/privacy/storage-keys`: their days, never the keys; a day destroyed.
struct StorageKeyRoutes: Sendable {
    let parts: ServerParts

    func add(to table: inout RouteTable) {
        table.add(["GET"], "/api/v1/privacy/storage-keys", role: .privacy, list)
        table.add(["POST"], "/api/v1/privacy/storage-keys/*/destroy", role: .privacy, destroy)
        table.add(["GET"], "/api/v1/privacy/storage-keys/*/receipt", role: .privacy, receipt)
    }

    private func list(_ request: APIRequest) async throws -> APIResponse {
        let days = parts.days
        if days.entries.isEmpty { throw APIFailure.badData("storage.encryption is off: there are no keys") }
        let files = try await parts.pool.run(QueryBudget()) { try days.files() }
        return APIEnvelope.success { json in
            json.list(days.entries) { json, entry in
                json.raw("{\"day\":\"\(entry.name.dayText)\",\"serial\":\(entry.name.serial),\"files\":\(files[entry.name]?.count ?? 0)")
                if let destroyed = entry.destroyed {
                    json.raw(",\"state\":\"destroyed\",\"destroyed\":\"\(UTCText.milliseconds(destroyed * 1000))\"}")
                } else {
                    json.raw(",\"state\":\"kept\"}")
                }
            }
        }
    }

    private func day(_ request: APIRequest) throws -> Int {
        guard let day = CivilDay.number(request.captures[0]) else {
            throw APIFailure.badData("“\(parts.told(request.captures[0]).prefix(20))” is no day such as 2026-11-26")
        }
        return day
    }

    private func destroy(_ request: APIRequest) async throws -> APIResponse {
        let (day, stores, days) = (try day(request), try parts.stores(), parts.days)
        let who = request.token?.name ?? "anonymous"
        do {
            let receipt = try await parts.pool.run(QueryBudget()) { try days.destroy(day, stores: stores, by: who) }
            try await parts.audit.note(request, action: "keys", what: "the keys of the files of \(CivilDay.text(day)) destroyed")
            return APIResponse(body: receipt)
        } catch let refusal as StorageDays.Refusal {
            throw APIFailure(status: 409, type: "conflict", message: refusal.description)
        } catch let error as DiskError {
            throw APIFailure(status: 500, type: "internal", message: "\(error)")
        }
    }

    private func receipt(_ request: APIRequest) throws -> APIResponse {
        guard let receipt = try parts.days.receipt(day(request)) else {
            throw APIFailure(status: 404, type: "not_found", message: "there is no receipt of this day: its keys exist, or never were")
        }
        return APIResponse(body: receipt)
    }
}
