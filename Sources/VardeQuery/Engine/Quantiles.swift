/// Quantiles of plain numbers.
package enum Quantiles {
    /// The q-quantile, weighted between neighbours; orders the values as far as it needs to, NaN first. Prometheus' rules for odd q.
    package static func quantile(_ q: Double, of values: inout [Double]) -> Double {
        if values.isEmpty || q.isNaN { return .nan }
        if q < 0 { return -.infinity }
        if q > 1 { return .infinity }
        if values.contains(where: \.isNaN) {
            values.sort { $0.isNaN ? !$1.isNaN : $0 < $1 }
            return quantile(q, ofSorted: values)
        }
        let (lower, upper, weight) = neighbours(q, values.count)
        var column = values.mutableSpan
        place(lower, of: &column)
        if upper == lower { return column[lower] * (1 - weight) + column[lower] * weight }
        var next = column[upper]
        for i in upper..<column.count where column[i] < next { next = column[i] }
        return column[lower] * (1 - weight) + next * weight
    }

    /// Moves numbers until the one of this rank stands in its place, with none greater before it and none less behind (quickselect).
    private static func place(_ rank: Int, of values: inout MutableSpan<Double>) {
        var low = 0
        var high = values.count - 1
        while low < high {
            let pivot = values[(low + high) / 2]
            var left = low
            var right = high
            while left <= right {
                while values[left] < pivot { left += 1 }
                while values[right] > pivot { right -= 1 }
                if left > right { break }
                values.swapAt(left, right)
                left += 1
                right -= 1
            }
            if rank <= right { high = right } else if rank >= left { low = left } else { return }
        }
    }

    /// The ranks a quantile lies between, and how near it is to the upper.
    private static func neighbours(_ q: Double, _ count: Int) -> (lower: Int, upper: Int, weight: Double) {
        let rank = q * Double(count - 1)
        let lower = max(0, rank.rounded(.down))
        return (Int(lower), Int(min(Double(count - 1), lower + 1)), rank - rank.rounded(.down))
    }

    /// The q-quantile of values that are sorted already.
    package static func quantile(_ q: Double, ofSorted values: [Double]) -> Double {
        if values.isEmpty || q.isNaN { return .nan }
        if q < 0 { return -.infinity }
        if q > 1 { return .infinity }
        let (lower, upper, weight) = neighbours(q, values.count)
        return values[lower] * (1 - weight) + values[upper] * weight
    }
}
