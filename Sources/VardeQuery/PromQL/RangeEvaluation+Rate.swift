internal import VardeModel

extension RangeEvaluation {
    private var isCounter: Bool { function == .rate || function == .increase }

    /// `rate`, `increase`, `delta`: the difference over the window, extrapolated to its edges as Prometheus does.
    mutating func extrapolatedRate(_ samples: borrowing SeriesSamples, _ window: RangeWindow) -> BinaryOperand? {
        if window.floatCount > 0, window.histogramCount > 0 {
            annotations.mixedFloatsHistograms(window.name, position)
            return nil
        }
        return window.histogramCount > 0 ? histogramRate(samples, window) : floatRate(samples, window)
    }

    private mutating func floatRate(_ samples: borrowing SeriesSamples, _ window: RangeWindow) -> BinaryOperand? {
        let low = window.low
        let last = window.high - 1
        let hasStarts = usesStartTimestamps && !samples.starts.isEmpty
        var difference = samples.values[last] - samples.values[low]
        if isCounter {
            var reported = false
            for i in (low + 1)..<(last + 1) {
                var isReset = samples.values[i] < samples.values[i - 1]
                if hasStarts {
                    if !reported, StartTimestamps.overlaps(samples.starts[i - 1], samples.times[i - 1], samples.starts[i]) {
                        annotations.startTimeOverlap(window.name, position)
                        reported = true
                    }
                    isReset =
                        isReset || StartTimestamps.isReset(samples.starts[i - 1], samples.times[i - 1], samples.starts[i], samples.times[i])
                }
                if isReset { difference += samples.values[i - 1] }
            }
        }
        let start = isCounter && hasStarts ? samples.starts[low] : 0
        let first = samples.times[low]
        guard
            let factor = Extrapolation.factor(
                window: (window.start, window.end), first: first, last: samples.times[last], intervals: last - low, start: start,
                zeroShare: isCounter && difference > 0 && samples.values[low] >= 0 ? samples.values[low] / difference : nil,
                perSecond: function == .rate ? Double(windows.range) / 1000 : nil)
        else { return nil }
        if Extrapolation.startsInside(start, window.start, first) { difference += samples.values[low] }
        return .float(difference * factor)
    }

    private mutating func histogramRate(_ samples: borrowing SeriesSamples, _ window: RangeWindow) -> BinaryOperand? {
        let low = window.histogramLow
        let last = window.histogramHigh - 1
        let hasStarts = isCounter && usesStartTimestamps && !samples.histogramStarts.isEmpty
        var result: NativeHistogram?
        if last > low {
            result = histogramDifference(samples, window, hasStarts: hasStarts)
            if result == nil { return nil }
        }
        let start = hasStarts ? samples.histogramStarts[low] : 0
        let first = samples.histogramTimes[low]
        let firstCount = samples.histograms[low].count
        var share: Double?
        if isCounter, let result, result.count > 0, firstCount >= 0 { share = firstCount / result.count }
        guard
            let factor = Extrapolation.factor(
                window: (window.start, window.end), first: first, last: samples.histogramTimes[last], intervals: last - low, start: start,
                zeroShare: share, perSecond: function == .rate ? Double(windows.range) / 1000 : nil)
        else { return nil }
        if Extrapolation.startsInside(start, window.start, first) {
            if let difference = result {
                guard let sum = add(difference, samples.histograms[low], window.name) else { return nil }
                result = sum
            } else {
                result = samples.histograms[low]
            }
        }
        return result.map { .histogram($0.multiplied(by: factor)) }
    }

    /// The sum of two histograms, with what there is to tell told; nil where they cannot be added.
    func added(_ a: NativeHistogram, _ b: NativeHistogram, negative: Bool = false) -> (NativeHistogram, HistogramReconciliation)? {
        var sum = HistogramSum(a, compensates: false)
        guard let outcome = try? sum.add(b, negative: negative) else { return nil }
        return (sum.histogram(), outcome)
    }

    mutating func add(_ a: NativeHistogram, _ b: NativeHistogram, _ name: String, negative: Bool = false) -> NativeHistogram? {
        guard let (sum, outcome) = added(a, b, negative: negative) else {
            annotations.mixedSchemas(name, position)
            return nil
        }
        if outcome.boundsReconciled { annotations.boundsReconciled(negative ? "subtraction" : "addition", position) }
        return sum
    }

