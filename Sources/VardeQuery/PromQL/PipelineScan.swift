internal import Dispatch
internal import Synchronization
internal import VardeKernels
internal import VardeModel

/// The metric names of a scan's series. Apart from the worker, of which a copy would be made for each name otherwise.
private struct SeriesNames {
    /// The name all of them have, where the selector says it.
    let fixed: String?
    let selection: any SeriesSelection

    func callAsFunction(_ series: Int) -> String {
        if let fixed { return fixed }
        return selection.name(at: series)
    }
}

extension SeriesReader {
    /// Appends the samples of a series, with a query's errors.
    mutating func samples(at series: Int, into columns: inout SampleColumns) throws(QueryError) {
        do {
            try read(at: series, into: &columns)
        } catch let error as QueryError {
            throw error
        } catch {
            throw QueryError(.internal, "expanding series: \(error)")
        }
    }
}

/// One thread's share of a scan.
private struct PipelineWorker {
    let evaluator: PromQLEvaluator
    let pipeline: RowPipeline
    let selection: any SeriesSelection
    let grid: StepGrid
    /// Group of each series where rows are folded.
    let groups: [UInt32]
    let names: SeriesNames
    /// The series kept, where they are not folded into groups.
    var matrix: StepMatrix
    var fold: AggregationFold?
    /// Where series that are folded lose their names: those that must not have a point at the same step.
    var clashes: NameClashes?
    var notes = PromQLAnnotations()
    /// Where the steps of an instant selector lie in the times of the series before, which often are those of the next.
    var plan = InstantPlan()

    /// Series between two looks at the budget.
    private static let checkInterval = 32

    mutating func run(_ range: Range<Int>) throws(QueryError) {
        // Taken out once: what is asked of `self` for every series copies more than it looks.
        let (budget, pipeline, selection, name) = (evaluator.budget, pipeline, selection, names)
        var reader = selection.reader(
            from: pipeline.span.from, through: pipeline.span.through, staleMarkersOnly: !pipeline.asksForValues(fold?.operation))
        var columns = SampleColumns()
        var samples = SeriesSamples()
        var row = StepRow(stepCount: grid.count)
        var evaluation: RangeEvaluation?
        if case .range(let own) = pipeline.leaf { evaluation = own }
        let drops = pipeline.dropsName
        var reportedName: String?
        for series in range {
            if series % Self.checkInterval == 0 { try budget.check() }
            columns.removeAll()
            try reader.samples(at: series, into: &columns)
            if columns.count == 0 { continue }
            let count = columns.count
            budget.noteRead(count)
            try budget.hold(count)
            if evaluation != nil {
                samples.load(&columns, statsOnly: pipeline.statsOnly)
                try evaluation?.evaluate(samples, name: name(series), into: &row)
                if let position = pipeline.counterCheck, row.kinds.contains(PointKind.float) {
                    let own = name(series)
                    if own != reportedName { checkCounter(own, series, position) }
                    reportedName = own
                }
            } else {
                readInstant(columns, into: &row)
            }
            budget.release(count)
            for transform in pipeline.transforms { transform.apply(to: &row, &notes) }
            try emit(row, series, drops: drops)
        }
        if let evaluation { notes.merge(evaluation.annotations) }
    }

    private mutating func emit(_ row: borrowing StepRow, _ series: Int, drops: Bool) throws(QueryError) {
        if row.isEmpty { return }
        if fold != nil {
            try clashes?.add(row.kinds, of: series)
            // The name is told only where histograms do not fit together.
            let name = row.histograms.isEmpty ? "" : names(series)
            let group = Int(groups[series])
            fold?.add(row, to: group, dropsName: drops, name: name)
            return
        }
        try evaluator.budget.hold(grid.count)
        let labels = selection.labels(at: series)
        if drops, names.fixed != nil, !evaluator.options.delaysNameRemoval {
            // Series of one name are told apart without it, where nothing else goes with it.
            let others = labels.removingMetadata()
            if others.count == labels.count - 1 { return matrix.append(others, row) }
        }
        matrix.append(labels, dropsName: drops, row)
    }

