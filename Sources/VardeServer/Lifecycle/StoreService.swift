import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import VardeCollect
import VardeDisk
import VardeLogs
import VardeMetrics
import VardeModel
import VardeQuery

/// Opens the stores, keeps them in order while the server runs, and closes them.
final class StoreService: Service {
    private let parts: ServerParts
    private let settings: VardeServer.Settings
    private let logger: Logger
    private let readiness = AsyncStream<Void>.makeStream()

    init(parts: ServerParts, settings: VardeServer.Settings, logger: Logger) {
        self.parts = parts
        self.settings = settings
        self.logger = logger
    }

    /// Returns once the stores are open, or the service ends.
    func waitUntilOpen() async {
        for await _ in readiness.stream { return }
    }

    func run() async throws {
        let began = ContinuousClock.now
        let stores = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Stores, any Error>) in
            DispatchQueue.global().async { continuation.resume(with: Result { try self.openStores() }) }
        }
        parts.open(stores)
        stores.erasures.start()
        readiness.continuation.yield()
        readiness.continuation.finish()
        logger.info("ready", metadata: ["recovery": "\(ContinuousClock.now - began)", "series": "\(stores.metrics.statistics.series)"])
        // Beside the rest: nothing waits for it.
        async let firstUse: Void = PrometheusRoutes(parts: parts).askOnce()
        await withGracefulShutdownHandler {
            await maintain(stores)
        } onGracefulShutdown: { [parts] in
            parts.beginStopping()
        }
        await firstUse
        // The doors close before this service's turn to stop comes: one that ended earlier would count as failed.
        try? await gracefulShutdown()
    }

    private func openStores() throws -> Stores {
        let configuration = settings.configuration
        let files = parts.storage.files
        let path = settings.dataDirectory + "/" + Catalog.name
        let isNew = !files.device.exists(settings.dataDirectory + "/metrics")
        let hadCatalog = ((try? files.device.size(of: path)) ?? 0) > 0
        var (catalog, catalogDamage) = try Catalog.openSettingAsideDamaged(path: path, fileSystem: files, texts: parts.storage.texts)
        if !isNew, !hadCatalog { catalogDamage.append("\(path): the catalog is missing; \(Catalog.lost)") }
        // Before the stores make anew what they do not find.
        let missing = try catalog.missing(in: settings.dataDirectory, fileSystem: files).map {
            "\(settings.dataDirectory)/\($0): \(Catalog.missingReason)"
        }
        let (metricOptions, logOptions) = try parts.storeOptions()
        let metrics = try MetricStore.open(
            directory: settings.dataDirectory + "/metrics", fileSystem: files, catalog: catalog, options: metricOptions, clock: parts.clock)
        let logs = try LogStore.open(directory: settings.dataDirectory + "/logs", fileSystem: files, catalog: catalog, options: logOptions)
        let exemplars = try ExemplarStore.open(
            directory: settings.dataDirectory + "/exemplars", fileSystem: files, catalog: catalog,
            capacity: configuration.storage.maxExemplars, mode: logOptions.syncMode)
        let (pushed, pushedDamage) = try PushedGroups.open(
            directory: settings.dataDirectory + "/pushed", fileSystem: files, catalog: catalog)
        for damage in catalogDamage + missing + metrics.damage + logs.damage + exemplars.damage + pushedDamage {
            logger.error("damage found at the start: \(damage)")
        }
        try KeyReceipts(parts).writeMissing(parts.redaction.keyEpochs)
        try parts.days.writeMissing()
        // A chain whose beginning is gone is sound by itself.
        try catalog.expectAll(in: "audit", suffix: ".audit", of: settings.dataDirectory, fileSystem: files)
        let erased = ErasedStores(metrics: metrics, logs: logs, exemplars: exemplars, pushed: pushed)
        let erasures = try ErasureDesk(parts, stores: erased, catalog: catalog, fileSystem: files)
        return Stores(catalog: catalog, metrics: metrics, logs: logs, exemplars: exemplars, pushed: pushed, erasures: erasures)
    }

    /// Every second: the disk's room, and what the stores have to do.
    private func maintain(_ stores: Stores) async {
        let files = PosixFileSystem()
        while !Task.isCancelled, parts.isReady {
            watchDisk(files)
            let now = parts.clock()
            parts.redaction.tick(parts.current(), now: now / 1000)
            parts.audit.tick()
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                DispatchQueue.global(qos: .utility).async { [self, logger, parts] in
                    // A failure here costs time, not data: it is tried again at the next round.
                    do {
                        try stores.metrics.maintain(now: now)
                    } catch {
                        parts.metrics.count("varde_maintenance_failures_total", ["store": "metrics"])
                        logger.error("maintenance of the metrics store failed, it will be tried again: \(error)")
                    }
                    do {
                        let before = stores.logs.expiredEntries
                        try stores.logs.maintain(now: now * 1_000_000)
                        let expired = stores.logs.expiredEntries - before
                        if expired > 0 { parts.audit.later("retention", "log lines expired and were removed", lines: expired) }
                    } catch {
                        parts.metrics.count("varde_maintenance_failures_total", ["store": "logs"])
                        logger.error("maintenance of the log store failed, it will be tried again: \(error)")
                    }
                    do {
                        let size = parts.current().retention.size
                        let removed = try SizeRetention.enforce(size, metrics: stores.metrics, logs: stores.logs, now: now)
                        if removed > 0 { parts.audit.later("retention", "\(removed) files removed, as retention.size is reached") }
                    } catch {
                        parts.metrics.count("varde_maintenance_failures_total", ["store": "size"])
                        logger.error("removing the oldest files failed, it will be tried again: \(error)")
                    }
                    do {
                        try stores.exemplars.maintain()
                    } catch {
                        parts.metrics.count("varde_maintenance_failures_total", ["store": "exemplars"])
                        logger.error("maintenance of the exemplars failed, it will be tried again: \(error)")
                    }
                    destroyExpiredDays()
                    continuation.resume()
                }
            }
            // Sooner where the head fills faster than once a second.
            for _ in 0..<10 where parts.isReady && !stores.metrics.wantsMaintenance { try? await Task.sleep(for: .milliseconds(100)) }
        }
    }

    /// What has expired is out of reach also where copies of its files lie.
    private func destroyExpiredDays() {
        let retention = parts.current().retention
        do {
            for day in try parts.days.sweep(retention: max(retention.time, retention.logs.map(\.time).max() ?? 0)) {
                parts.audit.later("retention", "the keys of the files of \(day) destroyed")
            }
        } catch {
            parts.metrics.count("varde_maintenance_failures_total", ["store": "keys"])
            logger.error("keys of expired days could not be destroyed, it will be tried again: \(error)")
        }
    }

    private func watchDisk(_ files: PosixFileSystem) {
        guard let free = try? files.freeBytes(at: settings.dataDirectory) else { return }
        let least = parts.current().storage.minimumFreeBytes
        if free < least, !parts.isReadOnly {
            parts.setReadOnly(
                "the disk has \(free >> 20) MB left, less than storage.minimum_free: writes are refused until there is twice that, queries go on"
            )
            logger.error("the disk is nearly full: writes are refused", metadata: ["free": "\(free)"])
        } else if free > least * 2, parts.isReadOnly {
            parts.setReadOnly(nil)
            logger.info("the disk has room again: writes are taken")
        }
        parts.metrics.set("varde_disk_free_bytes", [:], to: Double(free))
    }

    /// Closes each store whatever becomes of the others. What was acknowledged is in the write-ahead logs: a store that could not be
    /// closed, as on a full disk, has the next start read more of its log.
    func closeStores() {
        guard let stores = try? parts.stores() else { return }
        stores.erasures.stop()
        let closing: [(name: String, close: () throws -> Void)] = [
            ("metrics", stores.metrics.close), ("logs", stores.logs.close), ("exemplars", stores.exemplars.close),
        ]
        for (name, close) in closing {
            do {
                try close()
            } catch {
                logger.error(
                    "a store could not be closed, its write-ahead log has what was acknowledged: \(error)", metadata: ["store": "\(name)"])
            }
        }
    }
}
