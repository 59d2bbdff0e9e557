internal import VardeCompression
internal import VardeModel

/// One thread's share of a range aggregation: pages read, lines run through the pipeline, folded by resulting series.
private struct RangeWorker {
    let aggregation: LogQLRangeAggregation
    let windows: LogWindows
    /// Labels results are grouped by; nil for a result by all labels.
    let grouping: LogQLGrouping?
    let unwrap: UnwrapStage?
    let budget: QueryBudget
    var scanner: LineScanner
    var statistics = LogQLStatistics()
    private(set) var index: [Labels: Int] = [:]
    private(set) var folds: [LogFold] = []
    private(set) var keys: [Labels] = []
    private var held = 0
    private var cursor: WindowCursor
    private var recent = RecentKeys()

    init(
        aggregation: LogQLRangeAggregation, windows: LogWindows, grouping: LogQLGrouping?, unwrap: UnwrapStage?, pipeline: LogQLPipeline,
        budget: QueryBudget
    ) {
        self.aggregation = aggregation
        self.windows = windows
        self.grouping = grouping
        self.unwrap = unwrap
        self.budget = budget
        cursor = WindowCursor(windows)
        scanner = LineScanner(pipeline: pipeline, required: Self.required(aggregation, grouping, pipeline, unwrap))
    }

    /// Names parsers need to extract; nil where results carry whatever is found.
    private static func required(
        _ aggregation: LogQLRangeAggregation, _ grouping: LogQLGrouping?, _ pipeline: LogQLPipeline, _ unwrap: UnwrapStage?
    ) -> [String]? {
        var names: [String] = []
        if aggregation.operation != .absent {
            guard let grouping, !grouping.without else { return nil }
            names = grouping.labels
        }
        for stage in pipeline.stages { stage.collectNames(into: &names) }
        if let unwrap { unwrap.collectNames(into: &names) }
        return names
    }

    private var readsLines: Bool { !scanner.pipeline.stages.isEmpty || unwrap != nil }

    private mutating func fold(_ key: Labels) throws(QueryError) -> Int {
        if let known = index[key] { return known }
        if keys.count >= LogQLLimits.maxSeries {
            throw .badData(
                "maximum number of series (\(LogQLLimits.maxSeries)) reached for a single query; consider reducing query cardinality by adding more specific stream selectors, reducing the time range, or aggregating results with functions like sum(), count() or topk()"
            )
        }
        let needsSamples = unwrap != nil
        if !needsSamples { try budget.hold(windows.count) }
        let needsBytes = aggregation.operation == .bytes || aggregation.operation == .bytesRate
        index[key] = keys.count
        keys.append(key)
        folds.append(LogFold(stepCount: windows.count, needsBytes: needsBytes, needsSamples: needsSamples))
        return keys.count - 1
    }

    /// The fold of a line's key; keys by a few labels are mostly those of lines just before.
    private mutating func slot(of labels: LineLabels) throws(QueryError) -> Int {
        guard let grouping, !grouping.without, aggregation.operation != .absent else { return try fold(key(labels)) }
        let place = recent.look(up: grouping.labels, in: labels)
        if let known = recent.slot(at: place) { return known }
        let slot = try fold(key(labels))
        recent.keep(slot, at: place)
        return slot
    }

    private func key(_ labels: LineLabels) -> Labels {
        if aggregation.operation == .absent { return .empty }
        if let grouping {
            if !grouping.without { return labels.result(by: grouping.labels) }
            return labels.result().removing(grouping.labels + (unwrap.map { [$0.label] } ?? []))
        }
        guard let unwrap else { return labels.result() }
        return labels.result().removing([unwrap.label])
    }

    /// Whether all lines of a stream have one key, whatever their metadata is, as long as no stage gives them labels.
    private func hasOneKey(_ stream: Labels) -> Bool {
        if aggregation.operation == .absent { return true }
        guard let grouping, !grouping.without else { return false }
        return grouping.labels.allSatisfy { stream[$0] != nil }
    }

