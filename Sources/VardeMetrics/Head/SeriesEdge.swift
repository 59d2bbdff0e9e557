/// Where a series stands: its newest sample, and what the log knows of it. One cache line's half, read and written with each sample.
struct SeriesEdge {
    var newestTime = Int64.min
    var newestBits: UInt64 = 0
    /// The last value the log was given in the stretch `logEpoch`.
    var loggedBits: UInt64 = 0
    var logEpoch: UInt32 = 0
    /// Whether the newest sample is a histogram, whose bits say nothing.
    var isHistogram = false

    /// From here on no sample is taken for a repetition of the newest.
    mutating func forgetNewest() {
        newestTime = .min
        newestBits = 0
        isHistogram = false
    }

    /// Remembers a sample as the newest where it is.
    @inline(__always)
    mutating func note(_ time: Int64, _ bits: UInt64, isHistogram histogram: Bool = false) {
        guard time >= newestTime else { return }
        newestTime = time
        newestBits = bits
        isHistogram = histogram
    }
}
