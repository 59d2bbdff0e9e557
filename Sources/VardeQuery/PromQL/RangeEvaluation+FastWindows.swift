internal import VardeKernels

/// Functions that look at all samples of a window, or at its last two, by the windows' plan and without a case for histograms.
extension RangeEvaluation {
    static func fastInstantRate(
        _ samples: borrowing SeriesSamples, _ plan: WindowPlan, _ rowValues: inout [Double], _ rowKinds: inout [UInt8], isRate: Bool
    ) {
        let times = samples.times.span
        let values = samples.values.span
        let lows = plan.lows.span
        let highs = plan.highs.span
        var output = rowValues.mutableSpan
        var kinds = rowKinds.mutableSpan
        for step in lows.indices where highs[step] - lows[step] >= 2 {
            let last = Int(highs[step]) - 1
            let interval = Double(times[last] - times[last - 1]) / 1000
            if interval == 0 { continue }
            let (value, before) = (values[last], values[last - 1])
            let difference = isRate && value < before ? value : value - before
            output[step] = isRate ? difference / interval : difference
            kinds[step] = PointKind.float
        }
    }

    /// Changes or resets within each window, as differences of how many there were so far.
    static func fastCounts(
        _ samples: borrowing SeriesSamples, _ plan: WindowPlan, _ rowValues: inout [Double], _ rowKinds: inout [UInt8],
        _ storage: inout [Int32],
        ofResets: Bool
    ) {
        let values = samples.values.span
        if storage.count < values.count { storage = [Int32](repeating: 0, count: values.count) }
        var counts = storage.mutableSpan
        var count: Int32 = 0
        for at in values.indices {
            if at > 0 {
                let (before, value) = (values[at - 1], values[at])
                let differs = ofResets ? value < before : value != before && !(value.isNaN && before.isNaN)
                count += differs ? 1 : 0
            }
            counts[at] = count
        }
        let lows = plan.lows.span
        let highs = plan.highs.span
        var output = rowValues.mutableSpan
        var kinds = rowKinds.mutableSpan
        for step in lows.indices where highs[step] > lows[step] {
            output[step] = Double(counts[Int(highs[step]) - 1] - counts[Int(lows[step])])
            kinds[step] = PointKind.float
        }
    }

    /// Variances around each window's first value, which is never so far from the mean that digits are lost.
    mutating func fastVariance(_ samples: borrowing SeriesSamples, into row: inout StepRow) throws(QueryError) {
        let values = samples.values.span
        for step in 0..<row.stepCount {
            if step % 64 == 63 { try budget?.check() }
            let own = Int(plans.current.lows[step])..<Int(plans.current.highs[step])
            if own.isEmpty { continue }
            let window = values.extracting(own)
            let sums = CentredSums(window, around: window[0], window, around: window[0])
            let count = Double(own.count)
            let variance = max(0, (sums.products - sums.deviations * sums.deviations / count) / count)
            row.set(step, function == .stddev ? variance.squareRoot() : variance)
        }
    }

    /// The least-squares line of each window, its times around their mean and its values around the first of them.
    mutating func fastLine(_ samples: borrowing SeriesSamples, into row: inout StepRow) throws(QueryError) {
        let values = samples.values.span
        for step in 0..<row.stepCount {
            if step % 64 == 63 { try budget?.check() }
            let own = Int(plans.current.lows[step])..<Int(plans.current.highs[step])
            if own.count < 2 { continue }
            let window = values.extracting(own)
            let mean = plans.current.means[step]
            let sums = CentredSums(plans.current.seconds.span.extracting(own), around: mean, window, around: window[0])
            // What Prometheus' sums from zero may lose: where that shows in the result, the result is to be the same.
            let reach = (Double(windows.range) + Double(windows.offset.magnitude)) / 1000
            let doubt = 1e-15 * Double(own.count) * reach * max(window[0].magnitude, window[own.count - 1].magnitude)
            if sums.products.magnitude * 2e-10 < doubt {
                let origin = function == .deriv ? samples.times[own.lowerBound] : windows.grid.time(step)
                let line = OverTime.line(samples.times.span.extracting(own), window, origin: origin)
                row.set(step, function == .deriv ? line.slope : line.slope * parameters[0][step] + line.intercept)
                continue
            }
            let slope = sums.products / plans.current.spreads[step]
            if function == .deriv {
                row.set(step, slope)
                continue
            }
            // The line goes through both means.
            let ahead = Double(windows.grid.time(step) - plans.current.firstTime) / 1000 - mean
            let now = window[0] + sums.deviations / Double(own.count) + slope * ahead
            row.set(step, slope * parameters[0][step] + now)
        }
    }
}
