/// Finds numbers by the hashes of their keys: open addressing, half of each hash beside the number, the keys themselves with their owner.
///
/// Linear probing in a table of a power of two at most three quarters full. The hashes must be good in their low bits. A look-up goes
/// to the keys only where 32 bits of the hash agree, growing never does. Numbers are never taken out one by one.
struct HashSlots {
    private static let free = UInt64.max
    /// Low half of the hash, then the number.
    private var slots = [UInt64](repeating: free, count: 16)
    private(set) var count = 0

    /// The number for which `isKey` holds, nil where there is none. Complexity: O(1) expected.
    @inline(__always)
    func find(_ hash: UInt64, _ isKey: (UInt32) -> Bool) -> UInt32? {
        let mask = slots.count &- 1
        let half = hash & 0xffff_ffff
        var at = Int(truncatingIfNeeded: half) & mask
        while true {
            let slot = slots[at]
            if slot == Self.free { return nil }
            if slot &>> 32 == half, isKey(UInt32(truncatingIfNeeded: slot)) { return UInt32(truncatingIfNeeded: slot) }
            at = (at &+ 1) & mask
        }
    }

    /// Adds a number that is not there yet.
    mutating func insert(_ hash: UInt64, _ number: UInt32) {
        if (count + 1) * 4 > slots.count * 3 { resize(to: slots.count * 2) }
        place((hash & 0xffff_ffff) &<< 32 | UInt64(number))
        count += 1
    }

    /// Makes room for so many numbers in all.
    mutating func reserve(_ capacity: Int) {
        var size = slots.count
        while capacity * 4 > size * 3 { size *= 2 }
        if size > slots.count { resize(to: size) }
    }

    private mutating func resize(to size: Int) {
        let old = slots
        slots = [UInt64](repeating: Self.free, count: size)
        for slot in old where slot != Self.free { place(slot) }
    }

    @inline(__always)
    private mutating func place(_ slot: UInt64) {
        let mask = slots.count &- 1
        var at = Int(truncatingIfNeeded: slot &>> 32) & mask
        while slots[at] != Self.free { at = (at &+ 1) & mask }
        slots[at] = slot
    }
}
