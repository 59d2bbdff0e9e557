import Foundation

/// Who sends: a thread for each connection, so that as many requests are under way as there are connections, whatever the number of
/// processors.
enum Senders {
    /// Runs `body` for each index at once and returns when all are done.
    ///
    /// - Throws: what went wrong first.
    static func run(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
        let failures = Failures()
        let done = DispatchSemaphore(value: 0)
        for index in 0..<count {
            Thread.detachNewThread {
                do {
                    try body(index)
                } catch {
                    failures.add("\(error)")
                }
                done.signal()
            }
        }
        for _ in 0..<count { done.wait() }
        if let failure = failures.first { throw Connection.Failure(description: failure) }
    }

    /// What went wrong on any thread.
    private final class Failures: @unchecked Sendable {
        private let lock = NSLock()
        private var texts: [String] = []
        func add(_ text: String) { lock.withLock { texts.append(text) } }
        var first: String? { lock.withLock { texts.first } }
    }
}
