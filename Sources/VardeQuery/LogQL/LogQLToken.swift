/// What a piece of LogQL text is.
enum LogQLTokenKind: Sendable, Equatable {
    case identifier
    case string
    case number
    case duration
    case bytes
    /// `[5m]`
    case range
    case parserFlag
    /// A reserved word or operator; its text says which.
    case symbol
    case end
}

/// A piece of LogQL text with its place.
struct LogQLToken: Sendable {
    var kind: LogQLTokenKind
    /// As written; of a string what it stands for.
    var text: String
    /// Nanoseconds of durations and ranges, bytes of sizes.
    var amount: Int64 = 0
    var line: Int
    var column: Int

    /// How Loki's messages name it.
    var name: String {
        switch kind {
        case .identifier: "IDENTIFIER"
        case .string: "STRING"
        case .number: "NUMBER"
        case .duration: "DURATION"
        case .bytes: "BYTES"
        case .range: "RANGE"
        case .parserFlag: "PARSER_FLAG"
        case .symbol: text
        case .end: "$end"
        }
    }

    func isSymbol(_ wanted: String) -> Bool { kind == .symbol && text == wanted }

    /// Words that are reserved wherever they stand.
    static let reserved: Set<String> = [
        "by", "without", "bool", "offset", "on", "ignoring", "group_left", "group_right", "or", "and", "unless", "json", "regexp",
        "logfmt", "unpack", "pattern", "unwrap", "line_format", "label_format", "decolorize", "drop", "keep",
    ]

    /// Words that are reserved where `(`, `by` or `without` follows.
    static let functions: Set<String> = [
        "rate", "rate_counter", "count_over_time", "bytes_rate", "bytes_over_time", "avg_over_time", "sum_over_time", "min_over_time",
        "max_over_time", "stdvar_over_time", "stddev_over_time", "quantile_over_time", "first_over_time", "last_over_time",
        "absent_over_time", "vector", "sum", "avg", "max", "min", "count", "stddev", "stdvar", "bottomk", "topk", "approx_topk", "sort",
        "sort_desc", "label_replace", "bytes", "duration", "duration_seconds", "ip", "pii",
    ]
}
