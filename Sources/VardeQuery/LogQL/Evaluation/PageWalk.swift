internal import VardeKernels
internal import VardeModel

/// Finds the lines of a page that may pass, by searching all of its bytes at once for what they must hold.
struct PageWalk {
    /// Alternatives of which a line holds one; empty where any line may pass.
    private let needles: [[UInt8]]
    /// Offset of each needle's next occurrence; past the end where there is none.
    private var found: [Int]
    private var line: Int
    private let end: Int

    /// A walk over lines `range` of a page.
    init(_ needles: [[UInt8]], _ range: Range<Int>) {
        self.needles = needles
        found = [Int](repeating: -1, count: needles.count)
        line = range.lowerBound
        end = range.upperBound
    }

    /// The next line that may pass; nil at the end.
    mutating func next(_ bytes: Span<UInt8>, _ ends: Span<UInt32>) -> Int? {
        if line >= end { return nil }
        if needles.isEmpty {
            line += 1
            return line - 1
        }
        while line < end {
            let start = line == 0 ? 0 : Int(ends[line - 1])
            var nearest = Int.max
            for i in needles.indices {
                if found[i] < start {
                    let needle = needles[i]
                    found[i] = SubstringSearch.firstOffset(of: needle.span, in: bytes, from: start) ?? Int.max
                }
                if found[i] < nearest { nearest = found[i] }
            }
            if nearest == Int.max {
                line = end
                return nil
            }
            // The line that holds the occurrence: near in a dense page, else by bisection.
            var low = line
            var high = end
            if Int(ends[low]) <= nearest {
                while low < high {
                    let middle = (low + high) / 2
                    if Int(ends[middle]) <= nearest { low = middle + 1 } else { high = middle }
                }
            }
            if low >= end {
                line = end
                return nil
            }
            line = low + 1
            // An occurrence across the line's end is none.
            for i in needles.indices where found[i] == nearest {
                if nearest + needles[i].count <= Int(ends[low]) { return low }
            }
            var other = false
            let lineEnd = Int(ends[low])
            for i in needles.indices where found[i] != nearest && found[i] < lineEnd { other = true }
            if other { return low }
        }
        return nil
    }
}

extension LogColumns {
    /// Entries with timestamps in `[start, end)`; entries ascend in time.
    func entries(from start: Int64, to end: Int64) -> Range<Int> {
        let first = firstIndex(notBefore: start)
        return first..<max(first, firstIndex(notBefore: end))
    }

    /// The first entry at or after a time.
    func firstIndex(notBefore time: Int64) -> Int {
        var low = 0
        var high = timestamps.count
        while low < high {
            let middle = (low + high) / 2
            if timestamps[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
