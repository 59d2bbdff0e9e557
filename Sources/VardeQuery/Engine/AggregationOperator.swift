/// How series of a group become one, or which of them are kept.
package enum AggregationOperator: String, Sendable, CaseIterable {
    case sum
    case avg
    case count
    case min
    case max
    case group
    case stddev
    case stdvar
    case topk
    case bottomk
    case quantile
    case countValues = "count_values"
    case limitk
    case limitRatio = "limit_ratio"

    /// Whether a parameter precedes the vector.
    package var takesParameter: Bool {
        switch self {
        case .topk, .bottomk, .quantile, .countValues, .limitk, .limitRatio: true
        default: false
        }
    }

    /// Whether series can be folded one by one, none of them being kept.
    package var folds: Bool {
        switch self {
        case .sum, .avg, .count, .min, .max, .group, .stddev, .stdvar: true
        default: false
        }
    }

    /// Whether the result is some of the input's series, unchanged.
    package var selects: Bool {
        switch self {
        case .topk, .bottomk, .limitk, .limitRatio: true
        default: false
        }
    }
}
