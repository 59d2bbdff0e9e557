internal import Synchronization
package import VardeDisk
internal import VardeWire

/// What an erasure works on: the stores, and what the rest of the house must know. Calls block.
package protocol ErasureGround: Sendable {
    /// Puts what these concern out of sight, and nothing besides them.
    func hide(_ requests: [ErasureRequest]) throws
    /// The legal hold that concerns it, in words; nil where none does.
    func hold(on request: ErasureRequest) throws -> String?
    /// Deletes series, exemplars and pushed groups it concerns, from answers and from files; tells its figures by `progress` before, as
    /// what is gone cannot be counted any more.
    func deleteSeries(_ request: inout ErasureRequest, progress: (ErasureRequest) throws -> Void) throws
    /// Writes log segments anew without what it concerns; tells the figures now and then by `progress`, which may throw.
    func rewriteLogs(_ request: inout ErasureRequest, progress: (ErasureRequest) throws -> Void) throws
    /// Reads everything once more, removing what is found; sets the figures of the verification.
    func verify(_ request: inout ErasureRequest, progress: (ErasureRequest) throws -> Void) throws
    /// Forgets what was kept for the erasure's sake.
    func forget(_ request: ErasureRequest) throws
    /// Enters a step in the audit log.
    func enter(_ request: ErasureRequest, _ what: String)
}