    mutating func run(_ selection: any LogSelection, _ pages: Range<Int>) throws(QueryError) {
        var columns = LogColumns()
        for page in pages {
            try budget.check()
            let reference = selection.pages[page]
            let stream = selection.streams[reference.stream].labels
            if try countWhole(reference, stream) { continue }
            do {
                if readsLines { try selection.read(reference, into: &columns) } else { try selection.readTimes(reference, into: &columns) }
            } catch let error as QueryError {
                throw error
            } catch {
                throw QueryError(.internal, "\(error)")
            }
            statistics.pages += 1
            let entries = columns.entries(from: windows.start, to: windows.end)
            if entries.isEmpty { continue }
            scanner.begin(columns, stream: stream)
            if !readsLines {
                try countTimes(columns, entries, stream)
            } else if unwrap == nil && scanner.pipeline.keepsLabels && (columns.metadataIndices.isEmpty || hasOneKey(stream)) {
                try countLines(columns, entries, stream)
            } else {
                try scanLines(columns, entries)
            }
        }
        statistics.add(scanner.statistics)
    }

    /// Counts a page unread, where all its lines have one key and are held by the same windows.
    private mutating func countWhole(_ page: LogPageRef, _ stream: Labels) throws(QueryError) -> Bool {
        guard !readsLines, page.firstTimestamp >= windows.start, page.lastTimestamp < windows.end, hasOneKey(stream) else { return false }
        let (steps, through) = windows.run(holding: page.firstTimestamp)
        guard page.lastTimestamp <= through else { return false }
        var plain = LineLabels()
        plain.begin(stream: stream, metadata: [])
        let slot = try fold(key(plain))
        folds[slot].add(steps, lines: page.entryCount, byteCount: page.byteCount)
        statistics.lines += page.entryCount
        statistics.linesPassed += page.entryCount
        statistics.bytes += page.byteCount
        return true
    }

    /// A page whose lines all have one key: lines are counted, not labelled.
    private mutating func countLines(_ columns: LogColumns, _ entries: Range<Int>, _ stream: Labels) throws(QueryError) {
        var plain = LineLabels()
        plain.begin(stream: stream, metadata: [])
        let fold = try fold(key(plain))
        var cursor = WindowCursor(windows)
        var own = folds[fold]
        folds[fold] = LogFold(stepCount: 0, needsBytes: false, needsSamples: true)
        scanner.scan(columns, entries) { entry, _, output, _ in
            own.add(cursor.steps(holding: columns.timestamps[entry]), byteCount: output.length)
        }
        folds[fold] = own
    }

    /// A page without a pipeline, where metadata alone tells lines apart.
    private mutating func countTimes(_ columns: LogColumns, _ entries: Range<Int>, _ stream: Labels) throws(QueryError) {
        var slots: [Int] = []
        let sets = columns.metadataIndices.isEmpty || hasOneKey(stream) ? 1 : max(1, columns.metadataSets.count)
        for set in 0..<sets {
            let metadata = set < columns.metadataSets.count ? LineLabels.metadataLabels(columns.metadataSets[set], stream: stream) : []
            var labels = LineLabels()
            labels.begin(stream: stream, metadata: metadata)
            slots.append(try fold(key(labels)))
        }
        let ends = columns.lineEnds.span
        var start = entries.lowerBound == 0 ? 0 : Int(ends[entries.lowerBound - 1])
        statistics.lines += entries.count
        statistics.linesPassed += entries.count
        statistics.bytes += Int(ends[entries.upperBound - 1]) - start
        var entry = entries.lowerBound
        while entry < entries.upperBound {
            let (steps, through) = windows.run(holding: columns.timestamps[entry])
            let next = min(entries.upperBound, columns.firstIndex(notBefore: through &+ 1))
            if slots.count == 1 {
                folds[slots[0]].add(steps, lines: next - entry, byteCount: Int(ends[next - 1]) - start)
            } else {
                var before = start
                for i in entry..<next {
                    folds[slots[Int(columns.metadataIndices[i])]].add(steps, byteCount: Int(ends[i]) - before)
                    before = Int(ends[i])
                }
            }
            start = Int(ends[next - 1])
            entry = next
        }
    }

    private mutating func scanLines(_ columns: LogColumns, _ entries: Range<Int>) throws(QueryError) {
        var failure: QueryError?
        // The scanner is taken out while it runs: what it calls changes this worker.
        var own = scanner
        own.scan(columns, entries) { entry, labels, output, _ in
            if failure != nil { return }
            do throws(QueryError) {
                try add(columns.timestamps[entry], labels, output.length)
            } catch {
                failure = error
            }
        }
        scanner = own
        if let failure { throw failure }
    }

