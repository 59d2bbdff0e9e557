internal import VardeModel

extension LogQLParser {
    /// Stages as far as they go; after `unwrap` only label filters follow.
    mutating func pipeline(into stages: inout [LogQLStage], unwrap: inout LogQLUnwrap?, allowsUnwrap: Bool) throws(LogQLParseError) {
        while true {
            if stages.count + (unwrap?.filters.count ?? 0) > LogQLLimits.maxStages { throw LogQLParseError("too many pipeline stages") }
            if current.kind == .symbol, unwrap == nil, let operation = LogQLLineFilter.Operation(rawValue: current.text) {
                advance()
                let stage = LogQLStage.lineFilter(try lineFilter(operation))
                try LogQLChecker.check(stage)
                stages.append(stage)
                continue
            }
            guard accept("|") else { return }
            if isAt("unwrap") {
                if !allowsUnwrap || unwrap != nil { throw unexpected() }
                advance()
                unwrap = try unwrapStage()
            } else if unwrap != nil {
                guard current.kind == .identifier || isAt("(") else { throw unexpected() }
                let filter = try labelFilter()
                try LogQLChecker.check(.labelFilter(filter))
                unwrap?.filters.append(filter)
            } else {
                let stage = try pipedStage()
                try LogQLChecker.check(stage)
                stages.append(stage)
            }
        }
    }

    private mutating func lineFilter(_ operation: LogQLLineFilter.Operation) throws(LogQLParseError) -> LogQLLineFilter {
        var filter = LogQLLineFilter(operation: operation, operands: [try lineFilterOperand()])
        while accept("or") {
            if filter.operands.count >= LogQLLimits.maxOperands { throw LogQLParseError("too many operands of a line filter") }
            filter.operands.append(try lineFilterOperand())
        }
        return filter
    }

    private mutating func lineFilterOperand() throws(LogQLParseError) -> LogQLLineFilter.Operand {
        if isAt("ip") || isAt("pii") {
            let isIP = isAt("ip")
            advance()
            try expect("(")
            let text = try string()
            try expect(")")
            return isIP ? .ip(text) : .pii(text)
        }
        return .text(try string(expecting: "STRING or ip"))
    }

    private mutating func unwrapStage() throws(LogQLParseError) -> LogQLUnwrap {
        if current.kind == .symbol, let conversion = LogQLUnwrap.Conversion(rawValue: current.text), conversion != .none {
            advance()
            try expect("(")
            let label = try identifier()
            try expect(")")
            return LogQLUnwrap(label: label, conversion: conversion, filters: [])
        }
        return LogQLUnwrap(label: try identifier(expecting: nil), conversion: .none, filters: [])
    }

    private mutating func pipedStage() throws(LogQLParseError) -> LogQLStage {
        if current.kind == .identifier || isAt("(") { return .labelFilter(try labelFilter()) }
        guard current.kind == .symbol else { throw unexpected() }
        let word = current.text
        switch word {
        case "json":
            advance()
            return .json(try extractions())
        case "logfmt":
            advance()
            var strict = false
            var keepEmpty = false
            while current.kind == .parserFlag {
                if current.text == "--strict" { strict = true } else { keepEmpty = true }
                advance()
            }
            return .logfmt(strict: strict, keepEmpty: keepEmpty, try extractions())
        case "pattern":
            advance()
            return .pattern(try string())
        case "regexp":
            advance()
            return .regexp(try string())
        case "unpack":
            advance()
            return .unpack
        case "line_format":
            advance()
            return .lineFormat(try string())
        case "label_format":
            advance()
            return .labelFormat(try labelFormats())
        case "decolorize":
            advance()
            return .decolorize
        case "drop":
            advance()
            return .drop(try namedLabels())
        case "keep":
            advance()
            return .keep(try namedLabels())
        default: throw unexpected()
        }
    }

