import Logging
import ServiceLifecycle
import VardeCollect
import VardeForward
import VardeLogs
import VardeMetrics
import VardeWire

/// Sends to other stores once there is a store to send from.
struct ForwardService: Service {
    let parts: ServerParts
    let store: StoreService

    func run() async throws {
        await store.waitUntilOpen()
        if parts.isReady { parts.applyForwarding() }
        try? await gracefulShutdown()
        await parts.forwarding.stop()
    }
}

extension ServerParts {
    /// Puts the endpoints of the configuration in force.
    func applyForwarding() {
        guard let stores = try? stores() else { return }
        let store = stores.metrics
        let ground = Forwarding.MetricGround(
            store: store,
            firstKept: { [self] in
                let kept = current().storage.unsent
                // Where the disk is short what waits for others goes first.
                return try store.firstSegment(livingAt: clock() - kept.time, within: isReadOnly ? 0 : kept.bytes)
            },
            families: { [self] in familyMetadata })
        if current().remoteWrite.contains(where: \.sendsExemplars) {
            stores.exemplars.follow { store.pass(on: $0) }
        } else {
            stores.exemplars.follow(nil)
        }
        do {
            try forwarding.apply(current().remoteWrite, ground, current().lokiWrite, logGround(stores.logs))
        } catch {
            logger.error("remote_write and loki_write cannot begin: \(error)")
        }
    }

    private func logGround(_ store: LogStore) -> Forwarding.LogGround {
        Forwarding.LogGround(
            store: store,
            firstKept: { [self] in
                let kept = current().storage.unsent
                return try store.firstSegment(livingAt: clock() - kept.time, within: isReadOnly ? 0 : kept.bytes)
            })
    }

    /// What is known of metric families from scrapes and senders, one record each.
    private var familyMetadata: [RemoteWrite.Metadata] {
        let all = scrapes.metadata().merging(sentMetadata.all) { scraped, _ in scraped }
        return all.sorted { $0.key < $1.key }.compactMap { name, found in
            found.min { ($0.type, $0.help, $0.unit) < ($1.type, $1.help, $1.unit) }.map {
                RemoteWrite.Metadata(type: $0.type, family: name, help: $0.help, unit: $0.unit)
            }
        }
    }
}
