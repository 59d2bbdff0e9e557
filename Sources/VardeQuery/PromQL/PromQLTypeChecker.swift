internal import VardeCompression
internal import VardeModel

/// Checks that operands and arguments have the types they must have, and drops matching where none is possible.
struct PromQLTypeChecker {
    let query: String

    private func error(_ range: SourceRange, _ reason: String) -> PromQLParseError {
        PromQLParseError(range: range, reason: reason, query: query)
    }

    func check(_ expression: inout PromQLExpression) throws(PromQLParseError) {
        switch expression {
        case .number, .string: return
        case .selector(let node): try check(node, mayBeEmpty: false)
        case .range(let node): try check(node.selector, mayBeEmpty: false)
        case .paren(var node):
            try check(&node.expression)
            expression = .paren(node)
        case .unary(var node):
            try check(&node.expression)
            let type = node.expression.type
            if type != .scalar, type != .vector {
                throw error(
                    expression.range,
                    "unary expression only allowed on expressions of type scalar or instant vector, got \(type.documented.quoted)")
            }
            expression = .unary(node)
        case .subquery(var node):
            try check(&node.expression)
            if node.expression.type != .vector {
                throw error(expression.range, "subquery is only allowed on instant vector, got \(node.expression.type.rawValue) instead")
            }
            expression = .subquery(node)
        case .aggregate(var node):
            try check(&node)
            expression = .aggregate(node)
        case .call(var node):
            try check(&node)
            expression = .call(node)
        case .binary(var node):
            try check(&node)
            expression = .binary(node)
        }
    }

    private func check(_ node: inout PromQLAggregate) throws(PromQLParseError) {
        try check(&node.expression)
        if node.expression.type != .vector {
            throw error(
                node.expression.range,
                "expected type instant vector in aggregation expression, got \(node.expression.type.documented)")
        }
        guard var parameter = node.parameter else { return }
        try check(&parameter)
        let wanted: PromQLValueType = node.operation == .countValues ? .string : .scalar
        if parameter.type != wanted {
            throw error(
                parameter.range, "expected type \(wanted.documented) in aggregation parameter, got \(parameter.type.documented)")
        }
        node.parameter = parameter
    }

    private func check(_ node: inout PromQLCall) throws(PromQLParseError) {
        let function = node.function
        let name = function.name.quoted
        let count = node.arguments.count
        let wanted = function.arguments.count
        if function.variadic == 0 {
            if count != wanted { throw error(node.range, "expected \(wanted) argument(s) in call to \(name), got \(count)") }
        } else if count < wanted - 1 {
            throw error(node.range, "expected at least \(wanted - 1) argument(s) in call to \(name), got \(count)")
        } else if function.variadic > 0, count > wanted - 1 + function.variadic {
            throw error(
                node.range, "expected at most \(wanted - 1 + function.variadic) argument(s) in call to \(name), got \(count)")
        }
        let isInfo = function.name == "info" && count > 1
        if isInfo { try checkInfoSelector(node) }
        for i in node.arguments.indices {
            if isInfo, i == 1, case .selector(let selector) = node.arguments[i] {
                try check(selector, mayBeEmpty: true)
                continue
            }
            try check(&node.arguments[i])
            let type = function.arguments[min(i, wanted - 1)]
            if node.arguments[i].type != type {
                throw error(
                    node.arguments[i].range,
                    "expected type \(type.documented) in call to function \(name), got \(node.arguments[i].type.documented)")
            }
        }
    }

    private func checkInfoSelector(_ node: PromQLCall) throws(PromQLParseError) {
        let argument = node.arguments[1]
        if argument.type != .vector {
            throw error(node.range, "expected type instant vector in call to function \"info\", got \(argument.type.documented)")
        }
        guard case .selector(let selector) = argument else { throw error(argument.range, "expected label selectors only") }
        if !selector.name.isEmpty { throw error(argument.range, "expected label selectors only, got vector selector instead") }
    }

    private func check(_ node: inout PromQLBinary) throws(PromQLParseError) {
        try check(&node.left)
        try check(&node.right)
        let operation = node.operation
        let left = node.left.type
        let right = node.right.type
        let whole = PromQLExpression.binary(node).range
        let operatorRange = self.operatorRange(node)
        if node.returnsBool, !operation.isComparison {
            throw error(operatorRange, "bool modifier can only be used on comparison operators")
        }
        if operation.isComparison, !node.returnsBool, left == .scalar, right == .scalar {
            throw error(operatorRange, "comparisons between scalars must use BOOL modifier")
        }
        guard var matching = node.matching else { return }
        if operation.isSet, matching.cardinality == .oneToOne { matching.cardinality = .manyToMany }
        if matching.on, let label = matching.labels.first(where: { matching.include.contains($0) }) {
            throw error(operatorRange, "label \(label.quoted) must not occur in ON and GROUP clause at once")
        }
        for (side, type) in [(node.left, left), (node.right, right)] where type != .scalar && type != .vector {
            throw error(side.range, "binary expression must contain only scalar and instant vector types")
        }
        let fills = matching.fillLeft != nil || matching.fillRight != nil
        if left != .vector || right != .vector {
            if !matching.labels.isEmpty { throw error(whole, "vector matching only allowed between instant vectors") }
            if fills { throw error(whole, "filling in missing series only allowed between instant vectors") }
            node.matching = nil
            if operation.isSet {
                throw error(whole, "set operator \(operation.rawValue.quoted) not allowed in binary scalar expression")
            }
            return
        }
        if operation.isSet {
            if matching.cardinality == .oneToMany || matching.cardinality == .manyToOne {
                throw error(whole, "no grouping allowed for \(operation.rawValue.quoted) operation")
            }
            if fills { throw error(whole, "filling in missing series not allowed for set operators") }
        }
        node.matching = matching
    }

    /// Where the operator and its modifiers stand.
    private func operatorRange(_ node: PromQLBinary) -> SourceRange {
        let bytes = Array(query.utf8)
        func isSpace(_ place: Int) -> Bool { place >= 0 && place < bytes.count && [32, 9, 10, 13].contains(bytes[place]) }
        var start = node.left.range.end
        while isSpace(start) { start += 1 }
        var end = node.right.range.start - 1
        while isSpace(end) { end -= 1 }
        return SourceRange(start, end)
    }

    private func check(_ selector: PromQLSelector, mayBeEmpty: Bool) throws(PromQLParseError) {
        if !selector.name.isEmpty {
            if let other = selector.matchers.dropLast().first(where: { $0.name == Labels.metricName }) {
                throw error(
                    selector.range, "metric name must not be set twice: \(selector.name.quoted) or \(other.value.quoted)")
            }
            return
        }
        if mayBeEmpty || selector.matchers.contains(where: { !$0.matchesEmpty }) { return }
        throw error(selector.range, "vector selector must contain at least one non-empty matcher")
    }
}

extension LabelMatcher {
    /// Whether a series without the label matches.
    package var matchesEmpty: Bool {
        switch operation {
        case .equal: value.isEmpty
        case .notEqual: !value.isEmpty
        case .matches: (try? Regex(value))?.matchesWhole("") ?? false
        case .notMatches: !((try? Regex(value))?.matchesWhole("") ?? true)
        }
    }
}
