internal import VardeModel

/// Values between two samples.
enum Interpolation {
    /// A float on the line between two samples; a counter that fell is taken to have risen from zero.
    static func value(_ a: (time: Int64, value: Double), _ b: (time: Int64, value: Double), at time: Int64, isCounter: Bool) -> Double {
        let start = isCounter && b.value < a.value ? 0 : a.value
        return start + (b.value - start) * Double(time - a.time) / Double(b.time - a.time)
    }
}

extension RangeEvaluation {
    private var isCounter: Bool { function != .delta }

    /// `rate`, `increase`, `delta` of an `anchored` or `smoothed` range: values at the very edges instead of extrapolation.
    mutating func extendedRate(_ samples: borrowing SeriesSamples, _ window: RangeWindow) -> BinaryOperand? {
        if window.floatCount > 0, window.histogramCount > 0 {
            annotations.mixedFloatsHistograms(window.name, position)
            return nil
        }
        return window.histogramCount > 0 ? extendedHistogramRate(samples, window) : extendedFloatRate(samples, window)
    }

    /// First and last sample to look at: the last before the range's start, and for `smoothed` the first at or after its end.
    private func edges(_ times: Span<Int64>, _ low: Int, _ high: Int, _ window: RangeWindow) -> (first: Int, last: Int)? {
        var last = high - 1
        var after = low
        while after < last, times[after] <= window.start { after += 1 }
        let first = max(low, after - 1)
        if isSmoothed {
            var place = low
            while place < last, times[place] < window.end { place += 1 }
            last = place
        }
        if times[last] <= window.start { return nil }
        if isSmoothed, times[first] > window.end { return nil }
        return (first, last)
    }

    private func extendedFloatRate(_ samples: borrowing SeriesSamples, _ window: RangeWindow) -> BinaryOperand? {
        guard let (first, last) = edges(samples.times.span, window.low, window.high, window) else { return nil }
        let times = samples.times
        let values = samples.values
        var left = values[first]
        if isSmoothed, times[first] < window.start {
            left = Interpolation.value(
                (times[first], left), (times[first + 1], values[first + 1]), at: window.start, isCounter: isCounter)
        }
        var right = values[last]
        if isSmoothed, last > window.low, times[last] > window.end {
            right = Interpolation.value((times[last - 1], values[last - 1]), (times[last], right), at: window.end, isCounter: isCounter)
        }
        var result = right - left
        if isCounter {
            let begin = times[first] <= window.start ? first + 1 : first
            let end = times[last] >= window.end ? last - 1 : last
            var previous = left
            if begin <= end {
                for i in begin...end {
                    if values[i] < previous { result += previous }
                    previous = values[i]
                }
            }
            if right < previous { result += previous }
        }
        return .float(function == .rate ? result / (Double(windows.range) / 1000) : result)
    }

    private mutating func extendedHistogramRate(_ samples: borrowing SeriesSamples, _ window: RangeWindow) -> BinaryOperand? {
        let times = samples.histogramTimes
        let all = samples.histograms
        guard let (first, last) = edges(times.span, window.histogramLow, window.histogramHigh, window) else { return nil }
        for i in first...last {
            if all[i].usesCustomBuckets != all[first].usesCustomBuckets {
                annotations.mixedSchemas(window.name, position)
                return nil
            }
            if isCounter, all[i].counterResetHint == .gauge { annotations.histogramNotCounter(window.name, position) }
        }
        var left = all[first]
        if isSmoothed, times[first] < window.start {
            guard
                let value = interpolated(
                    (times[first], left), (times[first + 1], all[first + 1]), at: window.start, isCounter: isCounter, name: window.name)
            else { return nil }
            left = value
        }
        var right = all[last]
        if isSmoothed, last > window.histogramLow, times[last] > window.end {
            guard
                let value = interpolated(
                    (times[last - 1], all[last - 1]), (times[last], right), at: window.end, isCounter: isCounter, name: window.name)
            else { return nil }
            right = value
        }
        if !isCounter, left.counterResetHint != .gauge || right.counterResetHint != .gauge {
            annotations.histogramNotGauge(window.name, position)
        }
        guard var result = add(right, left, window.name, negative: true) else { return nil }
        if isCounter {
            guard let corrected = correct(result, all, times, first, last, left, right, window) else { return nil }
            result = corrected
        }
        if function == .rate { result = result.divided(by: Double(windows.range) / 1000) }
        result.counterResetHint = .gauge
        return .histogram(result.compacted())
    }

    /// Adds what counter resets between the edges took away.
    private mutating func correct(
        _ difference: NativeHistogram, _ all: [NativeHistogram], _ times: [Int64], _ first: Int, _ last: Int, _ left: NativeHistogram,
        _ right: NativeHistogram, _ window: RangeWindow
    ) -> NativeHistogram? {
        var result = difference
        var next = first + 1
        var previous = left
        if isSmoothed, times[first] < window.start, all[first + 1].isReset(after: all[first]) {
            // The left edge was interpolated across this reset: it is accounted for.
            previous = all[first + 1]
            next += 1
        }
        if next > last { return result }
        for i in next..<last {
            if all[i].isReset(after: previous) {
                guard let sum = add(result, previous, window.name) else { return nil }
                result = sum
            }
            previous = all[i]
        }
        if right.isReset(after: previous) {
            guard let sum = add(result, previous, window.name) else { return nil }
            result = sum
        }
        return result
    }

    /// A histogram between two samples; nil where they do not fit together.
    mutating func interpolated(
        _ a: (time: Int64, value: NativeHistogram), _ b: (time: Int64, value: NativeHistogram), at time: Int64, isCounter: Bool,
        name: String
    ) -> NativeHistogram? {
        if time == a.time { return a.value }
        if time == b.time { return b.value }
        let fraction = Double(time - a.time) / Double(b.time - a.time)
        if isCounter, b.value.isReset(after: a.value) { return b.value.multiplied(by: fraction) }
        guard let difference = add(b.value, a.value, name, negative: true) else { return nil }
        return add(difference.multiplied(by: fraction), a.value, name)
    }
}
