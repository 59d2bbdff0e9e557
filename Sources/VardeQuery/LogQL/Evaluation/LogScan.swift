internal import VardeCompression
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
    private struct Hit {
        var timestamp: Int64
        var stream: Int
        /// Place in the order of reading: ties keep the order of the store.
        var sequence: Int
        var labels: Labels
        var entry: LogQLEntry
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
            engine.source,
            LogRequest(matchers: query.matchers, start: start, end: end, requiredSubstrings: pipeline.requiredSubstrings))
        let backward = direction == .backward
        let order = selection.pages.indices.sorted { a, b in
            let x = selection.pages[a]
            let y = selection.pages[b]
            return backward
                ? (x.lastTimestamp, y.stream, b) > (y.lastTimestamp, x.stream, a)
                : (x.firstTimestamp, x.stream, a) < (y.firstTimestamp, y.stream, b)
        }
        let wanted = max(0, limit)
        var hits: [Hit] = []
        var scanner = LineScanner(pipeline: pipeline)
        var columns = LogColumns()
        var bound: Int64?
        for index in order {
            let page = selection.pages[index]
            if let bound, hits.count >= wanted, backward ? page.lastTimestamp < bound : page.firstTimestamp > bound { break }
            try budget.check()
            try read(selection, page, &columns)
            var from = start
            var to = end
            if let bound, hits.count >= wanted { if backward { from = max(from, bound) } else { to = min(to, bound &+ 1) } }
            scanner.begin(columns, stream: selection.streams[page.stream].labels)
            scanner.scan(columns, columns.entries(from: from, to: to)) { entry, labels, output, line in
                let final = categorize ? labels.result(of: .stream) : labels.result()
                var found = LogQLEntry(timestamp: columns.timestamps[entry], line: output.isRewritten ? output.bytes : Array(copying: line))
                if categorize {
                    found.metadata = labels.result(of: .metadata)
                    found.parsed = labels.result(of: .parsed)
                }
                hits.append(
                    Hit(timestamp: columns.timestamps[entry], stream: page.stream, sequence: hits.count, labels: final, entry: found))
            }
            if hits.count > wanted, hits.count >= 2 * wanted + 64 || bound == nil { Self.cut(&hits, wanted, backward) }
            if hits.count >= wanted, wanted > 0 {
                var worst = hits[0].timestamp
                if hits.count == wanted {
                    for hit in hits where backward ? hit.timestamp < worst : hit.timestamp > worst { worst = hit.timestamp }
                    bound = worst
                } else if bound == nil {
                    bound = backward ? Int64.min : Int64.max
                }
            }
            try budget.hold(0)
        }
        statistics.add(scanner.statistics)
        Self.cut(&hits, wanted, backward)
        // As in Loki, the limit is of lines read: what an interval leaves out is not made up for.
        if interval > 0 { Self.thin(&hits, interval) }
        return LogQLStreams(streams: Self.group(hits), statistics: statistics)
    }

    private mutating func read(
        _ selection: any LogSelection, _ page: LogPageRef, _ columns: inout LogColumns
    ) throws(QueryError) {
        do {
            try selection.read(page, into: &columns)
        } catch let error as QueryError {
            throw error
        } catch {
            throw QueryError(.internal, "\(error)")
        }
        statistics.pages += 1
    }

    private static func cut(_ hits: inout [Hit], _ limit: Int, _ backward: Bool) {
        hits.sort { a, b in
            if a.timestamp != b.timestamp { return backward ? a.timestamp > b.timestamp : a.timestamp < b.timestamp }
            if a.stream != b.stream { return a.stream < b.stream }
            return backward ? a.sequence > b.sequence : a.sequence < b.sequence
        }
        if hits.count > limit { hits.removeLast(hits.count - limit) }
        for i in hits.indices { hits[i].sequence = backward ? hits.count - i : i }
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

/// Runs a pipeline over the lines of pages, skipping at once what cannot pass.
struct LineScanner {
    let pipeline: LogQLPipeline
    /// Names parsers need to extract, nil for all.
    var required: [String]?
    private let substrings: [[[UInt8]]]
    private let values: [(name: String, values: [String])]
    private(set) var statistics = LogQLStatistics()
    private var labels = LineLabels()
    private var output = LineOutput()
    private(set) var stream = Labels.empty
    /// Metadata of the page as labels.
    private var metadata: [[AddedLabel]] = []
    private var needles: [[UInt8]] = []

    init(pipeline: LogQLPipeline, required: [String]? = nil) {
        self.pipeline = pipeline
        self.required = required
        substrings = pipeline.requiredSubstrings
        values = pipeline.requiredValues
    }

    /// Begins a page of a stream.
    mutating func begin(_ columns: LogColumns, stream own: Labels) {
        stream = own
        metadata = columns.metadataSets.map { LineLabels.metadataLabels($0, stream: own) }
        labels.required = required
        needles = substrings.max { $0.score < $1.score } ?? []
        // A filter on a parsed field: its value stands in the line, or an escape does.
        for item in values where own[item.name] == nil {
            if metadata.contains(where: { $0.contains { $0.name == item.name } }) { continue }
            let wanted = item.values.map { Array($0.utf8) }
            if wanted.contains(where: \.isEmpty) || wanted.score <= needles.score { continue }
            needles = wanted + [[UInt8(ascii: "\\")]]
            break
        }
    }

    /// Calls with the lines that pass: their index, labels, what they became, and as they were.
    mutating func scan(_ columns: LogColumns, _ range: Range<Int>, _ body: (Int, LineLabels, LineOutput, Span<UInt8>) -> Void) {
        let bytes = columns.lineBytes.span
        let ends = columns.lineEnds.span
        var walk = PageWalk(needles, range)
        statistics.lines += range.count
        if !range.isEmpty {
            statistics.bytes += Int(ends[range.upperBound - 1]) - (range.lowerBound == 0 ? 0 : Int(ends[range.lowerBound - 1]))
        }
        while let entry = walk.next(bytes, ends) {
            let line = bytes.extracting((entry == 0 ? 0 : Int(ends[entry - 1]))..<Int(ends[entry]))
            let set = columns.metadataIndices.isEmpty ? 0 : Int(columns.metadataIndices[entry])
            labels.begin(stream: stream, metadata: set < metadata.count ? metadata[set] : [])
            if !pipeline.run(line, timestamp: columns.timestamps[entry], &labels, output: &output) { continue }
            statistics.linesPassed += 1
            body(entry, labels, output, line)
        }
    }
}
