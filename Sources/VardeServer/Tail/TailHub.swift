import Synchronization
import VardeCompression
import VardeModel

/// Hands every stored batch of lines to those who follow the log. Lines are taken as they come in, so those that are late are seen too.
final class TailHub: Sendable {
    /// How many may follow at a time.
    static let maxFollowers = 64

    private let followers = Mutex<[ObjectIdentifier: TailSubscription]>([:])
    /// Read without the lock by every write.
    private let count = Atomic<Int>(0)

    var followerCount: Int { count.load(ordering: .relaxed) }

    /// - Parameter matchers: of the streams that are followed; of others nothing is missed.
    /// - Throws: 429 where too many follow already.
    func subscribe(_ matchers: [LabelMatcher]) throws -> TailSubscription {
        let subscription = TailSubscription(try matchers.map { try LabelPredicate($0) })
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

    func end(_ subscription: TailSubscription) {
        subscription.finish()
        followers.withLock { followers in
            followers[ObjectIdentifier(subscription)] = nil
            count.store(followers.count, ordering: .relaxed)
        }
    }

    /// Ends all, when the server stops.
    func endAll() { for subscription in followers.withLock({ Array($0.values) }) { end(subscription) } }

    /// Never waits: a reader that is behind misses lines and is told which.
    func publish(_ writes: [LogStreamWrite]) {
        guard followerCount > 0 else { return }
        let bytes = writes.reduce(0) { $0 + TailSubscription.bytes(of: $1) }
        for subscription in followers.withLock({ Array($0.values) }) { subscription.offer(writes, bytes: bytes) }
    }
}
