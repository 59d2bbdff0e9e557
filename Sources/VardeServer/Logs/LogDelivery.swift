import Logging
import VardeModel

/// Takes lines into the store for those who cannot be told to come again: what cannot be taken now is tried again.
struct LogDelivery: Sendable {
    /// Longest wait between two tries, in seconds.
    private static let longestPause = 5

    let parts: ServerParts
    /// The protocol lines are counted by.
    let name: String

    /// Returns once the lines are stored, or refused for good, which is counted where it is found.
    ///
    /// - Parameter patience: how long to try.
    /// - Returns: whether that was so within the time; where not, some lines are not stored.
    func deliver(_ writes: [LogStreamWrite], patience: Duration) async -> Bool {
        await deliver(writes, until: .now + patience)
    }

    private func deliver(_ writes: [LogStreamWrite], until deadline: ContinuousClock.Instant) async -> Bool {
        while true {
            let pause: Int
            do {
                let outcome = try await LogIntake(parts: parts).store(writes, protocol: name)
                if outcome.status != 429 { return true }
                // One by one: a stream that is within its rate must not pay for another again and again.
                if writes.count > 1 { return await apart(writes, until: deadline) }
                pause = outcome.retryAfter ?? 1
            } catch let failure as APIFailure where failure.status == 429 || failure.status == 503 {
                pause = failure.retryAfter ?? 1
            } catch {
                return await alone(writes, error)
            }
            if ContinuousClock.now >= deadline { return false }
            do { try await Task.sleep(for: .milliseconds(max(100, min(pause, Self.longestPause) * 1000))) } catch { return false }
        }
    }

    private func apart(_ writes: [LogStreamWrite], until deadline: ContinuousClock.Instant) async -> Bool {
        var isDone = true
        for write in writes where await !deliver([write], until: deadline) { isDone = false }
        return isDone
    }

    /// Streams one by one, where something about one of them is refused as a whole: the others are stored.
    private func alone(_ writes: [LogStreamWrite], _ error: any Error) async -> Bool {
        for write in writes {
            do {
                if writes.count > 1 { _ = try await LogIntake(parts: parts).store([write], protocol: name) } else { throw error }
            } catch {
                let reason = (error as? APIFailure)?.type ?? "internal"
                parts.metrics.count("varde_refused_lines_total", ["reason": reason], by: Double(write.entries.count))
                parts.logger.warning("lines were refused: \(reason)", metadata: ["protocol": "\(name)", "lines": "\(write.entries.count)"])
            }
        }
        return true
    }
}
