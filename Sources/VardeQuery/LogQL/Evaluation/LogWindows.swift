internal import VardeModel

/// The windows of a range aggregation: one a step, each `(time − range, time]`, all in nanoseconds.
struct LogWindows: Sendable {
    /// Time of the first step less the offset.
    let first: Int64
    let step: Int64
    let count: Int
    let range: Int64

    init(_ grid: StepGrid, range: Int64, offset: Int64) {
        first = grid.start * 1_000_000 - offset
        step = max(1, grid.step * 1_000_000)
        count = grid.count
        self.range = range
    }

    /// First nanosecond any window holds, and the end behind the last.
    var start: Int64 { first - range + 1 }
    var end: Int64 { first + Int64(max(count - 1, 0)) * step + 1 }

    /// Steps whose windows hold a time; empty where none does.
    @inline(__always)
    func steps(holding time: Int64) -> Range<Int> {
        let low = time <= first ? 0 : Int((time - first + step - 1) / step)
        // The last step before time + range.
        let reach = time + range - first
        if reach <= 0 { return 0..<0 }
        let high = min(count, Int((reach + step - 1) / step))
        return low < high ? low..<high : 0..<0
    }

    /// Steps whose windows hold a time, and the last time that is held by the same ones.
    func run(holding time: Int64) -> (steps: Range<Int>, through: Int64) {
        let low = time <= first ? 0 : Int((time - first + step - 1) / step)
        let reach = time + range - first
        if reach <= 0 { return (0..<0, first - range) }
        let all = Int((reach + step - 1) / step)
        let high = min(count, all)
        // The lower bound moves behind the step's own time, the upper one where another window begins.
        var through = first + Int64(low) * step
        if all < count { through = min(through, first - range + Int64(all) * step) }
        return (low < high ? low..<high : 0..<0, through)
    }

    /// Time of a step's window's end.
    func time(_ index: Int) -> Int64 { first + Int64(index) * step }
}

/// Finds the steps of one line after another: lines near in time are mostly held by the same windows.
struct WindowCursor: Sendable {
    private let windows: LogWindows
    private var steps = 0..<0
    private var from = Int64.max
    private var through = Int64.min

    init(_ windows: LogWindows) { self.windows = windows }

    @inline(__always)
    mutating func steps(holding time: Int64) -> Range<Int> {
        if time >= from, time <= through { return steps }
        (steps, through) = windows.run(holding: time)
        from = time
        return steps
    }
}

/// What a range aggregation keeps of the lines of one resulting series.
struct LogFold {
    /// Changes of the number of lines and bytes from one step to the next: a line changes two of them, however many windows hold it.
    private(set) var counts: [Int]
    private(set) var bytes: [Int]
    /// Unwrapped values with their times, as they came.
    private(set) var times: [Int64] = []
    private(set) var values: [Double] = []

    init(stepCount: Int, needsBytes: Bool, needsSamples: Bool) {
        counts = needsSamples ? [] : Array(repeating: 0, count: stepCount + 1)
        bytes = needsBytes ? counts : []
    }

    mutating func add(_ steps: Range<Int>, lines: Int = 1, byteCount: Int) {
        if steps.isEmpty { return }
        counts[steps.lowerBound] += lines
        counts[steps.upperBound] -= lines
        if bytes.isEmpty { return }
        bytes[steps.lowerBound] += byteCount
        bytes[steps.upperBound] -= byteCount
    }

    mutating func add(_ time: Int64, _ value: Double) {
        times.append(time)
        values.append(value)
    }

    mutating func merge(_ other: LogFold) {
        for i in other.counts.indices { counts[i] += other.counts[i] }
        for i in other.bytes.indices { bytes[i] += other.bytes[i] }
        times += other.times
        values += other.values
    }