    private mutating func checkCounter(_ name: String, _ series: Int, _ position: SourceRange) {
        if name.isEmpty { return }
        if evaluator.options.typeAndUnitLabels {
            let type = selection.labels(at: series)["__type__"] ?? ""
            if type != "counter", type != "histogram" { notes.possibleNonCounter(name, type: type, position) }
        } else if !["_total", "_sum", "_count", "_bucket"].contains(where: { name.hasSuffix($0) }) {
            notes.possibleNonCounter(name, position)
        }
    }

    /// The last sample at or before each step's time that is not too old nor the end of the series.
    private mutating func readInstant(_ columns: SampleColumns, into row: inout StepRow) {
        row.removeAll()
        guard case .instant(let reading) = pipeline.leaf else { return }
        var histograms = columns.histograms
        if pipeline.statsOnly, !histograms.isEmpty { SeriesSamples.reduceToStats(&histograms) }
        let times = columns.timestamps.span
        let values = columns.values.span
        plan.prepare(columns.timestamps, pipeline.selector.shift, grid, lookback: evaluator.options.lookback)
        if histograms.isEmpty, reading == .value { return plan.read(columns.values.span, into: &row.values, &row.kinds) }
        for step in 0..<grid.count {
            let at = Int(plan.positions[step])
            if at < 0 { continue }
            if !histograms.isEmpty, let histogram = histograms[at] {
                if histogram.sum.isStaleMarker { continue }
                if reading == .value {
                    row.set(step, histogram)
                    continue
                }
            } else if values[at].isStaleMarker {
                continue
            }
            switch reading {
            case .value: row.set(step, values[at])
            case .time: row.set(step, Double(times[at]) / 1000)
            case .startTime: row.set(step, columns.startTimestamps.isEmpty ? 0 : Double(columns.startTimestamps[at]) / 1000)
            }
        }
    }
}

/// For each step the position of the sample an instant selector sees there, -1 for none.
private struct InstantPlan {
    private var times: [Int64] = []
    private(set) var positions: [Int32] = []

    /// Makes the plan one for these times, where it is not yet.
    mutating func prepare(_ wanted: [Int64], _ shift: PromQLTimeShift, _ grid: StepGrid, lookback: Int64) {
        if !positions.isEmpty, ColumnCounts.areEqual(times.span, wanted.span) { return }
        times = wanted
        positions.removeAll(keepingCapacity: true)
        let span = wanted.span
        let fixed = shift.fixedTime
        var next = 0
        for step in 0..<grid.count {
            let reference = (fixed ?? grid.time(step)) - shift.offset
            while next < span.count, span[next] <= reference { next += 1 }
            positions.append(next == 0 || span[next - 1] <= reference - lookback ? -1 : Int32(next - 1))
        }
    }

    /// The floats at the steps, without stale markers.
    func read(_ values: Span<Double>, into rowValues: inout [Double], _ rowKinds: inout [UInt8]) {
        let marker = Double.staleMarker.bitPattern
        let positions = positions.span
        var output = rowValues.mutableSpan
        var kinds = rowKinds.mutableSpan
        for step in positions.indices where positions[step] >= 0 {
            let value = values[Int(positions[step])]
            if value.bitPattern == marker { continue }
            output[step] = value
            kinds[step] = PointKind.float
        }
    }
}

extension PromQLEvaluator {
    /// Series a thread takes at least, so that starting it is worth while.
    private static let seriesPerThread = 64

    /// All series of a pipeline.
    func collect(_ pipeline: RowPipeline, _ grid: StepGrid, _ notes: inout PromQLAnnotations) throws(QueryError) -> StepMatrix {
        let selection = try select(pipeline)
        var parts = try scan(pipeline, selection, [], nil, nil, grid, &notes).map(\.matrix)
        if parts.isEmpty { return StepMatrix(grid: grid) }
        var result = parts.removeFirst()
        for part in parts { result.append(contentsOf: part) }
        return result
    }

