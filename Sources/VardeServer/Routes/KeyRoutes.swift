import VardeDisk
import VardePrivacy
import VardeQuery
import VardeWire

/// The keys of pseudonyms under `/api/v1/privacy/keys`: their epochs, never the keys; a new epoch; an epoch's key destroyed.
struct KeyRoutes: Sendable {
    let parts: ServerParts

    func add(to table: inout RouteTable) {
        table.add(["GET"], "/api/v1/privacy/keys", role: .privacy, list)
        table.add(["POST"], "/api/v1/privacy/keys/rotate", role: .privacy, rotate)
        table.add(["POST"], "/api/v1/privacy/keys/*/destroy", role: .privacy, destroy)
        table.add(["GET"], "/api/v1/privacy/keys/*/receipt", role: .privacy, receipt)
    }

    private var now: Int64 { parts.clock() / 1000 }

    private func epochs() throws -> [KeyRing.Epoch] {
        let epochs = parts.redaction.keyEpochs
        if epochs.isEmpty { throw APIFailure.badData("privacy.enabled is false: there are no keys") }
        return epochs
    }

    private func list(_ request: APIRequest) throws -> APIResponse {
        let epochs = try epochs()
        return APIEnvelope.success { json in
            json.list(epochs) { json, epoch in
                json.raw("{\"epoch\":\(epoch.number),\"from\":\"\(UTCText.milliseconds(epoch.start * 1000))\",\"state\":")
                if let destroyed = epoch.destroyed {
                    json.raw("\"destroyed\",\"destroyed\":\"\(UTCText.milliseconds(destroyed * 1000))\"}")
                } else {
                    json.raw(epoch.number == epochs.last?.number ? "\"in use\"}" : "\"kept\"}")
                }
            }
        }
    }

    private func rotate(_ request: APIRequest) async throws -> APIResponse {
        _ = try epochs()
        let redaction = parts.redaction
        let time = now
        guard let number = try await changing({ try redaction.rotateKeys(now: time) }) else { return try list(request) }
        try await parts.audit.note(request, action: "keys", what: "epoch \(number) begun")
        return APIEnvelope.success { $0.raw("{\"epoch\":\(number)}") }
    }

    private func destroy(_ request: APIRequest) async throws -> APIResponse {
        guard let number = Int(request.captures[0]), try epochs().contains(where: { $0.number == number }) else {
            let told = parts.told(request.captures[0]).prefix(20)
            throw APIFailure(status: 404, type: "not_found", message: "there is no key epoch “\(told)”")
        }
        let (redaction, time) = (parts.redaction, now)
        let receipts = KeyReceipts(parts)
        let isDone = try await changing { () throws -> Bool in
            let isDone = try redaction.destroyKey(number, now: time)
            try receipts.writeMissing(redaction.keyEpochs)
            return isDone
        }
        if isDone { try await parts.audit.note(request, action: "keys", what: "the key of epoch \(number) destroyed") }
        return APIResponse(body: try receipts.read(number) ?? [])
    }

    private func receipt(_ request: APIRequest) throws -> APIResponse {
        guard let number = Int(request.captures[0]), let receipt = try KeyReceipts(parts).read(number) else {
            throw APIFailure(status: 404, type: "not_found", message: "there is no receipt of this epoch: its key exists, or it never was")
        }
        return APIResponse(body: receipt)
    }

    /// Runs what blocks on a thread that may, and words its failure.
    private func changing<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        do { return try await parts.pool.run(QueryBudget(), body) } catch let refusal as KeyRingFile.Refusal {
            throw APIFailure(status: 500, type: "internal", message: refusal.description)
        }
    }
}

/// Receipts of destroyed keys, a file an epoch beside those of erasures.
struct KeyReceipts: Sendable {
    private let directory: String
    private let signer: AuditSigner
    private let files: SealedFileSystem

    init(_ parts: ServerParts) {
        directory = parts.audit.places.receiptDirectory
        signer = parts.audit.signer
        files = parts.storage.files
    }

    private func path(_ epoch: Int) -> String { "\(directory)/key-epoch-\(epoch).json" }

    func read(_ epoch: Int) throws -> [UInt8]? { files.exists(path(epoch)) ? try files.read(path(epoch)) : nil }

    /// Writes those that are missing, also where a crash came between a destruction and its receipt.
    func writeMissing(_ epochs: [KeyRing.Epoch]) throws {
        for epoch in epochs {
            guard let destroyed = epoch.destroyed, !files.exists(path(epoch.number)) else { continue }
            try files.makeDirectories(directory)
            let text = try Receipt.make(kind: "key", signer: signer) { json in
                json.raw(",\"epoch\":\(epoch.number),\"from\":\"\(UTCText.milliseconds(epoch.start * 1000))\"")
                json.raw(",\"destroyed\":\"\(UTCText.milliseconds(destroyed * 1000))\"")
                json.raw(",\"effect\":\"pseudonyms of this epoch cannot be linked to a person any more by this server\"")
                json.raw(",\"not_covered\":\"copies of the key file made elsewhere\"")
            }
            try files.writeAtomically(text.span, to: path(epoch.number))
        }
    }
}