    /// The aggregation's value at every step that has one.
    func finish(_ aggregation: LogQLRangeAggregation, _ windows: LogWindows, into row: inout StepRow) {
        row.removeAll()
        let seconds = Double(windows.range) / 1e9
        if counts.isEmpty { return finishSamples(aggregation, windows, seconds, into: &row) }
        var lines = 0
        var size = 0
        for step in 0..<windows.count {
            lines += counts[step]
            if !bytes.isEmpty { size += bytes[step] }
            switch aggregation.operation {
            case .absent: if lines == 0 { row.set(step, 1) }
            case .rate: if lines > 0 { row.set(step, Double(lines) / seconds) }
            case .bytes: if lines > 0 { row.set(step, Double(size)) }
            case .bytesRate: if lines > 0 { row.set(step, Double(size) / seconds) }
            default: if lines > 0 { row.set(step, Double(lines)) }
            }
        }
    }

    private func finishSamples(_ aggregation: LogQLRangeAggregation, _ windows: LogWindows, _ seconds: Double, into row: inout StepRow) {
        var order = Array(times.indices)
        order.sort { times[$0] != times[$1] ? times[$0] < times[$1] : $0 < $1 }
        let sortedTimes = order.map { times[$0] }
        let sortedValues = order.map { values[$0] }
        var low = 0
        var high = 0
        for step in 0..<windows.count {
            let end = windows.time(step)
            while high < sortedTimes.count, sortedTimes[high] <= end { high += 1 }
            while low < high, sortedTimes[low] <= end - windows.range { low += 1 }
            if low == high {
                if aggregation.operation == .absent { row.set(step, 1) }
                continue
            }
            let value = UnwrappedWindow(times: sortedTimes[low..<high], values: sortedValues[low..<high], end: end, range: windows.range)
                .value(aggregation.operation, aggregation.parameter ?? 0)
            if let value { row.set(step, value) }
        }
    }
}

/// Unwrapped values of one window, ascending in time; never empty.
private struct UnwrappedWindow {
    var times: ArraySlice<Int64>
    var values: ArraySlice<Double>
    var end: Int64
    var range: Int64

    private var seconds: Double { Double(range) / 1e9 }

    func value(_ operation: LogQLRangeOperation, _ parameter: Double) -> Double? {
        switch operation {
        case .rate: return values.reduce(0, +) / seconds
        case .rateCounter: return counterRate
        case .sum, .bytes: return values.reduce(0, +)
        case .bytesRate: return values.reduce(0, +) / seconds
        case .count: return Double(values.count)
        case .avg: return mean
        case .min: return values.reduce(.nan) { $1 < $0 || $0.isNaN ? $1 : $0 }
        case .max: return values.reduce(.nan) { $1 > $0 || $0.isNaN ? $1 : $0 }
        case .first: return values.first
        case .last: return values.last
        case .stdvar: return variance
        case .stddev: return variance.squareRoot()
        case .quantile:
            var all = Array(values)
            return Quantiles.quantile(parameter, of: &all)
        case .absent: return nil
        }
    }

    private var mean: Double {
        var mean = 0.0
        var count = 0.0
        for value in values {
            count += 1
            if mean.isInfinite {
                if value.isInfinite, (mean > 0) == (value > 0) { continue }
                if value.isFinite { continue }
            }
            mean += value / count - mean / count
        }
        return mean
    }

    private var variance: Double {
        var mean = 0.0
        var squares = 0.0
        var count = 0.0
        for value in values {
            count += 1
            let delta = value - mean
            mean += delta / count
            squares += delta * (value - mean)
        }
        return squares / count
    }

    /// The increase of a counter a second, resets added and extrapolated to the window's edges; nought for a single value.
    private var counterRate: Double {
        guard let first = values.first, let last = values.last, let firstTime = times.first, let lastTime = times.last, values.count > 1
        else { return 0 }
        var increase = last - first
        var before = first
        for value in values {
            if value < before { increase += before }
            before = value
        }
        let start = end - range
        var toStart = Double(firstTime - start) / 1e9
        let toEnd = Double(end - lastTime) / 1e9
        let sampled = Double(lastTime - firstTime) / 1e9
        if sampled <= 0 { return 0 }
        let average = sampled / Double(values.count - 1)
        if increase > 0, first >= 0 { toStart = min(toStart, sampled * (first / increase)) }
        let threshold = average * 1.1
        let extended = sampled + (toStart < threshold ? toStart : average / 2) + (toEnd < threshold ? toEnd : average / 2)
        return increase * (extended / sampled) / seconds
    }
}
