import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import VardeCollect
import VardeEgress
import VardeModel
import VardePrivacy
import VardeWire

/// What StatsD's senders reported, over all its listeners and through reloads.
final class SharedStatsDSums: Sendable {
    private let sums = Mutex(StatsDSums(maxSeries: 0))

    func add(_ line: StatsDLine, extra: [Label], now: Int64, redactor: Redactor?) -> String? {
        sums.withLock { $0.add(line, extra: extra, now: now) { redactor?.redact(labels: $0) ?? $0 } }
    }

    func write(at now: Int64, before: Int64, oldest: Int64) -> RawSampleBatch {
        var batch = RawSampleBatch()
        sums.withLock { $0.write(at: now, before: before, oldest: oldest, into: &batch) }
        return batch
    }

    var count: Int { sums.withLock { $0.count } }
    func limit(_ maxSeries: Int) { sums.withLock { $0.maxSeries = maxSeries } }
}

/// The listeners for Graphite and StatsD.
struct MetricListeners: Sendable {
    let parts: ServerParts
    let sums: SharedStatsDSums
    private let graphite: ListenerSet<MetricListenerSettings>
    private let statsd: ListenerSet<MetricListenerSettings>

    init(parts: ServerParts) {
        self.parts = parts
        let sums = SharedStatsDSums()
        self.sums = sums
        func listeners(_ key: String) -> ListenerSet<MetricListenerSettings> {
            ListenerSet(
                .init(
                    key: key,
                    places: { settings in
                        Set(settings.addresses.flatMap { transport, all in all.map { ListenPlace(transport: transport, address: $0) } })
                    },
                    open: { try await Self.open($0, $1, parts, sums) }, lost: { parts.logger.error("\($0)") }))
        }
        graphite = listeners("collect.graphite")
        statsd = listeners("collect.statsd")
    }

    private static func open(
        _ place: ListenPlace, _ settings: MetricListenerSettings, _ parts: ServerParts, _ sums: SharedStatsDSums
    ) async throws -> ListenerSet<MetricListenerSettings>.Listener {
        let session = LineSession(parts: parts, settings: settings, transport: place.transport, sums: sums)
        let networks = settings.networks
        let admits: @Sendable (String) -> Bool = { address in address.isEmpty || networks.contains { $0.contains(address) } }
        if place.transport == .udp {
            return .datagram(
                try await DatagramListener.open(
                    place.address,
                    handling: .init(admits: admits, take: { await session.take(datagrams: $0) }, dropped: { session.dropped($0, 1) })))
        }
        let metrics = parts.metrics
        let dialect = settings.dialect.rawValue
        return .stream(
            try await StreamListener.open(
                place.address, tls: nil, limits: .init(connections: settings.connections, idle: .milliseconds(settings.idle)),
                handling: .init(
                    admits: admits, serve: { try await session.read($0) },
                    refused: { metrics.count("varde_metric_connections_refused_total", ["protocol": dialect, "reason": $0]) })))
    }

    func prepare(_ collect: CollectSettings) async throws {
        try await graphite.prepare(collect.graphite)
        do { try await statsd.prepare(collect.statsd) } catch {
            await graphite.discard()
            throw error
        }
    }

    func commit(_ collect: CollectSettings) async {
        await graphite.commit(collect.graphite)
        if let settings = collect.statsd { sums.limit(settings.maxSeries) }
        await statsd.commit(collect.statsd)
    }

    func discard() async {
        await graphite.discard()
        await statsd.discard()
    }

    func closeAll() async {
        await graphite.closeAll()
        await statsd.closeAll()
    }
}

/// Listens for Graphite and StatsD while the server runs, and writes down what StatsD's senders reported. Stopped before the doors for
/// writes close: what was read is stored.
struct MetricListenerService: Service {
    /// How long a round of StatsD's series waits to be taken.
    private static let patience = Duration.seconds(5)

    let listeners: MetricListeners

    func run() async throws {
        let parts = listeners.parts
        let collect = parts.current().collect
        try await listeners.prepare(collect)
        await listeners.commit(collect)
        for settings in [collect.graphite, collect.statsd].compactMap({ $0 }) {
            for (transport, addresses) in settings.addresses {
                for address in addresses {
                    parts.logger.info("listens for \(settings.dialect.rawValue)", metadata: ["\(transport.rawValue)": "\(address)"])
                }
            }
        }
        await cancelWhenGracefulShutdown { await writeRounds() }
        await listeners.closeAll()
        await write()
    }

    private func writeRounds() async {
        while !Task.isCancelled {
            let interval = listeners.parts.current().collect.statsd?.interval ?? 10_000
            do { try await Task.sleep(for: .milliseconds(interval)) } catch { return }
            await write()
        }
    }

    private func write() async {
        if listeners.sums.count == 0 { return }
        let parts = listeners.parts
        let settings = parts.current().collect.statsd
        let now = parts.clock()
        let batch = listeners.sums.write(
            at: now, before: now - (settings?.interval ?? 10_000), oldest: now - (settings?.forgetAfter ?? 900_000))
        let samples = batch.sampleCount
        if await !MetricDelivery(parts: parts, name: "statsd").deliver(batch, patience: Self.patience) {
            MetricIntake(parts: parts).refuse(samples, "not_taken")
        }
    }
}
