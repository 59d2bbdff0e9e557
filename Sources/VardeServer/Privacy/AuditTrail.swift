import Foundation
import Logging
import Synchronization
import VardeDisk
import VardeEgress
import VardePrivacy

/// What the server enters in the audit log, and how: reads of logs before their answer leaves, the rest as it happens.
final class AuditTrail: Sendable {
    /// Refusals of one kind are entered once in so many milliseconds, with how many there were.
    private static let refusalInterval: Int64 = 60_000
    /// Kinds of refusals remembered at once.
    private static let maxRefusals = 1_000

    private struct State {
        /// By kind: when it was entered last, and how many have come since.
        var refusals: [String: (since: Int64, count: Int)] = [:]
        var lastCheckpoint: Int64 = 0
    }

    /// nil where the configuration switches the log off.
    let log: AuditLog?
    let places: PrivacyPlaces
    /// Signs the log's heads, and receipts.
    let signer: AuditSigner
    private let interval: Int64
    let text = AuditText()
    private let clock: @Sendable () -> Int64
    private let metrics: SelfMetrics
    private let logger: Logger
    private let state = Mutex(State())

    init(
        _ configuration: Configuration, dataDirectory: String, fileSystem: any FileSystem, clock: @escaping @Sendable () -> Int64,
        metrics: SelfMetrics, logger: Logger
    ) throws {
        places = PrivacyPlaces(dataDirectory: dataDirectory, privacy: configuration.privacy)
        interval = configuration.privacy.audit.interval
        self.clock = clock
        self.metrics = metrics
        self.logger = logger
        places.makeKeyFolder()
        signer = try AuditSigner.open(places.auditKey, dataDirectory: dataDirectory)
        guard configuration.privacy.audit.enabled else {
            log = nil
            logger.warning("privacy.audit.enabled is false: nobody can tell later who read what")
            return
        }
        let opened = try AuditLog(
            directory: places.auditDirectory, checkpoints: places.auditCheckpoints, fileSystem: fileSystem, signer: signer,
            clock: clock)
        for damage in opened.damage {
            logger.error("audit log: \(damage)")
            opened.appendLater(AuditEntry(time: clock(), who: "varde", action: "damage", what: damage))
        }
        if let (entries, key) = AuditCheckpoint.last(in: places.auditCheckpoints, fileSystem), key != signer.publicKeyText {
            let what = "up to entry \(entries) the log was signed by another key, \(key.prefix(16))…, than the one in \(places.auditKey)"
            logger.error("audit log: \(what): bring the old file back, or keep its public key to verify that part and older receipts by")
            opened.appendLater(AuditEntry(time: clock(), who: "varde", action: "damage", what: what))
        }
        log = opened
    }

    // MARK: requests

    /// What of a request is entered: nil for those that read neither logs nor what is personal.
    private static func action(_ route: RouteTable.Route, _ request: APIRequest) -> String? {
        switch route.role {
        case .privacy: return route.name.hasPrefix("/loki") ? "delete" : "privacy"
        case .admin: return "admin"
        case .read where route.name.hasPrefix("/loki/api/v1/"):
            return ["/loki/api/v1/rules", "/loki/api/v1/format_query"].contains(route.name) ? nil : "read"
        case .read:
            let query = request.value("query") ?? ""
            return query.contains("logql") || AuditText.usesPII(query) ? "read" : nil
        default: return nil
        }
    }

    /// Enters an answered request; returns once the entry is synced.
    ///
    /// - Throws: 503 where it cannot be entered: the answer must not leave then.
    func answered(_ route: RouteTable.Route, _ request: APIRequest, lines: Int?, status: Int) async throws {
        guard let log, let action = Self.action(route, request) else { return }
        if status == 401 || status == 403 {
            refused(
                "request", "\(request.method) \(route.name)", who: request.token?.name ?? "unknown", from: request.remoteAddress, status)
            return
        }
        try await enter(
            AuditEntry(
                time: clock(), who: who(request), from: request.remoteAddress, action: action, what: words(request), lines: lines,
                status: status), in: log)
    }

