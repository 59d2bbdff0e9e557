import VardeKernels
import VardeLogs
import VardeModel
import VardePrivacy

/// The one way log lines take into the store, whatever protocol they came by: bounds, rates, redaction, log, sync, and those who follow.
///
/// Nothing raw goes further than this.
struct LogIntake: Sendable {
    let parts: ServerParts

    /// What became of a request's lines.
    struct Outcome: Sendable {
        var total = 0
        var accepted = 0
        var duplicates = 0
        /// Lines not taken, with the reason as Loki words it.
        var refused: [(reason: String, count: Int)] = []
        /// 400 where sending again cannot mend it, 429 where it can.
        var status = 400
        var retryAfter: Int?

        var refusedCount: Int { refused.reduce(0) { $0 + $1.count } }

        /// The first reasons and how many lines they concern.
        var message: String {
            refused.prefix(10).map(\.reason).joined(separator: "\n") + "\ntotal ignored: \(refusedCount) out of \(total)"
        }

        mutating func refuse(_ reason: String, _ count: Int) { refused.append((reason, count)) }

        mutating func hold(_ reason: String, _ count: Int, retryAfter seconds: Int) {
            refuse(reason, count)
            status = 429
            retryAfter = max(retryAfter ?? 0, seconds)
        }

        /// - Throws: the refusal, for protocols that answer a request as a whole; all other lines are stored by then.
        func check() throws {
            if refused.isEmpty { return }
            throw APIFailure(
                status: status, type: status == 429 ? "rate_limited" : "bad_data", message: message, retryAfter: retryAfter)
        }
    }

    /// The first of `count` times, in nanoseconds, for lines that came without: no other line has been given one of them.
    func times(_ count: Int) -> Int64 { parts.logTimes.take(count, now: parts.clock() * 1_000_000) }

    /// Redacts and stores. Returns once what was accepted is synced.
    ///
    /// - Throws: 429 where the whole request is above the rate, 503 where nothing may be written now.
    func store(_ writes: [LogStreamWrite], protocol name: String) async throws -> Outcome {
        let logs = try parts.stores().logs
        try parts.checkWritable()
        let settings = parts.current().logs
        var outcome = Outcome()
        outcome.total = writes.reduce(0) { $0 + $1.entries.count }
        let bytes = writes.reduce(0) { $0 + $1.entries.lineBytes.count }
        if let seconds = parts.logRates.take(bytes, rate: settings.rateBytes, burst: settings.burst, now: parts.clock()) {
            refused("rate_limited", outcome.total)
            throw APIFailure(
                status: 429, type: "rate_limited",
                message:
                    "ingestion rate limit exceeded for user fake (limit: \(settings.rateBytes) bytes/sec) while attempting to ingest '\(outcome.total)' lines totaling '\(bytes)' bytes, reduce log volume or raise logs.ingestion_rate",
                retryAfter: seconds)
        }
        let redactor = parts.redactor
        var taken: [LogStreamWrite] = []
        taken.reserveCapacity(writes.count)
        for write in writes {
            guard let write = bound(write, settings, redactor, &outcome), admit(write, settings, redactor, &outcome) else { continue }
            taken.append(redactor.map { AlikeLines.apart(write, $0.redact(write)) } ?? write)
        }
        // Behind this, nothing raw is touched.
        ProcessMemory.wipeStack()
        let report: LogAppendReport
        do throws(IngestError) { report = try await logs.append(taken) } catch { throw ServerParts.failure(error) }
        outcome.accepted = report.accepted
        outcome.duplicates = report.duplicates
        for (reason, count) in report.refused { outcome.refuse(reason, count) }
        if let held = report.held { outcome.hold(held.reason, held.count, retryAfter: 10) }
        publish(taken, report, logs)
        parts.metrics.count("varde_ingested_lines_total", ["protocol": name], by: Double(report.accepted))
        let count = report.refused.reduce(0) { $0 + $1.count } + (report.held?.count ?? 0)
        if count > 0 { refused("bounds_or_limit", count) }
        return outcome
    }

    private func refused(_ reason: String, _ count: Int) {
        parts.metrics.count("varde_refused_lines_total", ["reason": reason], by: Double(count))
    }

