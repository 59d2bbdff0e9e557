import VardeLogs
import VardeMetrics
import VardeModel
import VardePrivacy

/// What of a person is looked for: the words, and nanoseconds from `start` to before `end`.
struct LogErasureRange: Sendable {
    var texts: [String]
    var start: Int64
    var end: Int64
}

/// What is stored of a person: where, and how much.
struct SubjectFinding: Sendable {
    /// Lines of one stream.
    struct Stream: Sendable {
        var lines = 0
        var first = Int64.max
        var last = Int64.min
    }

    let search: LogSearch
    private(set) var streams: [Labels: Stream] = [:]
    let series: [(selection: any SeriesSelection, index: Int)]
    let exemplars: [(series: Labels, exemplar: Exemplar)]
    let range: LogErasureRange
    /// Milliseconds since the epoch of the oldest sample there is, of whatever series; nil where there is none.
    let oldestSample: Int64?
    /// When it was looked for, in milliseconds since the epoch.
    let made: Int64

    /// Looks through the stores; blocks.
    ///
    /// - Parameter now: milliseconds since the epoch.
    init(_ stores: ErasedStores, _ range: LogErasureRange, now: Int64) throws {
        self.range = range
        made = now
        search = try stores.logs.search(LogErasure(name: "", tokens: range.texts, start: range.start, end: range.end))
        for page in 0..<search.pageCount {
            guard let hit = try search.page(page) else { continue }
            var stream = streams[hit.stream.labels] ?? Stream()
            stream.lines += hit.places.count
            for place in hit.places {
                stream.first = min(stream.first, hit.columns.timestamps[place])
                stream.last = max(stream.last, hit.columns.timestamps[place])
            }
            streams[hit.stream.labels] = stream
        }
        series = try stores.series(holding: range.texts)
        oldestSample = stores.metrics.statistics.oldest
        let needles = ErasedStores.Needles(range.texts)
        exemplars = stores.exemplars.exemplars(where: needles.isConcerned)
    }

    var lines: Int { streams.values.reduce(0) { $0 + $1.lines } }
}
