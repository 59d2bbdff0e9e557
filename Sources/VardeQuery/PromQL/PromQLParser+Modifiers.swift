internal import VardeModel

extension PromQLParser {
    /// Label names in parentheses after `by`, `without`, `on`, `ignoring` and the `group_` words.
    mutating func groupingLabels() throws(PromQLParseError) -> [String] {
        let place = "grouping opts"
        let open = try peek()
        if open.kind != .leftParen { throw unexpected(open, in: place, expected: "\"(\"") }
        try advance()
        var labels: [String] = []
        while true {
            let token = try peek()
            if token.kind == .rightParen { break }
            if token.kind == .string {
                try advance()
                let literal = try string(token)
                let name = literal.value
                if name.isEmpty || literal.invalidBytes != nil {
                    let shown = PromQLUnquoting.quote(literal.invalidBytes ?? [])
                    throw error(token.range, "invalid label name for grouping: \(shown)")
                }
                labels.append(name)
            } else if token.kind.canBeLabelName {
                try advance()
                labels.append(token.text)
            } else {
                throw unexpected(token, in: place, expected: "label")
            }
            let next = try peek()
            if next.kind == .rightParen { break }
            if next.kind != .comma { throw unexpected(next, in: place, expected: "\",\" or \")\"") }
            try advance()
        }
        try advance()
        return labels
    }

    /// `bool`, `on`, `group_left`, `fill` and their kin after a binary operator. The right side is still to be set.
    mutating func modifiers(_ operation: BinaryOperator, _ left: PromQLExpression) throws(PromQLParseError) -> PromQLBinary {
        var matching = VectorMatching()
        var returnsBool = false
        if try peek().kind == .keyword(.bool) {
            try advance()
            returnsBool = true
        }
        let kind = try peek().kind
        if kind == .keyword(.on) || kind == .keyword(.ignoring) {
            try advance()
            matching.on = kind == .keyword(.on)
            matching.labels = try groupingLabels()
            let group = try peek().kind
            if group == .keyword(.groupLeft) || group == .keyword(.groupRight) {
                try advance()
                matching.cardinality = group == .keyword(.groupLeft) ? .manyToOne : .oneToMany
                if try peek().kind == .leftParen { matching.include = try groupingLabels() }
            }
        }
        switch try peek().kind {
        case .keyword(.fill):
            try advance()
            let value = try fillValue()
            matching.fillLeft = value
            matching.fillRight = value
        case .keyword(.fillLeft):
            try advance()
            matching.fillLeft = try fillValue()
            if try peek().kind == .keyword(.fillRight) {
                try advance()
                matching.fillRight = try fillValue()
            }
        case .keyword(.fillRight):
            try advance()
            matching.fillRight = try fillValue()
            if try peek().kind == .keyword(.fillLeft) {
                try advance()
                matching.fillLeft = try fillValue()
            }
        default: break
        }
        return PromQLBinary(operation: operation, left: left, right: left, matching: matching, returnsBool: returnsBool)
    }

    private mutating func fillValue() throws(PromQLParseError) -> Double {
        try expect(.leftParen)
        let value = try signedNumber()
        try expect(.rightParen)
        return value
    }

    private mutating func signedNumber() throws(PromQLParseError) -> Double {
        var sign = 1.0
        switch try peek().kind {
        case .binary(.add): try advance()
        case .binary(.subtract):
            try advance()
            sign = -1
        default: break
        }
        let token = try peek()
        guard token.kind == .number || token.kind == .duration else { throw unexpected(token) }
        return sign * (try number()).value
    }

