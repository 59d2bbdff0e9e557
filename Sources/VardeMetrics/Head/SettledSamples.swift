import VardeKernels
import VardeModel

/// Samples of a head laid out series by series, each series' in the order they came. Never changes.
struct SettledSamples {
    /// Where the samples of each series begin, and last where they end.
    private var starts: [UInt32] = []
    private(set) var times: [Int64] = []
    private(set) var values: [Double] = []
    /// Histograms by position.
    private(set) var histograms: [Int: NativeHistogram] = [:]
    private(set) var first = Int64.max
    private(set) var last = Int64.min

    /// Takes the samples that are chained.
    init(_ samples: HeadSamples, newest: [UInt32]) {
        times.reserveCapacity(samples.chainedCount)
        values.reserveCapacity(samples.chainedCount)
        starts.reserveCapacity(newest.count + 1)
        var runs = HeadSamples.Runs()
        for begin in stride(from: 0, to: newest.count, by: HeadSamples.Runs.mostChains) {
            let end = min(begin + HeadSamples.Runs.mostChains, newest.count)
            runs.fill(Array(newest[begin..<end]), of: samples, times: .min ... .max)
            for series in begin..<end {
                starts.append(UInt32(times.count))
                runs.append(series - begin, &times, &values)
                for (distance, histogram) in samples.chainedHistograms(of: UInt32(series)) {
                    histograms[times.count - 1 - distance] = histogram
                }
            }
        }
        starts.append(UInt32(times.count))
        for time in times {
            first = min(first, time)
            last = max(last, time)
        }
    }

    /// Joins stretches that were settled one after the other, in this order.
    init(joining parts: some Collection<SettledSamples>) {
        let count = parts.reduce(0) { $0 + $1.times.count }
        times.reserveCapacity(count)
        values.reserveCapacity(count)
        let series = parts.reduce(0) { max($0, $1.starts.count - 1) }
        starts.reserveCapacity(series + 1)
        for number in 0..<UInt32(series) {
            starts.append(UInt32(times.count))
            for part in parts {
                let own = part.range(of: number)
                if own.isEmpty { continue }
                if !part.histograms.isEmpty {
                    for position in own {
                        if let histogram = part.histograms[position] { histograms[times.count + position - own.lowerBound] = histogram }
                    }
                }
                times.append(copying: own, of: part.times)
                values.append(copying: own, of: part.values)
            }
        }
        starts.append(UInt32(times.count))
        for part in parts {
            first = min(first, part.first)
            last = max(last, part.last)
        }
    }

    var count: Int { times.count }

    /// Positions of a series' samples.
    @inline(__always)
    func range(of series: UInt32) -> Range<Int> {
        let at = Int(series)
        return at + 1 < starts.count ? Int(starts[at])..<Int(starts[at + 1]) : 0..<0
    }

    /// Appends the samples in the range of a series whose times ascend.
    func read(series: UInt32, from: Int64, through: Int64, into columns: inout SampleColumns) {
        let wanted = TimeColumn.positions(times, in: range(of: series), from: from, through: through)
        columns.timestamps.append(copying: wanted, of: times)
        columns.values.append(copying: wanted, of: values)
    }
}
