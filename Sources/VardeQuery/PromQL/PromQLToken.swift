internal import VardeModel

/// A stretch of a query in bytes of its UTF-8 form: `start` inclusive, `end` exclusive.
package struct SourceRange: Sendable, Hashable {
    package var start: Int
    package var end: Int

    package init(_ start: Int, _ end: Int) {
        self.start = start
        self.end = end
    }

    /// From the start of this range to the end of another.
    package func joined(to other: SourceRange) -> SourceRange { SourceRange(start, other.end) }

    /// `line:column` of the start, both counted from 1, columns in bytes, as Prometheus writes positions.
    package func position(in query: String) -> String {
        let bytes = query.utf8
        if bytes.isEmpty { return "unknown position" }
        if start < 0 || start > bytes.count { return "invalid position" }
        var line = 1
        var lastBreak = -1
        for (i, byte) in bytes.prefix(start).enumerated() where byte == UInt8(ascii: "\n") {
            lastBreak = i
            line += 1
        }
        return "\(line):\(start - lastBreak)"
    }
}

/// A word of PromQL.
struct PromQLToken: Sendable {
    enum Kind: Sendable, Equatable {
        case endOfInput
        case identifier
        case metricIdentifier
        case string
        case number
        case duration
        case leftBrace
        case rightBrace
        case leftParen
        case rightParen
        case leftBracket
        case rightBracket
        case comma
        case colon
        case at
        /// `=` and the regular-expression operators of matchers.
        case equal
        case equalRegex
        case notEqualRegex
        case binary(BinaryOperator)
        case aggregation(AggregationOperator)
        case keyword(Keyword)
        case preprocessor(Preprocessor)
    }

    /// Words that modify what stands before or after them.
    enum Keyword: String, Sendable {
        case offset
        case smoothed
        case anchored
        case by
        case without
        case on
        case ignoring
        case groupLeft = "group_left"
        case groupRight = "group_right"
        case fill
        case fillLeft = "fill_left"
        case fillRight = "fill_right"
        case bool
    }

    /// Words that stand for a property of the query.
    enum Preprocessor: String, Sendable {
        case start
        case end
        case step
        case range
        case maxOf = "max_of"
        case minOf = "min_of"
    }

    var kind: Kind
    var range: SourceRange
    /// The token as written.
    var text: String

    /// The token as error messages name it.
    var description: String {
        switch kind {
        case .endOfInput: "end of input"
        case .identifier: "identifier \(text.quoted)"
        case .metricIdentifier: "metric identifier \(text.quoted)"
        case .string: "string \(shortened)"
        case .number: "number \(shortened)"
        case .duration: "duration \(shortened)"
        case .keyword: "<\(text)>"
        case .binary: "<op:\(text)>"
        case .at: "<op:@>"
        case .equalRegex, .notEqualRegex: "<op:\(text)>"
        case .aggregation: "<aggr:\(text)>"
        default: shortened
        }
    }

    private var shortened: String {
        text.unicodeScalars.count > 10 && text.utf8.count > 10
            ? String(String.UnicodeScalarView(text.unicodeScalars.prefix(10))).quoted + "..." : text.quoted
    }
}

extension PromQLToken.Kind {
    /// Words that are keywords outside braces, in lower case.
    static let words: [String: PromQLToken.Kind] = {
        var words: [String: PromQLToken.Kind] = ["inf": .number, "nan": .number]
        for operation in [BinaryOperator.and, .or, .unless, .atan2] { words[operation.rawValue] = .binary(operation) }
        for operation in AggregationOperator.allCases { words[operation.rawValue] = .aggregation(operation) }
        let keywords: [PromQLToken.Keyword] = [
            .offset, .smoothed, .anchored, .by, .without, .on, .ignoring, .groupLeft, .groupRight, .fill, .fillLeft, .fillRight, .bool,
        ]
        for keyword in keywords { words[keyword.rawValue] = .keyword(keyword) }
        for word in [PromQLToken.Preprocessor.start, .end, .step, .range, .maxOf, .minOf] { words[word.rawValue] = .preprocessor(word) }
        return words
    }()

    /// Whether the word may be a metric's name where an expression begins.
    var canBeMetricName: Bool {
        switch self {
        case .identifier, .metricIdentifier, .aggregation, .preprocessor: true
        case .binary(let operation): operation.isSet
        case .keyword(let keyword):
            switch keyword {
            case .by, .fill, .fillLeft, .fillRight, .offset, .without, .anchored, .smoothed: true
            default: false
            }
        default: false
        }
    }

    /// Whether the word may be a label's name in a grouping.
    var canBeLabelName: Bool {
        switch self {
        case .identifier, .metricIdentifier, .aggregation, .preprocessor: true
        case .keyword(let keyword): ![.without, .on, .ignoring, .groupLeft, .groupRight].contains(keyword)
        case .binary(let operation): operation.isSet || operation == .atan2
        default: false
        }
    }
}

/// A query that cannot be understood, with the place of the first thing wrong.
package struct PromQLParseError: Error, Sendable, Equatable {
    package var range: SourceRange
    /// What is wrong, without the position.
    package var reason: String
    package var query: String

    /// The text Prometheus gives: `1:5: parse error: …`.
    package var message: String { "\(range.position(in: query)): parse error: \(reason)" }

    /// The error an evaluation or API call ends with.
    package var queryError: QueryError { .badData(message) }
}

extension PromQLParseError: CustomStringConvertible {
    package var description: String { message }
}
