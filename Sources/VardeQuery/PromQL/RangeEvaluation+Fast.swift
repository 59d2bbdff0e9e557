internal import VardeKernels

extension RangeEvaluation {
    /// Windows with fewer samples than this are summed directly.
    private static let prefixThreshold = 16

    /// Evaluates series of floats alone by sliding over the samples; false where the function has no such way.
    mutating func evaluateFast(_ samples: borrowing SeriesSamples, name: String, into row: inout StepRow) throws(QueryError) -> Bool {
        if isAnchored || isSmoothed { return false }
        switch function {
        case .rate, .increase:
            if usesStartTimestamps, !samples.starts.isEmpty { return false }
            let perSecond = function == .rate ? Double(windows.range) / 1000 : 1
            plans.prepare(samples.times, windows, perSecond: perSecond)
            Self.fastRate(samples, plans.current, &row.values, &row.kinds, perSecond: perSecond, isCounter: true)
        case .delta:
            plans.prepare(samples.times, windows)
            Self.fastRate(samples, plans.current, &row.values, &row.kinds, perSecond: 1, isCounter: false)
        case .min, .max:
            plans.prepare(samples.times, windows)
            plans.current.prepareEdges()
            Self.fastExtreme(samples, plans.current, &row.values, &row.kinds, &stretches, &queue, smallest: function == .min)
        case .sum, .avg: return fastSum(samples, into: &row)
        case .quantile:
            plans.prepare(samples.times, windows)
            return try fastQuantile(samples, into: &row)
        case .count, .present:
            plans.prepare(samples.times, windows)
            for step in 0..<row.stepCount where plans.current.highs[step] > plans.current.lows[step] {
                row.set(step, function == .present ? 1 : Double(plans.current.highs[step] - plans.current.lows[step]))
            }
        case .irate, .idelta:
            if usesStartTimestamps, !samples.starts.isEmpty { return false }
            plans.prepare(samples.times, windows)
            Self.fastInstantRate(samples, plans.current, &row.values, &row.kinds, isRate: function == .irate)
        case .changes, .resets:
            if usesStartTimestamps, !samples.starts.isEmpty { return false }
            plans.prepare(samples.times, windows)
            Self.fastCounts(samples, plans.current, &row.values, &row.kinds, &queue, ofResets: function == .resets)
        case .first, .last:
            plans.prepare(samples.times, windows)
            let values = samples.values.span
            for step in 0..<row.stepCount where plans.current.highs[step] > plans.current.lows[step] {
                row.set(step, values[Int(function == .first ? plans.current.lows[step] : plans.current.highs[step] - 1)])
            }
        case .stddev, .stdvar:
            guard hasWideWindows(samples), Self.areModest(samples.values.span) else { return false }
            plans.prepare(samples.times, windows)
            try fastVariance(samples, into: &row)
        case .deriv, .predictLinear:
            guard hasWideWindows(samples), Self.areModest(samples.values.span) else { return false }
            plans.prepare(samples.times, windows)
            plans.current.prepareLines()
            try fastLine(samples, into: &row)
        default: return false
        }
        return true
    }

    /// Whether windows have so many samples that it pays to prepare something for them.
    private func hasWideWindows(_ samples: borrowing SeriesSamples) -> Bool {
        let count = samples.times.count
        let average = count > 1 ? (samples.times[count - 1] - samples.times[0]) / Int64(count - 1) : 0
        return average > 0 && windows.range / average >= Int64(Self.prefixThreshold)
    }

    /// Whether all are finite, and so small that their squares and the sums of those are.
    private static func areModest(_ values: Span<Double>) -> Bool {
        var largest = 0.0
        var finite = true
        for i in values.indices {
            let magnitude = values[i].magnitude
            finite = finite && magnitude < .infinity
            largest = magnitude > largest ? magnitude : largest
        }
        return finite && largest <= 1e150
    }

    /// Positions of samples lower than the one before.
    private static func resets(_ values: Span<Double>) -> [Int] {
        // Most counters never fall.
        let falls = ColumnCounts.falls(in: values)
        if falls == 0 { return [] }
        var resets: [Int] = []
        resets.reserveCapacity(falls)
        for i in 1..<values.count where values[i] < values[i - 1] { resets.append(i) }
        return resets
    }

