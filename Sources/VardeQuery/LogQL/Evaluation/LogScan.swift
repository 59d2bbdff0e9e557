internal import VardeKernels
internal import VardeModel

/// Reads pages and runs a pipeline over them for a log query.
struct LogScan {
    let engine: LogQLEngine
    let budget: QueryBudget
    private var statistics = LogQLStatistics()

    init(engine: LogQLEngine, budget: QueryBudget) {
        self.engine = engine
        self.budget = budget
    }

    /// A line found, before lines are put in order.
    private struct Hit: Sendable {
        var timestamp: Int64
        var stream: Int
        /// Place in the order of the store: ties keep it.
        var sequence: Int
        var labels: Labels
        var entry: LogQLEntry
    }

    /// What lines are asked for.
    private struct Wanted: Sendable {
        var start: Int64
        var end: Int64
        var limit: Int
        var isBackward: Bool
        var categorize: Bool
        /// Time of the last line among as many as are wanted; nil before there are so many.
        var bound: Int64?

        /// The part of the range where a line may still be better than those there are.
        var range: (from: Int64, to: Int64) {
            guard let bound else { return (start, end) }
            return isBackward ? (max(start, bound), end) : (start, min(end, bound &+ 1))
        }

        func mayImprove(_ page: LogPageRef) -> Bool {
            guard let bound else { return true }
            return isBackward ? page.lastTimestamp >= bound : page.firstTimestamp <= bound
        }
    }

    static func select(
        _ source: any LogSource, _ request: LogRequest
    ) throws(QueryError) -> any LogSelection {
        do {
            return try source.select(request)
        } catch let error as QueryError {
            throw error
        } catch {
            throw QueryError(.internal, "\(error)")
        }
    }

    mutating func lines(
        _ query: LogQLLogQuery, start: Int64, end: Int64, limit: Int, direction: LogQLDirection, interval: Int64, categorize: Bool
    ) throws(QueryError) -> LogQLStreams {
        let pipeline = try LogQLPipeline(query.stages, resolvePII: engine.options.resolvePII)
        let selection = try Self.select(
            engine.source, pipeline.request(query.matchers, start: start, end: end))
        let backward = direction == .backward
        let order = selection.pages.indices.sorted { a, b in
            let x = selection.pages[a]
            let y = selection.pages[b]
            return backward
                ? (x.lastTimestamp, y.stream, b) > (y.lastTimestamp, x.stream, a)
                : (x.firstTimestamp, x.stream, a) < (y.firstTimestamp, y.stream, b)
        }
        let threads = engine.options.threads > 0 ? engine.options.threads : ProcessorCount.online
        var wanted = Wanted(start: start, end: end, limit: max(0, limit), isBackward: backward, categorize: categorize)
        var hits: [Hit] = []
        var next = 0
        // The best page often has all that is wanted; where it has not, more and more pages are read at a time.
        var round = 1
        while next < order.count, wanted.limit > 0 {
            let pages = order[next..<min(next + round, order.count)].prefix { wanted.mayImprove(selection.pages[$0]) }
            if pages.isEmpty { break }
            let asked = wanted
            let budget = budget
            let parts = try PageShares.run(pages.count, threads: threads, pagesPerThread: 1) { share throws(QueryError) in
                try Self.scan(
                    selection, pages[(pages.startIndex + share.lowerBound)..<(pages.startIndex + share.upperBound)], pipeline, asked, budget
                )
            }
            for part in parts {
                hits += part.hits
                statistics.add(part.statistics)
            }
            Self.cut(&hits, wanted.limit, backward)
            if hits.count >= wanted.limit, let last = hits.last { wanted.bound = last.timestamp }
            next += pages.count
            round = wanted.bound == nil ? min(round * 2, threads * Self.roundsPerThread) : threads
        }
        // As in Loki, the limit is of lines read: what an interval leaves out is not made up for.
        if interval > 0 { Self.thin(&hits, interval) }
        return LogQLStreams(streams: Self.group(hits), statistics: statistics)
    }

    /// Pages a thread reads at most before results are put together.
    private static let roundsPerThread = 16
    /// Lines looked at first at the wanted end of a page.
    private static let firstLines = 128

