import VardeModel

/// The series of a target's last scrape, in the order they came, so that an unchanged one is found by its place and a moved one by its
/// hash. Columns, about 30 bytes a series: a store of ten thousand targets keeps ten million of them.
struct SeriesMemory {
    /// The ref of a series that relabelling drops.
    static let dropped = SeriesRef(id: .max)
    /// Upper half of what stands in the place of a ref until the store has given it; the slot is the lower.
    private static let pending = UInt64(UInt32.max) << 32

    /// What stands for the ref of a slot the store has not given yet.
    static func pending(_ slot: Int) -> SeriesRef { SeriesRef(id: pending | UInt64(slot)) }

    /// The slot a ref stands for where the store has not given it yet.
    static func pendingSlot(_ ref: SeriesRef) -> Int? {
        ref.id >= pending && ref != dropped ? Int(ref.id & 0xffff_ffff) : nil
    }

    private(set) var hashes: [UInt64] = []
    private(set) var lengths: [UInt32] = []
    private(set) var refs: [SeriesRef] = []
    private var seen: [UInt32] = []
    /// Whether the end of the series is marked: not where it comes with times of its own, unless the job says so.
    private var marked: [Bool] = []
    private var order: [UInt32] = []
    /// Slots by hash, made when a series is first found out of its place.
    private var index: [UInt64: UInt32]?
    private var round: UInt32 = 0
    /// Slots below this are of the last scrape that counted; the others of one that may yet fail.
    private var committed = 0
    /// Series beyond the first of each that became one in the store, by relabelling or redaction.
    private(set) var merged = 0
    /// The slot an unchanged target's next series has.
    private(set) var cursor = 0

    var count: Int { hashes.count }

    /// Hashes of series that came with this scrape.
    var newHashes: ArraySlice<UInt64> { hashes[min(committed, hashes.count)...] }

    /// Begins a scrape.
    mutating func begin() {
        round &+= 1
        cursor = 0
        order.removeAll(keepingCapacity: true)
    }

    /// The slot of a series, nil where it is new. Complexity: O(1).
    mutating func find(_ hash: UInt64, _ length: Int) -> Int? {
        if cursor < hashes.count, hashes[cursor] == hash, lengths[cursor] == UInt32(truncatingIfNeeded: length) { return cursor }
        if index == nil {
            var made: [UInt64: UInt32] = [:]
            made.reserveCapacity(hashes.count)
            for slot in hashes.indices { made[hashes[slot]] = UInt32(slot) }
            index = made
        }
        guard let slot = index?[hash], lengths[Int(slot)] == UInt32(truncatingIfNeeded: length) else { return nil }
        return Int(slot)
    }

    mutating func add(_ hash: UInt64, _ length: Int, _ ref: SeriesRef) -> Int {
        index?[hash] = UInt32(hashes.count)
        hashes.append(hash)
        lengths.append(UInt32(truncatingIfNeeded: length))
        refs.append(ref)
        seen.append(round &- 1)
        marked.append(false)
        return hashes.count - 1
    }

    /// Gives a slot the ref the store has for it.
    mutating func resolve(_ slot: Int, _ ref: SeriesRef) { refs[slot] = ref }

    /// Notes a slot in this scrape; false where it was noted before: a series given twice.
    @inline(__always)
    mutating func note(_ slot: Int, marked isMarked: Bool) -> Bool {
        cursor = slot &+ 1
        if seen[slot] == round { return false }
        seen[slot] = round
        marked[slot] = isMarked
        order.append(UInt32(truncatingIfNeeded: slot))
        return true
    }

    /// Ends a scrape that counts: the series it did not have are forgotten, and their refs returned where their end is to be marked.
    mutating func finish() -> [SeriesRef] {
        let isSame = order.count == hashes.count && !order.indices.contains { order[$0] != $0 }
        if isSame, committed == hashes.count { return [] }
        var ended: [SeriesRef] = []
        if !isSame {
            for slot in hashes.indices where seen[slot] != round && marked[slot] && refs[slot] != Self.dropped { ended.append(refs[slot]) }
            hashes = order.map { hashes[Int($0)] }
            lengths = order.map { lengths[Int($0)] }
            refs = order.map { refs[Int($0)] }
            marked = order.map { marked[Int($0)] }
            seen = Array(repeating: round, count: order.count)
            index = nil
        }
        committed = hashes.count
        let stored = refs.filter { $0 != Self.dropped }
        let distinct = Set(stored)
        merged = stored.count - distinct.count
        // A series goes on as long as one of those that became it.
        return ended.filter { !distinct.contains($0) }
    }

    /// Ends a scrape that failed: the refs of series whose end is to be marked. What was known before it stays, so that a target that is
    /// back need not be looked up anew.
    mutating func fail() -> [SeriesRef] {
        var ended: [SeriesRef] = []
        for slot in 0..<committed where marked[slot] && refs[slot] != Self.dropped {
            ended.append(refs[slot])
            marked[slot] = false
        }
        if hashes.count > committed {
            let excess = hashes.count - committed
            hashes.removeLast(excess)
            lengths.removeLast(excess)
            refs.removeLast(excess)
            seen.removeLast(excess)
            marked.removeLast(excess)
            index = nil
        }
        return ended
    }

    /// Forgets everything; the refs of series whose end is to be marked.
    mutating func removeAll() -> [SeriesRef] {
        let ended = fail()
        self = SeriesMemory()
        return ended
    }
}
