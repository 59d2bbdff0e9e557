import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import VardeCollect
import VardeCompression
import VardeDisk
import VardeModel

/// Tails the files of `logs.files` while the server runs. Stopped before the doors for writes close.
final class FileTailService: Service {
    /// Between two looks at files that had nothing new.
    private static let interval = Duration.milliseconds(200)
    /// Bytes of lines handed over at once.
    private static let roundBytes = 4 << 20

    private let parts: ServerParts
    private let tail = Mutex<FileTail?>(nil)
    private let reported = Mutex(FileTailStatistics())

    init(parts: ServerParts) { self.parts = parts }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !parts.isReady {
                do { try await Task.sleep(for: .milliseconds(50)) } catch { return }
            }
            var settings = LogSettings()
            while !Task.isCancelled {
                let wanted = parts.current().logs
                if wanted.files.isEmpty && settings.files.isEmpty {
                    try? await Task.sleep(for: .seconds(1))
                    continue
                }
                if Self.isOther(wanted, settings) {
                    await blocking { [self] in use(wanted) }
                    settings = wanted
                }
                await round()
            }
        }
        await blocking { [self] in tail.withLock { try? $0?.settle() } }
        // Whoever ends before the stop has begun counts as failed.
        try? await gracefulShutdown()
    }

    private static func isOther(_ a: LogSettings, _ b: LogSettings) -> Bool {
        a.files != b.files || a.maxLineBytes != b.maxLineBytes || a.fields != b.fields || a.streamBurst != b.streamBurst
            || a.burst != b.burst
    }

    /// Puts sources in force.
    private func use(_ settings: LogSettings) {
        do {
            try tail.withLock { tail in
                if tail == nil {
                    let opened = try FileTail.open(
                        directory: parts.dataDirectory + "/" + DataBackup.tailed, fileSystem: parts.storage.files,
                        catalog: try parts.stores().catalog)
                    tail = opened.tail
                    if let damage = opened.damage {
                        parts.logger.error("how far files were read is not known any more, they are read anew: \(damage)")
                    }
                }
                var limits = FileTail.Limits()
                limits.entryBytes = settings.maxLineBytes
                limits.fields = settings.fields
                // More than a burst at once would never be let in.
                let bursts = [
                    settings.rateBytes > 0 ? settings.burst : Int.max, settings.streamRateBytes > 0 ? settings.streamBurst : Int.max,
                ]
                limits.roundBytes = min(Self.roundBytes, bursts.min() ?? .max)
                tail?.limits = limits
                try tail?.use(settings.files)
            }
            parts.logger.info("tails files", metadata: ["sources": "\(settings.files.count)"])
        } catch {
            parts.metrics.count("varde_tail_failures_total", ["reason": "positions"])
            parts.logger.error("logs.files: files cannot be tailed: \(error)")
        }
    }

    /// One round: what is new is read, stored and noted.
    private func round() async {
        let writes = await blocking { [self] in gather() }
        report()
        guard let writes else {
            await blocking { [self] in tail.withLock { try? $0?.settle() } }
            try? await Task.sleep(for: Self.interval)
            return
        }
        let delivery = LogDelivery(parts: parts, name: "file")
        while !writes.isEmpty, await !delivery.deliver(writes, patience: .seconds(3_600)) {
            // Not known to be stored: read again at the next start, and known again by their times.
            if Task.isCancelled { return }
        }
        tail.withLock { $0?.confirm() }
    }

    private func gather() -> [LogStreamWrite]? {
        let (parts, now) = (parts, parts.clock())
        return tail.withLock { tail in
            do throws(DiskError) {
                return try tail?.gather(now: now) { LogIntake(parts: parts).times($0) } ?? nil
            } catch {
                parts.logger.error("how far files were read cannot be written down, they are read later: \(error)")
                return nil
            }
        }
    }

    /// Runs what waits for the disk where waiting is no harm to others.
    private func blocking<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { (continuation: CheckedContinuation<Value, Never>) in
            DispatchQueue.global(qos: .utility).async { continuation.resume(returning: body()) }
        }
    }

    private func report() {
        guard let now = tail.withLock({ $0?.statistics }) else { return }
        let before = reported.withLock { reported in
            defer { reported = now }
            return reported
        }
        let metrics = parts.metrics
        metrics.set("varde_tail_files", [:], to: Double(now.files))
        metrics.set("varde_tail_open_files", [:], to: Double(now.openFiles))
        metrics.set("varde_tail_unread_bytes", [:], to: Double(now.unreadBytes))
        metrics.count("varde_tail_read_bytes_total", by: Double(now.readBytes - before.readBytes))
        metrics.count("varde_tail_entries_total", by: Double(now.entries - before.entries))
        metrics.count("varde_tail_unparsed_lines_total", by: Double(now.unparsed - before.unparsed))
        for (event, count) in now.events where count != before.events[event] {
            metrics.count("varde_tail_events_total", ["event": event], by: Double(count - before.events[event, default: 0]))
        }
        for (reason, count) in now.failures where count != before.failures[reason] {
            metrics.count("varde_tail_failures_total", ["reason": reason], by: Double(count - before.failures[reason, default: 0]))
        }
    }
}
