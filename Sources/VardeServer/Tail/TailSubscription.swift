import Synchronization
import VardeCompression
import VardeModel

/// One who follows the log: batches that wait for a reader, within a number of bytes, and what the reader has missed.
final class TailSubscription: Sendable {
    /// Lines a reader was too slow for.
    struct Missed: Sendable {
        /// The first of them, at most `maxNamed`: stream and nanoseconds.
        var named: [(labels: Labels, time: Int64)] = []
        /// How many there were altogether.
        var count = 0
    }

    /// Bytes that wait for a slow reader; a single batch may be larger.
    static let maxPending = 8 << 20
    /// Missed lines that are told one by one, as many as Loki tells.
    static let maxNamed = 1_000

    private struct State {
        var pending = 0
        var missed = Missed()
    }

    private let batches: AsyncStream<(writes: [LogStreamWrite], bytes: Int)>
    private let continuation: AsyncStream<(writes: [LogStreamWrite], bytes: Int)>.Continuation
    private let predicates: [LabelPredicate]
    private let state = Mutex(State())

    init(_ predicates: [LabelPredicate]) {
        self.predicates = predicates
        (batches, continuation) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    /// Bytes that wait.
    var pendingBytes: Int { state.withLock { $0.pending } }

    /// What a batch takes in memory, roughly.
    static func bytes(of write: LogStreamWrite) -> Int {
        400 + write.entries.lineBytes.count + 16 * write.entries.count + 200 * write.entries.metadataSets.count
    }

    /// Lets a batch wait for the reader, or leaves it out where too much waits.
    func offer(_ writes: [LogStreamWrite], bytes: Int) {
        state.withLock { state in
            if state.pending == 0 || state.pending + bytes <= Self.maxPending {
                if case .enqueued = continuation.yield((writes, bytes)) { state.pending += bytes }
                return
            }
            for write in writes where predicates.allSatisfy({ $0.matches(write.labels) }) {
                state.missed.count += write.entries.count
                let room = max(0, Self.maxNamed - state.missed.named.count)
                for time in write.entries.timestamps.prefix(room) { state.missed.named.append((write.labels, time)) }
            }
        }
    }

    /// Hands on each batch as it comes, with what was missed since the one before, until the subscription ends.
    func forEach(_ body: ([LogStreamWrite], Missed) async throws -> Void) async rethrows {
        for await (writes, bytes) in batches {
            state.withLock { $0.pending -= bytes }
            try await body(writes, takeMissed())
        }
    }

    /// Lines missed since they were last told.
    func takeMissed() -> Missed {
        state.withLock { state in
            defer { state.missed = Missed() }
            return state.missed
        }
    }

    func finish() { continuation.finish() }
}
