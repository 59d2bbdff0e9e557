/// Sorted lists of series numbers, as sets.
enum PostingSets {
    static func intersection(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
        let (small, large) = a.count <= b.count ? (a, b) : (b, a)
        var out: [UInt32] = []
        out.reserveCapacity(small.count)
        if large.count > small.count * 16 {
            // A short list against a long one: search instead of walking.
            var low = 0
            for value in small {
                var high = large.count
                while low < high {
                    let middle = (low + high) / 2
                    if large[middle] < value { low = middle + 1 } else { high = middle }
                }
                if low < large.count, large[low] == value { out.append(value) }
            }
            return out
        }
        var i = 0
        var j = 0
        while i < small.count, j < large.count {
            let x = small[i]
            let y = large[j]
            if x == y { out.append(x) }
            if x <= y { i += 1 }
            if y <= x { j += 1 }
        }
        return out
    }

    static func union(_ lists: [[UInt32]]) -> [UInt32] {
        if lists.count <= 1 { return lists.first ?? [] }
        var all = lists.flatMap { $0 }
        all.sort()
        var out: [UInt32] = []
        out.reserveCapacity(all.count)
        for value in all where out.last != value { out.append(value) }
        return out
    }

    static func subtracting(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
        if b.isEmpty { return a }
        var out: [UInt32] = []
        out.reserveCapacity(a.count)
        var j = 0
        for value in a {
            while j < b.count, b[j] < value { j += 1 }
            if j == b.count || b[j] != value { out.append(value) }
        }
        return out
    }
}
