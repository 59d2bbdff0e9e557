import NIOCore
import Synchronization
import VardeModel
import VardeWire

/// What is done with the messages of one listener.
struct SyslogSession: Sendable {
    /// How long messages wait to be taken: while they do, a connection is not read.
    private static let patience = Duration.seconds(60)

    let parts: ServerParts
    let settings: SyslogSettings
    let transport: SyslogSettings.Transport

    func dropped(_ reason: String, _ count: Int) {
        parts.metrics.count("varde_syslog_dropped_messages_total", ["reason": reason, "transport": transport.rawValue], by: Double(count))
    }

    /// Bytes of a message with its header.
    private var maxMessage: Int { settings.maxMessage ?? parts.current().logs.maxLineBytes + 4_096 }

    /// Now, and the times a line may have now; nanoseconds.
    private typealias Moment = (now: Int64, bounds: ClosedRange<Int64>)

    private var moment: Moment {
        let configuration = parts.current()
        let now = parts.clock() * 1_000_000
        let past = min(configuration.logs.maxPast ?? .max / 2_000_000, configuration.retention.time)
        return (now, (now - past * 1_000_000)...(now + configuration.logs.maxFuture * 1_000_000))
    }

    /// Reads a connection until it ends: what it brings is stored before more is read.
    func read(_ bytes: StreamListener.Bytes) async throws {
        var framing = SyslogFraming(maxMessage: maxMessage)
        var batch = SyslogBatch(settings)
        var cut = 0
        for try await buffer in bytes {
            framing.append(buffer.readableBytesView)
            var count = 0
            let moment = moment
            do throws(WireError) {
                while let message = try framing.next() { count += add(message, at: moment, to: &batch) }
            } catch {
                // What follows cannot be told apart: what came before is stored, and the connection ends.
                dropped("framing", 1)
                await store(batch.take(), count)
                return
            }
            if framing.cutMessages > cut {
                parts.metrics.count("varde_syslog_cut_messages_total", by: Double(framing.cutMessages - cut))
                cut = framing.cutMessages
            }
            note(batch)
            await store(batch.take(), count)
        }
        if let last = framing.finish() {
            let count = add(last, at: moment, to: &batch)
            note(batch)
            await store(batch.take(), count)
        }
    }

    /// Stores datagrams, each a message.
    func take(_ datagrams: [[UInt8]], into batch: borrowing Mutex<SyslogBatch>) async {
        let most = maxMessage
        let moment = moment
        let (writes, count) = batch.withLock { batch in
            var count = 0
            for datagram in datagrams {
                var message = datagram[...]
                while let last = message.last, last == 10 || last == 13 || last == 0 { message.removeLast() }
                if message.isEmpty { continue }
                if message.count > most { parts.metrics.count("varde_syslog_cut_messages_total") }
                count += add(Array(message.prefix(most)), at: moment, to: &batch)
            }
            note(batch)
            return (batch.take(), count)
        }
        await store(writes, count)
    }

    private func note(_ batch: borrowing SyslogBatch) {
        if batch.restamped > 0 { parts.metrics.count("varde_syslog_restamped_messages_total", by: Double(batch.restamped)) }
    }

    /// How many messages were added: one, or none.
    private func add(_ message: [UInt8], at moment: Moment, to batch: inout SyslogBatch) -> Int {
        do throws(WireError) {
            try batch.add(message, now: moment.now, bounds: moment.bounds)
            return 1
        } catch {
            dropped("streams", 1)
            return 0
        }
    }

    private func store(_ writes: [LogStreamWrite], _ count: Int) async {
        if writes.isEmpty { return }
        parts.metrics.count("varde_syslog_messages_total", ["transport": transport.rawValue], by: Double(count))
        let delivery = LogDelivery(parts: parts, name: "syslog")
        if await !delivery.deliver(writes, patience: Self.patience) { dropped("not_taken", count) }
    }
}