/// Erasures as sagas: steps written down before they are taken, so that each goes on after a crash where it stood (DESIGN section 6).
///
/// The compensation of the steps up to `hide` is `cancel`; from `series` on the way leads forward only.
package final class ErasureSaga: Sendable {
    /// What its jobs are called in the catalog.
    package static let kind = "erasure"
    /// Erasures that wait at once.
    private static let maxWaiting = 1_000

    /// Why a request is not taken.
    package enum Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        case tooMany
        case unknown(String)
        case begun(String)

        /// In words.
        package var description: String {
            switch self {
            case .tooMany: "\(ErasureSaga.maxWaiting) erasures wait already"
            case .unknown(let id): "there is no erasure \(id) under way"
            case .begun(let id): "the erasure \(id) has begun to remove and cannot be called off"
            }
        }
    }

    private let catalog: Catalog
    private let ground: any ErasureGround
    private let receipts: String
    private let fileSystem: any FileSystem
    private let signer: AuditSigner
    private let clock: @Sendable () -> Int64
    private let requests: Mutex<[ErasureRequest]>
    /// One change of what is out of sight at a time: an older list must not come in force after a newer one.
    private let concealing = Mutex(())

    /// An erasure that was called off while a step of it was taken.
    private struct CalledOff: Error {}

    /// Takes up what a crash or a stop left undone: it is out of sight again once this returns.
    ///
    /// - Parameters:
    ///   - receipts: directory of the receipts, made where it is absent.
    ///   - clock: milliseconds since the epoch.
    package init(
        catalog: Catalog, ground: any ErasureGround, receipts: String, fileSystem: any FileSystem, signer: AuditSigner,
        clock: @escaping @Sendable () -> Int64
    ) throws {
        self.catalog = catalog
        self.ground = ground
        self.receipts = receipts
        self.fileSystem = fileSystem
        self.signer = signer
        self.clock = clock
        var found: [ErasureRequest] = []
        for job in try catalog.jobs(of: Self.kind) {
            guard var request = ErasureRequest(parsing: job.payload) else {
                throw DiskError(damaged: "catalog", "the erasure \(job.name) cannot be read")
            }
            request.resumptions += 1
            request.failure = ""
            found.append(request)
        }
        requests = Mutex(found)
        try expect(receiptNames())
        if !found.isEmpty {
            try conceal()
            for request in found { try save(request) }
        }
    }

    /// Erasures under way, oldest first.
    package var open: [ErasureRequest] { requests.withLock { $0 } }

    /// Writes down where a request stands; the lock is held over it, so that one called off meanwhile does not come back.
    private func save(_ request: ErasureRequest, isNew: Bool = false) throws {
        let text = String(decoding: request.json(), as: UTF8.self)
        try requests.withLock { all in
            let index = all.firstIndex { $0.id == request.id }
            if index == nil, !isNew { throw CalledOff() }
            try catalog.save(Catalog.Job(kind: Self.kind, name: request.id, step: request.step.rawValue, payload: text))
            if let index { all[index] = request } else { all.append(request) }
        }
    }

    /// Puts out of sight what is to be erased and is not held.
    private func conceal() throws {
        try concealing.withLock { _ in try ground.hide(open.filter { $0.step != .mark && $0.step != .receipt }) }
    }

    /// Takes a request: it is written down, and out of sight unless it is held, once this returns.
    package func submit(_ request: ErasureRequest) throws -> ErasureRequest {
        if open.count >= Self.maxWaiting { throw Refusal.tooMany }
        var request = request
        request.heldBy = try ground.hold(on: request) ?? ""
        request.step = request.heldBy.isEmpty ? .hide : .mark
        try save(request, isNew: true)
        ground.enter(request, request.heldBy.isEmpty ? "asked for" : "asked for, held: \(request.heldBy)")
        try conceal()
        return request
    }

    /// Calls off an erasure nothing was removed for yet.
    package func cancel(_ id: String) throws {
        let request = try requests.withLock { all in
            guard let index = all.firstIndex(where: { $0.id == id }) else { throw Refusal.unknown(id) }
            guard all[index].isCancellable else { throw Refusal.begun(id) }
            try catalog.remove(Catalog.Job(kind: Self.kind, name: id, step: "", payload: ""))
            return all.remove(at: index)
        }
        try conceal()
        try catalog.forgetRemoved()
        ground.enter(request, "called off")
    }

    /// Takes the next step of the erasure that is least far, so that all are soon out of sight; false where nothing can be done now.
    ///
    /// One caller at a time. A step that fails is tried again at the next call, and says why until then; others go on.
    /// - Throws: `CancellationError` where it should stop; else the first failure, where no erasure got further.
    package func work(shouldStop: () -> Bool = { false }) throws -> Bool {
        let order = ErasureRequest.Step.allCases
        let waiting = open.sorted { (order.firstIndex(of: $0.step) ?? 0) < (order.firstIndex(of: $1.step) ?? 0) }
        var firstFailure: (any Error)?
        for var request in waiting {
            let before = request.step
            do {
                try take(&request, shouldStop: shouldStop)
            } catch let error as CancellationError {
                throw error
            } catch is CalledOff {
                return true
            } catch {
                var failed = open.first { $0.id == request.id } ?? request
                failed.failure = "\(error)"
                try? save(failed)
                firstFailure = firstFailure ?? error
                continue
            }
            if request.step != before || !open.contains(where: { $0.id == request.id }) { return true }
        }
        if let firstFailure { throw firstFailure }
        return false
    }

    private func take(_ request: inout ErasureRequest, shouldStop: () -> Bool) throws {
        let id = request.id
        // Called off meanwhile: nothing is to be done.
        guard open.contains(where: { $0.id == id }) else { return }
        let progress = { [self] (now: ErasureRequest) in
            try save(now)
            if shouldStop() { throw CancellationError() }
        }
        request.failure = ""
        switch request.step {
        case .mark: try mark(&request)
        case .hide: try advance(&request, to: .series)
        case .series:
            try ground.deleteSeries(&request, progress: progress)
            try advance(&request, to: .rewrite)
        case .rewrite:
            try ground.rewriteLogs(&request, progress: progress)
            try advance(&request, to: .verify)
        case .verify:
            try ground.verify(&request, progress: progress)
            try advance(&request, to: .destroy)
        case .destroy: try destroy(&request)
        case .receipt: try finish(&request)
        }
    }

    private func advance(_ request: inout ErasureRequest, to step: ErasureRequest.Step) throws {
        request.step = step
        try save(request)
    }

    private func mark(_ request: inout ErasureRequest) throws {
        let hold = try ground.hold(on: request) ?? ""
        if hold.isEmpty {
            if !request.heldBy.isEmpty { ground.enter(request, "no longer held") }
            request.heldBy = ""
            try advance(&request, to: .hide)
            return try conceal()
        }
        if hold != request.heldBy { ground.enter(request, "held: \(hold)") }
        request.heldBy = hold
        try save(request)
    }

    /// From here on nothing on disk says which words they were.
    private func destroy(_ request: inout ErasureRequest) throws {
        if case .subject = request.target { request.target = .subject([]) }
        request.step = .receipt
        request.finished = clock()
        try save(request)
        try conceal()
        try ground.forget(request)
        try catalog.forgetRemoved()
    }

    private func finish(_ request: inout ErasureRequest) throws {
        let request = request
        try catalog.forgetRemoved()
        try fileSystem.makeDirectories(receipts)
        let text = try Receipt.make(kind: "erasure", signer: signer) { json in
            json.raw(",\"id\":")
            json.string(request.id)
            json.raw(",\"requested\":\"\(UTCText.milliseconds(request.requested))\"")
            json.raw(",\"finished\":\"\(UTCText.milliseconds(request.finished))\",\"by\":")
            json.string(request.by)
            json.raw(",\"reason\":")
            json.string(request.reason)
            json.raw(",\"resumptions\":\(request.resumptions),")
            request.figures(&json)
        }
        try fileSystem.writeAtomically(text.span, to: path(of: request.id))
        try expect([request.id])
        try catalog.remove(Catalog.Job(kind: Self.kind, name: request.id, step: "", payload: ""))
        requests.withLock { $0.removeAll { $0.id == request.id } }
        ground.enter(request, "done: \(request.lines) lines, \(request.series) series")
    }

    private func path(of id: String) -> String { "\(receipts)/\(id).json" }

    /// Receipts the catalog is to miss where they are gone.
    private func expect(_ ids: [String]) throws { try catalog.expect(ids.map { "receipts/\($0).json" }) }

    /// The receipt of an erasure that is done; nil where there is none of this name.
    package func receipt(_ id: String) throws -> [UInt8]? {
        guard id.utf8.allSatisfy({ ByteClass.isAlnum($0) || $0 == 0x2D }), fileSystem.exists(path(of: id)) else { return nil }
        return try fileSystem.read(path(of: id))
    }

    /// Names of the receipts there are, sorted.
    package func receiptNames() throws -> [String] {
        guard fileSystem.exists(receipts) else { return [] }
        return try fileSystem.list(receipts).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }
}
