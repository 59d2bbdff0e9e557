import Dispatch
import Synchronization
import VardeKernels
import VardeModel
import VardeQuery

/// Threads for queries: the engines block. So many run at once, so many wait; more are sent away.
final class QueryPool: Sendable {
    private struct State {
        /// Of the queries that run or wait.
        var budgets: [ObjectIdentifier: QueryBudget] = [:]
        /// Looks at free memory still to come.
        var memoryLooks = 0
    }

    /// Seconds between looks at memory that queries left behind in the C library, and how many follow the last query: its answer may
    /// still be on its way to a client that reads slowly.
    private static let memoryInterval = 3
    private static let memoryLooks = 20

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "varde.query", attributes: .concurrent)
    private let places: AsyncSemaphore
    private let concurrency: Int
    private let maxWaiting: Int

    init(concurrency: Int, maxWaiting: Int) {
        places = AsyncSemaphore(places: concurrency)
        self.concurrency = concurrency
        self.maxWaiting = maxWaiting
    }

    var load: (running: Int, waiting: Int) { places.load }

    /// Runs `body` on a thread that may block. A caller that is cancelled cancels the budget.
    ///
    /// - Parameter waitsAnyhow: for what goes on with an answer that has begun: it waits however many wait before it.
    func run<Value: Sendable>(
        _ budget: QueryBudget, waitsAnyhow: Bool = false, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let id = ObjectIdentifier(budget)
        state.withLock { $0.budgets[id] = budget }
        defer { state.withLock { $0.budgets[id] = nil } }
        guard await places.enter(mostWaiting: waitsAnyhow ? .max : maxWaiting) else {
            throw APIFailure(
                status: 429, type: "too_many_requests",
                message: "\(concurrency) queries run and \(maxWaiting) wait: try again (limits.query_concurrency, limits.query_queue)",
                retryAfter: 1)
        }
        defer {
            places.leave()
            giveMemoryBack()
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.async { continuation.resume(with: Result { try body() }) }
            }
        } onCancel: {
            budget.cancel()
        }
    }

    /// Ends all queries at their next check; their clients are told so.
    func cancelAll() {
        for budget in state.withLock({ Array($0.budgets.values) }) { budget.cancel() }
    }

    /// Has what becomes free given back to the system, now and in the time after.
    private func giveMemoryBack() {
        let areUnderWay = state.withLock { state in
            defer { state.memoryLooks = Self.memoryLooks }
            return state.memoryLooks > 0
        }
        if !areUnderWay { lookAtMemory() }
    }

    private func lookAtMemory() {
        queue.asyncAfter(deadline: .now() + .seconds(Self.memoryInterval)) { [self] in
            ProcessMemory.giveBack()
            let goesOn = state.withLock { state in
                state.memoryLooks -= 1
                return state.memoryLooks > 0
            }
            if goesOn { lookAtMemory() }
        }
    }
}
