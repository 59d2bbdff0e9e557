/// A series as its store knows it: valid until the process ends; a store says when one has gone stale.
package struct SeriesRef: Hashable, Sendable {
    package var id: UInt64

    package init(id: UInt64) {
        self.id = id
    }
}

/// Samples on their way into a store, in structures of arrays; several series, any order.
package struct SampleBatch: Sendable {
    package var refs: [SeriesRef] = []
    /// Milliseconds since the epoch, one a ref.
    package var timestamps: [Int64] = []
    package var values: [Double] = []
    /// Histogram samples by their index in `refs`, ascending; the value there is ignored.
    package var histograms: [(index: Int, histogram: NativeHistogram)] = []
    /// Exemplars by the index of their sample in `refs`, ascending.
    package var exemplars: [(index: Int, exemplar: Exemplar)] = []

    package init() {}

    package var count: Int { refs.count }

    package mutating func append(_ ref: SeriesRef, _ timestamp: Int64, _ value: Double) {
        refs.append(ref)
        timestamps.append(timestamp)
        values.append(value)
    }

    package mutating func append(_ ref: SeriesRef, _ timestamp: Int64, _ histogram: NativeHistogram) {
        histograms.append((refs.count, histogram))
        append(ref, timestamp, 0)
    }

    package mutating func removeAll() {
        refs.removeAll(keepingCapacity: true)
        timestamps.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        histograms.removeAll(keepingCapacity: true)
        exemplars.removeAll(keepingCapacity: true)
    }
}

/// What became of a batch once its acknowledgement may be given.
package struct AppendReport: Sendable {
    package var accepted = 0
    /// Same timestamp and same bits as a sample already there: ignored.
    package var duplicates = 0
    /// Same timestamp, another value: the new one stands.
    package var overwritten = 0
    package var outOfOrder = 0
    /// Older than retention, or too far in the future: refused.
    package var outOfBounds = 0
    /// How many of those out of bounds were histograms.
    package var outOfBoundsHistograms = 0
    /// The first of those out of bounds.
    package var firstOutOfBounds: (labels: Labels, timestamp: Int64)?
    /// Whether series were refused that there may be room for later.
    package var isFull = false
    /// Of a batch as its sender encoded it: the series that were refused, by their index, ascending.
    package var refusedSeries: [Int] = []
    /// Indices of samples whose ref the store no longer knows: resolve the labels again and resend these.
    package var staleRefs: [Int] = []

    package init() {}
}

/// Why a store does not take a series or a sample.
package enum IngestError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A limit was reached; the text names the limit, its value and the series or label concerned.
    case limit(String)
    /// As many series are active as may be; there is room again once some have been idle for a while.
    case full(String)
    /// Labels that cannot be: empty name, a name twice, invalid UTF-8, no metric name where one is needed.
    case invalidLabels(String)
    /// The disk is full or failing; retry later.
    case unavailable(String)
    /// Memory is short; retry after so many seconds.
    case overloaded(retryAfter: Int)

    package var description: String {
        switch self {
        case .limit(let text), .full(let text), .invalidLabels(let text), .unavailable(let text): text
        case .overloaded: "the server is short of memory"
        }
    }
}

/// Where collected samples go.
package protocol SampleSink: Sendable {
    /// The refs of series, made known to the store where they are new. Called once a series, then cached by the caller.
    ///
    /// - Parameter isOwn: whether they are the store's word on others, such as `up`: no limit of series keeps those out.
    /// - Throws: where one is refused; those before it are known all the same.
    func resolve(_ all: [Labels], isOwn: Bool) throws(IngestError) -> [SeriesRef]
    /// Returns once the batch is in the write-ahead log and synced: from then on it survives a crash.
    func append(_ batch: SampleBatch) async throws(IngestError) -> AppendReport
}

extension SampleSink {
    /// The refs of series that limits hold for.
    package func resolve(_ all: [Labels]) throws(IngestError) -> [SeriesRef] { try resolve(all, isOwn: false) }

    /// The ref of one series, as `resolve(_:isOwn:)` of several.
    package func resolve(_ labels: Labels, isOwn: Bool = false) throws(IngestError) -> SeriesRef {
        try resolve([labels], isOwn: isOwn)[0]
    }
}