    /// Enters something a route says itself, synced.
    func note(_ request: APIRequest, action: String, what: String, lines: Int? = nil) async throws {
        guard let log else { return }
        try await enter(
            AuditEntry(
                time: clock(), who: who(request), from: request.remoteAddress, action: action, what: text(what), lines: lines), in: log)
    }

    private func enter(_ entry: AuditEntry, in log: AuditLog) async throws {
        do throws(AuditError) {
            try await log.append(entry)
        } catch {
            metrics.count("varde_audit_failures_total")
            logger.error("an answer was withheld: \(error)")
            throw APIFailure(
                status: 503, type: "unavailable", message: "the answer is withheld: the audit log cannot be written", retryAfter: 10)
        }
    }

    private func who(_ request: APIRequest) -> String { request.token?.name ?? "anonymous" }

    /// The request in words: path and parameters, without personal data.
    private func words(_ request: APIRequest) -> String {
        var parts = ["\(request.method) \(request.path)"]
        for (name, value) in request.parameters where name != "token" { parts.append("\(name)=\(value)") }
        return text(parts.joined(separator: " "))
    }

    // MARK: what the server does by itself

    /// Enters something without waiting for the disk.
    func later(_ action: String, _ what: String, who: String = "varde", from: String = "", lines: Int? = nil) {
        guard let log else { return }
        if !log.appendLater(AuditEntry(time: clock(), who: who, from: from, action: action, what: text(what), lines: lines)) {
            metrics.count("varde_audit_failures_total")
            logger.error("the audit log is overloaded: an entry is missing", metadata: ["action": "\(action)"])
        }
    }

    func refusedConnection(_ refusal: EgressRefusal) {
        metrics.count("varde_egress_refused_total", ["reason": refusal.reason])
        logger.warning(
            "refused a connection", metadata: ["host": "\(refusal.host)", "address": "\(refusal.address)", "reason": "\(refusal.reason)"])
        refused("connection", "to \(refusal.host) at \(refusal.address), \(refusal.reason)", who: "varde", from: "", nil)
    }

    /// Enters refusals of one kind at most once a minute: who knocks often must not fill the log.
    func refused(_ kind: String, _ what: String, who: String, from: String, _ status: Int?) {
        guard let log else { return }
        let now = clock()
        let key = "\(kind)\u{0}\(what)\u{0}\(who)\u{0}\(from)"
        let count = state.withLock { state -> Int in
            if let known = state.refusals[key], now - known.since < Self.refusalInterval {
                state.refusals[key]?.count += 1
                return 0
            }
            let earlier = state.refusals[key]?.count ?? 0
            if state.refusals.count >= Self.maxRefusals {
                state.refusals = state.refusals.filter { now - $0.value.since < Self.refusalInterval }
            }
            if state.refusals.count < Self.maxRefusals { state.refusals[key] = (now, 0) }
            return earlier + 1
        }
        guard count > 0 else { return }
        let times = count > 1 ? " (\(count) times)" : ""
        log.appendLater(
            AuditEntry(time: now, who: who, from: from, action: "refused \(kind)", what: addresses(what) + times, status: status))
    }

    /// Addresses of refused connections are what the entry is about: they stay, other personal data does not.
    private func addresses(_ what: String) -> String { String(what.prefix(500)) }

    /// Enters what a configuration keeps raw, and that it came into force.
    func configuration(_ configuration: Configuration, action: String) {
        let digest = ConfigurationDigest.text(configuration.text)
        later(action, "\(configuration.file ?? "embedded defaults") sha256:\(digest)")
        for rule in configuration.privacy.rules {
            if !rule.kept.isEmpty {
                later("exception", "\(rule.selector) keeps \(rule.kept.joined(separator: ", ")) until \(rule.until): \(rule.reason)")
            }
        }
    }

    /// Signs the chain's head when it is time; call it about once a second, off the event loops.
    func tick() {
        let now = clock()
        guard state.withLock({ now - $0.lastCheckpoint >= interval }) else { return }
        checkpoint()
        state.withLock { $0.lastCheckpoint = now }
    }

    func checkpoint() {
        do { try log?.checkpoint() } catch {
            metrics.count("varde_audit_checkpoint_failures_total")
            logger.error("the audit log's head could not be signed to \(places.auditCheckpoints): \(error)")
        }
    }
}
