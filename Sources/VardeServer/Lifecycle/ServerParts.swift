import Logging
import Synchronization
import VardeCollect
import VardeDisk
import VardeForward
import VardeLogs
import VardeMetrics
import VardeModel
import VardePrivacy
import VardeQuery
import VardeWire

/// The stores, once they are open.
struct Stores: Sendable {
    var catalog: Catalog
    var metrics: MetricStore
    var logs: LogStore
    var exemplars: ExemplarStore
    /// What short-lived jobs pushed.
    var pushed: PushedGroups
    /// Erasures under way, and what holds them.
    var erasures: ErasureDesk
}

/// What the routes work with. Made once; what changes while the server runs is behind locks.
final class ServerParts: Sendable {
    let dataDirectory: String
    /// `HOST:PORT` as it was asked for.
    let listen: String
    let startTime: Int64
    let clock: @Sendable () -> Int64
    /// Those in force now; how many connections, queries and series there may be is set at the start.
    var limits: LimitSettings { configuration.withLock { $0.limits } }
    let pool: QueryPool
    let metrics: SelfMetrics
    let redaction: RedactionControl
    let audit: AuditTrail
    let storage: StorageRoom
    /// The keys of days of sealed files.
    let days: StorageDays
    let gate: InboundGate
    let scrapes: ScrapeManager
    let forwarding: Forwarding
    let sentMetadata = SentMetadata()
    /// Differences that OTLP's senders report, summed up.
    let otlpDeltas = OTLPDeltaSums()
    let tails = TailHub()
    let logRates = LogRateLimits()
    let logTimes = LogTimes()
    let reloads = ReloadState()
    let slowQueries: SlowQueryLog
    let logger: Logger
    private let opened = Mutex<Stores?>(nil)
    private let configuration: Mutex<Configuration>
    /// Set while the disk has too little room: writes are answered 503.
    private let readOnly = Mutex<String?>(nil)
    private let stopping = Mutex(false)

    init(
        configuration: Configuration, dataDirectory: String, listen: String, clock: @escaping @Sendable () -> Int64, metrics: SelfMetrics,
        redaction: RedactionControl, audit: AuditTrail, storage: StorageRoom, gate: InboundGate,
        scrapes: ScrapeManager, forwarding: Forwarding, logger: Logger
    ) {
        self.configuration = Mutex(configuration)
        self.dataDirectory = dataDirectory
        self.listen = listen
        self.clock = clock
        startTime = clock()
        pool = QueryPool(concurrency: configuration.limits.queryConcurrency, maxWaiting: configuration.limits.queryQueue)
        self.metrics = metrics
        self.redaction = redaction
        self.audit = audit
        self.storage = storage
        days = StorageDays(storage, directory: dataDirectory, audit: audit, clock: clock)
        self.gate = gate
        self.scrapes = scrapes
        self.forwarding = forwarding
        self.logger = logger
        slowQueries = SlowQueryLog(threshold: configuration.limits.slowQuery, logger: logger, metrics: metrics)
    }

    func current() -> Configuration { configuration.withLock { $0 } }
    func use(_ other: Configuration) { configuration.withLock { $0 = other } }

    /// - Throws: 503 in plain words while the stores are being opened.
    func stores() throws -> Stores {
        guard let stores = opened.withLock({ $0 }) else {
            throw APIFailure(status: 503, type: "unavailable", message: "Service Unavailable", isPlain: true)
        }
        return stores
    }

    func open(_ stores: Stores) { opened.withLock { $0 = stores } }

    var isReady: Bool { opened.withLock { $0 != nil } && !stopping.withLock { $0 } }

    /// From here on new writes are refused.
    func beginStopping() {
        stopping.withLock { $0 = true }
        tails.endAll()
    }

    func setReadOnly(_ reason: String?) { readOnly.withLock { $0 = reason } }
    var isReadOnly: Bool { readOnly.withLock { $0 != nil } }