    /// Ranges, `offset`, `@`, `anchored` and `smoothed` after an expression.
    mutating func postfix(_ primary: PromQLExpression) throws(PromQLParseError) -> PromQLExpression {
        var expression = primary
        while true {
            switch try peek().kind {
            case .leftBracket: expression = try bracket(expression)
            case .keyword(.offset):
                try advance()
                let offset = try within("offset", expected: "number, duration, step(), or range()") { parser throws(PromQLParseError) in
                    try parser.offsetDuration()
                }
                expression = try adding(offset, to: expression)
            case .at:
                try advance()
                let at = try within("@", expected: "timestamp") { parser throws(PromQLParseError) in
                    try parser.timestamp(for: expression)
                }
                expression = try adding(at, to: expression)
            case .keyword(.anchored):
                try advance()
                expression = try extending(expression, "anchored")
            case .keyword(.smoothed):
                try advance()
                expression = try extending(expression, "smoothed")
            default: return expression
            }
        }
    }

    private mutating func timestamp(for expression: PromQLExpression) throws(PromQLParseError) -> PromQLAt {
        if case .preprocessor(let word) = try peek().kind, word == .start || word == .end {
            try advance()
            try expect(.leftParen)
            try expect(.rightParen)
            return word == .start ? .start : .end
        }
        let seconds = try signedNumber()
        if !seconds.isFinite || seconds >= 0x1p63 || seconds <= -0x1p63 {
            throw error(expression.range, "timestamp out of bounds for @ modifier: \(PromQLNumberText.fixed(seconds))")
        }
        let milliseconds = (seconds * 1000).rounded()
        return .time(milliseconds >= 0x1p63 ? .max : milliseconds < -0x1p63 ? .min : Int64(milliseconds))
    }

    private func adding(_ at: PromQLAt, to expression: PromQLExpression) throws(PromQLParseError) -> PromQLExpression {
        var shift = try shift(of: expression, for: "@ modifier")
        if shift.at != nil { throw error(expression.range, "@ <timestamp> may not be set multiple times") }
        shift.at = at
        return setting(shift, of: expression)
    }

    /// - Throws: where `modifier` cannot stand after the expression.
    private func shift(of expression: PromQLExpression, for modifier: String) throws(PromQLParseError) -> PromQLTimeShift {
        switch expression {
        case .selector(let node): return node.shift
        case .range(let node): return node.selector.shift
        case .subquery(let node): return node.shift
        default:
            throw error(
                expression.range,
                "\(modifier) must be preceded by an instant vector selector or range vector selector or a subquery")
        }
    }

    private func adding(_ offset: PromQLDuration, to expression: PromQLExpression) throws(PromQLParseError) -> PromQLExpression {
        var shift = try shift(of: expression, for: "offset modifier")
        if shift.offset != 0 || shift.offsetExpression != nil { throw error(expression.range, "offset may not be set multiple times") }
        if case .number(let number) = offset {
            shift.offset = PromQLNumberText.milliseconds(number.value)
        } else {
            shift.offsetExpression = offset
        }
        return setting(shift, of: expression)
    }

    private func setting(_ shift: PromQLTimeShift, of expression: PromQLExpression) -> PromQLExpression {
        switch expression {
        case .selector(var node):
            node.shift = shift
            node.range.end = lastClosing
            return .selector(node)
        case .range(var node):
            node.selector.shift = shift
            node.end = lastClosing
            return .range(node)
        case .subquery(var node):
            node.shift = shift
            node.end = lastClosing
            return .subquery(node)
        default: return expression
        }
    }

    private func extending(_ expression: PromQLExpression, _ word: String) throws(PromQLParseError) -> PromQLExpression {
        func marked(_ selector: PromQLSelector) throws(PromQLParseError) -> PromQLSelector {
            var selector = selector
            if word == "anchored" { selector.isAnchored = true } else { selector.isSmoothed = true }
            if selector.isAnchored, selector.isSmoothed {
                throw error(expression.range, "anchored and smoothed modifiers cannot be used together")
            }
            return selector
        }
        switch expression {
        case .selector(let node): return .selector(try marked(node))
        case .range(var node):
            node.selector = try marked(node.selector)
            return .range(node)
        case .subquery: throw error(expression.range, "\(word) modifier is not supported for subqueries")
        default: throw error(expression.range, "\(word) modifier not implemented")
        }
    }
}
