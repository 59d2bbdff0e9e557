internal import VardeModel

extension RangeEvaluation {
    /// `sum_over_time`, `avg_over_time` of floats or of histograms.
    mutating func sumOrAverage(_ samples: borrowing SeriesSamples, _ window: RangeWindow) -> BinaryOperand? {
        if window.floatCount > 0, window.histogramCount > 0 {
            annotations.mixedFloatsHistograms(window.name, position)
            return nil
        }
        if window.floatCount > 0 {
            let values = samples.values.span.extracting(window.low..<window.high)
            return .float(function == .sum ? OverTime.sum(values) : OverTime.average(values))
        }
        var fold = HistogramFold(samples.histograms[window.histogramLow])
        do {
            for i in (window.histogramLow + 1)..<window.histogramHigh {
                if function == .sum { try fold.add(samples.histograms[i]) } else { try fold.average(samples.histograms[i]) }
            }
        } catch {
            annotations.mixedSchemas(window.name, position)
            return nil
        }
        if fold.hintsCollide { annotations.counterResetCollision("aggregation", position) }
        if fold.boundsReconciled { annotations.boundsReconciled("aggregation", position) }
        return .histogram(function == .sum ? fold.total : fold.averaged)
    }

    /// The functions that look at floats alone, and those for which any sample will do.
    mutating func overTime(_ samples: borrowing SeriesSamples, _ window: RangeWindow, _ step: Int) -> BinaryOperand? {
        switch function {
        case .count: return .float(Double(window.floatCount + window.histogramCount))
        case .present, .absent: return .float(1)
        case .first: return edge(samples, window, last: false)
        case .last: return edge(samples, window, last: true)
        case .timeOfFirst, .timeOfLast: return .float(Double(edgeTime(samples, window)) / 1000)
        default: break
        }
        if window.floatCount == 0 { return nil }
        if function == .quantile {
            let q = parameters[0][step]
            if q.isNaN || q < 0 || q > 1 { annotations.invalidQuantile(q, argumentsPosition) }
        }
        if window.histogramCount > 0 {
            annotations.histogramIgnoredInMixedRange(window.name, function == .quantile ? argumentsPosition : position)
        }
        let values = samples.values.span.extracting(window.low..<window.high)
        switch function {
        case .min: return .float(values[OverTime.extreme(values, smallest: true, last: false)])
        case .max: return .float(values[OverTime.extreme(values, smallest: false, last: false)])
        case .timeOfMin: return .float(Double(samples.times[window.low + OverTime.extreme(values, smallest: true, last: true)]) / 1000)
        case .timeOfMax: return .float(Double(samples.times[window.low + OverTime.extreme(values, smallest: false, last: true)]) / 1000)
        case .stdvar: return .float(OverTime.variance(values))
        case .stddev: return .float(OverTime.variance(values).squareRoot())
        case .quantile:
            var copy = Array(samples.values[window.low..<window.high])
            return .float(Quantiles.quantile(parameters[0][step], of: &copy))
        case .mad:
            var copy = Array(samples.values[window.low..<window.high])
            if copy.contains(where: \.isNaN) { return .float(.nan) }
            let median = Quantiles.quantile(0.5, of: &copy)
            for i in copy.indices { copy[i] = (copy[i] - median).magnitude }
            return .float(Quantiles.quantile(0.5, of: &copy))
        default: return nil
        }
    }

    private func edge(_ samples: borrowing SeriesSamples, _ window: RangeWindow, last: Bool) -> BinaryOperand {
        let float = last ? window.high - 1 : window.low
        let histogram = last ? window.histogramHigh - 1 : window.histogramLow
        if window.histogramCount == 0 { return .float(samples.values[float]) }
        if window.floatCount > 0 {
            let floatTime = samples.times[float]
            let histogramTime = samples.histogramTimes[histogram]
            if last ? histogramTime < floatTime : floatTime < histogramTime { return .float(samples.values[float]) }
        }
        return .histogram(samples.histograms[histogram])
    }

    private func edgeTime(_ samples: borrowing SeriesSamples, _ window: RangeWindow) -> Int64 {
        if function == .timeOfFirst {
            return min(
                window.floatCount > 0 ? samples.times[window.low] : .max,
                window.histogramCount > 0 ? samples.histogramTimes[window.histogramLow] : .max)
        }
        return max(
            window.floatCount > 0 ? samples.times[window.high - 1] : 0,
            window.histogramCount > 0 ? samples.histogramTimes[window.histogramHigh - 1] : 0)
    }

