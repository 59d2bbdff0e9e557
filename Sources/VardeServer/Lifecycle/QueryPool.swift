import Dispatch
import Synchronization
import VardeKernels
import VardeQuery

/// Threads for queries: the engines block. So many run at once, so many wait; more are sent away.
final class QueryPool: Sendable {
    private struct State {
        var running = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
        /// Of the queries that run or wait.
        var budgets: [ObjectIdentifier: QueryBudget] = [:]
        var isMemoryDue = false
    }

    /// Seconds after a query until memory it left behind in the C library is asked back, for all queries that ended meanwhile.
    private static let memoryDelay = 3

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "varde.query", attributes: .concurrent)
    private let concurrency: Int
    private let maxWaiting: Int

    init(concurrency: Int, maxWaiting: Int) {
        self.concurrency = concurrency
        self.maxWaiting = maxWaiting
    }

    var load: (running: Int, waiting: Int) { state.withLock { ($0.running, $0.waiting.count) } }

    /// Runs `body` on a thread that may block. A caller that is cancelled cancels the budget.
    ///
    /// - Parameter waitsAnyhow: for what goes on with an answer that has begun: it waits however many wait before it.
    func run<Value: Sendable>(
        _ budget: QueryBudget, waitsAnyhow: Bool = false, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let mayWait = waitsAnyhow || state.withLock { $0.running < concurrency || $0.waiting.count < maxWaiting }
        guard mayWait else {
            throw APIFailure(
                status: 429, type: "too_many_requests",
                message: "\(concurrency) queries run and \(maxWaiting) wait: try again (limits.query_concurrency, limits.query_queue)",
                retryAfter: 1)
        }
        let id = ObjectIdentifier(budget)
        state.withLock { $0.budgets[id] = budget }
        defer { state.withLock { $0.budgets[id] = nil } }
        await enter()
        defer {
            leave()
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

    /// Gives what is free back to the system, once the answer is likely to be sent.
    private func giveMemoryBack() {
        let isFirst = state.withLock { state in
            defer { state.isMemoryDue = true }
            return !state.isMemoryDue
        }
        if !isFirst { return }
        queue.asyncAfter(deadline: .now() + .seconds(Self.memoryDelay)) { [self] in
            state.withLock { $0.isMemoryDue = false }
            ProcessMemory.giveBack()
        }
    }

    private func enter() async {
        await withCheckedContinuation { continuation in
            let mayRun = state.withLock { state in
                if state.running < concurrency {
                    state.running += 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if mayRun { continuation.resume() }
        }
    }

    private func leave() {
        // The place goes to the one who waited longest.
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiting.isEmpty {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
