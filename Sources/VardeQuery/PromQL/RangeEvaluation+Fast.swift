extension RangeEvaluation {
    /// Windows with fewer samples than this are summed directly.
    private static let prefixThreshold = 16

    /// Evaluates series of floats alone by sliding over the samples; false where the function has no such way.
    mutating func evaluateFast(_ samples: borrowing SeriesSamples, name: String, into row: inout StepRow) -> Bool {
        if isAnchored || isSmoothed { return false }
        switch function {
        case .rate, .increase:
            if usesStartTimestamps, !samples.starts.isEmpty { return false }
            fastRate(samples, into: &row, isCounter: true)
        case .delta: fastRate(samples, into: &row, isCounter: false)
        case .min: fastExtreme(samples, into: &row, smallest: true)
        case .max: fastExtreme(samples, into: &row, smallest: false)
        case .sum, .avg: return fastSum(samples, into: &row)
        case .count, .present: fastCount(samples, into: &row)
        default: return false
        }
        return true
    }

    /// Differences between the edges, with the values lost at counter resets: only resets inside a window are visited.
    private func fastRate(_ samples: borrowing SeriesSamples, into row: inout StepRow, isCounter: Bool) {
        let times = samples.times.span
        let values = samples.values.span
        var resets: [Int] = []
        if isCounter {
            for i in 1..<max(values.count, 1) where values[i] < values[i - 1] { resets.append(i) }
        }
        let perSecond = function == .rate ? Double(windows.range) / 1000 : nil
        var low = 0
        var high = 0
        var nextReset = 0
        var end = windows.end(0)
        let step = windows.grid.step
        for i in 0..<windows.grid.count {
            let start = end - windows.range
            Self.advance(&low, &high, times, start, end)
            if high - low >= 2 {
                let last = high - 1
                var difference = values[last] - values[low]
                while nextReset < resets.count, resets[nextReset] <= low { nextReset += 1 }
                var reset = nextReset
                while reset < resets.count, resets[reset] < high {
                    difference += values[resets[reset] - 1]
                    reset += 1
                }
                let share = isCounter && difference > 0 && values[low] >= 0 ? values[low] / difference : nil
                if let factor = Extrapolation.factor(
                    window: (start, end), first: times[low], last: times[last], intervals: last - low, start: 0, zeroShare: share,
                    perSecond: perSecond)
                {
                    row.set(i, difference * factor)
                }
            }
            end += step
        }
    }

    private func fastCount(_ samples: borrowing SeriesSamples, into row: inout StepRow) {
        let times = samples.times.span
        var low = 0
        var high = 0
        for i in 0..<windows.grid.count {
            let end = windows.end(i)
            Self.advance(&low, &high, times, end - windows.range, end)
            if high > low { row.set(i, function == .present ? 1 : Double(high - low)) }
        }
    }

    /// Sums of windows as differences of running sums kept to twice the precision, so that nothing is lost in subtracting.
    private func fastSum(_ samples: borrowing SeriesSamples, into row: inout StepRow) -> Bool {
        let times = samples.times.span
        let values = samples.values.span
        let average = values.count > 1 ? (times[times.count - 1] - times[0]) / Int64(values.count - 1) : 0
        guard average > 0, windows.range / average >= Int64(Self.prefixThreshold), windows.grid.step < windows.range else { return false }
        var largest = 0.0
        for i in values.indices {
            // NaN fails the comparison, so it is looked for by itself.
            if !values[i].isFinite { return false }
            largest = max(largest, values[i].magnitude)
        }
        if largest > 1e150 { return false }
        var highs = [Double](repeating: 0, count: values.count + 1)
        var lows = highs
        var sum = 0.0
        var rest = 0.0
        for i in values.indices {
            let total = sum + values[i]
            let part = total - sum
            let error = (sum - (total - part)) + (values[i] - part)
            rest += error
            // Renormalise so that the low part stays below half an ulp of the high part.
            sum = total + rest
            rest -= sum - total
            highs[i + 1] = sum
            lows[i + 1] = rest
        }
        var low = 0
        var high = 0
        for i in 0..<windows.grid.count {
            let end = windows.end(i)
            Self.advance(&low, &high, times, end - windows.range, end)
            if high == low { continue }
            let total = (highs[high] - highs[low]) + (lows[high] - lows[low])
            row.set(i, function == .sum ? total : total / Double(high - low))
        }
        return true
    }

    /// Minima or maxima by a queue of candidates that only a better value shortens.
    private func fastExtreme(_ samples: borrowing SeriesSamples, into row: inout StepRow, smallest: Bool) {
        let times = samples.times.span
        let values = samples.values.span
        // Positions of candidates, best first; those before `front` have left the window.
        var queue: [Int] = []
        var front = 0
        var low = 0
        var high = 0
        for i in 0..<windows.grid.count {
            let end = windows.end(i)
            let start = end - windows.range
            while high < times.count, times[high] <= end {
                let value = values[high]
                while queue.count > front, let last = queue.last, Self.gives(values[last], wayTo: value, smallest: smallest) {
                    queue.removeLast()
                }
                queue.append(high)
                high += 1
            }
            while low < high, times[low] <= start { low += 1 }
            while front < queue.count, queue[front] < low { front += 1 }
            if low < high { row.set(i, values[queue[front]]) }
        }
    }

    /// Whether a candidate can no longer win once `value` is in the window. NaN loses against any number.
    @inline(__always)
    private static func gives(_ candidate: Double, wayTo value: Double, smallest: Bool) -> Bool {
        if candidate.isNaN { return true }
        return smallest ? value < candidate : value > candidate
    }
}
