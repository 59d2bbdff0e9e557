package import VardeModel

/// What an expression evaluates to.
package enum PromQLValueType: String, Sendable {
    case scalar
    case string
    case vector
    case matrix

    /// The type as error messages name it.
    package var documented: String {
        switch self {
        case .vector: "instant vector"
        case .matrix: "range vector"
        default: rawValue
        }
    }
}

/// A parsed PromQL expression; positions are bytes of the query.
package indirect enum PromQLExpression: Sendable {
    case number(PromQLNumber)
    case string(PromQLString)
    case selector(PromQLSelector)
    case range(PromQLRange)
    case subquery(PromQLSubquery)
    case call(PromQLCall)
    case aggregate(PromQLAggregate)
    case binary(PromQLBinary)
    case unary(PromQLUnary)
    case paren(PromQLParen)
}

/// A number, written as one or as a duration in seconds.
package struct PromQLNumber: Sendable {
    package var value: Double
    package var isDuration = false
    package var range: SourceRange
}

/// A string literal.
package struct PromQLString: Sendable {
    package var value: String
    package var range: SourceRange
    /// The bytes where escapes made them something else than UTF-8; such a text names no label.
    package var invalidBytes: [UInt8]?
}

/// Arithmetic of durations in brackets or after `offset`.
package indirect enum PromQLDuration: Sendable {
    case number(PromQLNumber)
    case operation(PromQLDurationOperation)

    package var range: SourceRange {
        switch self {
        case .number(let number): number.range
        case .operation(let operation): operation.range
        }
    }
}

/// An operation on durations: binary, unary (no left side), or a word such as `step()` (no side at all).
package struct PromQLDurationOperation: Sendable {
    package enum Kind: String, Sendable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case modulo = "%"
        case power = "^"
        case step
        case range
        case maxOf = "max_of"
        case minOf = "min_of"
    }

    package var kind: Kind
    package var left: PromQLDuration?
    package var right: PromQLDuration?
    /// Whether it stands in parentheses.
    package var isWrapped = false
    package var start = 0
    package var end = 0

    package var range: SourceRange {
        switch (left, right) {
        case (nil, nil): SourceRange(start, end)
        case (let left?, nil): SourceRange(start, left.range.end)
        case (nil, let right?): SourceRange(start, right.range.end)
        case (let left?, let right?): left.range.joined(to: right.range)
        }
    }
}

/// The point in time an `@` names.
package enum PromQLAt: Sendable, Equatable {
    /// Milliseconds since the epoch.
    case time(Int64)
    case start
    case end
}

/// `@` and `offset` of a selector or subquery.
package struct PromQLTimeShift: Sendable {
    package var at: PromQLAt?
    /// Milliseconds; 0 where it is an expression.
    package var offset: Int64 = 0
    package var offsetExpression: PromQLDuration?
}

/// A vector selector.
package struct PromQLSelector: Sendable {
    /// The metric name written before the braces, or empty.
    package var name: String
    /// In the order written; the name outside the braces comes last.
    package var matchers: [LabelMatcher]
    package var shift = PromQLTimeShift()
    package var isAnchored = false
    package var isSmoothed = false
    package var range: SourceRange
}

/// A range-vector selector.
package struct PromQLRange: Sendable {
    package var selector: PromQLSelector
    /// Milliseconds; 0 where it is an expression.
    package var duration: Int64
    package var durationExpression: PromQLDuration?
    package var end: Int

    package var range: SourceRange { SourceRange(selector.range.start, end) }
}

/// An expression evaluated over a range of its own.
package struct PromQLSubquery: Sendable {
    package var expression: PromQLExpression
    /// Milliseconds; 0 where it is an expression.
    package var duration: Int64
    package var durationExpression: PromQLDuration?
    /// Milliseconds; 0 where none is given or it is an expression.
    package var step: Int64 = 0
    package var stepExpression: PromQLDuration?
    package var shift = PromQLTimeShift()
    package var end: Int

    package var range: SourceRange { SourceRange(expression.range.start, end) }
}

/// A function call.
package struct PromQLCall: Sendable {
    package var function: PromQLFunction
    package var arguments: [PromQLExpression]
    package var range: SourceRange
}

/// An aggregation.
package struct PromQLAggregate: Sendable {
    package var operation: AggregationOperator
    package var expression: PromQLExpression
    package var parameter: PromQLExpression?
    package var grouping: [String] = []
    package var without = false
    package var range: SourceRange
}

/// An operation between two expressions.
package struct PromQLBinary: Sendable {
    package var operation: BinaryOperator
    package var left: PromQLExpression
    package var right: PromQLExpression
    /// Nil unless both sides are vectors.
    package var matching: VectorMatching?
    package var returnsBool = false
}

/// A sign before an expression.
package struct PromQLUnary: Sendable {
    package var isNegative: Bool
    package var expression: PromQLExpression
    package var start: Int
}

/// An expression in parentheses.
package struct PromQLParen: Sendable {
    package var expression: PromQLExpression
    package var range: SourceRange
}

extension PromQLExpression {
    /// Where the expression stands in the query.
    package var range: SourceRange {
        switch self {
        case .number(let node): return node.range
        case .string(let node): return node.range
        case .selector(let node): return node.range
        case .range(let node): return node.range
        case .subquery(let node): return node.range
        case .call(let node): return node.range
        case .aggregate(let node): return node.range
        case .binary(let node):
            // The left side may be a long chain: walk it instead of asking each for its range.
            var first = node.left
            while case .binary(let inner) = first { first = inner.left }
            return first.range.joined(to: node.right.range)
        case .unary(let node): return SourceRange(node.start, node.expression.range.end)
        case .paren(let node): return node.range
        }
    }

    /// What the expression evaluates to, as far as its own shape says.
    package var type: PromQLValueType {
        switch self {
        case .number: .scalar
        case .string: .string
        case .selector, .aggregate: .vector
        case .range, .subquery: .matrix
        case .call(let node): node.function.returns
        case .binary(let node): node.left.type == .scalar && node.right.type == .scalar ? .scalar : .vector
        case .unary(let node): node.expression.type
        case .paren(let node): node.expression.type
        }
    }

    /// The expression without the parentheses around it.
    package var unwrapped: PromQLExpression {
        var inner = self
        while case .paren(let node) = inner { inner = node.expression }
        return inner
    }
}
