extension PromQLParser {
    /// `[5m]` or `[5m:1m]` after an expression.
    mutating func bracket(_ expression: PromQLExpression) throws(PromQLParseError) -> PromQLExpression {
        let open = try advance()
        let innerDepth = depth
        let duration = try within("subquery or range selector", expected: "number, duration, step(), or range()") {
            parser throws(PromQLParseError) in try parser.positiveDuration()
        }
        depth = innerDepth
        let next = try peek()
        if next.kind == .rightBracket {
            try advance()
            return try rangeSelector(expression, duration, open.range.joined(to: next.range))
        }
        if next.kind != .colon { throw unexpected(next, in: "subquery or range", expected: "\":\" or \"]\"") }
        try advance()
        var node = PromQLSubquery(expression: expression, duration: 0, end: 0)
        (node.duration, node.durationExpression) = Self.split(duration)
        if try peek().kind != .rightBracket {
            let step = try within("subquery selector", expected: "number, duration, step(), range(), or \"]\"") {
                parser throws(PromQLParseError) in try parser.positiveDuration()
            }
            (node.step, node.stepExpression) = Self.split(step)
        }
        let close = try peek()
        if close.kind != .rightBracket { throw unexpected(close, in: "subquery selector", expected: "\"]\"") }
        try advance()
        node.end = close.range.end
        depth = innerDepth + 1
        return .subquery(node)
    }

    private func rangeSelector(
        _ expression: PromQLExpression, _ duration: PromQLDuration, _ brackets: SourceRange
    ) throws(PromQLParseError)
        -> PromQLExpression
    {
        guard case .selector(let selector) = expression else { throw error(brackets, "ranges only allowed for vector selectors") }
        if selector.shift.offset != 0 || selector.shift.offsetExpression != nil {
            throw error(brackets, "no offset modifiers allowed before range")
        }
        if selector.shift.at != nil { throw error(brackets, "no @ modifiers allowed before range") }
        let (milliseconds, durationExpression) = Self.split(duration)
        return .range(
            PromQLRange(selector: selector, duration: milliseconds, durationExpression: durationExpression, end: lastClosing))
    }

    private static func split(_ duration: PromQLDuration) -> (Int64, PromQLDuration?) {
        if case .number(let number) = duration { return (PromQLNumberText.milliseconds(number.value), nil) }
        return (0, duration)
    }

    private mutating func positiveDuration() throws(PromQLParseError) -> PromQLDuration {
        let duration = try self.duration()
        if case .number(let number) = duration, number.value <= 0 { throw error(number.range, "duration must be greater than 0") }
        return duration
    }

    /// What may follow `offset`: arithmetic only where it begins with a parenthesis, so that `a offset -2^2` is `(a offset -2)^2`.
    mutating func offsetDuration() throws(PromQLParseError) -> PromQLDuration {
        let first = try peek()
        switch first.kind {
        case .binary(.add), .binary(.subtract):
            try advance()
            switch try peek().kind {
            case .binary(.add), .binary(.subtract):
                return try signed(first, try nested { parser throws(PromQLParseError) in try parser.duration(6) })
            case .leftParen:
                try advance()
                let inner = try nested { parser throws(PromQLParseError) in try parser.duration() }
                try expect(.rightParen)
                return try signed(first, Self.wrapped(inner, inner.range))
            default:
                let operand = try durationOperand()
                if case .operation = operand {
                    return .operation(
                        PromQLDurationOperation(
                            kind: first.kind == .binary(.subtract) ? .subtract : .add, right: operand, start: first.range.start,
                            end: operand.range.end))
                }
                return try signed(first, operand)
            }
        case .leftParen: return try duration()
        default: return try durationOperand()
        }
    }

    /// Arithmetic of durations whose operators bind at least as strongly as `minPrecedence`.
    private mutating func duration(_ minPrecedence: Int = 0) throws(PromQLParseError) -> PromQLDuration {
        var left = try durationOperand()
        while case .binary(let operation) = try peek().kind, let kind = PromQLDurationOperation.Kind(operation),
            operation.precedence >= minPrecedence
        {
            let token = try advance()
            let right = try nested { parser throws(PromQLParseError) in
                try parser.duration(operation.precedence + (operation == .power ? 0 : 1))
            }
            if case .number(let number) = right, number.value == 0 {
                if kind == .divide { throw error(token.range, "division by zero") }
                if kind == .modulo { throw error(token.range, "modulo by zero") }
            }
            depth += 1
            if depth > Self.maxDepth { throw tooDeep(token.range) }
            left = .operation(PromQLDurationOperation(kind: kind, left: left, right: right))
        }
        return left
    }

    private mutating func durationOperand() throws(PromQLParseError) -> PromQLDuration {
        let token = try peek()
        switch token.kind {
        case .number, .duration:
            let number = try self.number()
            if number.value.magnitude > PromQLNumberText.maxSeconds { throw error(number.range, "duration out of range") }
            return .number(number)
        case .binary(.add), .binary(.subtract):
            try advance()
            return try signed(token, try nested { parser throws(PromQLParseError) in try parser.duration(6) })
        case .preprocessor(.step), .preprocessor(.range):
            try advance()
            try expect(.leftParen)
            let close = try expect(.rightParen)
            return .operation(
                PromQLDurationOperation(
                    kind: token.kind == .preprocessor(.step) ? .step : .range, start: token.range.start, end: close.range.end))
        case .preprocessor(.maxOf), .preprocessor(.minOf):
            try advance()
            try expect(.leftParen)
            let left = try nested { parser throws(PromQLParseError) in try parser.duration() }
            try expect(.comma)
            let right = try nested { parser throws(PromQLParseError) in try parser.duration() }
            let close = try expect(.rightParen)
            return .operation(
                PromQLDurationOperation(
                    kind: token.kind == .preprocessor(.maxOf) ? .maxOf : .minOf, left: left, right: right, start: token.range.start,
                    end: close.range.end))
        case .leftParen:
            try advance()
            let inner = try nested { parser throws(PromQLParseError) in try parser.duration() }
            let close = try expect(.rightParen)
            return Self.wrapped(inner, token.range.joined(to: close.range))
        default: throw unexpected(token)
        }
    }

    /// A duration in parentheses; a bare number becomes an operation so that the parentheses are kept.
    private static func wrapped(_ inner: PromQLDuration, _ range: SourceRange) -> PromQLDuration {
        if case .operation(var operation) = inner {
            operation.isWrapped = true
            return .operation(operation)
        }
        return .operation(PromQLDurationOperation(kind: .add, right: inner, isWrapped: true, start: range.start, end: range.end))
    }

    private func signed(_ sign: PromQLToken, _ operand: PromQLDuration) throws(PromQLParseError) -> PromQLDuration {
        let isNegative = sign.kind == .binary(.subtract)
        switch operand {
        case .operation:
            if !isNegative { return operand }
            return .operation(
                PromQLDurationOperation(kind: .subtract, right: operand, start: sign.range.start, end: operand.range.end))
        case .number(var number):
            if isNegative { number.value = -number.value }
            if number.value.magnitude > PromQLNumberText.maxSeconds { throw error(sign.range, "duration out of range") }
            number.range.start = sign.range.start
            return .number(number)
        }
    }
}

extension PromQLDurationOperation.Kind {
    fileprivate init?(_ operation: BinaryOperator) {
        switch operation {
        case .add: self = .add
        case .subtract: self = .subtract
        case .multiply: self = .multiply
        case .divide: self = .divide
        case .modulo: self = .modulo
        case .power: self = .power
        default: return nil
        }
    }
}
