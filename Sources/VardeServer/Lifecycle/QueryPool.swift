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
        /// Looks at free memory still to come.
        var memoryLooks = 0
    }

    /// Seconds between looks at memory that queries left behind in the C library, and how many follow the last query: its answer may
    /// still be on its way to a client that reads slowly.
    private static let memoryInterval = 3
    private static let memoryLooks = 20

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
