package import VardeModel

/// What there is at one step of a series.
package enum PointKind {
    package static let absent: UInt8 = 0
    package static let float: UInt8 = 1
    package static let histogram: UInt8 = 2
}

/// One series over all steps of a grid, as columns; reused from series to series.
package struct StepRow: Sendable {
    /// One value a step, meaningful where `kinds` says float.
    package var values: [Double]
    /// One `PointKind` a step.
    package var kinds: [UInt8]
    /// Empty where no step has a histogram, else one entry a step.
    package var histograms: [NativeHistogram?] = []

    /// A row of so many steps, all absent.
    package init(stepCount: Int) {
        values = [Double](repeating: 0, count: stepCount)
        kinds = [UInt8](repeating: PointKind.absent, count: stepCount)
    }

    package var stepCount: Int { values.count }

    /// Makes all steps absent, keeps the storage.
    package mutating func removeAll() {
        for i in kinds.indices { kinds[i] = PointKind.absent }
        histograms.removeAll(keepingCapacity: true)
    }

    package mutating func set(_ step: Int, _ value: Double) {
        values[step] = value
        kinds[step] = PointKind.float
    }

    package mutating func set(_ step: Int, _ histogram: NativeHistogram) {
        if histograms.isEmpty { histograms = Array(repeating: nil, count: values.count) }
        histograms[step] = histogram
        kinds[step] = PointKind.histogram
    }

    package mutating func remove(_ step: Int) {
        kinds[step] = PointKind.absent
        if !histograms.isEmpty { histograms[step] = nil }
    }

    /// Whether no step has a point.
    package var isEmpty: Bool { !kinds.contains { $0 != PointKind.absent } }

    /// How many steps have a point.
    package var pointCount: Int {
        var count = 0
        for kind in kinds where kind != PointKind.absent { count += 1 }
        return count
    }
}