    private mutating func extractions() throws(LogQLParseError) -> [LogQLExtraction] {
        var list: [LogQLExtraction] = []
        guard current.kind == .identifier else { return list }
        while true {
            let name = try identifier()
            list.append(LogQLExtraction(name: name, expression: accept("=") ? try string() : name))
            if !accept(",") { return list }
        }
    }

    private mutating func labelFormats() throws(LogQLParseError) -> [LogQLLabelFormat] {
        var list: [LogQLLabelFormat] = []
        while true {
            let name = try identifier()
            try expect("=", expecting: "=")
            if current.kind == .string {
                list.append(LogQLLabelFormat(name: name, source: .template(try string())))
            } else {
                list.append(LogQLLabelFormat(name: name, source: .rename(try identifier(expecting: "IDENTIFIER or STRING"))))
            }
            if !accept(",") { return list }
        }
    }

    private mutating func namedLabels() throws(LogQLParseError) -> [LogQLNamed] {
        var list: [LogQLNamed] = []
        while true {
            let name = try identifier()
            var matcher: LabelMatcher?
            if current.kind == .symbol, let operation = LabelMatcher.Operator(rawValue: current.text) {
                advance()
                matcher = LabelMatcher(name, operation, try string())
            }
            list.append(LogQLNamed(name: name, matcher: matcher))
            if !accept(",") { return list }
        }
    }

    // MARK: Label filters

    /// `or` of `and`s; a comma, and nothing at all, mean `and`.
    mutating func labelFilter() throws(LogQLParseError) -> LogQLLabelFilter {
        try enter()
        defer { depth -= 1 }
        var filter = try labelFilterConjunction()
        while accept("or") {
            operators += 1
            if operators > LogQLLimits.maxOperands { throw LogQLParseError("too many operands of a label filter") }
            filter = .or(filter, try labelFilterConjunction())
        }
        return filter
    }

    private mutating func labelFilterConjunction() throws(LogQLParseError) -> LogQLLabelFilter {
        var filter = try labelFilterUnit()
        while true {
            if accept("and") || accept(",") || current.kind == .identifier || isAt("(") {
                operators += 1
                if operators > LogQLLimits.maxOperands { throw LogQLParseError("too many operands of a label filter") }
                filter = .and(filter, try labelFilterUnit())
            } else {
                return filter
            }
        }
    }

    private mutating func labelFilterUnit() throws(LogQLParseError) -> LogQLLabelFilter {
        if accept("(") {
            let inner = try labelFilter()
            try expect(")")
            return inner
        }
        let name = try identifier(expecting: nil)
        guard current.kind == .symbol else { throw unexpected() }
        let symbol = current.text
        switch symbol {
        case "=", "!=":
            advance()
            if current.kind == .string { return .string(LabelMatcher(name, symbol == "=" ? .equal : .notEqual, try string())) }
            if isAt("ip") || isAt("pii") {
                let isIP = isAt("ip")
                advance()
                try expect("(")
                let text = try string()
                try expect(")")
                return isIP ? .ip(name, negated: symbol == "!=", text) : .pii(name, negated: symbol == "!=", text)
            }
            return try comparison(name, symbol == "=" ? .equal : .notEqual)
        case "=~", "!~":
            advance()
            return .string(LabelMatcher(name, symbol == "=~" ? .matches : .notMatches, try string()))
        default:
            guard let operation = LogQLComparison(rawValue: symbol) else { throw unexpected() }
            advance()
            return try comparison(name, operation)
        }
    }

    private mutating func comparison(_ name: String, _ operation: LogQLComparison) throws(LogQLParseError) -> LogQLLabelFilter {
        let negative = isAt("-")
        if negative || isAt("+") { advance() }
        let text = (negative ? "-" : "") + current.text
        let amount = negative ? -current.amount : current.amount
        switch current.kind {
        case .number:
            let value = try number()
            return .number(name, operation, negative ? -value : value, text: text)
        case .duration:
            advance()
            return .duration(name, operation, amount)
        case .bytes where !negative:
            advance()
            return .bytes(name, operation, UInt64(amount), text: text)
        default: throw unexpected()
        }
    }
}
