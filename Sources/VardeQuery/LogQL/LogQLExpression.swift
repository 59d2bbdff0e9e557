package import VardeModel

/// A LogQL query: lines, or a vector made of them.
package enum LogQLExpression: Sendable, Equatable {
    case log(LogQLLogQuery)
    case metric(LogQLMetric)
}

/// `{selector} | stages`.
package struct LogQLLogQuery: Sendable, Equatable {
    package var matchers: [LabelMatcher]
    package var stages: [LogQLStage]

    package init(matchers: [LabelMatcher], stages: [LogQLStage]) {
        self.matchers = matchers
        self.stages = stages
    }
}

/// A stage of a pipeline.
package indirect enum LogQLStage: Sendable, Equatable {
    case lineFilter(LogQLLineFilter)
    case json([LogQLExtraction])
    case logfmt(strict: Bool, keepEmpty: Bool, [LogQLExtraction])
    case pattern(String)
    case regexp(String)
    case unpack
    case labelFilter(LogQLLabelFilter)
    case lineFormat(String)
    case labelFormat([LogQLLabelFormat])
    case decolorize
    case drop([LogQLNamed])
    case keep([LogQLNamed])
}

/// `|= "a" or ip("b")`: one operation on several operands.
package struct LogQLLineFilter: Sendable, Equatable {
    package enum Operation: String, Sendable {
        case contains = "|="
        case notContains = "!="
        case matches = "|~"
        case notMatches = "!~"
        case pattern = "|>"
        case notPattern = "!>"

        package var isNegated: Bool { rawValue.hasPrefix("!") }
    }

    package enum Operand: Sendable, Equatable {
        case text(String)
        case ip(String)
        case pii(String)
    }

    package var operation: Operation
    package var operands: [Operand]
}

/// `name="expression"` of the json and logfmt parsers.
package struct LogQLExtraction: Sendable, Equatable {
    package var name: String
    package var expression: String
}

/// `new=old` or `new="template"` of label_format.
package struct LogQLLabelFormat: Sendable, Equatable {
    package enum Source: Sendable, Equatable {
        case rename(String)
        case template(String)
    }

    package var name: String
    package var source: Source
}

/// A label of drop and keep: by name alone or where its value matches.
package struct LogQLNamed: Sendable, Equatable {
    package var name: String
    package var matcher: LabelMatcher?
}

/// How a label filter compares.
package enum LogQLComparison: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case greater = ">"
    case greaterOrEqual = ">="
    case less = "<"
    case lessOrEqual = "<="

    @inline(__always)
    func holds<T: Comparable>(_ a: T, _ b: T) -> Bool {
        switch self {
        case .equal: a == b
        case .notEqual: a != b
        case .greater: a > b
        case .greaterOrEqual: a >= b
        case .less: a < b
        case .lessOrEqual: a <= b
        }
    }
}

/// A condition on a line's labels.
package indirect enum LogQLLabelFilter: Sendable, Equatable {
    case string(LabelMatcher)
    /// The number and how it was written.
    case number(String, LogQLComparison, Double, text: String)
    /// Nanoseconds.
    case duration(String, LogQLComparison, Int64)
    case bytes(String, LogQLComparison, UInt64, text: String)
    case ip(String, negated: Bool, String)
    case pii(String, negated: Bool, String)
    case and(LogQLLabelFilter, LogQLLabelFilter)
    case or(LogQLLabelFilter, LogQLLabelFilter)
}

/// `unwrap conversion(label) | filters`.
package struct LogQLUnwrap: Sendable, Equatable {
    package enum Conversion: String, Sendable {
        case none = ""
        case bytes
        case duration
        case durationSeconds = "duration_seconds"
    }

    package var label: String
    package var conversion: Conversion
    package var filters: [LogQLLabelFilter]
}

/// `by (a, b)` or `without (a, b)`.
package struct LogQLGrouping: Sendable, Equatable {
    package var without: Bool
    package var labels: [String]
}

/// Functions over a range of lines or of unwrapped values.
package enum LogQLRangeOperation: String, Sendable, CaseIterable {
    case rate
    case rateCounter = "rate_counter"
    case count = "count_over_time"
    case bytesRate = "bytes_rate"
    case bytes = "bytes_over_time"
    case avg = "avg_over_time"
    case sum = "sum_over_time"
    case min = "min_over_time"
    case max = "max_over_time"
    case stdvar = "stdvar_over_time"
    case stddev = "stddev_over_time"
    case quantile = "quantile_over_time"
    case first = "first_over_time"
    case last = "last_over_time"
    case absent = "absent_over_time"
}

/// `operation(parameter, {selector} | stages | unwrap x [range] offset o) by (labels)`.
package struct LogQLRangeAggregation: Sendable, Equatable {
    package var operation: LogQLRangeOperation
    package var parameter: Double?
    package var query: LogQLLogQuery
    package var unwrap: LogQLUnwrap?
    /// Nanoseconds.
    package var range: Int64
    /// Nanoseconds.
    package var offset: Int64
    package var grouping: LogQLGrouping?
}

/// Functions over the series of a vector.
package enum LogQLVectorOperation: String, Sendable, CaseIterable {
    case sum, avg, max, min, count, stddev, stdvar, bottomk, topk, sort
    case approxTopk = "approx_topk"
    case sortDesc = "sort_desc"

    var takesParameter: Bool { self == .topk || self == .bottomk || self == .approxTopk }
}

/// `operation by (labels) (parameter, vector)`.
package struct LogQLVectorAggregation: Sendable, Equatable {
    package var operation: LogQLVectorOperation
    package var parameter: Int?
    package var grouping: LogQLGrouping?
    package var operand: LogQLMetric
}

/// `left op bool on (labels) group_left (labels) right`.
package struct LogQLBinaryOperation: Sendable, Equatable {
    package var operation: BinaryOperator
    package var returnsBool: Bool
    package var matching: VectorMatching?
    package var left: LogQLMetric
    package var right: LogQLMetric
}

/// `label_replace(vector, "dst", "replacement", "src", "regex")`.
package struct LogQLLabelReplace: Sendable, Equatable {
    package var operand: LogQLMetric
    package var destination: String
    package var replacement: String
    package var source: String
    package var pattern: String
}

/// An expression that yields numbers.
package indirect enum LogQLMetric: Sendable, Equatable {
    case range(LogQLRangeAggregation)
    case vector(LogQLVectorAggregation)
    case binary(LogQLBinaryOperation)
    case labelReplace(LogQLLabelReplace)
    case literal(Double)
    /// `vector(1)`.
    case constant(Double)
}
