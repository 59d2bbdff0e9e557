/// Series of the head in the order of their labels, sorted by numbers: one column of pairs after the other, and no text is compared
/// but those of the symbols themselves.
struct SeriesOrder {
    private(set) var dictionary: LabelDictionary
    /// The series, sorted.
    private(set) var series: [UInt32]
    /// What number in the dictionary a pair of the table has.
    private var numbers: [UInt32] = []
    private let table: SeriesTable
    /// Number of the pair compared now, and position in `series`' old order, as one number to sort.
    private var keys: [UInt64] = []

    /// Runs up to this long are sorted by comparing all pairs.
    private static let shortRun = 24

    /// Complexity: O(n log n) on numbers, a column at a time for as long as series agree.
    init(_ series: [UInt32], of table: SeriesTable) {
        self.table = table
        self.series = series
        var used = [Bool](repeating: false, count: table.pairKeys.count)
        for id in series { for pair in table.pairs(id) { used[Int(pair)] = true } }
        dictionary = LabelDictionary(texts: table.symbols, keys: table.pairKeys, used: used, numbers: &numbers)
        keys = [UInt64](repeating: 0, count: series.count)
        sort(0..<series.count, column: 0)
        keys = []
    }

    /// A series' labels as numbers of the dictionary's pairs, to `output`, replacing what is there.
    func pairs(of id: UInt32, into output: inout [UInt32]) {
        output.removeAll(keepingCapacity: true)
        for pair in table.pairs(id) { output.append(numbers[Int(pair)]) }
    }

    /// Sorts a run of series that agree in all columns before this one.
    private mutating func sort(_ run: Range<Int>, column: Int) {
        if run.count < 2 { return }
        if run.count <= Self.shortRun { return sortShort(run, column: column) }
        for at in run {
            let pairs = table.pairs(series[at])
            // Those without any more labels come first.
            let number = column < pairs.count ? UInt64(numbers[Int(pairs[pairs.startIndex + column])]) + 1 : 0
            keys[at] = number << 32 | UInt64(series[at])
        }
        keys[run].sort()
        for at in run { series[at] = UInt32(truncatingIfNeeded: keys[at]) }
        var start = run.lowerBound
        while start < run.upperBound {
            let number = keys[start] >> 32
            var end = start + 1
            while end < run.upperBound, keys[end] >> 32 == number { end += 1 }
            if number > 0 { sort(start..<end, column: column + 1) }
            start = end
        }
    }

    private mutating func sortShort(_ run: Range<Int>, column: Int) {
        for at in run.dropFirst() {
            let id = series[at]
            var position = at
            while position > run.lowerBound, precedes(id, series[position - 1], from: column) {
                series[position] = series[position - 1]
                position -= 1
            }
            series[position] = id
        }
    }

    private func precedes(_ a: UInt32, _ b: UInt32, from column: Int) -> Bool {
        let left = table.pairs(a).dropFirst(column)
        let right = table.pairs(b).dropFirst(column)
        for (one, other) in zip(left, right) where one != other { return numbers[Int(one)] < numbers[Int(other)] }
        return left.count < right.count
    }
}
