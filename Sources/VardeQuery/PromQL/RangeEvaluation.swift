internal import VardeModel

/// Evaluates one range function for one series after the other, all steps in a pass.
struct RangeEvaluation: Sendable {
    let function: RangeFunction
    let windows: RangeWindows
    /// Where the range expression stands in the query, and the whole argument list for functions that report that.
    let position: SourceRange
    let argumentsPosition: SourceRange
    /// Scalars by step that the function takes besides the range.
    let parameters: [[Double]]
    let isAnchored: Bool
    let isSmoothed: Bool
    let usesStartTimestamps: Bool
    /// What ends an evaluation that takes long within one series; nil for none.
    let budget: QueryBudget?

    var annotations = PromQLAnnotations()
    /// What is kept from series to series: the plans of windows, extremes of stretches and candidates among them, running sums.
    var plans = WindowPlans()
    var queue: [Int32] = []
    var stretches: [Double] = []
    var runningSums: [Double] = []

    init(
        _ function: RangeFunction, _ windows: RangeWindows, position: SourceRange, argumentsPosition: SourceRange,
        parameters: [[Double]] = [], isAnchored: Bool = false, isSmoothed: Bool = false, usesStartTimestamps: Bool = true,
        budget: QueryBudget? = nil
    ) {
        self.function = function
        self.windows = windows
        self.position = position
        self.argumentsPosition = argumentsPosition
        self.parameters = parameters
        self.isAnchored = isAnchored
        self.isSmoothed = isSmoothed
        self.usesStartTimestamps = usesStartTimestamps
        self.budget = budget
    }

    /// Fills a row with the function's points. `name` is the metric's, for annotations.
    mutating func evaluate(_ samples: borrowing SeriesSamples, name: String, into row: inout StepRow) throws(QueryError) {
        row.removeAll()
        if samples.count == 0 { return }
        let steps = windows.grid.count
        if windows.fixedTime == nil, samples.histogramTimes.isEmpty, try evaluateFast(samples, name: name, into: &row) { return }
        var window = RangeWindow(name: name)
        for step in 0..<steps {
            if step % 64 == 63 { try budget?.check() }
            let end = windows.end(step)
            window.time = windows.grid.time(step)
            window.end = end
            window.start = end - windows.range
            let from = window.start - windows.extendsBefore
            let through = end + windows.extendsAfter
            Self.advance(&window.low, &window.high, samples.times.span, from, through)
            Self.advance(&window.histogramLow, &window.histogramHigh, samples.histogramTimes.span, from, through)
            if window.low == window.high, window.histogramLow == window.histogramHigh { continue }
            switch try point(samples, window, step) {
            case .float(let value)?: row.set(step, value)
            case .histogram(let histogram)?: row.set(step, histogram)
            case nil: break
            }
            if windows.fixedTime != nil, function != .predictLinear, parameters.isEmpty {
                for other in 1..<max(steps, 1) {
                    if row.kinds[step] == PointKind.float { row.set(other, row.values[step]) }
                    if row.kinds[step] == PointKind.histogram, let histogram = row.histograms[step] { row.set(other, histogram) }
                }
                return
            }
        }
    }

    /// Moves both ends of a window of samples with `from < time <= through` forward.
    @inline(__always)
    static func advance(_ low: inout Int, _ high: inout Int, _ times: Span<Int64>, _ from: Int64, _ through: Int64) {
        while high < times.count, times[high] <= through { high += 1 }
        while low < high, times[low] <= from { low += 1 }
    }

    private mutating func point(_ samples: borrowing SeriesSamples, _ window: RangeWindow, _ step: Int) throws(QueryError) -> BinaryOperand?
    {
        switch function {
        case .rate, .increase, .delta:
            return isAnchored || isSmoothed ? extendedRate(samples, window) : extrapolatedRate(samples, window)
        case .irate, .idelta: return instantRate(samples, window)
        case .resets, .changes: return countChanges(samples, window)
        case .deriv, .predictLinear: return regression(samples, window, step)
        case .doubleExponentialSmoothing: return try smoothing(samples, window, step)
        case .sum, .avg: return sumOrAverage(samples, window)
        default: return overTime(samples, window, step)
        }
    }
}

/// The samples a range function sees at one step, as positions in the series.
struct RangeWindow {
    let name: String
    /// Time of the step.
    var time: Int64 = 0
    /// The range is `(start, end]`.
    var start: Int64 = 0
    var end: Int64 = 0
    var low = 0
    var high = 0
    var histogramLow = 0
    var histogramHigh = 0

    init(name: String) {
        self.name = name
    }

    var floatCount: Int { high - low }
    var histogramCount: Int { histogramHigh - histogramLow }
}
