internal import VardeModel

extension PromQLEvaluator {
    /// The grid a subquery's expression is evaluated over, so that its steps are multiples of its own step.
    ///
    /// Throws where one series alone would have more steps than a query may hold samples.
    private func innerGrid(_ node: PromQLSubquery, _ grid: StepGrid) throws(QueryError) -> StepGrid {
        let step = node.step != 0 ? node.step : options.subqueryStep
        let times = referenceTimes(node.shift, grid)
        let before = times.first - node.duration
        var start = step * (before / step)
        if start <= before { start += step }
        let inner = StepGrid(start: start, end: times.last, step: step)
        try budget.admit(inner.count)
        return inner
    }

    /// A range function over a subquery.
    func subqueryFunction(
        _ function: RangeFunction, _ node: PromQLCall, _ subquery: PromQLSubquery, _ place: Int, _ grid: StepGrid,
        _ notes: inout PromQLAnnotations
    ) throws(QueryError) -> StepMatrix {
        let inner = try withBuckets.vector(subquery.expression, try innerGrid(subquery, grid), &notes)
        let windows = RangeWindows(
            grid: grid, range: subquery.duration, offset: subquery.shift.offset, fixedTime: subquery.shift.fixedTime)
        var evaluation = try rangeEvaluation(function, node, place, windows, nil, grid, &notes)
        var samples = SeriesSamples()
        var row = StepRow(stepCount: grid.count)
        var result = StepMatrix(grid: grid)
        for series in 0..<inner.seriesCount {
            if series % 32 == 0 { try budget.check() }
            samples.load(inner, series)
            let name = inner.labels[series].name
            try evaluation.evaluate(samples, name: name, into: &row)
            if row.isEmpty { continue }
            if function == .rate || function == .increase, !name.isEmpty, row.kinds.contains(PointKind.float) {
                let position = node.argumentRanges[0]
                if options.typeAndUnitLabels {
                    let type = inner.labels[series]["__type__"] ?? ""
                    if type != "counter", type != "histogram" { notes.possibleNonCounter(name, type: type, position) }
                } else if !["_total", "_sum", "_count", "_bucket"].contains(where: { name.hasSuffix($0) }) {
                    notes.possibleNonCounter(name, position)
                }
            }
            result.append(inner.labels[series], dropsName: function.dropsName || inner.dropsName[series], row)
        }
        notes.merge(evaluation.annotations)
        return result
    }

    /// The samples of a range vector at one step.
    func rangeVector(
        _ expression: PromQLExpression, _ grid: StepGrid, _ notes: inout PromQLAnnotations
    ) throws(QueryError)
        -> [PromQLSeries]
    {
        var series: [PromQLSeries] = []
        switch expression.unwrapped {
        case .subquery(let node):
            var inner = try withBuckets.vector(node.expression, try innerGrid(node, grid), &notes)
            inner = try inner.droppingNames().mergingEqualLabels()
            for i in 0..<inner.seriesCount {
                var samples = SampleColumns()
                for step in 0..<inner.grid.count {
                    if inner.kind(i, step) == PointKind.float {
                        samples.append(inner.grid.time(step), inner.value(i, step))
                    } else if let histogram = inner.histogram(i, step) {
                        samples.append(inner.grid.time(step), histogram)
                    }
                }
                if samples.count > 0 { series.append(PromQLSeries(labels: inner.labels[i], samples: samples)) }
            }
        case .range(let node): series = try rangeSelector(node, grid)
        default: throw .execution("range vector expression expected")
        }
        let order = series.map(\.labels).sortedOrder()
        return order.map { series[$0] }
    }

    private func rangeSelector(_ node: PromQLRange, _ grid: StepGrid) throws(QueryError) -> [PromQLSeries] {
        let selector = node.selector
        let end = referenceTimes(selector.shift, grid).first
        let start = end - node.duration
        let before = selector.isAnchored || selector.isSmoothed ? options.lookback : 0
        let after = selector.isSmoothed ? options.lookback : 0
        let selection = try select(selector.matchers, from: start - before + 1, through: end + after)
        var reader = selection.reader(from: start - before + 1, through: end + after)
        var result: [PromQLSeries] = []
        for i in 0..<selection.count {
            try budget.check()
            var columns = SampleColumns()
            try reader.samples(at: i, into: &columns)
            budget.noteRead(columns.count)
            var samples = columns.withoutStaleMarkers
            try budget.hold(samples.count)
            if selector.isAnchored || selector.isSmoothed {
                if !samples.histograms.isEmpty {
                    throw .execution("\(selector.isAnchored ? "anchored" : "smoothed") modifier is not supported with histograms")
                }
                samples = Self.extended(samples, start: start, end: end, smoothed: selector.isSmoothed)
            }
            if samples.count > 0 { result.append(PromQLSeries(labels: selection.labels(at: i), samples: samples)) }
        }
        return result
    }

