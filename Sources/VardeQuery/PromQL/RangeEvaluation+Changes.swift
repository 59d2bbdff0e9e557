internal import VardeModel

extension RangeEvaluation {
    /// `resets` and `changes` over floats and histograms in the order of time.
    func countChanges(_ samples: borrowing SeriesSamples, _ window: RangeWindow) -> BinaryOperand? {
        var float = window.low
        var histogram = window.histogramLow
        if isAnchored {
            // The one sample last at or before the range's start is the base; earlier ones of either kind do not count.
            var lastFloat = window.low - 1
            while lastFloat + 1 < window.high, samples.times[lastFloat + 1] <= window.start { lastFloat += 1 }
            var lastHistogram = window.histogramLow - 1
            while lastHistogram + 1 < window.histogramHigh, samples.histogramTimes[lastHistogram + 1] <= window.start { lastHistogram += 1 }
            if lastFloat + 1 >= window.high, lastHistogram + 1 >= window.histogramHigh { return nil }
            let hasFloat = lastFloat >= window.low
            let hasHistogram = lastHistogram >= window.histogramLow
            if hasFloat, !hasHistogram || samples.times[lastFloat] >= samples.histogramTimes[lastHistogram] {
                float = lastFloat
                histogram = lastHistogram + 1
            } else if hasHistogram {
                float = lastFloat + 1
                histogram = lastHistogram
            }
        }
        var count = 0
        var previous: (isFloat: Bool, index: Int)?
        while float < window.high || histogram < window.histogramHigh {
            let isFloat =
                histogram >= window.histogramHigh || (float < window.high && samples.times[float] < samples.histogramTimes[histogram])
            let index = isFloat ? float : histogram
            if isFloat { float += 1 } else { histogram += 1 }
            if let previous {
                if previous.isFloat != isFloat {
                    count += 1
                } else if isFloat {
                    if differs(samples, previous.index, index) { count += 1 }
                } else if histogramDiffers(samples, previous.index, index) {
                    count += 1
                }
            }
            previous = (isFloat, index)
        }
        return .float(Double(count))
    }

    private func differs(_ samples: borrowing SeriesSamples, _ before: Int, _ index: Int) -> Bool {
        let a = samples.values[before]
        let b = samples.values[index]
        if function == .changes { return a != b && !(a.isNaN && b.isNaN) }
        return b < a
            || (usesStartTimestamps && !samples.starts.isEmpty
                && StartTimestamps.isReset(samples.starts[before], samples.times[before], samples.starts[index], samples.times[index]))
    }

    private func histogramDiffers(_ samples: borrowing SeriesSamples, _ before: Int, _ index: Int) -> Bool {
        let a = samples.histograms[before]
        let b = samples.histograms[index]
        if function == .changes { return !b.hasSameData(as: a) }
        return
            (usesStartTimestamps && !samples.histogramStarts.isEmpty
            && StartTimestamps.isReset(
                samples.histogramStarts[before], samples.histogramTimes[before], samples.histogramStarts[index],
                samples.histogramTimes[index]))
            || b.isReset(after: a)
    }
}