    /// Differences between the edges, with the values lost at counter resets: only resets inside a window are visited.
    private static func fastRate(
        _ samples: borrowing SeriesSamples, _ plan: WindowPlan, _ rowValues: inout [Double], _ rowKinds: inout [UInt8], perSecond: Double,
        isCounter: Bool
    ) {
        let values = samples.values.span
        let resets = isCounter ? Self.resets(values) : []
        let lows = plan.lows.span
        let highs = plan.highs.span
        let toStart = plan.toStart.span
        let toEnd = plan.toEnd.span
        let sampled = plan.sampled.span
        let factors = plan.factors.span
        let safeShares = plan.safeShares.span
        var output = rowValues.mutableSpan
        var kinds = rowKinds.mutableSpan
        var nextReset = 0
        for step in lows.indices {
            let low = Int(lows[step])
            let high = Int(highs[step])
            if high - low < 2 { continue }
            let first = values[low]
            var difference = values[high - 1] - first
            if !resets.isEmpty {
                while nextReset < resets.count, resets[nextReset] <= low { nextReset += 1 }
                var reset = nextReset
                while reset < resets.count, resets[reset] < high {
                    difference += values[resets[reset] - 1]
                    reset += 1
                }
            }
            kinds[step] = PointKind.float
            if !isCounter || first * safeShares[step] >= difference {
                output[step] = difference * factors[step]
                continue
            }
            let length = sampled[step]
            var before = toStart[step]
            if difference > 0, first >= 0 {
                let toZero = length * (first / difference)
                if toZero < before { before = toZero }
            }
            output[step] = difference * ((length + before + toEnd[step]) / length / perSecond)
        }
    }

    /// Sums of windows as differences of running sums kept to twice the precision, so that nothing is lost in subtracting.
    private mutating func fastSum(_ samples: borrowing SeriesSamples, into row: inout StepRow) -> Bool {
        let values = samples.values.span
        guard hasWideWindows(samples), windows.grid.step < windows.range else { return false }
        if !Self.areModest(values) { return false }
        plans.prepare(samples.times, windows)
        plans.current.prepareEdges()
        let edgeCount = plans.current.edges.count
        if runningSums.count < 2 * edgeCount { runningSums = [Double](repeating: 0, count: 2 * edgeCount) }
        Self.sum(values, plans.current.edges, into: &runningSums)
        let sums = runningSums.span
        let firsts = plans.current.firstEdges.span
        let lasts = plans.current.lastEdges.span
        let lows = plans.current.lows.span
        let highs = plans.current.highs.span
        let isSum = function == .sum
        for step in lows.indices {
            let count = highs[step] - lows[step]
            if count == 0 { continue }
            let (first, last) = (2 * Int(firsts[step]), 2 * Int(lasts[step]))
            let total = (sums[last] - sums[first]) + (sums[last + 1] - sums[first + 1])
            row.set(step, isSum ? total : total / Double(count))
        }
        return true
    }

    /// Running sums: high and low part of the sum of all values from the first edge up to the nth at 2n and 2n + 1.
    private static func sum(_ values: Span<Double>, _ cuts: [Int32], into sums: inout [Double]) {
        let edges = cuts.span
        var out = sums.mutableSpan
        var sum = 0.0
        var rest = 0.0
        for place in edges.indices {
            if place > 0 {
                // A stretch by itself, with what each addition loses, then both parts to the rest.
                var own = 0.0
                var lost = 0.0
                for at in Int(edges[place - 1])..<Int(edges[place]) {
                    let value = values[at]
                    let total = own + value
                    let part = total - own
                    lost += (own - (total - part)) + (value - part)
                    own = total
                }
                let total = sum + own
                let part = total - sum
                rest += (sum - (total - part)) + (own - part) + lost
                // Renormalised so that the low part stays below half an ulp of the high part.
                sum = total + rest
                rest -= sum - total
            }
            out[2 * place] = sum
            out[2 * place + 1] = rest
        }
    }

