/// Ascending times, in milliseconds.
enum TimeColumn {
    /// Where those of `from...through` stand among the times in `range`.
    static func positions(_ times: [Int64], in range: Range<Int>, from: Int64, through: Int64) -> Range<Int> {
        guard let last = range.last, from <= through else { return range.lowerBound..<range.lowerBound }
        let low = times[range.lowerBound] >= from ? range.lowerBound : first(notBefore: from, times, range)
        let high = times[last] <= through ? range.upperBound : first(notBefore: through + 1, times, low..<range.upperBound)
        return low..<high
    }

    private static func first(notBefore time: Int64, _ times: [Int64], _ range: Range<Int>) -> Int {
        var low = range.lowerBound
        var high = range.upperBound
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
