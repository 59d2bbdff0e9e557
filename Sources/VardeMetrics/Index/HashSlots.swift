/// Finds numbers by the hashes of their keys: open addressing over 4 bytes a slot, the keys themselves stay with their owner.
///
/// Linear probing in a table of a power of two at most three quarters full. The hashes must be good in their low bits. Numbers are
/// never taken out one by one.
struct HashSlots {
    private static let free = UInt32.max
    private var slots = [UInt32](repeating: free, count: 16)
    private(set) var count = 0

    /// The number for which `isKey` holds, nil where there is none. Complexity: O(1) expected.
    @inline(__always)
    func find(_ hash: UInt64, _ isKey: (UInt32) -> Bool) -> UInt32? {
        let mask = slots.count &- 1
        var at = Int(truncatingIfNeeded: hash) & mask
        while true {
            let number = slots[at]
            if number == Self.free { return nil }
            if isKey(number) { return number }
            at = (at &+ 1) & mask
        }
    }

    /// Adds a number that is not there yet. `hashOf` gives the hashes of those already in, for when the table grows.
    mutating func insert(_ hash: UInt64, _ number: UInt32, hashOf: (UInt32) -> UInt64) {
        if (count + 1) * 4 > slots.count * 3 { resize(to: slots.count * 2, hashOf: hashOf) }
        place(hash, number)
        count += 1
    }

    /// Makes room for so many numbers in all.
    mutating func reserve(_ capacity: Int, hashOf: (UInt32) -> UInt64) {
        var size = slots.count
        while capacity * 4 > size * 3 { size *= 2 }
        if size > slots.count { resize(to: size, hashOf: hashOf) }
    }

    private mutating func resize(to size: Int, hashOf: (UInt32) -> UInt64) {
        let old = slots
        slots = [UInt32](repeating: Self.free, count: size)
        for number in old where number != Self.free { place(hashOf(number), number) }
    }

    @inline(__always)
    private mutating func place(_ hash: UInt64, _ number: UInt32) {
        let mask = slots.count &- 1
        var at = Int(truncatingIfNeeded: hash) & mask
        while slots[at] != Self.free { at = (at &+ 1) & mask }
        slots[at] = number
    }
}