    /// `deriv` and `predict_linear`: the slope of the least-squares line, or its value some seconds on.
    mutating func regression(_ samples: borrowing SeriesSamples, _ window: RangeWindow, _ step: Int) -> BinaryOperand? {
        if window.floatCount > 0, window.histogramCount > 0 { annotations.histogramIgnoredInMixedRange(window.name, position) }
        if window.floatCount < 2 { return nil }
        let origin = function == .deriv ? samples.times[window.low] : window.time
        let line = OverTime.line(
            samples.times.span.extracting(window.low..<window.high), samples.values.span.extracting(window.low..<window.high),
            origin: origin)
        return .float(function == .deriv ? line.slope : line.slope * parameters[0][step] + line.intercept)
    }

    /// `double_exponential_smoothing` (Holt's linear method).
    mutating func smoothing(_ samples: borrowing SeriesSamples, _ window: RangeWindow, _ step: Int) throws(QueryError) -> BinaryOperand? {
        let factor = parameters[0][step]
        let trendFactor = parameters[1][step]
        if factor <= 0 || factor >= 1 {
            throw .execution("invalid smoothing factor. Expected: 0 < sf < 1, got: \(PromQLNumberText.fixed(factor))")
        }
        if trendFactor <= 0 || trendFactor >= 1 {
            throw .execution("invalid trend factor. Expected: 0 < tf < 1, got: \(PromQLNumberText.fixed(trendFactor))")
        }
        if window.floatCount > 0, window.histogramCount > 0 { annotations.histogramIgnoredInMixedRange(window.name, position) }
        if window.floatCount < 2 { return nil }
        let values = samples.values.span.extracting(window.low..<window.high)
        var before = 0.0
        var smoothed = values[0]
        var trend = values[1] - values[0]
        for i in 1..<values.count {
            if i > 1 { trend = trendFactor * (smoothed - before) + (1 - trendFactor) * trend }
            let next = factor * values[i] + (1 - factor) * (smoothed + trend)
            before = smoothed
            smoothed = next
        }
        return .float(smoothed)
    }
}

/// Sums, means and lines over a run of values, with Kahan's compensation where Prometheus has it.
enum OverTime {
    static func sum(_ values: Span<Double>) -> Double {
        var sum = KahanSum()
        for i in values.indices { sum.add(values[i]) }
        return sum.sum.isInfinite ? sum.sum : sum.total
    }

    static func average(_ values: Span<Double>) -> Double {
        var sum = KahanSum(values[0])
        var count = 1.0
        var mean: KahanSum?
        for i in 1..<values.count {
            count = Double(i + 1)
            if mean == nil {
                var next = sum
                next.add(values[i])
                if !next.sum.isInfinite {
                    sum = next
                    continue
                }
                mean = KahanSum(sum.sum / (count - 1), compensation: sum.compensation / (count - 1))
            }
            if let running = mean {
                let share = (count - 1) / count
                var next = KahanSum(share * running.sum, compensation: share * running.compensation)
                next.add(values[i] / count)
                mean = next
            }
        }
        if let mean { return mean.total }
        return sum.sum / count + sum.compensation / count
    }

    static func variance(_ values: Span<Double>) -> Double {
        var mean = KahanSum()
        var sum = KahanSum()
        for i in values.indices {
            let delta = values[i] - mean.total
            mean.add(delta / Double(i + 1))
            sum.add(delta * (values[i] - mean.total))
        }
        return sum.total / Double(values.count)
    }

    /// Position of the smallest or largest value; of equal ones the first or the last. NaN gives way to any number.
    static func extreme(_ values: Span<Double>, smallest: Bool, last: Bool) -> Int {
        var best = 0
        for i in values.indices {
            let value = values[i]
            let current = values[best]
            if current.isNaN || (smallest ? value < current : value > current) || (last && value == current) { best = i }
        }
        return best
    }

    /// The least-squares line through samples: slope per second, and its value at `origin` (ms).
    static func line(_ times: Span<Int64>, _ values: Span<Double>, origin: Int64) -> (slope: Double, intercept: Double) {
        var sumX = KahanSum()
        var sumY = KahanSum()
        var sumXY = KahanSum()
        var sumX2 = KahanSum()
        var isConstant = true
        for i in values.indices {
            if values[i] != values[0] { isConstant = false }
            let x = Double(times[i] - origin) / 1e3
            sumX.add(x)
            sumY.add(values[i])
            sumXY.add(x * values[i])
            sumX2.add(x * x)
        }
        if isConstant { return values[0].isInfinite ? (.nan, .nan) : (0, values[0]) }
        let n = Double(values.count)
        let covariance = sumXY.total - sumX.total * sumY.total / n
        let variance = sumX2.total - sumX.total * sumX.total / n
        let slope = covariance / variance
        return (slope, sumY.total / n - slope * sumX.total / n)
    }
}