    /// - Throws: 503 where nothing may be written now.
    func checkWritable() throws {
        if stopping.withLock({ $0 }) {
            throw APIFailure(status: 503, type: "unavailable", message: "the server is stopping", retryAfter: 5)
        }
        if let reason = readOnly.withLock({ $0 }) { throw APIFailure(status: 503, type: "unavailable", message: reason, retryAfter: 30) }
    }

    /// Puts the jobs of the configuration in force, with those of the server's own.
    func applyScrapes() {
        let hasPushed = opened.withLock { $0?.pushed.isEmpty } == false
        scrapes.apply(current().effectiveScrapeConfigs(listen: listen) + (hasPushed ? [CollectSettings.pushedJob] : []))
    }

    /// The page an own job scrapes, by its URL.
    func ownPage(_ url: String) -> [UInt8]? {
        guard url.hasPrefix("\(CollectSettings.pushedScheme)://") else { return nil }
        return opened.withLock { $0?.pushed }?.page() ?? []
    }

    /// What redacts at this moment; nil where privacy is switched off.
    var redactor: Redactor? { redaction.redactor }

    /// What is said of a request, without personal data in it.
    func told(_ text: String) -> String { redaction.masking?.redact(text: text) ?? text }

    /// What is said of machines, their labels and addresses: without personal data, passwords and secrets.
    func toldOfMachine(_ text: String) -> String { redaction.telling?.redact(text: text) ?? text }
    func toldOfMachine(_ labels: Labels) -> Labels { redaction.telling?.redact(labels: labels) ?? labels }

    /// LogQL inside PromQL.
    var logqlHook: (@Sendable (String, StepGrid, QueryBudget) throws -> StepMatrix)? {
        guard let logs = opened.withLock({ $0?.logs }) else { return nil }
        return { [redaction] query, grid, budget in
            var options = LogQLOptions()
            options.resolvePII = { redaction.tokens(for: $0) }
            return try LogQLEngine(source: logs, options: options).matrix(query, grid, budget)
        }
    }

    /// A store's refusal as an answer.
    static func failure(_ error: IngestError) -> APIFailure {
        switch error {
        case .limit(let text): APIFailure(status: 400, type: "limit", message: text)
        case .full(let text): APIFailure(status: 503, type: "limit", message: text, retryAfter: 60)
        case .invalidLabels(let text): APIFailure(status: 400, type: "bad_data", message: text)
        case .unavailable(let text): APIFailure(status: 503, type: "unavailable", message: text, retryAfter: 10)
        case .overloaded(let seconds):
            APIFailure(status: 429, type: "overloaded", message: "the server is short of memory", retryAfter: seconds)
        }
    }
}

/// Metadata senders of remote write pass on; the newest of each family, bounded.
final class SentMetadata: Sendable {
    private static let maxFamilies = 20_000
    private let families = Mutex<[String: Set<FamilyMetadata>]>([:])

    var all: [String: Set<FamilyMetadata>] { families.withLock { $0 } }

    func note(_ name: String, _ metadata: FamilyMetadata) {
        families.withLock { families in
            if families[name] == nil, families.count >= Self.maxFamilies { return }
            if families[name, default: []].count < 10 { families[name, default: []].insert(metadata) }
        }
    }
}

/// How the last reload went.
final class ReloadState: Sendable {
    private let state = Mutex((succeeded: true, time: Int64(0), failure: Int64(0), count: 0, failures: 0))

    func note(succeeded: Bool, at time: Int64) {
        state.withLock { state in
            state.succeeded = succeeded
            if succeeded { state.time = time } else { state.failure = time }
            state.count += 1
            if !succeeded { state.failures += 1 }
        }
    }

    var lastSucceeded: Bool { state.withLock { $0.succeeded } }
    var lastTime: Int64 { state.withLock { $0.time } }
    /// Milliseconds since the epoch, 0 where none has failed.
    var lastFailure: Int64 { state.withLock { $0.failure } }
    var failures: Int { state.withLock { $0.failures } }
}
