/// Samples by series as a sender encoded them: a body and, for each series, where its label bytes lie and which samples are its own.
///
/// The same label bytes mean the same series, so a store may look a series up by a hash of them and decode labels on a miss only.
package struct RawSampleBatch: Sendable {
    /// The decompressed body the ranges point into.
    package var bytes: [UInt8] = []
    /// Where each series' label bytes begin and end in `bytes`.
    package var labelStarts: [UInt32] = []
    package var labelEnds: [UInt32] = []
    /// For each series the end of its samples in `timestamps` and `values`; they begin where those of the series before end.
    package var sampleEnds: [UInt32] = []
    /// Milliseconds since the epoch.
    package var timestamps: [Int64] = []
    package var values: [Double] = []
    /// Histogram samples by their index in `timestamps`, ascending; the value there is ignored.
    package var histograms: [(index: Int, histogram: NativeHistogram)] = []
    /// Empty where the sender knows no start of any sample, else one entry a timestamp in milliseconds, 0 for unknown.
    package var startTimestamps: [Int64] = []
    /// Exemplars by the index of their series, ascending.
    package var exemplars: [(series: Int, exemplar: Exemplar)] = []

    package init() {}

    package var seriesCount: Int { labelStarts.count }
    package var sampleCount: Int { timestamps.count }

    /// Forgets the content, keeps the storage.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        labelStarts.removeAll(keepingCapacity: true)
        labelEnds.removeAll(keepingCapacity: true)
        sampleEnds.removeAll(keepingCapacity: true)
        timestamps.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        histograms.removeAll(keepingCapacity: true)
        startTimestamps.removeAll(keepingCapacity: true)
        exemplars.removeAll(keepingCapacity: true)
    }
}
