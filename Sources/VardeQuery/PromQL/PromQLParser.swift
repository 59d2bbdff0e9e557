package import VardeModel

/// Reads PromQL as Prometheus 3.14 does, all experimental syntax on; the first error in the text is the one thrown.
///
/// Recursion is bounded by `maxNesting`, the depth of the result by `maxDepth`, so that neither this nor what walks the tree runs
/// out of stack whatever a client sends.
package struct PromQLParser {
    /// How deep parentheses, calls and signs may nest.
    package static let maxNesting = 250
    /// How deep the tree may be; a chain of n operators is n deep.
    package static let maxDepth = 500

    private(set) var lexer: PromQLLexer
    private var lookahead: PromQLToken?
    /// End of the last token that may close an expression.
    private(set) var lastClosing = 0
    private var nesting = 0
    /// What the innermost construct being read expects, for the wording of errors.
    private var contexts: [(place: String, expected: String)] = []
    /// Depth of the expression read last.
    var depth = 0

    init(_ query: String) {
        lexer = PromQLLexer(query)
    }

    /// Parses and checks a whole query.
    package static func parse(_ query: String) throws(PromQLParseError) -> PromQLExpression {
        var parser = PromQLParser(query)
        if try parser.peek().kind == .endOfInput { throw parser.error(SourceRange(0, 0), "no expression found in input") }
        var expression = try parser.expression()
        let rest = try parser.peek()
        if rest.kind != .endOfInput { throw parser.unexpected(rest) }
        try PromQLTypeChecker(query: query).check(&expression)
        return expression
    }

    /// Parses a selector alone, as `match[]` parameters have it. It need not have a non-empty matcher: callers check that.
    package static func parseSelector(_ query: String) throws(PromQLParseError) -> [LabelMatcher] {
        var parser = PromQLParser(query)
        let first = try parser.peek()
        guard first.kind == .leftBrace || first.kind.canBeMetricName else { throw parser.unexpected(first) }
        let selector = try parser.selector()
        let rest = try parser.peek()
        if rest.kind != .endOfInput { throw parser.unexpected(rest) }
        return selector.matchers
    }

    // MARK: Tokens and errors

    mutating func peek() throws(PromQLParseError) -> PromQLToken {
        if let lookahead { return lookahead }
        let token = try lexer.next()
        switch token.kind {
        case .rightBrace, .rightParen, .rightBracket, .duration, .number: lastClosing = token.range.end
        default: break
        }
        lookahead = token
        return token
    }

    @discardableResult
    mutating func advance() throws(PromQLParseError) -> PromQLToken {
        let token = try peek()
        lookahead = nil
        return token
    }

    func error(_ range: SourceRange, _ reason: String) -> PromQLParseError {
        PromQLParseError(range: range, reason: reason, query: lexer.query)
    }

    func unexpected(_ token: PromQLToken, in place: String, expected: String = "") -> PromQLParseError {
        var reason = "unexpected \(token.description)"
        if !place.isEmpty { reason += " in \(place)" }
        if !expected.isEmpty { reason += ", expected \(expected)" }
        return error(token.range, reason)
    }

    func unexpected(_ token: PromQLToken) -> PromQLParseError {
        unexpected(token, in: contexts.last?.place ?? "", expected: contexts.last?.expected ?? "")
    }

    @discardableResult
    mutating func expect(_ kind: PromQLToken.Kind) throws(PromQLParseError) -> PromQLToken {
        let token = try peek()
        if token.kind != kind { throw unexpected(token) }
        return try advance()
    }

    mutating func within<T>(
        _ place: String, expected: String = "", _ body: (inout PromQLParser) throws(PromQLParseError) -> T
    ) throws(PromQLParseError) -> T {
        contexts.append((place, expected))
        let result = try body(&self)
        contexts.removeLast()
        return result
    }

    mutating func nested<T>(_ body: (inout PromQLParser) throws(PromQLParseError) -> T) throws(PromQLParseError) -> T {
        nesting += 1
        if nesting > Self.maxNesting { throw error(try peek().range, "expression is nested more than \(Self.maxNesting) levels deep") }
        let result = try body(&self)
        nesting -= 1
        return result
    }

    func tooDeep(_ range: SourceRange) -> PromQLParseError {
        error(range, "expression has more than \(Self.maxDepth) operations one inside the other")
    }

    func string(_ token: PromQLToken) throws(PromQLParseError) -> PromQLString {
        guard let bytes = PromQLUnquoting.unquote(token.text) else {
            throw error(token.range, "error unquoting string \(token.text.quoted): invalid syntax")
        }
        let isValid = String(validating: bytes, as: UTF8.self) != nil
        return PromQLString(
            value: String(decoding: bytes, as: UTF8.self), range: token.range, invalidBytes: isValid ? nil : bytes)
    }

    /// The text of a string token that names or matches a label.
    func unquote(_ token: PromQLToken) throws(PromQLParseError) -> String { try string(token).value }

    // MARK: Expressions

    /// An expression whose operators bind at least as strongly as `minPrecedence`.
    mutating func expression(_ minPrecedence: Int = 0) throws(PromQLParseError) -> PromQLExpression {
        var left = try prefix()
        while case .binary(let operation) = try peek().kind, operation.precedence >= minPrecedence {
            let token = try advance()
            let leftDepth = depth
            var node = try modifiers(operation, left)
            node.right = try nested { parser throws(PromQLParseError) in
                try parser.expression(operation.precedence + (operation == .power ? 0 : 1))
            }
            depth = max(leftDepth, depth) + 1
            if depth > Self.maxDepth { throw tooDeep(token.range) }
            left = .binary(node)
        }
        return left
    }

    /// What stands at the beginning of an expression, with the modifiers that follow it.
    private mutating func prefix() throws(PromQLParseError) -> PromQLExpression {
        let token = try peek()
        switch token.kind {
        case .binary(.add), .binary(.subtract):
            try advance()
            let operand = try nested { parser throws(PromQLParseError) in try parser.expression(BinaryOperator.power.precedence) }
            let isNegative = token.kind == .binary(.subtract)
            if case .number(var number) = operand {
                if isNegative { number.value = -number.value }
                number.range.start = token.range.start
                return .number(number)
            }
            depth += 1
            return .unary(PromQLUnary(isNegative: isNegative, expression: operand, start: token.range.start))
        default:
            return try postfix(primary())
        }
    }

    private mutating func primary() throws(PromQLParseError) -> PromQLExpression {
        let token = try peek()
        depth = 1
        switch token.kind {
        case .number, .duration: return .number(try number())
        case .string:
            try advance()
            return .string(try string(token))
        case .leftParen:
            try advance()
            let inner = try nested { parser throws(PromQLParseError) in try parser.expression() }
            let close = try expect(.rightParen)
            depth += 1
            return .paren(PromQLParen(expression: inner, range: token.range.joined(to: close.range)))
        case .leftBrace: return .selector(try selector())
        case .aggregation(let operation):
            try advance()
            switch try peek().kind {
            case .leftParen, .keyword(.by), .keyword(.without):
                return try nested { parser throws(PromQLParseError) in
                    try parser.within("aggregation") { inner throws(PromQLParseError) in try inner.aggregate(operation, token) }
                }
            default: return .selector(try selector(named: token))
            }
        case .identifier, .preprocessor:
            try advance()
            guard try peek().kind == .leftParen else { return .selector(try selector(named: token)) }
            return try nested { parser throws(PromQLParseError) in try parser.call(token) }
        default:
            guard token.kind.canBeMetricName else { throw unexpected(token) }
            try advance()
            return .selector(try selector(named: token))
        }
    }

    /// A number or duration, which is a number of seconds.
    mutating func number() throws(PromQLParseError) -> PromQLNumber {
        let token = try advance()
        if token.kind == .number {
            guard let value = PromQLNumberText.value(token.text) else {
                throw error(
                    token.range,
                    "error parsing number: strconv.ParseFloat: parsing \(token.text.quoted): \(PromQLNumberText.problem(token.text))")
            }
            return PromQLNumber(value: value, range: token.range)
        }
        let milliseconds: Int64
        do throws(DurationText.Problem) { milliseconds = try DurationText.parse(token.text) } catch {
            throw self.error(token.range, error.reason)
        }
        if milliseconds > PromQLNumberText.maxDuration { throw error(token.range, "duration out of range") }
        return PromQLNumber(value: Double(milliseconds) / 1000, isDuration: true, range: token.range)
    }

    private mutating func arguments() throws(PromQLParseError) -> [PromQLExpression] {
        try expect(.leftParen)
        var arguments: [PromQLExpression] = []
        var deepest = 0
        if try peek().kind != .rightParen {
            arguments.append(try expression())
            deepest = depth
            while true {
                let comma = try peek()
                if comma.kind != .comma { break }
                try advance()
                let next = try peek()
                do throws(PromQLParseError) {
                    arguments.append(try expression())
                } catch {
                    // Whatever follows that is no expression.
                    guard error.range == next.range, error.reason.hasPrefix("unexpected") else { throw error }
                    throw self.error(comma.range, "trailing commas not allowed in function call args")
                }
                deepest = max(deepest, depth)
            }
        }
        try expect(.rightParen)
        depth = deepest + 1
        return arguments
    }

    private mutating func call(_ name: PromQLToken) throws(PromQLParseError) -> PromQLExpression {
        let arguments = try arguments()
        guard let function = PromQLFunction.all[name.text] ?? PromQLFunction.own[name.text] else {
            throw error(name.range, "unknown function with name \(name.text.quoted)")
        }
        return .call(PromQLCall(function: function, arguments: arguments, range: SourceRange(name.range.start, lastClosing)))
    }

    private mutating func aggregate(_ operation: AggregationOperator, _ token: PromQLToken) throws(PromQLParseError) -> PromQLExpression {
        var grouping: (labels: [String], without: Bool)? = try groupingClause()
        let arguments = try arguments()
        let argumentDepth = depth
        var end = lastClosing
        if grouping == nil {
            grouping = try groupingClause()
            end = grouping == nil ? lexer.previousRightParen(else: lastClosing) : lastClosing
        }
        depth = argumentDepth
        let range = SourceRange(token.range.start, end)
        if arguments.isEmpty { throw error(range, "no arguments for aggregate expression provided") }
        let wanted = operation.takesParameter ? 2 : 1
        if arguments.count != wanted {
            throw error(
                range, "wrong number of arguments for aggregate expression provided, expected \(wanted), got \(arguments.count)")
        }
        return .aggregate(
            PromQLAggregate(
                operation: operation, expression: arguments[wanted - 1], parameter: wanted == 2 ? arguments[0] : nil,
                grouping: grouping?.labels ?? [], without: grouping?.without ?? false, range: range))
    }

    private mutating func groupingClause() throws(PromQLParseError) -> (labels: [String], without: Bool)? {
        switch try peek().kind {
        case .keyword(.by):
            try advance()
            return (try groupingLabels(), false)
        case .keyword(.without):
            try advance()
            return (try groupingLabels(), true)
        default: return nil
        }
    }
}
