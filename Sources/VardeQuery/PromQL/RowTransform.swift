internal import VardeModel

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// What is done to each series by itself on its way out of a leaf; labels stay as they are.
enum RowTransform: Sendable {
    case negate
    case operate(BinaryOperator, scalar: [Double], swapped: Bool, returnsBool: Bool, position: SourceRange)
    case float(FloatFunction)
    case round(to: [Double])
    case clamp(low: [Double]?, high: [Double]?)
    case date(DateFunction)
    case histogram(HistogramFunction)
    /// `timestamp` of something that is not a selector: the time of the step, in seconds.
    case stepTime([Double])
    /// `start_timestamp` of something that is not a selector: nothing.
    case nothing

    var dropsName: Bool {
        guard case .operate(let operation, _, _, let returnsBool, _) = self else { return true }
        return operation.changesMetricSchema || returnsBool
    }

    /// Whether points may be gone behind it.
    var removesPoints: Bool {
        switch self {
        case .negate, .stepTime: false
        case .operate(let operation, _, _, _, _): operation != .multiply && operation != .divide
        case .float, .round, .clamp, .date, .histogram, .nothing: true
        }
    }

    func apply(to row: inout StepRow, _ annotations: inout PromQLAnnotations) {
        switch self {
        case .negate:
            for step in 0..<row.stepCount {
                row.values[step] = -row.values[step]
                if row.kinds[step] == PointKind.histogram { row.histograms[step] = row.histograms[step]?.multiplied(by: -1) }
            }
        case .operate(let operation, let scalar, let swapped, let returnsBool, let position):
            row.combine(operation, scalar: scalar, swapped: swapped, returnsBool: returnsBool) {
                annotations.note($1, operation, position, step: $0)
            }
        case .float(let function):
            row.removeHistograms()
            for step in 0..<row.stepCount where row.kinds[step] != PointKind.absent { row.values[step] = function(row.values[step]) }
        case .round(let nearest):
            row.removeHistograms()
            for step in 0..<row.stepCount {
                let inverse = 1 / nearest[step]
                row.values[step] = (row.values[step] * inverse + 0.5).rounded(.down) / inverse
            }
        case .clamp(let low, let high):
            row.removeHistograms()
            for step in 0..<row.stepCount where row.kinds[step] != PointKind.absent {
                let least = low?[step] ?? -.infinity
                let most = high?[step] ?? .infinity
                if most < least { row.remove(step) } else { row.values[step] = GoMath.max(least, GoMath.min(most, row.values[step])) }
            }
        case .date(let function):
            row.removeHistograms()
            for step in 0..<row.stepCount where row.kinds[step] != PointKind.absent { row.values[step] = function(row.values[step]) }
        case .histogram(let function):
            for step in 0..<row.stepCount {
                if row.kinds[step] == PointKind.histogram, let histogram = row.histograms[step] {
                    row.set(step, function(histogram))
                } else {
                    row.kinds[step] = PointKind.absent
                }
            }
            row.histograms.removeAll(keepingCapacity: true)
        case .stepTime(let times):
            for step in 0..<row.stepCount where row.kinds[step] != PointKind.absent { row.set(step, times[step]) }
            row.histograms.removeAll(keepingCapacity: true)
        case .nothing: row.removeAll()
        }
    }
}

extension StepRow {
    fileprivate mutating func removeHistograms() {
        if histograms.isEmpty { return }
        for step in 0..<stepCount where kinds[step] == PointKind.histogram { kinds[step] = PointKind.absent }
        histograms.removeAll(keepingCapacity: true)
    }
}

/// Minimum and maximum with Go's rules for infinities and NaN.
enum GoMath {
    static func max(_ a: Double, _ b: Double) -> Double {
        if a == .infinity || b == .infinity { return .infinity }
        if a.isNaN || b.isNaN { return .nan }
        // Of two zeros the positive one is the greater.
        if a == b { return a.sign == .minus ? b : a }
        return a > b ? a : b
    }

    static func min(_ a: Double, _ b: Double) -> Double {
        if a == -.infinity || b == -.infinity { return -.infinity }
        if a.isNaN || b.isNaN { return .nan }
        if a == b { return a.sign == .minus ? a : b }
        return a < b ? a : b
    }
}