    /// Those who follow see what is stored, not what was refused.
    private func publish(_ writes: [LogStreamWrite], _ report: LogAppendReport, _ logs: LogStore) {
        guard parts.tails.followerCount > 0 else { return }
        if report.refused.isEmpty, report.held == nil { return parts.tails.publish(writes) }
        let known: [LogStreamWrite] = writes.compactMap { write in
            let kept = (0..<write.entries.count).filter {
                logs.objection(to: write.labels, time: write.entries.timestamps[$0], length: write.entries.lineRange($0).count) == nil
            }
            return kept.isEmpty ? nil : LogStreamWrite(labels: write.labels, entries: write.entries.picking(kept))
        }
        parts.tails.publish(known)
    }

    /// Whether a stream is within its own rate.
    private func admit(_ write: LogStreamWrite, _ settings: LogSettings, _ redactor: Redactor?, _ outcome: inout Outcome) -> Bool {
        guard settings.streamRateBytes > 0 else { return true }
        let bytes = write.entries.lineBytes.count
        let wait = parts.logRates.take(
            bytes, stream: write.labels.hashValue, rate: settings.streamRateBytes, burst: settings.streamBurst, now: parts.clock())
        guard let wait else { return true }
        refused("per_stream_rate_limit", write.entries.count)
        let stream = redactor?.redact(labels: write.labels) ?? write.labels
        outcome.hold(
            "Per stream rate limit exceeded (limit: \(Self.size(settings.streamRateBytes))/sec) while attempting to ingest for stream '\(stream)' totaling \(Self.size(bytes)), consider splitting a stream via additional labels or raise logs.per_stream_rate_limit",
            write.entries.count, retryAfter: wait)
        return false
    }

    /// Lines that are too long are cut and marked, or refused, as configured; all others go on.
    private func bound(
        _ write: LogStreamWrite, _ settings: LogSettings, _ redactor: Redactor?, _ outcome: inout Outcome
    ) -> LogStreamWrite? {
        let entries = write.entries
        guard entries.lineBytes.count > settings.maxLineBytes, let first = Self.firstLong(entries, settings.maxLineBytes) else {
            return write
        }
        if !settings.truncateLongLines {
            let kept = (0..<entries.count).filter { entries.lineRange($0).count <= settings.maxLineBytes }
            let stream = redactor?.redact(labels: write.labels) ?? write.labels
            refused("line_too_long", entries.count - kept.count)
            outcome.refuse(
                "max entry size '\(settings.maxLineBytes)' bytes exceeded for stream '\(stream)' while adding an entry with length '\(entries.lineRange(first).count)' bytes",
                entries.count - kept.count)
            return kept.isEmpty ? nil : LogStreamWrite(labels: write.labels, entries: entries.picking(kept))
        }
        var cutLines = 0
        var cut = LogColumns()
        cut.metadataSets = entries.metadataSets
        for index in 0..<entries.count {
            let range = entries.lineRange(index)
            let metadata = entries.metadataIndices.isEmpty ? 0 : entries.metadataIndices[index]
            if range.count <= settings.maxLineBytes {
                cut.append(entries.timestamps[index], line: entries.lineBytes.span.extracting(range), metadataIndex: metadata)
            } else {
                cutLines += 1
                var end = range.lowerBound + settings.maxLineBytes
                // Not inside a character.
                while end > range.lowerBound, entries.lineBytes[end] & 0xC0 == 0x80 { end -= 1 }
                let line = Array(entries.lineBytes[range.lowerBound..<end]) + Array("…<TRUNCATED>".utf8)
                cut.append(entries.timestamps[index], line: line.span, metadataIndex: metadata)
            }
        }
        parts.metrics.count("varde_truncated_lines_total", by: Double(cutLines))
        return LogStreamWrite(labels: write.labels, entries: cut)
    }

    private static func firstLong(_ entries: LogColumns, _ most: Int) -> Int? {
        var before: UInt32 = 0
        for (index, end) in entries.lineEnds.enumerated() {
            if Int(end - before) > most { return index }
            before = end
        }
        return nil
    }

    /// Bytes as Loki writes them: in powers of 1024, without a blank.
    private static func size(_ bytes: Int) -> String {
        var value = Double(bytes)
        for unit in ["B", "KB", "MB", "GB"] {
            if value < 1024 || unit == "GB" {
                let text = (value * 100).rounded() / 100
                return text == text.rounded() ? "\(Int(text))\(unit)" : "\(text)\(unit)"
            }
            value /= 1024
        }
        return "\(bytes)B"
    }
}
