import Dispatch
import Foundation
import Logging
import Synchronization
import VardeDisk
import VardePrivacy

/// Takes requests for erasure and works on them, one step after another, on a thread of its own.
final class ErasureDesk: Sendable {
    /// Milliseconds after which a failed step is tried again, and after which held erasures are looked at again: that takes a search.
    private static let retryDelay = 5_000
    private static let holdDelay = 60_000

    private struct State {
        var isStopping = false
        /// The round that is to come, nil where none is; rounds are numbered, one that another has overtaken does nothing.
        var pending: Int?
        var rounds = 0
    }

    let saga: ErasureSaga
    let holds: LegalHolds
    private let queue = DispatchQueue(label: "varde.erasures", qos: .utility)
    private let state = Mutex(State())
    private let logger: Logger
    private let metrics: SelfMetrics

    /// Takes up what was left undone; what is to be erased is in no answer once this returns.
    init(_ parts: ServerParts, stores: ErasedStores, catalog: Catalog, fileSystem: any FileSystem) throws {
        logger = parts.logger
        metrics = parts.metrics
        holds = LegalHolds(catalog: catalog, configured: { [parts] in parts.current().privacy.legalHolds }, clock: parts.clock)
        let pace = ErasurePace()
        let snapshots = SnapshotErasure(
            directory: parts.dataDirectory + "/" + DataBackup.snapshots, room: parts.storage,
            options: { [parts] in try parts.storeOptions() },
            clock: parts.clock, pace: { pace.wait() })
        try snapshots.removeUnfinished()
        let ground = StoreErasureGround(
            stores: stores, holds: holds, note: { [audit = parts.audit] in audit.later("erasure", $1, who: $0, lines: $2) },
            copies: { try snapshots.erase($0) },
            pace: { pace.wait() })
        saga = try ErasureSaga(
            catalog: catalog, ground: ground, receipts: parts.audit.places.receiptDirectory, fileSystem: fileSystem,
            signer: parts.audit.signer, clock: parts.clock)
        let left = saga.open.count
        if left > 0 { logger.notice("erasures are taken up again where they stood", metadata: ["count": "\(left)"]) }
    }

    /// Begins to work.
    func start() { kick(after: 0) }

    /// Works as soon as it can.
    func kick() { kick(after: 0) }

    private func kick(after milliseconds: Int) {
        let round = state.withLock { state -> Int? in
            if state.isStopping || state.pending != nil && milliseconds > 0 { return nil }
            state.rounds += 1
            state.pending = state.rounds
            return state.rounds
        }
        if let round { queue.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [weak self] in self?.work(round) } }
    }

    private func work(_ round: Int) {
        let isDue = state.withLock { state in
            guard state.pending == round else { return false }
            state.pending = nil
            return true
        }
        guard isDue else { return }
        do {
            while !state.withLock({ $0.isStopping }), try saga.work(shouldStop: { state.withLock { $0.isStopping } }) {}
        } catch is CancellationError {
            return
        } catch {
            metrics.count("varde_erasure_failures_total")
            logger.error("a step of an erasure failed, it will be tried again: \(error)")
        }
        metrics.set("varde_erasures_open", [:], to: Double(saga.open.count))
        let open = saga.open
        if !open.isEmpty { kick(after: open.allSatisfy { !$0.heldBy.isEmpty } ? Self.holdDelay : Self.retryDelay) }
    }

    /// Returns once nothing is being worked on; what is left is taken up at the next start.
    func stop() {
        state.withLock { $0.isStopping = true }
        queue.sync {}
    }
}

/// Pauses between segments, so that an erasure leaves the disk to those who wait for it.
private final class ErasurePace: Sendable {
    /// Longest pause, in seconds.
    private static let maxPause = 2.0
    /// Share of the last ten seconds in which somebody waited for the disk, in percent, from which pauses are long.
    private static let highPressure = 30.0

    private let last = Mutex(DispatchTime.now().uptimeNanoseconds)

    /// A quarter of the time since the last pause, twice that time where the disk is what others wait for.
    func wait() {
        let took = last.withLock { Double(DispatchTime.now().uptimeNanoseconds - $0) / 1e9 }
        let pressure = (try? String(contentsOfFile: "/proc/pressure/io", encoding: .utf8)).flatMap { text in
            text.split(separator: " ").first { $0.hasPrefix("avg10=") }.flatMap { Double($0.dropFirst(6)) }
        }
        Thread.sleep(forTimeInterval: min(Self.maxPause, took * ((pressure ?? 0) > Self.highPressure ? 2 : 0.25)))
        last.withLock { $0 = DispatchTime.now().uptimeNanoseconds }
    }
}
