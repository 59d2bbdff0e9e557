internal import Synchronization

/// What one query may take: samples held at a time, time, and whether its client still wants the answer.
///
/// Shared by all threads that work on the query; every method may be called from any of them.
package final class QueryBudget: Sendable {
    /// Samples in memory at a time where nothing else is said: Prometheus' default.
    package static let defaultMaxSamples = 50_000_000

    private let cancelled = Atomic<Bool>(false)
    private let held = Atomic<Int>(0)
    private let peak = Atomic<Int>(0)
    private let read = Atomic<Int>(0)
    private let maxSamples: Int
    private let deadline: ContinuousClock.Instant?

    /// A budget of so many samples at a time, until the deadline; nil for no deadline.
    package init(maxSamples: Int = QueryBudget.defaultMaxSamples, deadline: ContinuousClock.Instant? = nil) {
        self.maxSamples = maxSamples
        self.deadline = deadline
    }

    /// Ends the query at its next check, as when its client hangs up.
    package func cancel() { cancelled.store(true, ordering: .relaxed) }

    /// Whether `cancel()` was called.
    package var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    /// Samples read from the store so far.
    package var samplesRead: Int { read.load(ordering: .relaxed) }

    /// The most samples held at a time so far.
    package var peakSamples: Int { peak.load(ordering: .relaxed) }

    /// Throws once the query is cancelled or its time is over. Call once a series or page, not once a sample.
    package func check(_ activity: StaticString = "expression evaluation") throws(QueryError) {
        if cancelled.load(ordering: .relaxed) { throw QueryError(.canceled, "query was canceled in \(activity)") }
        if let deadline, ContinuousClock.now > deadline { throw QueryError(.timeout, "query timed out in \(activity)") }
    }

    /// Counts samples read from a store.
    package func noteRead(_ count: Int) { read.wrappingAdd(count, ordering: .relaxed) }

    /// Whether the query is to end: cancelled or out of time.
    package var isOver: Bool { isCancelled || deadline.map { ContinuousClock.now > $0 } ?? false }

    /// Throws where so many samples at a time are more than any query may hold; nothing is taken.
    package func admit(_ count: Int) throws(QueryError) {
        if count > maxSamples { throw Self.tooMany }
    }

    private static let tooMany = QueryError.execution("query processing would load too many samples into memory in query execution")

    /// Takes room for samples; throws where more would be held than allowed.
    package func hold(_ count: Int) throws(QueryError) {
        let now = held.wrappingAdd(count, ordering: .relaxed).newValue
        if now > peak.load(ordering: .relaxed) { peak.store(now, ordering: .relaxed) }
        if now > maxSamples { throw Self.tooMany }
    }

    /// Gives room back that `hold` took.
    package func release(_ count: Int) { held.wrappingSubtract(count, ordering: .relaxed) }
}
