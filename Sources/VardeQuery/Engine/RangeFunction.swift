/// Functions over a range vector: one series' samples in a window become one point.
enum RangeFunction: String, Sendable {
    case rate
    case increase
    case delta
    case irate
    case idelta
    case resets
    case changes
    case deriv
    case predictLinear = "predict_linear"
    case doubleExponentialSmoothing = "double_exponential_smoothing"
    case sum = "sum_over_time"
    case avg = "avg_over_time"
    case count = "count_over_time"
    case min = "min_over_time"
    case max = "max_over_time"
    case stddev = "stddev_over_time"
    case stdvar = "stdvar_over_time"
    case quantile = "quantile_over_time"
    case mad = "mad_over_time"
    case first = "first_over_time"
    case last = "last_over_time"
    case present = "present_over_time"
    case absent = "absent_over_time"
    case timeOfFirst = "ts_of_first_over_time"
    case timeOfLast = "ts_of_last_over_time"
    case timeOfMax = "ts_of_max_over_time"
    case timeOfMin = "ts_of_min_over_time"

    /// Whether the result is another quantity than the samples.
    var dropsName: Bool { self != .first && self != .last }

    /// Whether `anchored` ranges may be given, in the order error messages list them.
    static let anchoredSafe: [RangeFunction] = [.changes, .delta, .increase, .rate, .resets]
    /// Whether `smoothed` ranges may be given, in the order error messages list them.
    static let smoothedSafe: [RangeFunction] = [.delta, .increase, .rate]

    /// Whether start timestamps count as resets.
    var usesStartTimestamps: Bool { self == .rate || self == .irate || self == .increase || self == .resets }
}

/// Where the window of each step lies.
struct RangeWindows: Sendable {
    var grid: StepGrid
    /// Milliseconds.
    var range: Int64
    var offset: Int64
    /// The fixed time of an `@`, already known; the window is then the same at all steps.
    var fixedTime: Int64?
    /// How far before the range, and after it, samples are taken in for `anchored` and `smoothed`.
    var extendsBefore: Int64 = 0
    var extendsAfter: Int64 = 0

    /// The window's end at a step; it is `(end - range, end]`.
    func end(_ step: Int) -> Int64 { (fixedTime ?? grid.time(step)) - offset }

    /// First and last millisecond of samples any step needs.
    var span: (from: Int64, through: Int64) {
        let first = end(0)
        let last = end(grid.count - 1)
        return (first - range - extendsBefore + 1, last + extendsAfter)
    }
}
