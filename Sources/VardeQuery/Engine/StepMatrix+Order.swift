internal import VardeModel

extension StepMatrix {
    /// The series in another order.
    package func reordered(_ order: [Int]) -> StepMatrix {
        var result = StepMatrix(grid: grid)
        result.reserve(order.count)
        for series in order { result.append(series: series, of: self) }
        return result
    }

    /// The series that are to lose their names without them.
    func droppingNames() -> StepMatrix {
        var matrix = self
        for series in 0..<seriesCount where dropsName[series] {
            matrix.labels[series] = labels[series].removingMetadata()
            matrix.dropsName[series] = false
        }
        return matrix
    }

    /// The series sorted by labels, as Prometheus orders range results.
    package func sortedByLabels() -> StepMatrix {
        if seriesCount < 2 { return self }
        let order = labels.sortedOrder()
        return order.elementsEqual(0..<seriesCount) ? self : reordered(order)
    }
}

extension [Labels] {
    /// Positions in the order of the labels. Each label set is flattened once, so that comparing is comparing bytes.
    func sortedOrder() -> [Int] {
        // A byte that no UTF-8 text holds, lower than any other after the shift, ends each name and value.
        let keys: [[UInt8]] = map { labels in
            var key: [UInt8] = []
            for label in labels {
                key.append(contentsOf: label.name.utf8)
                key.append(0)
                key.append(contentsOf: label.value.utf8)
                key.append(0)
            }
            return key
        }
        return indices.sorted { keys[$0].precedes(keys[$1]) ?? ($0 < $1) }
    }
}

extension [UInt8] {
    /// Whether these bytes come before others; nil where they are the same.
    fileprivate func precedes(_ other: [UInt8]) -> Bool? {
        let a = span
        let b = other.span
        let shared = Swift.min(a.count, b.count)
        var i = 0
        while i < shared, a[i] == b[i] { i += 1 }
        if i < shared { return a[i] < b[i] }
        return a.count == b.count ? nil : a.count < b.count
    }
}