    private static func scan(
        _ selection: any LogSelection, _ pages: ArraySlice<Int>, _ pipeline: LogQLPipeline, _ wanted: Wanted, _ budget: QueryBudget
    ) throws(QueryError) -> (hits: [Hit], statistics: LogQLStatistics) {
        var wanted = wanted
        var hits: [Hit] = []
        var scanner = LineScanner(pipeline: pipeline)
        var columns = LogColumns()
        var pagesRead = 0
        for index in pages {
            let page = selection.pages[index]
            if !wanted.mayImprove(page) { continue }
            try budget.check()
            let range = wanted.range
            if wanted.bound != nil {
                // Times alone tell whether the page has any line that is wanted.
                try LogLookups.reading { try selection.readTimes(page, into: &columns) }
                if columns.entries(from: range.from, to: range.to).isEmpty { continue }
            }
            try LogLookups.reading { try selection.read(page, into: &columns) }
            pagesRead += 1
            scanner.begin(columns, stream: selection.streams[page.stream].labels)
            var rest = columns.entries(from: range.from, to: range.to)
            var found = 0
            var size = firstLines
            while !rest.isEmpty, found < wanted.limit {
                let part: Range<Int>
                if wanted.isBackward {
                    part = max(rest.lowerBound, rest.upperBound - size)..<rest.upperBound
                    rest = rest.lowerBound..<part.lowerBound
                } else {
                    part = rest.lowerBound..<min(rest.upperBound, rest.lowerBound + size)
                    rest = part.upperBound..<rest.upperBound
                }
                size *= 4
                scanner.scan(columns, part) { entry, labels, output, line in
                    var own = LogQLEntry(
                        timestamp: columns.timestamps[entry], line: output.isRewritten ? output.bytes : Bytes.array(line))
                    if wanted.categorize {
                        own.metadata = labels.result(of: .metadata)
                        own.parsed = labels.result(of: .parsed)
                    }
                    hits.append(
                        Hit(
                            timestamp: own.timestamp, stream: page.stream, sequence: index << 32 | entry,
                            labels: wanted.categorize ? labels.result(of: .stream) : labels.result(), entry: own))
                    found += 1
                }
            }
            if found == 0 || hits.count < wanted.limit { continue }
            cut(&hits, wanted.limit, wanted.isBackward)
            if let last = hits.last, isBetter(last.timestamp, than: wanted.bound, wanted.isBackward) { wanted.bound = last.timestamp }
        }
        var statistics = scanner.statistics
        statistics.pages = pagesRead
        return (hits, statistics)
    }

    private static func isBetter(_ time: Int64, than bound: Int64?, _ backward: Bool) -> Bool {
        guard let bound else { return true }
        return backward ? time > bound : time < bound
    }

    private static func cut(_ hits: inout [Hit], _ limit: Int, _ backward: Bool) {
        hits.sort { a, b in
            if a.timestamp != b.timestamp { return backward ? a.timestamp > b.timestamp : a.timestamp < b.timestamp }
            if a.stream != b.stream { return a.stream < b.stream }
            return backward ? a.sequence > b.sequence : a.sequence < b.sequence
        }
        if hits.count > limit { hits.removeLast(hits.count - limit) }
    }

    /// Leaves out lines closer than the interval to the one before, stream by stream as Loki does for all together.
    private static func thin(_ hits: inout [Hit], _ interval: Int64) {
        var last: Int64?
        var kept: [Hit] = []
        for hit in hits {
            if let last, (hit.timestamp - last).magnitude < UInt64(interval) { continue }
            last = hit.timestamp
            kept.append(hit)
        }
        hits = kept
    }

    private static func group(_ hits: [Hit]) -> [LogQLStream] {
        var index: [Labels: Int] = [:]
        var streams: [LogQLStream] = []
        for hit in hits {
            if let at = index[hit.labels] {
                streams[at].entries.append(hit.entry)
            } else {
                index[hit.labels] = streams.count
                streams.append(LogQLStream(labels: hit.labels, entries: [hit.entry]))
            }
        }
        return streams
    }
}
