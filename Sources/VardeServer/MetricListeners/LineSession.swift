import NIOCore
import Synchronization
import VardeCollect
import VardeModel
import VardeWire

/// What is done with the lines of one listener for Graphite or StatsD.
struct LineSession: Sendable {
    /// How long samples wait to be taken: while they do, a connection is not read.
    private static let patience = Duration.seconds(60)

    let parts: ServerParts
    let settings: MetricListenerSettings
    let transport: ListenTransport
    let sums: SharedStatsDSums

    private var dialect: String { settings.dialect.rawValue }

    func dropped(_ reason: String, _ count: Int) {
        if count == 0 { return }
        parts.metrics.count(
            "varde_metric_lines_dropped_total", ["protocol": dialect, "reason": reason, "transport": transport.rawValue], by: Double(count))
    }

    /// Reads a connection until it ends: what it brings is stored, or summed up, before more is read.
    func read(_ bytes: StreamListener.Bytes) async throws {
        var cutter = LineCutter(maxLine: settings.maxLine)
        var tooLong = 0
        for try await buffer in bytes {
            cutter.append(buffer.readableBytesView)
            var lines: [ArraySlice<UInt8>] = []
            while let line = cutter.next() { lines.append(line) }
            dropped("too_long", cutter.tooLong - tooLong)
            tooLong = cutter.tooLong
            await take(lines)
        }
        if let last = cutter.finish() { await take([last]) }
    }

    /// Takes datagrams, each with any number of lines.
    func take(datagrams: [[UInt8]]) async {
        await take(
            datagrams.flatMap { $0.split(separator: 10) }.filter { line in
                if line.count > settings.maxLine { dropped("too_long", 1) }
                return line.count <= settings.maxLine
            })
    }

    private func take(_ lines: [ArraySlice<UInt8>]) async {
        var refused: [String: Int] = [:]
        var count = 0
        let now = parts.clock()
        let extra = Array(settings.labels)
        let redactor = parts.redactor
        var batch = RawSampleBatch()
        for line in lines {
            let line = line.last == 13 ? line.dropLast() : line
            if line.allSatisfy({ $0 == 32 || $0 == 9 }) { continue }
            do throws(WireError) {
                switch settings.dialect {
                case .graphite:
                    let sample = try GraphiteLine(line.span, extra: extra)
                    batch.append(sample.labels, sample.timestamp ?? now, sample.value)
                case .statsd:
                    guard let sample = try StatsDLine(line.span) else {
                        refused["unsupported", default: 0] += 1
                        continue
                    }
                    if let reason = sums.add(sample, extra: extra, now: now, redactor: redactor) {
                        refused[reason, default: 0] += 1
                        continue
                    }
                }
                count += 1
            } catch {
                refused["malformed", default: 0] += 1
            }
        }
        for (reason, count) in refused { dropped(reason, count) }
        if count > 0 {
            parts.metrics.count("varde_metric_lines_total", ["protocol": dialect, "transport": transport.rawValue], by: Double(count))
        }
        let samples = batch.sampleCount
        if await !MetricDelivery(parts: parts, name: dialect).deliver(batch, patience: Self.patience) { dropped("not_taken", samples) }
    }
}
