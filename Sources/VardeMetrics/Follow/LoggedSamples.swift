package import VardeModel

/// Samples as they came, in structures of arrays, with their series as a `SampleTail` numbers them.
package struct LoggedSamples: Sendable {
    package var series: [UInt32] = []
    /// Milliseconds since the epoch, one a sample.
    package var timestamps: [Int64] = []
    package var values: [Double] = []
    /// Histogram samples by their index, ascending; the value there is ignored.
    package var histograms: [(index: Int, histogram: NativeHistogram)] = []

    /// Exemplars of series, as they came.
    package var exemplars: [(series: UInt32, exemplar: Exemplar)] = []

    package init() {}

    package var isEmpty: Bool { series.isEmpty && exemplars.isEmpty }
    package var count: Int { series.count }

    /// What a histogram or an exemplar takes in place of so many floats.
    private static let histogramWeight = 16

    /// Samples, histograms by what they take.
    var weight: Int { series.count + (histograms.count + exemplars.count) * Self.histogramWeight }

    package mutating func removeAll() {
        series.removeAll(keepingCapacity: true)
        timestamps.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        histograms.removeAll(keepingCapacity: true)
        exemplars.removeAll(keepingCapacity: true)
    }

    mutating func append(_ number: UInt32, _ timestamp: Int64, _ value: Double) {
        series.append(number)
        timestamps.append(timestamp)
        values.append(value)
    }

    mutating func append(_ number: UInt32, _ timestamp: Int64, _ histogram: NativeHistogram) {
        histograms.append((series.count, histogram))
        append(number, timestamp, 0)
    }
}