    /// Floats with a value put in at both edges of the range.
    private static func extended(_ samples: SampleColumns, start: Int64, end: Int64, smoothed: Bool) -> SampleColumns {
        let times = samples.timestamps
        let values = samples.values
        var last = times.count - 1
        if last < 0 { return samples }
        var after = 0
        while after < last, times[after] <= start { after += 1 }
        var first = max(0, after - 1)
        if smoothed {
            var place = 0
            while place < last, times[place] < end { place += 1 }
            last = place
        }
        if times[last] <= start { return SampleColumns() }
        var left = values[first]
        if smoothed, times[first] < start {
            left = Interpolation.value((times[first], left), (times[first + 1], values[first + 1]), at: start, isCounter: false)
        }
        var right = values[last]
        if smoothed, last > 0, times[last] > end {
            right = Interpolation.value((times[last - 1], values[last - 1]), (times[last], right), at: end, isCounter: false)
        }
        if times[first] <= start { first += 1 }
        if times[last] >= end { last -= 1 }
        var result = SampleColumns()
        result.append(start, left)
        if first <= last { for i in first...last { result.append(times[i], values[i]) } }
        result.append(end, right)
        return result
    }

    /// A `smoothed` instant selector: values between samples are interpolated, within the lookback on both sides.
    func smoothedVector(_ node: PromQLSelector, _ grid: StepGrid, _ notes: inout PromQLAnnotations) throws(QueryError) -> StepMatrix {
        let lookback = options.lookback
        let times = referenceTimes(node.shift, grid)
        let selection = try select(node.matchers, from: times.first - lookback + 1, through: times.last + lookback)
        var reader = selection.reader(from: times.first - lookback + 1, through: times.last + lookback)
        var columns = SampleColumns()
        var samples = SeriesSamples()
        var row = StepRow(stepCount: grid.count)
        var result = StepMatrix(grid: grid)
        let fixed = node.shift.fixedTime
        var evaluation = RangeEvaluation(
            .delta, RangeWindows(grid: grid, range: 0, offset: 0, fixedTime: nil), position: node.range, argumentsPosition: node.range)
        for i in 0..<selection.count {
            try budget.check()
            columns.removeAll()
            try reader.samples(at: i, into: &columns)
            budget.noteRead(columns.count)
            samples.load(&columns, statsOnly: statsOnly)
            row.removeAll()
            var window = RangeWindow(name: selection.labels(at: i).name)
            for step in 0..<grid.count {
                let at = (fixed ?? grid.time(step)) - node.shift.offset
                RangeEvaluation.advance(&window.low, &window.high, samples.times.span, at - lookback, at + lookback)
                RangeEvaluation.advance(
                    &window.histogramLow, &window.histogramHigh, samples.histogramTimes.span, at - lookback, at + lookback)
                switch evaluation.smoothed(samples, window, at: at) {
                case .float(let value)?: row.set(step, value)
                case .histogram(let histogram)?: row.set(step, histogram)
                case nil: break
                }
            }
            try budget.hold(grid.count)
            if !row.isEmpty { result.append(selection.labels(at: i), row) }
        }
        notes.merge(evaluation.annotations)
        return result
    }
}

extension RangeEvaluation {
    /// The value at a time: of a sample there, between two, or of the last one before.
    fileprivate mutating func smoothed(_ samples: borrowing SeriesSamples, _ window: RangeWindow, at time: Int64) -> BinaryOperand? {
        if window.floatCount > 0, window.histogramCount > 0 {
            annotations.mixedFloatsHistograms(window.name, position)
            return nil
        }
        if window.histogramCount > 0 {
            var next = window.histogramLow
            while next < window.histogramHigh, samples.histogramTimes[next] < time { next += 1 }
            if next < window.histogramHigh, samples.histogramTimes[next] == time { return .histogram(samples.histograms[next]) }
            if next == window.histogramLow { return nil }
            var before = samples.histograms[next - 1]
            if next == window.histogramHigh {
                before.counterResetHint = .unknown
                return .histogram(before)
            }
            let after = samples.histograms[next]
            if before.usesCustomBuckets != after.usesCustomBuckets {
                annotations.mixedSchemas(window.name, position)
                return nil
            }
            let isCounter = before.counterResetHint != .gauge || after.counterResetHint != .gauge
            return interpolated(
                (samples.histogramTimes[next - 1], before), (samples.histogramTimes[next], after), at: time, isCounter: isCounter,
                name: window.name
            ).map { .histogram($0) }
        }
        var next = window.low
        while next < window.high, samples.times[next] < time { next += 1 }
        if next < window.high, samples.times[next] == time { return .float(samples.values[next]) }
        if next == window.low { return nil }
        if next == window.high { return .float(samples.values[next - 1]) }
        return .float(
            Interpolation.value(
                (samples.times[next - 1], samples.values[next - 1]), (samples.times[next], samples.values[next]), at: time, isCounter: false
            ))
    }
}

extension SampleColumns {
    /// A copy without the samples that mark a series' end.
    fileprivate var withoutStaleMarkers: SampleColumns {
        var result = SampleColumns()
        for i in 0..<count {
            if !histograms.isEmpty, let histogram = histograms[i] {
                if !histogram.sum.isStaleMarker { result.append(timestamps[i], histogram) }
            } else if !values[i].isStaleMarker {
                result.append(timestamps[i], values[i])
            }
        }
        return result
    }
}