/// Functions of one number.
enum FloatFunction: String, Sendable {
    case abs, ceil, floor, exp, sqrt, ln, log2, log10, sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, asinh, acosh, atanh, rad, deg, sgn

    func callAsFunction(_ x: Double) -> Double {
        switch self {
        case .abs: x.magnitude
        case .ceil: x.rounded(.up)
        case .floor: x.rounded(.down)
        case .exp: cExp(x)
        case .sqrt: x.squareRoot()
        case .ln: cLog(x)
        case .log2: cLog2(x)
        case .log10: cLog10(x)
        case .sin: cSin(x)
        case .cos: cCos(x)
        case .tan: cTan(x)
        case .asin: cAsin(x)
        case .acos: cAcos(x)
        case .atan: cAtan(x)
        case .sinh: cSinh(x)
        case .cosh: cCosh(x)
        case .tanh: cTanh(x)
        case .asinh: cAsinh(x)
        case .acosh: cAcosh(x)
        case .atanh: cAtanh(x)
        case .rad: x * .pi / 180
        case .deg: x * 180 / .pi
        case .sgn: x < 0 ? -1 : x > 0 ? 1 : x
        }
    }
}

// The C library's functions under names that the cases above do not hide.
private func cExp(_ x: Double) -> Double { exp(x) }
private func cLog(_ x: Double) -> Double { log(x) }
/// By way of the natural logarithm of the fraction, as Go does it: near 1 the two differ by more than a rounding.
private func cLog2(_ x: Double) -> Double {
    guard x.isFinite, x > 0 else { return log2(x) }
    let (fraction, exponent) = (x.significand / 2, Double(x.exponent + 1))
    return fraction == 0.5 ? exponent - 1 : log(fraction) * (1 / 0.693147180559945309417232121458176568) + exponent
}
private func cLog10(_ x: Double) -> Double { log10(x) }
private func cSin(_ x: Double) -> Double { sin(x) }
private func cCos(_ x: Double) -> Double { cos(x) }
private func cTan(_ x: Double) -> Double { tan(x) }
private func cAsin(_ x: Double) -> Double { asin(x) }
private func cAcos(_ x: Double) -> Double { acos(x) }
private func cAtan(_ x: Double) -> Double { atan(x) }
private func cSinh(_ x: Double) -> Double { sinh(x) }
private func cCosh(_ x: Double) -> Double { cosh(x) }
private func cTanh(_ x: Double) -> Double { tanh(x) }
private func cAsinh(_ x: Double) -> Double { asinh(x) }
private func cAcosh(_ x: Double) -> Double { acosh(x) }
private func cAtanh(_ x: Double) -> Double { atanh(x) }

/// Functions of a time in seconds since the epoch.
enum DateFunction: String, Sendable {
    case daysInMonth = "days_in_month"
    case dayOfMonth = "day_of_month"
    case dayOfWeek = "day_of_week"
    case dayOfYear = "day_of_year"
    case hour, minute, month, year

    func callAsFunction(_ seconds: Double) -> Double {
        // What is no number of seconds, or too many, is for Prometheus on x86-64 the second behind the last that can be counted, whose
        // minute is the last one's.
        let whole = Int64(exactly: seconds.rounded(.towardZero)) ?? .max
        let time = CivilTime(seconds: whole == .min ? .max : whole)
        return switch self {
        case .daysInMonth: Double(time.daysInMonth)
        case .dayOfMonth: Double(time.day)
        case .dayOfWeek: Double(time.weekday)
        case .dayOfYear: Double(time.yearDay)
        case .hour: Double(time.hour)
        case .minute: Double(time.minute)
        case .month: Double(time.month)
        case .year: Double(time.year)
        }
    }
}

/// Functions of one native histogram.
enum HistogramFunction: String, Sendable {
    case count = "histogram_count"
    case sum = "histogram_sum"
    case avg = "histogram_avg"
    case stddev = "histogram_stddev"
    case stdvar = "histogram_stdvar"

    func callAsFunction(_ histogram: NativeHistogram) -> Double {
        switch self {
        case .count: histogram.count
        case .sum: histogram.sum
        case .avg: histogram.sum / histogram.count
        case .stdvar: histogram.variance
        case .stddev: histogram.variance.squareRoot()
        }
    }

    /// Whether count and sum alone decide.
    var needsNoBuckets: Bool { self == .count || self == .sum || self == .avg }
}
