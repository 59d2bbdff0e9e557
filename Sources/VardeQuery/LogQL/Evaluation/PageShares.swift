internal import Dispatch
internal import Synchronization

/// Splits pages over threads.
enum PageShares {
    /// Pages a thread takes at least, so that starting it is worth while.
    private static let pagesPerThread = 4

    /// Runs `body` over consecutive shares of `0..<count`, each on a thread of its own; gives the parts in the order of their pages.
    static func run<Part: Sendable>(
        _ count: Int, threads: Int, pagesPerThread: Int = Self.pagesPerThread, _ body: @Sendable (Range<Int>) throws(QueryError) -> Part
    ) throws(QueryError) -> [Part] {
        let threads = max(1, min(threads, count / pagesPerThread))
        if threads == 1 { return [try body(0..<count)] }
        let outcomes = Mutex<[Result<Part, QueryError>?]>(Array(repeating: nil, count: threads))
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            let outcome: Result<Part, QueryError>
            do throws(QueryError) {
                outcome = .success(try body(thread * count / threads..<(thread + 1) * count / threads))
            } catch {
                outcome = .failure(error)
            }
            outcomes.withLock { $0[thread] = outcome }
        }
        var parts: [Part] = []
        for outcome in outcomes.withLock({ $0 }) {
            if let outcome { parts.append(try outcome.get()) }
        }
        return parts
    }
}
