package import VardeModel

/// The result of an expression that yields an instant vector, for all steps at once: series by steps, in columns.
///
/// Series `s` at step `i` lies at `s * grid.count + i` of `values` and `kinds`.
package struct StepMatrix: Sendable {
    package let grid: StepGrid
    package var labels: [Labels] = []
    /// Whether a series loses its metric name at the end of the evaluation (delayed name removal).
    package var dropsName: [Bool] = []
    /// Series × steps; meaningful where `kinds` says float.
    package var values: [Double] = []
    /// Series × steps of `PointKind`.
    package var kinds: [UInt8] = []
    /// One entry a series: empty where it has no histogram, else one entry a step.
    package var histograms: [[NativeHistogram?]] = []

    package init(grid: StepGrid) {
        self.grid = grid
    }

    package var seriesCount: Int { labels.count }

    /// Where a series' steps lie in `values` and `kinds`.
    package func range(of series: Int) -> Range<Int> { series * grid.count..<(series + 1) * grid.count }

    package func kind(_ series: Int, _ step: Int) -> UInt8 { kinds[series * grid.count + step] }

    package func value(_ series: Int, _ step: Int) -> Double { values[series * grid.count + step] }

    package func histogram(_ series: Int, _ step: Int) -> NativeHistogram? {
        let own = histograms[series]
        return own.isEmpty ? nil : own[step]
    }

    /// Whether a series has a point at any step.
    package func hasPoints(_ series: Int) -> Bool {
        for i in range(of: series) where kinds[i] != PointKind.absent { return true }
        return false
    }

    /// How many points there are.
    package var pointCount: Int {
        var count = 0
        for kind in kinds where kind != PointKind.absent { count += 1 }
        return count
    }

    package mutating func reserve(_ series: Int) {
        labels.reserveCapacity(series)
        dropsName.reserveCapacity(series)
        histograms.reserveCapacity(series)
        values.reserveCapacity(series * grid.count)
        kinds.reserveCapacity(series * grid.count)
    }

    /// Appends a series.
    package mutating func append(_ own: Labels, dropsName drops: Bool = false, _ row: borrowing StepRow) {
        labels.append(own)
        dropsName.append(drops)
        values.append(contentsOf: row.values)
        kinds.append(contentsOf: row.kinds)
        histograms.append(row.histograms)
    }

    /// Appends a series that has no point yet.
    package mutating func appendEmpty(_ own: Labels, dropsName drops: Bool = false) {
        labels.append(own)
        dropsName.append(drops)
        values.append(contentsOf: repeatElement(0, count: grid.count))
        kinds.append(contentsOf: repeatElement(PointKind.absent, count: grid.count))
        histograms.append([])
    }

    /// Appends all series of another matrix over the same grid.
    package mutating func append(contentsOf other: StepMatrix) {
        labels += other.labels
        dropsName += other.dropsName
        values += other.values
        kinds += other.kinds
        histograms += other.histograms
    }

    /// Appends a series of another matrix over the same grid.
    package mutating func append(series: Int, of other: StepMatrix) {
        labels.append(other.labels[series])
        dropsName.append(other.dropsName[series])
        values.append(contentsOf: other.values[other.range(of: series)])
        kinds.append(contentsOf: other.kinds[other.range(of: series)])
        histograms.append(other.histograms[series])
    }

    package mutating func set(_ series: Int, _ step: Int, _ value: Double) {
        values[series * grid.count + step] = value
        kinds[series * grid.count + step] = PointKind.float
    }

    package mutating func set(_ series: Int, _ step: Int, _ histogram: NativeHistogram) {
        if histograms[series].isEmpty { histograms[series] = Array(repeating: nil, count: grid.count) }
        histograms[series][step] = histogram
        kinds[series * grid.count + step] = PointKind.histogram
    }

    package mutating func remove(_ series: Int, _ step: Int) {
        kinds[series * grid.count + step] = PointKind.absent
        if !histograms[series].isEmpty { histograms[series][step] = nil }
    }

    /// Copies a point of another series, whatever it is.
    package mutating func copy(_ series: Int, _ step: Int, from other: StepMatrix, _ source: Int) {
        switch other.kind(source, step) {
        case PointKind.float: set(series, step, other.value(source, step))
        case PointKind.histogram:
            if let histogram = other.histogram(source, step) { set(series, step, histogram) }
        default: remove(series, step)
        }
    }

    /// Copies one series into a row of the same number of steps.
    package func read(_ series: Int, into row: inout StepRow) {
        let base = series * grid.count
        for i in 0..<grid.count {
            row.values[i] = values[base + i]
            row.kinds[i] = kinds[base + i]
        }
        row.histograms = histograms[series]
    }

    /// A copy without the series that have no point.
    package func removingEmptySeries() -> StepMatrix {
        var empty = false
        for series in 0..<seriesCount where !hasPoints(series) {
            empty = true
            break
        }
        if !empty { return self }
        var result = StepMatrix(grid: grid)
        for series in 0..<seriesCount where hasPoints(series) { result.append(series: series, of: self) }
        return result
    }

    /// Joins series of equal labels into one; throws where two of them have a point at the same step, as Prometheus does.
    ///
    /// Complexity: O(series) where no labels are equal.
    package func mergingEqualLabels() throws(QueryError) -> StepMatrix {
        if seriesCount < 2 { return self }
        var index: [Labels: Int] = [:]
        index.reserveCapacity(seriesCount)
        var duplicates = false
        for own in labels where index.updateValue(0, forKey: own) != nil {
            duplicates = true
            break
        }
        if !duplicates { return self }
        index.removeAll(keepingCapacity: true)
        var result = StepMatrix(grid: grid)
        for series in 0..<seriesCount {
            guard let target = index[labels[series]] else {
                index[labels[series]] = result.seriesCount
                result.append(series: series, of: self)
                continue
            }
            for step in 0..<grid.count where kind(series, step) != PointKind.absent {
                if result.kind(target, step) != PointKind.absent {
                    throw .sameLabels
                }
                result.copy(target, step, from: self, series)
            }
        }
        return result
    }
}
