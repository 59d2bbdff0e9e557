import VardeModel

/// Takes samples into the store for those who cannot be told to come again: what cannot be taken now is tried again.
struct MetricDelivery: Sendable {
    /// Longest wait between two tries, in seconds.
    private static let longestPause = 5

    let parts: ServerParts
    /// The protocol samples are counted by.
    let name: String

    /// Returns once the samples are stored, or refused for good, which is counted.
    ///
    /// - Returns: whether that was so within the time.
    func deliver(_ batch: RawSampleBatch, patience: Duration) async -> Bool {
        if batch.sampleCount == 0 { return true }
        let deadline = ContinuousClock.now + patience
        while true {
            let pause: Int
            do {
                _ = try await MetricIntake(parts: parts).store(batch, protocol: name)
                return true
            } catch let failure as APIFailure where failure.status == 429 || failure.status == 503 {
                pause = failure.retryAfter ?? 1
            } catch {
                MetricIntake(parts: parts).refuse(batch.sampleCount, (error as? APIFailure)?.type ?? "internal")
                return true
            }
            if ContinuousClock.now >= deadline { return false }
            do { try await Task.sleep(for: .milliseconds(max(100, min(pause, Self.longestPause) * 1000))) } catch { return false }
        }
    }
}
