import Synchronization
import VardeModel

/// Gathers the batches of many scrapes into one before they go on: the store then syncs a few times a second, not once a target.
///
/// A scrape has nobody who waits for an acknowledgement; what a crash takes of the last moment is scraped anew.
final class GatheringSink: SampleSink {
    private struct Waiting {
        var batch: SampleBatch
        var continuation: CheckedContinuation<Result<AppendReport, IngestError>, Never>
    }

    private struct State {
        var waiting: [Waiting] = []
        var samples = 0
        /// Whether a flush is on its way that will take what waits.
        var isDue = false
    }

    private let state = Mutex(State())
    private let sink: any SampleSink
    private let pause: @Sendable (GatheringSink) async -> Void

    /// Samples that are not kept waiting longer.
    static let maxSamples = 200_000

    /// `pause` is how long batches are gathered: a tenth of a second in life, what a test decides in tests.
    init(
        _ sink: any SampleSink,
        pause: @escaping @Sendable (GatheringSink) async -> Void = { _ in try? await Task.sleep(for: .milliseconds(100)) }
    ) {
        self.sink = sink
        self.pause = pause
    }

    /// Batches that wait.
    var count: Int { state.withLock { $0.waiting.count } }

    func resolve(_ all: [Labels], isOwn: Bool) throws(IngestError) -> [SeriesRef] { try sink.resolve(all, isOwn: isOwn) }

    func append(_ batch: SampleBatch) async throws(IngestError) -> AppendReport {
        let result = await withCheckedContinuation { (continuation: CheckedContinuation<Result<AppendReport, IngestError>, Never>) in
            let (begins, isFull) = state.withLock { state in
                state.waiting.append(Waiting(batch: batch, continuation: continuation))
                state.samples += batch.count
                defer { state.isDue = true }
                return (!state.isDue, state.samples >= Self.maxSamples)
            }
            if begins || isFull {
                Task {
                    if !isFull { await pause(self) }
                    await flush()
                }
            }
        }
        return try result.get()
    }

    private func flush() async {
        let taken = state.withLock { state in
            defer { state = State() }
            return state.waiting
        }
        if taken.isEmpty { return }
        var all = SampleBatch()
        for one in taken {
            let start = all.count
            all.refs += one.batch.refs
            all.timestamps += one.batch.timestamps
            all.values += one.batch.values
            for (index, histogram) in one.batch.histograms { all.histograms.append((start + index, histogram)) }
            for (index, exemplar) in one.batch.exemplars { all.exemplars.append((start + index, exemplar)) }
        }
        do throws(IngestError) {
            let report = try await sink.append(all)
            var start = 0
            var next = 0
            for one in taken {
                let end = start + one.batch.count
                var own = AppendReport()
                while next < report.staleRefs.count, report.staleRefs[next] < end {
                    own.staleRefs.append(report.staleRefs[next] - start)
                    next += 1
                }
                own.accepted = one.batch.count - own.staleRefs.count
                start = end
                one.continuation.resume(returning: .success(own))
            }
        } catch {
            for one in taken { one.continuation.resume(returning: .failure(error)) }
        }
    }
}
