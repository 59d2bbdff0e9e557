internal import VardeCompression
package import VardeModel

/// Reads LogQL. Every expression it gives has been checked: patterns compile, templates parse, aggregations are allowed.
package struct LogQLParser {
    var tokens: [LogQLToken]
    var position = 0
    var depth = 0
    /// Binary operators read so far: bounds the depth of a left-leaning tree.
    var operators = 0

    private init(_ text: String) throws(LogQLParseError) {
        if text.utf8.count > LogQLLimits.maxQueryBytes {
            throw LogQLParseError("input size too long (\(text.utf8.count) > \(LogQLLimits.maxQueryBytes))")
        }
        tokens = try LogQLLexer.tokens(text)
    }

    /// A whole query.
    package static func parse(_ text: String) throws(LogQLParseError) -> LogQLExpression {
        var parser = try LogQLParser(text)
        let expression: LogQLExpression
        if parser.beginsLogQuery {
            expression = .log(try parser.parenthesisedLogQuery())
        } else {
            expression = .metric(try parser.metric(minimumPrecedence: 1))
        }
        if parser.current.kind != .end { throw parser.unexpected() }
        if case .log(let query) = expression { try LogQLChecker.requirePositiveMatcher(query.matchers) }
        return expression
    }

    /// A selector alone, as look-ups take it; `{}` is allowed where `allowsEmpty`.
    package static func parseMatchers(_ text: String, allowsEmpty: Bool = true) throws(LogQLParseError) -> [LabelMatcher] {
        var parser = try LogQLParser(text)
        let matchers = try parser.selector()
        if parser.current.kind != .end { throw parser.unexpected() }
        if !allowsEmpty { try LogQLChecker.requirePositiveMatcher(matchers) }
        return matchers
    }

    // MARK: Tokens

    var current: LogQLToken { tokens[position] }

    func isAt(_ symbol: String) -> Bool { current.isSymbol(symbol) }

    func isNext(_ symbol: String) -> Bool { position + 1 < tokens.count && tokens[position + 1].isSymbol(symbol) }

    mutating func advance() { if position + 1 < tokens.count { position += 1 } }

    mutating func accept(_ symbol: String) -> Bool {
        if !isAt(symbol) { return false }
        advance()
        return true
    }

    mutating func expect(_ symbol: String, expecting: String? = nil) throws(LogQLParseError) {
        if !accept(symbol) { throw unexpected(expecting: expecting) }
    }

    func unexpected(expecting: String? = nil) -> LogQLParseError {
        LogQLParseError(
            "syntax error: unexpected \(current.name)" + (expecting.map { ", expecting \($0)" } ?? ""), line: current.line,
            column: current.column)
    }

    mutating func string(expecting: String? = "STRING") throws(LogQLParseError) -> String {
        guard current.kind == .string else { throw unexpected(expecting: expecting) }
        let text = current.text
        advance()
        return text
    }

    mutating func identifier(expecting: String? = "IDENTIFIER") throws(LogQLParseError) -> String {
        guard current.kind == .identifier else { throw unexpected(expecting: expecting) }
        let text = current.text
        advance()
        return text
    }

    mutating func enter() throws(LogQLParseError) {
        depth += 1
        if depth > LogQLLimits.maxDepth {
            throw LogQLParseError("expression is nested too deeply", line: current.line, column: current.column)
        }
    }

    // MARK: Log queries

    /// Whether a selector stands here, behind any number of opening parentheses.
    var beginsLogQuery: Bool {
        var at = position
        while at < tokens.count, tokens[at].isSymbol("(") { at += 1 }
        return tokens[at].isSymbol("{")
    }

    mutating func parenthesisedLogQuery() throws(LogQLParseError) -> LogQLLogQuery {
        var open = 0
        while accept("(") {
            open += 1
            if open > LogQLLimits.maxDepth { throw LogQLParseError("expression is nested too deeply") }
        }
        let matchers = try selector()
        var stages: [LogQLStage] = []
        while true {
            var none: LogQLUnwrap?
            try pipeline(into: &stages, unwrap: &none, allowsUnwrap: false)
            if open == 0 { break }
            try expect(")")
            open -= 1
        }
        return LogQLLogQuery(matchers: matchers, stages: stages)
    }

    mutating func selector() throws(LogQLParseError) -> [LabelMatcher] {
        try expect("{")
        var matchers: [LabelMatcher] = []
        if accept("}") { return matchers }
        while true {
            let name = try identifier(expecting: matchers.isEmpty ? "IDENTIFIER or }" : "IDENTIFIER")
            guard current.kind == .symbol, let operation = LabelMatcher.Operator(rawValue: current.text) else {
                throw unexpected()
            }
            advance()
            let matcher = LabelMatcher(name, operation, try string())
            try LogQLChecker.checkPattern(of: matcher)
            matchers.append(matcher)
            if accept("}") { return matchers }
            try expect(",", expecting: "} or ,")
        }
    }

    // MARK: Metric queries

    private static let binaryOperators: [String: BinaryOperator] = [
        "+": .add, "-": .subtract, "*": .multiply, "/": .divide, "%": .modulo, "^": .power, "==": .equal, "!=": .notEqual, ">": .greater,
        "<": .less, ">=": .greaterOrEqual, "<=": .lessOrEqual, "and": .and, "or": .or, "unless": .unless,
    ]

    mutating func metric(minimumPrecedence: Int) throws(LogQLParseError) -> LogQLMetric {
        try enter()
        defer { depth -= 1 }
        var left = try primary()
        while current.kind == .symbol, let operation = Self.binaryOperators[current.text], operation.precedence >= minimumPrecedence {
            operators += 1
            if operators > LogQLLimits.maxDepth { throw LogQLParseError("too many binary operators") }
            advance()
            let returnsBool = accept("bool")
            let matching = try vectorMatching(operation)
            let right = try metric(minimumPrecedence: operation == .power ? operation.precedence : operation.precedence + 1)
            left = try Self.combine(operation, returnsBool, matching, left, right)
        }
        return left
    }

    private static func combine(
        _ operation: BinaryOperator, _ returnsBool: Bool, _ matching: VectorMatching?, _ left: LogQLMetric, _ right: LogQLMetric
    ) throws(LogQLParseError) -> LogQLMetric {
        if operation.isSet {
            for (side, leg) in [("left", left), ("right", right)] {
                if case .literal(let value) = leg {
                    throw LogQLParseError(
                        "unexpected literal for \(side) leg of logical/set binary operation (\(operation.rawValue)): "
                            + FloatText.plain(value))
                }
            }
        }
        if case .literal(let a) = left, case .literal(let b) = right { return .literal(operation.scalar(a, b)) }
        return .binary(
            LogQLBinaryOperation(operation: operation, returnsBool: returnsBool, matching: matching, left: left, right: right))
    }

    private mutating func vectorMatching(_ operation: BinaryOperator) throws(LogQLParseError) -> VectorMatching? {
        let on = isAt("on")
        guard on || isAt("ignoring") else { return nil }
        advance()
        var matching = VectorMatching()
        matching.on = on
        matching.labels = try labelList()
        if operation.isSet { matching.cardinality = .manyToMany }
        let isLeft = isAt("group_left")
        if isLeft || isAt("group_right") {
            advance()
            matching.cardinality = isLeft ? .manyToOne : .oneToMany
            // Parentheses directly after may hold labels, or begin the right operand.
            if isAt("("), closesLabelList() { matching.include = try labelList() }
        }
        return matching
    }

    /// Whether the parenthesis here encloses only label names.
    private func closesLabelList() -> Bool {
        var at = position + 1
        while at < tokens.count, tokens[at].kind == .identifier || tokens[at].isSymbol(",") { at += 1 }
        return at < tokens.count && tokens[at].isSymbol(")")
    }

    mutating func labelList() throws(LogQLParseError) -> [String] {
        try expect("(")
        var labels: [String] = []
        if accept(")") { return labels }
        while true {
            labels.append(try identifier())
            if accept(")") { return labels }
            try expect(",", expecting: ") or ,")
        }
    }

    mutating func grouping() throws(LogQLParseError) -> LogQLGrouping? {
        let without = isAt("without")
        guard without || isAt("by") else { return nil }
        advance()
        return LogQLGrouping(without: without, labels: try labelList())
    }

    private mutating func primary() throws(LogQLParseError) -> LogQLMetric {
        let token = current
        switch token.kind {
        case .number: return .literal(try number())
        case .symbol: break
        default: throw unexpected()
        }
        switch token.text {
        case "(":
            advance()
            let inner = try metric(minimumPrecedence: 1)
            try expect(")")
            return inner
        case "+", "-":
            advance()
            guard current.kind == .number else { throw unexpected(expecting: "NUMBER") }
            let value = try number()
            return .literal(token.text == "-" ? -value : value)
        case "vector":
            advance()
            try expect("(")
            guard current.kind == .number else { throw unexpected(expecting: "NUMBER") }
            let value = try number()
            try expect(")")
            return .constant(value)
        case "label_replace": return try labelReplace()
        default: break
        }
        if let operation = LogQLRangeOperation(rawValue: token.text) { return .range(try rangeAggregation(operation)) }
        if let operation = LogQLVectorOperation(rawValue: token.text) { return .vector(try vectorAggregation(operation)) }
        throw unexpected()
    }

    mutating func number() throws(LogQLParseError) -> Double {
        let text = current.text
        guard let value = LogQLUnits.goFloat(text) else {
            throw LogQLParseError("unable to parse literal as a float: strconv.ParseFloat: parsing \(text.quoted): invalid syntax")
        }
        advance()
        return value
    }

    private mutating func labelReplace() throws(LogQLParseError) -> LogQLMetric {
        advance()
        try expect("(")
        let operand = try metric(minimumPrecedence: 1)
        var texts: [String] = []
        for _ in 0..<4 {
            try expect(",")
            texts.append(try string())
        }
        try expect(")")
        do {
            _ = try Regex("^(?:" + texts[3] + ")$")
        } catch {
            throw LogQLParseError("invalid regex in label_replace: " + LogQLChecker.regexText(error))
        }
        return .labelReplace(
            LogQLLabelReplace(
                operand: operand, destination: texts[0], replacement: texts[1], source: texts[2], pattern: texts[3]))
    }

    private mutating func vectorAggregation(_ operation: LogQLVectorOperation) throws(LogQLParseError) -> LogQLVectorAggregation {
        advance()
        var groups = try grouping()
        try expect("(")
        var parameter: String?
        if current.kind == .number, isNext(",") {
            parameter = current.text
            advance()
            advance()
        }
        if beginsLogQuery { throw unexpected() }
        let operand = try metric(minimumPrecedence: 1)
        try expect(")")
        if groups == nil { groups = try grouping() }
        return try LogQLChecker.vectorAggregation(operation, parameter, groups, operand)
    }

    private mutating func rangeAggregation(_ operation: LogQLRangeOperation) throws(LogQLParseError) -> LogQLRangeAggregation {
        advance()
        try expect("(")
        var parameter: Double?
        if current.kind == .number {
            parameter = try number()
            try expect(",")
        }
        var body = LogQLRangeBody()
        try rangeBody(&body)
        try expect(")")
        let groups = try grouping()
        let aggregation = LogQLRangeAggregation(
            operation: operation, parameter: parameter, query: LogQLLogQuery(matchers: body.matchers, stages: body.stages),
            unwrap: body.unwrap, range: body.range, offset: body.offset, grouping: groups)
        try LogQLChecker.check(aggregation)
        return aggregation
    }

    /// `{selector} stages unwrap [range] offset`, the range also before the stages, parentheses around any leading part.
    private mutating func rangeBody(_ body: inout LogQLRangeBody) throws(LogQLParseError) {
        var open = 0
        while accept("(") {
            open += 1
            if open > LogQLLimits.maxDepth { throw LogQLParseError("expression is nested too deeply") }
        }
        body.matchers = try selector()
        while true {
            try pipeline(into: &body.stages, unwrap: &body.unwrap, allowsUnwrap: true)
            if current.kind == .range, body.range == 0 {
                body.range = try boundedDuration()
                advance()
                if accept("offset") {
                    let negative = accept("-")
                    guard current.kind == .duration else { throw unexpected(expecting: "DURATION") }
                    let amount = try boundedDuration()
                    body.offset = negative ? -amount : amount
                    advance()
                }
                continue
            }
            if open > 0, isAt(")") {
                advance()
                open -= 1
                continue
            }
            break
        }
        if body.range == 0 || open > 0 { throw unexpected() }
    }

    /// The duration at hand: longer ones would lead out of what times there are.
    private func boundedDuration() throws(LogQLParseError) -> Int64 {
        if current.amount > LogQLLimits.longestDuration { throw LogQLParseError("a duration is longer than 36 years") }
        return current.amount
    }
}

/// What stands between the parentheses of a range aggregation.
struct LogQLRangeBody {
    var matchers: [LabelMatcher] = []
    var stages: [LogQLStage] = []
    var unwrap: LogQLUnwrap?
    var range: Int64 = 0
    var offset: Int64 = 0
}