    /// Last minus first histogram of the window, with what counter resets took away added again.
    private mutating func histogramDifference(
        _ samples: borrowing SeriesSamples, _ window: RangeWindow, hasStarts: Bool
    )
        -> NativeHistogram?
    {
        let low = window.histogramLow
        let end = window.histogramHigh
        var previous = samples.histograms[low]
        let last = samples.histograms[end - 1]
        var usesCustom = previous.usesCustomBuckets
        func isStartReset(_ i: Int, _ samples: borrowing SeriesSamples) -> Bool {
            hasStarts
                && StartTimestamps.isReset(
                    samples.histogramStarts[i - 1], samples.histogramTimes[i - 1], samples.histogramStarts[i], samples.histogramTimes[i])
        }
        if isCounter {
            if previous.counterResetHint == .gauge || last.counterResetHint == .gauge {
                annotations.histogramNotCounter(window.name, position)
            }
            let second = samples.histograms[low + 1]
            if isStartReset(low + 1, samples) || second.isReset(after: previous) {
                previous = NativeHistogram(schema: second.schema, customBounds: second.customBounds)
                usesCustom = second.usesCustomBuckets
            }
        }
        if last.usesCustomBuckets != usesCustom {
            annotations.mixedSchemas(window.name, position)
            return nil
        }
        var schema = min(last.schema, previous.schema)
        if isCounter, end - low > 2 {
            for i in (low + 1)..<(end - 1) {
                let current = samples.histograms[i]
                if current.counterResetHint == .gauge { annotations.histogramNotCounter(window.name, position) }
                schema = min(schema, current.schema)
                if current.usesCustomBuckets != usesCustom {
                    annotations.mixedSchemas(window.name, position)
                    return nil
                }
            }
        }
        var sum = HistogramSum(last, compensates: false)
        sum.reduce(to: schema)
        guard let outcome = try? sum.add(previous, negative: true) else {
            annotations.mixedSchemas(window.name, position)
            return nil
        }
        if outcome.boundsReconciled { annotations.boundsReconciled("subtraction", position) }
        if isCounter {
            var reported = false
            for i in (low + 1)..<end {
                let current = samples.histograms[i]
                if hasStarts, !reported,
                    StartTimestamps.overlaps(samples.histogramStarts[i - 1], samples.histogramTimes[i - 1], samples.histogramStarts[i])
                {
                    annotations.startTimeOverlap(window.name, position)
                    reported = true
                }
                if isStartReset(i, samples) || current.isReset(after: previous) {
                    guard let outcome = try? sum.add(previous) else {
                        annotations.mixedSchemas(window.name, position)
                        return nil
                    }
                    if outcome.boundsReconciled { annotations.boundsReconciled("addition", position) }
                }
                previous = current
            }
        } else if samples.histograms[low].counterResetHint != .gauge || last.counterResetHint != .gauge {
            annotations.histogramNotGauge(window.name, position)
        }
        return sum.histogram(hint: .gauge)
    }

    /// `irate`, `idelta`: the difference of the last two samples.
    mutating func instantRate(_ samples: borrowing SeriesSamples, _ window: RangeWindow) -> BinaryOperand? {
        if window.floatCount + window.histogramCount < 2 { return nil }
        let isRate = function == .irate
        // The last two samples of either kind, newest first.
        var newest: [(isFloat: Bool, index: Int, time: Int64)] = []
        var float = window.high - 1
        var histogram = window.histogramHigh - 1
        while newest.count < 2 {
            let floatTime = float >= window.low ? samples.times[float] : .min
            let histogramTime = histogram >= window.histogramLow ? samples.histogramTimes[histogram] : .min
            if floatTime >= histogramTime {
                newest.append((true, float, floatTime))
                float -= 1
            } else {
                newest.append((false, histogram, histogramTime))
                histogram -= 1
            }
        }
        let (last, before) = (newest[0], newest[1])
        let interval = Double(last.time - before.time) / 1000
        if interval == 0 { return nil }
        func isStartReset(_ starts: [Int64]) -> Bool {
            usesStartTimestamps && !starts.isEmpty
                && StartTimestamps.isReset(starts[before.index], before.time, starts[last.index], last.time)
        }
        if last.isFloat, before.isFloat {
            var value = samples.values[last.index]
            let earlier = samples.values[before.index]
            if !isRate || !(value < earlier || isStartReset(samples.starts)) { value -= earlier }
            return .float(isRate ? value / interval : value)
        }
        if last.isFloat != before.isFloat {
            annotations.mixedFloatsHistograms(window.name, position)
            return nil
        }
        let current = samples.histograms[last.index]
        let earlier = samples.histograms[before.index]
        let gauges = (current.counterResetHint == .gauge, earlier.counterResetHint == .gauge)
        if isRate, gauges.0 || gauges.1 { annotations.histogramNotCounter(window.name, argumentsPosition) }
        if !isRate, !gauges.0 || !gauges.1 { annotations.histogramNotGauge(window.name, argumentsPosition) }
        var result = current
        if !isRate || (!isStartReset(samples.histogramStarts) && !current.isReset(after: earlier)) {
            guard let (difference, outcome) = added(current, earlier, negative: true) else {
                annotations.mixedSchemas(window.name, argumentsPosition)
                return nil
            }
            if outcome.boundsReconciled { annotations.boundsReconciled("subtraction", argumentsPosition) }
            result = difference
        }
        result.counterResetHint = .gauge
        result = result.compacted()
        return .histogram(isRate ? result.divided(by: interval) : result)
    }
}

/// How far a difference between samples is stretched to cover its window (Prometheus' `extrapolatedRate`).
enum Extrapolation {
    /// Whether a start timestamp lies inside the window, before the first sample: the counter was zero there.
    @inline(__always)
    static func startsInside(_ start: Int64, _ windowStart: Int64, _ first: Int64) -> Bool {
        start != 0 && start > windowStart && start < first
    }

    /// What to multiply the difference by; nil where one sample alone tells nothing.
    ///
    /// `zeroShare` is the first value over the difference for a counter that grew, which bounds the way back to zero.
    @inline(__always)
    static func factor(
        window: (start: Int64, end: Int64), first: Int64, last: Int64, intervals: Int, start: Int64, zeroShare: Double?, perSecond: Double?
    ) -> Double? {
        var toStart = Double(first - window.start) / 1000
        var toEnd = Double(window.end - last) / 1000
        var sampled = Double(last - first) / 1000
        let average = intervals > 0 ? sampled / Double(intervals) : 0
        let threshold = average * 1.1
        if startsInside(start, window.start, first) {
            toStart = 0
            sampled = Double(last - start) / 1000
        } else if intervals == 0 {
            return nil
        } else {
            if toStart >= threshold { toStart = average / 2 }
            if let zeroShare {
                let toZero = sampled * zeroShare
                if toZero < toStart { toStart = toZero }
            }
        }
        if toEnd >= threshold { toEnd = average / 2 }
        var factor = sampled == 0 ? 1 : (sampled + toStart + toEnd) / sampled
        if let perSecond { factor /= perSecond }
        return factor
    }
}