    /// The groups of a pipeline's series, folded as they stream.
    func fold(
        _ operation: AggregationOperator, by labels: [String], without: Bool, _ pipeline: RowPipeline, _ grid: StepGrid,
        _ notes: inout PromQLAnnotations
    ) throws(QueryError) -> (StepMatrix, AggregationFindings) {
        let selection = try select(pipeline)
        if selection.count == 0 { return (StepMatrix(grid: grid), AggregationFindings()) }
        var groups: (groupOfSeries: [UInt32], groups: [Labels])
        if labels.isEmpty, !without {
            groups = (Array(repeating: 0, count: selection.count), [.empty])
        } else {
            // Type and unit are gone with the name.
            let isBare = without && pipeline.dropsName && !options.delaysNameRemoval
            groups = selection.groups(by: isBare ? labels + metadataLabels : labels, without: without)
        }
        let groupCount = groups.groups.count
        try budget.hold(groupCount * grid.count)
        let empty = AggregationFold(operation, groupCount: groupCount, stepCount: grid.count)
        let clashes = pipeline.mayClash && !options.delaysNameRemoval ? try nameClashes(selection) : nil
        var total: AggregationFold?
        var met = clashes
        for worker in try scan(pipeline, selection, groups.groupOfSeries, empty, clashes, grid, &notes) {
            guard let fold = worker.fold else { continue }
            if total == nil { total = fold } else { total?.merge(fold) }
            if let own = worker.clashes { try met?.merge(own) }
        }
        guard var total else { return (StepMatrix(grid: grid), AggregationFindings()) }
        let matrix = total.finish(labels: groups.groups, grid: grid)
        return (matrix, total.findings)
    }

    private func nameClashes(_ selection: any SeriesSelection) throws(QueryError) -> NameClashes? {
        try budget.hold(selection.count)
        defer { budget.release(selection.count) }
        let namesakes = selection.namesakes()
        return namesakes.isEmpty ? nil : NameClashes(namesakes)
    }

    /// Threads for work that is worth starting so many for.
    func threadCount(most: Int) -> Int { max(1, min(options.threads > 0 ? options.threads : ProcessorCount.online, most)) }

    func select(_ pipeline: RowPipeline) throws(QueryError) -> any SeriesSelection {
        try select(pipeline.selector.matchers, from: pipeline.span.from, through: pipeline.span.through)
    }

    func select(_ matchers: [LabelMatcher], from: Int64, through: Int64) throws(QueryError) -> any SeriesSelection {
        do {
            return try source.select(SeriesRequest(matchers: matchers, from: from, through: through))
        } catch let error as QueryError {
            throw error
        } catch {
            throw QueryError(.internal, "expanding series: \(error)")
        }
    }

    private func scan(
        _ pipeline: RowPipeline, _ selection: any SeriesSelection, _ groups: [UInt32], _ fold: AggregationFold?, _ clashes: NameClashes?,
        _ grid: StepGrid, _ notes: inout PromQLAnnotations
    ) throws(QueryError) -> [PipelineWorker] {
        let count = selection.count
        let threads = threadCount(most: count / Self.seriesPerThread)
        let worker = PipelineWorker(
            evaluator: self, pipeline: pipeline, selection: selection, grid: grid, groups: groups,
            names: SeriesNames(fixed: pipeline.fixedName, selection: selection),
            matrix: StepMatrix(grid: grid), fold: fold, clashes: clashes)
        let workers = try Threads.split(count, into: threads) { range throws(QueryError) in
            var own = worker
            try own.run(range)
            return own
        }
        for worker in workers { notes.merge(worker.notes) }
        return workers
    }
}

/// Work that is split over the processors.
enum Threads {
    /// Does `work` for as many stretches of `count` things, one a thread, and gives what it yields in their order; throws what the first
    /// of them threw.
    static func split<Outcome: Sendable>(
        _ count: Int, into threads: Int, _ work: @Sendable (Range<Int>) throws(QueryError) -> Outcome
    ) throws(QueryError) -> [Outcome] {
        if threads <= 1 { return [try work(0..<count)] }
        let outcomes = Mutex<[Result<Outcome, QueryError>?]>(Array(repeating: nil, count: threads))
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            let outcome: Result<Outcome, QueryError>
            do throws(QueryError) {
                outcome = .success(try work(thread * count / threads..<(thread + 1) * count / threads))
            } catch {
                outcome = .failure(error)
            }
            outcomes.withLock { $0[thread] = outcome }
        }
        var all: [Outcome] = []
        for case let outcome? in outcomes.withLock({ $0 }) { all.append(try outcome.get()) }
        return all
    }
}
