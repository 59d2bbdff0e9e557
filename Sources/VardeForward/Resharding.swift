/// How many requests go out side by side: as many as what comes in and a part of the backlog ask for (Prometheus' queue manager).
struct Resharding {
    /// What one round of sending was like.
    struct Round {
        var items: Int
        /// Bytes of the log the items took.
        var bytes: Int
        var seconds: Double
        var shards: Int
        /// Bytes written to the log so far.
        var loggedBytes: Int
        var bytesLeft: Int
        /// Seconds, from anywhere.
        var now: Double
    }

    /// Part of the backlog that is to be worked off in a second.
    private static let catchUp = 0.05
    /// Changes below this share are not worth it.
    private static let tolerance = 0.3
    /// Weight of what is new in the averages.
    private static let weight = 0.2

    let range: ClosedRange<Int>
    private(set) var shards: Int
    private(set) var desired: Double
    private var secondsPerItem: Double?
    private var bytesPerItem: Double?
    private var bytesIn: Double?
    private var before: (loggedBytes: Int, now: Double)?

    init(_ range: ClosedRange<Int>) {
        self.range = range
        shards = range.lowerBound
        desired = Double(range.lowerBound)
    }

    /// Takes a round into account; `shards` is for the next.
    mutating func note(_ round: Round) {
        guard round.items > 0 else { return }
        func blend(_ old: Double?, _ new: Double) -> Double { old.map { $0 + Self.weight * (new - $0) } ?? new }
        secondsPerItem = blend(secondsPerItem, round.seconds * Double(min(round.shards, round.items)) / Double(round.items))
        bytesPerItem = blend(bytesPerItem, Double(max(1, round.bytes)) / Double(round.items))
        if let before, round.now > before.now {
            bytesIn = blend(bytesIn, Double(round.loggedBytes - before.loggedBytes) / (round.now - before.now))
        }
        before = (round.loggedBytes, round.now)
        guard let secondsPerItem, let bytesPerItem else { return }
        let itemsIn = (bytesIn ?? 0) / bytesPerItem
        let backlog = Double(round.bytesLeft) / bytesPerItem
        desired = secondsPerItem * (itemsIn + Self.catchUp * backlog)
        let low = Double(shards) * (1 - Self.tolerance)
        let high = Double(shards) * (1 + Self.tolerance)
        if desired >= low, desired <= high { return }
        shards = min(max(Int(desired.rounded(.up)), range.lowerBound), range.upperBound)
    }
}
