/// Samples of one series as columns, ascending in time, no timestamp twice.
///
/// Readers append to it and reuse its storage from series to series; nothing is allocated once it has grown.
package struct SampleColumns: Sendable {
    /// Milliseconds since the epoch.
    package var timestamps: [Int64] = []
    /// One value a timestamp; at a histogram sample the value is not meaningful (0).
    package var values: [Double] = []
    /// Empty where the series has no histogram in the range, else one entry a timestamp, nil at float samples.
    package var histograms: [NativeHistogram?] = []
    /// Empty where no start timestamp is known, else one entry a timestamp in milliseconds, 0 for unknown.
    package var startTimestamps: [Int64] = []

    package init() {}

    package var count: Int { timestamps.count }

    /// Forgets the samples, keeps the storage.
    package mutating func removeAll() {
        timestamps.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        histograms.removeAll(keepingCapacity: true)
        startTimestamps.removeAll(keepingCapacity: true)
    }

    /// Forgets what is said of histograms' resets from a position on, but for gauges: they are found by comparing counts.
    package mutating func forgetResetHints(from start: Int) {
        for place in histograms.indices.dropFirst(start) where histograms[place] != nil && histograms[place]?.counterResetHint != .gauge {
            histograms[place]?.counterResetHint = .unknown
        }
    }

    /// Appends a float sample.
    package mutating func append(_ timestamp: Int64, _ value: Double, startTimestamp: Int64 = 0) {
        timestamps.append(timestamp)
        values.append(value)
        if !histograms.isEmpty { histograms.append(nil) }
        noteStart(startTimestamp)
    }

    /// Appends a histogram sample.
    package mutating func append(_ timestamp: Int64, _ histogram: NativeHistogram, startTimestamp: Int64 = 0) {
        if histograms.isEmpty { histograms = Array(repeating: nil, count: timestamps.count) }
        timestamps.append(timestamp)
        values.append(0)
        histograms.append(histogram)
        noteStart(startTimestamp)
    }

    private mutating func noteStart(_ start: Int64) {
        if startTimestamps.isEmpty {
            if start == 0 { return }
            startTimestamps = Array(repeating: 0, count: timestamps.count - 1)
        }
        startTimestamps.append(start)
    }
}
