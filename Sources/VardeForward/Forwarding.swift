package import Logging
import Synchronization
import VardeCollect
import VardeDisk
package import VardeEgress
package import VardeLogs
package import VardeMetrics
package import VardeWire

/// Everything that leaves for other stores: one task an endpoint, none delaying another.
package final class Forwarding: Sendable {
    /// What a metrics store's endpoints need besides it.
    package struct MetricGround: Sendable {
        package var store: MetricStore
        /// First segment of the store's log that may still be sent.
        package var firstKept: @Sendable () throws -> UInt64
        package var families: @Sendable () -> [RemoteWrite.Metadata]

        package init(
            store: MetricStore, firstKept: @escaping @Sendable () throws -> UInt64,
            families: @escaping @Sendable () -> [RemoteWrite.Metadata]
        ) {
            self.store = store
            self.firstKept = firstKept
            self.families = families
        }
    }

    /// What a log store's endpoints need besides it.
    package struct LogGround: Sendable {
        package var store: LogStore
        /// First segment of the store's log that may still be sent.
        package var firstKept: @Sendable () throws -> UInt64

        package init(store: LogStore, firstKept: @escaping @Sendable () throws -> UInt64) {
            self.store = store
            self.firstKept = firstKept
        }
    }

    /// How one endpoint is doing.
    package struct Status: Sendable {
        package enum Kind: Sendable {
            case metrics
            case logs
        }

        package var kind: Kind
        package var name: String
        package var url: String
        package var shardRange: ClosedRange<Int>
        package var mostPerSend: Int
        package var statistics: ForwardStatistics
    }

    private enum Endpoint: Equatable {
        case metrics(RemoteWriteEndpoint)
        case logs(LokiWriteEndpoint)

        var target: ForwardTarget {
            switch self {
            case .metrics(let endpoint): endpoint.target
            case .logs(let endpoint): endpoint.target
            }
        }
        var queue: ForwardQueue {
            switch self {
            case .metrics(let endpoint): endpoint.queue
            case .logs(let endpoint): endpoint.queue
            }
        }
        var kind: Status.Kind {
            switch self {
            case .metrics: .metrics
            case .logs: .logs
            }
        }
        /// Unique over all kinds.
        var key: String { "\(kind) \(target.name)" }
    }

    private struct Running {
        var endpoint: Endpoint
        var sender: EndpointSender
        var task: Task<Void, Never>
    }

    private let running = Mutex<[String: Running]>([:])
    private let egress: EgressClient
    private let authorizer: EndpointAuthorizer
    private let clock: @Sendable () -> Int64
    private let redact: @Sendable (String) -> String
    private let logger: Logger

    /// - Parameters:
    ///   - clock: milliseconds since the epoch.
    ///   - redact: takes personal data out of what receivers say.
    package init(
        egress: EgressClient, clock: @escaping @Sendable () -> Int64, redact: @escaping @Sendable (String) -> String, logger: Logger
    ) {
        self.egress = egress
        self.clock = clock
        self.redact = redact
        self.logger = logger
        authorizer = EndpointAuthorizer(egress: egress, clock: clock)
    }

    /// Sends to these endpoints from here on. Those that are as they were go on undisturbed; those that are gone are forgotten, and the
    /// log is no longer kept for them.
    package func apply(
        _ metrics: [RemoteWriteEndpoint], _ ground: MetricGround, _ logs: [LokiWriteEndpoint], _ logGround: LogGround
    ) throws {
        try ground.store.holds.keepOnly(Set(metrics.map(\.target.name)))
        try logGround.store.holds.keepOnly(Set(logs.map(\.target.name)))
        replace(metrics.map { .metrics($0) } + logs.map { .logs($0) }) { endpoint, sender, earlier in
            switch endpoint {
            case .metrics(let endpoint): Task { await self.run(endpoint, sender, ground, after: earlier) }
            case .logs(let endpoint): Task { await self.run(endpoint, sender, logGround, after: earlier) }
            }
        }
    }

    private func replace(
        _ wanted: [Endpoint], _ start: (Endpoint, EndpointSender, Task<Void, Never>?) -> Task<Void, Never>
    ) {
        running.withLock { running in
            let keys = Set(wanted.map(\.key))
            for (key, one) in running where !keys.contains(key) {
                one.task.cancel()
                running[key] = nil
            }
            for endpoint in wanted where running[endpoint.key]?.endpoint != endpoint {
                let earlier = running[endpoint.key]?.task
                earlier?.cancel()
                let sender = EndpointSender(
                    endpoint.target, retriesTooMany: endpoint.queue.retriesTooMany, form: Self.form(of: endpoint), egress: egress,
                    authorizer: authorizer, clock: clock, redact: redact, logger: logger)
                // Two never read for one name at once.
                running[endpoint.key] = Running(endpoint: endpoint, sender: sender, task: start(endpoint, sender, earlier))
            }
        }
    }

    private static func form(of endpoint: Endpoint) -> ForwardForm {
        if case .metrics(let endpoint) = endpoint, endpoint.message == .symbols { return .newer }
        return .older
    }

    private func run(
        _ endpoint: RemoteWriteEndpoint, _ sender: EndpointSender, _ ground: MetricGround, after earlier: Task<Void, Never>?
    ) async {
        await earlier?.value
        let store = ground.store
        let name = endpoint.target.name
        guard let progress = await Self.untilDone({ try store.progress(ofReader: name) }) else { return }
        let feed = SampleFeed(store, endpoint, from: progress.done, clock: clock)
        let forwarder = Forwarder(
            name: name, queue: endpoint.queue, feed: feed, holds: store.holds, sender: sender,
            ground: .init(clock: clock, firstKept: ground.firstKept, loggedBytes: { store.loggedBytes }))
        let metadata = MetadataSender(endpoint: endpoint, sender: sender, feed: feed, families: ground.families)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await forwarder.run(from: progress) }
            group.addTask { await metadata.run() }
        }
    }

    private func run(
        _ endpoint: LokiWriteEndpoint, _ sender: EndpointSender, _ ground: LogGround, after earlier: Task<Void, Never>?
    ) async {
        await earlier?.value
        let store = ground.store
        let name = endpoint.target.name
        guard let progress = await Self.untilDone({ try store.progress(ofReader: name) }) else { return }
        let forwarder = Forwarder(
            name: name, queue: endpoint.queue, feed: LogFeed(store, endpoint, from: progress.done, clock: clock), holds: store.holds,
            sender: sender, ground: .init(clock: clock, firstKept: ground.firstKept, loggedBytes: { store.loggedBytes }))
        await forwarder.run(from: progress)
    }

    /// Tries again what a disk has failed; nil once cancelled.
    private static func untilDone<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async -> Result? {
        let blocking = BlockingWork()
        while !Task.isCancelled {
            if let result = try? await blocking(body) { return result }
            try? await Task.sleep(for: .seconds(1))
        }
        return nil
    }

    /// Stops everything and returns once it has stopped; where each endpoint stands is in the log's holds.
    package func stop() async {
        let tasks = running.withLock { running in
            defer { running = [:] }
            return running.values.map(\.task)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    /// Each endpoint, by name.
    package var statuses: [Status] {
        running.withLock { Array($0.values) }.map { one in
            let queue = one.endpoint.queue
            return Status(
                kind: one.endpoint.kind, name: one.endpoint.target.name, url: one.endpoint.target.shownURL,
                shardRange: queue.minShards...max(queue.minShards, queue.maxShards), mostPerSend: queue.mostPerSend,
                statistics: one.sender.statistics)
        }.sorted { $0.name < $1.name }
    }
}
