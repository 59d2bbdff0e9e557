internal import VardeKernels
internal import VardeModel

/// The samples of one series without stale markers, floats and histograms apart; reused from series to series.
struct SeriesSamples: Sendable {
    private(set) var times: [Int64] = []
    private(set) var values: [Double] = []
    /// Start timestamps of the floats, empty where none is known.
    private(set) var starts: [Int64] = []
    private(set) var histogramTimes: [Int64] = []
    private(set) var histograms: [NativeHistogram] = []
    private(set) var histogramStarts: [Int64] = []

    var count: Int { times.count + histogramTimes.count }

    /// Takes over what a store read; the columns get the storage of the samples before.
    mutating func load(_ columns: inout SampleColumns, statsOnly: Bool = false) {
        histogramTimes.removeAll(keepingCapacity: true)
        histograms.removeAll(keepingCapacity: true)
        histogramStarts.removeAll(keepingCapacity: true)
        if columns.histograms.isEmpty, !Self.hasStaleMarker(columns.values.span) {
            swap(&times, &columns.timestamps)
            swap(&values, &columns.values)
            swap(&starts, &columns.startTimestamps)
            return
        }
        times.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        let hasStarts = !columns.startTimestamps.isEmpty
        var before: NativeHistogram?
        for i in 0..<columns.count {
            if !columns.histograms.isEmpty, let histogram = columns.histograms[i] {
                if histogram.sum.isStaleMarker { continue }
                histogramTimes.append(columns.timestamps[i])
                if hasStarts { histogramStarts.append(columns.startTimestamps[i]) }
                histograms.append(statsOnly ? Self.stats(of: histogram, after: &before) : histogram)
            } else if !columns.values[i].isStaleMarker {
                times.append(columns.timestamps[i])
                values.append(columns.values[i])
                if hasStarts { starts.append(columns.startTimestamps[i]) }
            }
        }
    }

    /// Takes over the points of a series that an expression yielded; hints of counter resets no longer hold between them.
    mutating func load(_ matrix: StepMatrix, _ series: Int) {
        self = SeriesSamples()
        let grid = matrix.grid
        for step in 0..<grid.count {
            switch matrix.kind(series, step) {
            case PointKind.float:
                times.append(grid.time(step))
                values.append(matrix.value(series, step))
            case PointKind.histogram:
                guard var histogram = matrix.histogram(series, step) else { continue }
                if histogram.counterResetHint != .gauge { histogram.counterResetHint = .unknown }
                histogramTimes.append(grid.time(step))
                histograms.append(histogram)
            default: break
            }
        }
    }

    private static func hasStaleMarker(_ values: Span<Double>) -> Bool {
        ColumnCounts.count(of: Double.staleMarker.bitPattern, in: values) > 0
    }

    /// Count and sum alone, with the counter reset against the sample before made explicit since the buckets that tell it go.
    private static func stats(of histogram: NativeHistogram, after before: inout NativeHistogram?) -> NativeHistogram {
        var result = NativeHistogram(
            counterResetHint: histogram.counterResetHint, schema: histogram.schema, count: histogram.count, sum: histogram.sum,
            customBounds: [])
        if result.counterResetHint == .unknown, let before {
            result.counterResetHint = histogram.isReset(after: before) ? .reset : .notReset
        }
        before = histogram
        return result
    }

    /// Leaves count and sum of each histogram, stale markers as they are.
    static func reduceToStats(_ histograms: inout [NativeHistogram?]) {
        var before: NativeHistogram?
        for i in histograms.indices {
            guard let histogram = histograms[i], !histogram.sum.isStaleMarker else { continue }
            histograms[i] = stats(of: histogram, after: &before)
        }
    }
}
