import Synchronization
import VardeModel

/// Hands every stored batch of lines to those who follow the log. Lines are taken as they come in, so those that are late are seen too.
final class TailHub: Sendable {
    /// One who follows.
    final class Subscription: Sendable {
        let batches: AsyncStream<[LogStreamWrite]>
        fileprivate let continuation: AsyncStream<[LogStreamWrite]>.Continuation
        fileprivate let missed = Atomic<Int>(0)

        fileprivate init() {
            (batches, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(TailHub.maxPending))
        }

        /// Lines left out since it was last asked, because the reader was too slow.
        func takeMissed() -> Int { missed.exchange(0, ordering: .relaxed) }
    }

    /// How many may follow at a time, and how many batches wait for a slow one.
    static let maxFollowers = 64
    private static let maxPending = 256

    private let followers = Mutex<[ObjectIdentifier: Subscription]>([:])
    /// Read without the lock by every write.
    private let count = Atomic<Int>(0)

    var followerCount: Int { count.load(ordering: .relaxed) }

    /// - Throws: 429 where too many follow already.
    func subscribe() throws -> Subscription {
        let subscription = Subscription()
        let isTaken = followers.withLock { followers in
            guard followers.count < Self.maxFollowers else { return false }
            followers[ObjectIdentifier(subscription)] = subscription
            count.store(followers.count, ordering: .relaxed)
            return true
        }
        guard isTaken else {
            throw APIFailure(
                status: 429, type: "too_many_requests", message: "\(Self.maxFollowers) clients follow the log already", retryAfter: 10)
        }
        return subscription
    }

    func end(_ subscription: Subscription) {
        subscription.continuation.finish()
        followers.withLock { followers in
            followers[ObjectIdentifier(subscription)] = nil
            count.store(followers.count, ordering: .relaxed)
        }
    }

    /// Ends all, when the server stops.
    func endAll() { for subscription in followers.withLock({ Array($0.values) }) { end(subscription) } }

    /// Never waits: a reader that is behind misses lines and is told how many.
    func publish(_ writes: [LogStreamWrite]) {
        guard followerCount > 0 else { return }
        for subscription in followers.withLock({ Array($0.values) }) {
            if case .dropped(let dropped) = subscription.continuation.yield(writes) {
                subscription.missed.add(dropped.reduce(0) { $0 + $1.entries.count }, ordering: .relaxed)
            }
        }
    }
}
