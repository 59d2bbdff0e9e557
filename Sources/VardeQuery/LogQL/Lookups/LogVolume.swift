package import VardeModel

/// How much is stored of a selection.
package struct LogIndexStats: Sendable, Equatable {
    package var streams = 0
    /// Pages that overlap the range.
    package var chunks = 0
    package var entries = 0
    /// Bytes of lines and structured metadata, before compression.
    package var bytes = 0
}

/// Bytes of a group of streams over time.
package struct LogVolume: Sendable, Equatable {
    /// The streams' common labels; where volumes are by label, that label's name with an empty value.
    package var labels: Labels
    /// End of each bucket in milliseconds with the bytes in it; buckets without any are left out.
    package var points: [(time: Int64, bytes: Int)]

    package static func == (a: LogVolume, b: LogVolume) -> Bool {
        a.labels == b.labels && a.points.elementsEqual(b.points) { $0 == $1 }
    }
}

/// What volumes are summed by.
package enum LogVolumeGrouping: String, Sendable {
    case series
    case labels
}

/// The buckets of a volume query: whole steps since the epoch, cut at both ends of the range.
struct VolumeBuckets: Sendable {
    let start: Int64
    let end: Int64
    private let step: Int64
    private let aligned: Int64
    let count: Int

    /// - Parameter step: nanoseconds; nil for one bucket.
    init(start: Int64, end: Int64, step: Int64?) {
        self.start = start
        self.end = end
        self.step = max(1, step ?? max(1, end - start))
        aligned = step == nil ? start : start - (start % self.step + self.step) % self.step
        count = end <= start ? 0 : step == nil ? 1 : Int((end - aligned + self.step - 1) / self.step)
    }

    func index(of time: Int64) -> Int { Int((time - aligned) / step) }

    /// Milliseconds a bucket is known by: those of its last millisecond, or of the range's end.
    func stamp(_ index: Int) -> Int64 {
        let own = aligned + Int64(index + 1) * step
        return own >= end ? end / 1_000_000 : own / 1_000_000 - 1
    }
}