    private mutating func add(_ time: Int64, _ labels: LineLabels, _ length: Int) throws(QueryError) {
        let steps = cursor.steps(holding: time)
        if steps.isEmpty { return }
        guard let unwrap else {
            if labels.hasError { throw Self.pipelineError(labels) }
            folds[try slot(of: labels)].add(steps, byteCount: length)
            return
        }
        var labels = labels
        guard let value = unwrap.value(&labels) else { return }
        if labels.hasError { throw Self.pipelineError(labels) }
        let slot = try slot(of: labels)
        held += 1
        if held >= 1_024 {
            try budget.hold(held)
            held = 0
        }
        folds[slot].add(time, value)
    }

    /// A line whose pipeline failed ends a metric query, in Loki's words.
    private static func pipelineError(_ labels: LineLabels) -> QueryError {
        let text = labels.result().description
        return .badData(
            """
            pipeline error: '\(labels.error)' for series: '\(text)'.
            Use a label filter to intentionally skip this error. (e.g | __error__!="\(labels.error)").
            To skip all potential errors you can match empty errors.(e.g __error__="")
            The label filter can also be specified after unwrap. (e.g | unwrap latency | __error__="" )

            """)
    }

    mutating func merge(_ other: RangeWorker) throws(QueryError) {
        statistics.add(other.statistics)
        for (slot, key) in other.keys.enumerated() {
            let own = try fold(key)
            folds[own].merge(other.folds[slot])
        }
    }
}

extension LogQLEvaluator {
    /// - Parameter sumBy: where given, results are summed by these labels while lines are read.
    func rangeAggregation(
        _ node: LogQLRangeAggregation, sumBy: [String]?, _ statistics: inout LogQLStatistics
    ) throws(QueryError) -> StepMatrix {
        let windows = LogWindows(grid, range: node.range, offset: node.offset)
        let pipeline = try LogQLPipeline(node.query.stages, resolvePII: engine.options.resolvePII)
        var unwrap: UnwrapStage?
        if let given = node.unwrap { unwrap = try UnwrapStage(given, resolvePII: engine.options.resolvePII) }
        let selection = try LogScan.select(
            engine.source, pipeline.request(node.query.matchers, start: windows.start, end: windows.end))
        let grouping = sumBy.map { LogQLGrouping(without: false, labels: $0) } ?? node.grouping
        let worker = RangeWorker(
            aggregation: node, windows: windows, grouping: grouping, unwrap: unwrap, pipeline: pipeline, budget: budget)
        var total = try scan(worker, selection)
        statistics.add(total.statistics)
        var result = StepMatrix(grid: grid)
        var row = StepRow(stepCount: grid.count)
        if node.operation == .absent {
            let fold = total.folds.first ?? LogFold(stepCount: grid.count, needsBytes: false, needsSamples: unwrap != nil)
            fold.finish(node, windows, into: &row)
            if !row.isEmpty { result.append(Self.absentLabels(node.query.matchers), row) }
            return result
        }
        result.reserve(total.keys.count)
        for (slot, labels) in total.keys.enumerated() {
            total.folds[slot].finish(node, windows, into: &row)
            if !row.isEmpty { result.append(labels, row) }
        }
        total.statistics = LogQLStatistics()
        return result
    }

    /// What a selector says for certain of the series it finds absent.
    private static func absentLabels(_ matchers: [LabelMatcher]) -> Labels {
        var labels: [String: String] = [:]
        var excluded: Set<String> = []
        for matcher in matchers {
            if matcher.operation == .equal, labels[matcher.name] == nil, !excluded.contains(matcher.name) {
                labels[matcher.name] = matcher.value
            } else {
                labels[matcher.name] = nil
                excluded.insert(matcher.name)
            }
        }
        return Labels(labels.map { Label($0.key, $0.value) })
    }

    private func scan(_ worker: RangeWorker, _ selection: any LogSelection) throws(QueryError) -> RangeWorker {
        let threads = engine.options.threads > 0 ? engine.options.threads : ProcessorCount.online
        let parts = try PageShares.run(selection.pages.count, threads: threads) { pages throws(QueryError) in
            var own = worker
            try own.run(selection, pages)
            return own
        }
        var total = parts[0]
        for part in parts.dropFirst() { try total.merge(part) }
        return total
    }
}