    /// Minima or maxima: of each stretch between two edges first, then by a queue of stretches that only a better one shortens.
    private static func fastExtreme(
        _ samples: borrowing SeriesSamples, _ plan: WindowPlan, _ rowValues: inout [Double], _ rowKinds: inout [UInt8],
        _ stretches: inout [Double], _ storage: inout [Int32], smallest: Bool
    ) {
        let edges = plan.edges.span
        if stretches.count < edges.count {
            stretches = [Double](repeating: 0, count: edges.count)
            storage = [Int32](repeating: 0, count: edges.count)
        }
        var best = stretches.mutableSpan
        if smallest {
            extremes(samples.values.span, edges, into: &best) { $1 < $0 }
        } else {
            extremes(samples.values.span, edges, into: &best) { $1 > $0 }
        }
        // Stretches that may win yet, best first, from `front` up to `back`.
        var queue = storage.mutableSpan
        var front = 0
        var back = 0
        let lows = plan.firstEdges.span
        let highs = plan.lastEdges.span
        var output = rowValues.mutableSpan
        var kinds = rowKinds.mutableSpan
        var next = 0
        for step in lows.indices {
            let low = Int(lows[step])
            let high = Int(highs[step])
            while next < high {
                let value = best[next]
                while back > front, gives(best[Int(queue[back - 1])], wayTo: value, smallest: smallest) { back -= 1 }
                queue[back] = Int32(next)
                back += 1
                next += 1
            }
            while front < back, Int(queue[front]) < low { front += 1 }
            if low < high {
                output[step] = best[Int(queue[front])]
                kinds[step] = PointKind.float
            }
        }
    }

    /// The best value from each edge up to the next, the first of equal ones; NaN only where there is no number.
    @inline(__always)
    private static func extremes(
        _ values: Span<Double>, _ edges: Span<Int32>, into best: inout MutableSpan<Double>, _ isBetter: (_ best: Double, Double) -> Bool
    ) {
        for place in 0..<max(edges.count - 1, 0) {
            var value = values[Int(edges[place])]
            for at in Int(edges[place]) + 1..<Int(edges[place + 1]) {
                let other = values[at]
                value = isBetter(value, other) || value != value ? other : value
            }
            best[place] = value
        }
    }

    /// Whether a candidate can no longer win once `value` is in the window. NaN loses against any number.
    @inline(__always)
    private static func gives(_ candidate: Double, wayTo value: Double, smallest: Bool) -> Bool {
        if candidate != candidate { return true }
        return smallest ? value < candidate : value > candidate
    }

    /// More values than these that come and go between two steps are sorted anew with the rest rather than moved one by one.
    private static let mostMoved = 64

    /// Quantiles of windows kept sorted while they slide.
    private mutating func fastQuantile(_ samples: borrowing SeriesSamples, into row: inout StepRow) throws(QueryError) -> Bool {
        let values = samples.values.span
        for i in values.indices where values[i].isNaN { return false }
        var sorted: [Double] = []
        var low = 0
        var high = 0
        for step in 0..<row.stepCount {
            let newLow = Int(plans.current.lows[step])
            let newHigh = Int(plans.current.highs[step])
            if step % 64 == 63 { try budget?.check() }
            if newLow >= high {
                sorted.removeAll(keepingCapacity: true)
                low = newLow
                high = newLow
            }
            if newHigh - high + newLow - low > Self.mostMoved {
                sorted.removeAll(keepingCapacity: true)
                for index in newLow..<newHigh { sorted.append(values[index]) }
                sorted.sort()
                low = newLow
                high = newHigh
            }
            while high < newHigh {
                sorted.insert(values[high], at: Self.place(of: values[high], in: sorted))
                high += 1
            }
            while low < newLow {
                sorted.remove(at: Self.place(of: values[low], in: sorted))
                low += 1
            }
            if sorted.isEmpty { continue }
            let q = parameters[0][step]
            if q.isNaN || q < 0 || q > 1 { annotations.invalidQuantile(q, argumentsPosition) }
            row.set(step, Quantiles.quantile(q, ofSorted: sorted))
        }
        return true
    }

    /// The first position of a value that is not smaller.
    private static func place(of value: Double, in sorted: [Double]) -> Int {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
