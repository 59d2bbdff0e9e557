internal import VardeModel

extension PromQLExpression: CustomStringConvertible {
    /// The expression on one line, as Prometheus prints it.
    package var description: String {
        var out = PromQLText()
        out.write(self)
        return out.text
    }

    /// The expression as `format_query` answers: broken over lines where a part is longer than 100 bytes.
    package var pretty: String { pretty(0) }

    private static let lineLength = 100

    private func pretty(_ level: Int) -> String {
        let indent = String(repeating: "  ", count: level)
        let line = description
        let isLong = line.utf8.count > Self.lineLength
        switch self {
        case .number, .string, .selector, .range: return indent + line
        case .subquery(let node):
            return isLong ? node.expression.pretty(level) + PromQLText.timeSuffix(node) : line
        case .unary(let node):
            let inner = node.expression.pretty(level)
            return indent + (node.isNegative ? "-" : "+") + inner.drop { $0 == " " || $0 == "\n" }
        case .paren(let node):
            return isLong ? "\(indent)(\n\(node.expression.pretty(level + 1))\n\(indent))" : indent + line
        case .call(let node):
            if !isLong { return indent + line }
            let arguments = node.arguments.map { $0.pretty(level + 1) }.joined(separator: ",\n")
            return "\(indent)\(node.function.name)(\n\(arguments)\n\(indent))"
        case .aggregate(let node):
            if !isLong { return indent + line }
            var text = indent + PromQLText.head(node) + "(\n"
            if let parameter = node.parameter { text += parameter.pretty(level + 1) + ",\n" }
            return text + node.expression.pretty(level + 1) + "\n\(indent))"
        case .binary(let node):
            if !isLong { return indent + line }
            let modifiers = (node.returnsBool ? " bool" : "") + PromQLText.matching(node.matching)
            return "\(node.left.pretty(level + 1))\n\(indent)\(node.operation.rawValue)\(modifiers)\n\(node.right.pretty(level + 1))"
        }
    }
}

/// Query text in the making.
private struct PromQLText {
    var text = ""

    mutating func write(_ expression: PromQLExpression) {
        switch expression {
        case .number(let node): text += Self.number(node)
        case .string(let node): text += node.invalidBytes.map(PromQLUnquoting.quote) ?? node.value.quoted
        case .selector(let node): text += Self.selector(node)
        case .range(let node):
            var bare = node.selector
            bare.shift = PromQLTimeShift()
            bare.isAnchored = false
            bare.isSmoothed = false
            let extended = node.selector.isAnchored ? " anchored" : node.selector.isSmoothed ? " smoothed" : ""
            text += Self.selector(bare) + "[" + Self.duration(node.duration, node.durationExpression) + "]" + extended
            text += Self.at(node.selector.shift) + Self.offset(node.selector.shift)
        case .subquery(let node):
            write(node.expression)
            text += Self.timeSuffix(node)
        case .call(let node):
            text += node.function.name + "("
            writeList(node.arguments)
            text += ")"
        case .aggregate(let node):
            text += Self.head(node) + "("
            if let parameter = node.parameter {
                write(parameter)
                text += ", "
            }
            write(node.expression)
            text += ")"
        case .binary(let node):
            write(node.left)
            text += " " + node.operation.rawValue + (node.returnsBool ? " bool" : "") + Self.matching(node.matching) + " "
            write(node.right)
        case .unary(let node):
            text += node.isNegative ? "-" : "+"
            write(node.expression)
        case .paren(let node):
            text += "("
            write(node.expression)
            text += ")"
        }
    }

    private mutating func writeList(_ expressions: [PromQLExpression]) {
        for (i, expression) in expressions.enumerated() {
            if i > 0 { text += ", " }
            write(expression)
        }
    }

    static func number(_ node: PromQLNumber) -> String {
        if !node.isDuration { return FloatText.plain(node.value) }
        return DurationText.format(milliseconds: PromQLNumberText.milliseconds(node.value))
    }

    static func names(_ labels: [String]) -> String {
        labels.map { $0.isClassicLabelName ? $0 : $0.quoted }.joined(separator: ", ")
    }

    static func head(_ node: PromQLAggregate) -> String {
        var head = node.operation.rawValue
        if node.without {
            head += " without (" + names(node.grouping) + ") "
        } else if !node.grouping.isEmpty {
            head += " by (" + names(node.grouping) + ") "
        }
        return head
    }

    static func matching(_ matching: VectorMatching?) -> String {
        guard let matching else { return "" }
        var text = ""
        let isGrouped = matching.cardinality == .manyToOne || matching.cardinality == .oneToMany
        if !matching.labels.isEmpty || matching.on || isGrouped {
            text += (matching.on ? " on (" : " ignoring (") + names(matching.labels) + ")"
        }
        if isGrouped {
            text += (matching.cardinality == .manyToOne ? " group_left (" : " group_right (") + names(matching.include) + ")"
        }
        if let left = matching.fillLeft, let right = matching.fillRight, left == right {
            text += " fill (\(FloatText.general(left)))"
        } else {
            if let left = matching.fillLeft { text += " fill_left (\(FloatText.general(left)))" }
            if let right = matching.fillRight { text += " fill_right (\(FloatText.general(right)))" }
        }
        return text
    }

    static func selector(_ node: PromQLSelector) -> String {
        var text = node.name
        let matchers = node.matchers.filter {
            !($0.name == Labels.metricName && $0.operation == .equal && $0.value == node.name && !$0.value.isEmpty)
        }
        if !matchers.isEmpty {
            text += "{" + matchers.map(\.description).sorted { $0.utf8Precedes($1) }.joined(separator: ",") + "}"
        }
        text += at(node.shift)
        if node.isAnchored { text += " anchored" } else if node.isSmoothed { text += " smoothed" }
        return text + offset(node.shift)
    }

    static func at(_ shift: PromQLTimeShift) -> String {
        switch shift.at {
        case nil: ""
        case .start: " @ start()"
        case .end: " @ end()"
        case .time(let time): " @ " + seconds(time)
        }
    }

    /// Milliseconds as seconds with three decimals.
    private static func seconds(_ milliseconds: Int64) -> String {
        let fraction = String(milliseconds.magnitude % 1000)
        return (milliseconds < 0 ? "-" : "") + "\(milliseconds.magnitude / 1000)."
            + String(repeating: "0", count: 3 - fraction.utf8.count) + fraction
    }

    static func offset(_ shift: PromQLTimeShift) -> String {
        if let expression = shift.offsetExpression { return " offset " + duration(expression) }
        return shift.offset == 0 ? "" : " offset " + DurationText.format(milliseconds: shift.offset)
    }

    static func timeSuffix(_ node: PromQLSubquery) -> String {
        let step = node.step != 0 || node.stepExpression != nil ? duration(node.step, node.stepExpression) : ""
        return "[\(duration(node.duration, node.durationExpression)):\(step)]" + at(node.shift) + offset(node.shift)
    }

    static func duration(_ milliseconds: Int64, _ expression: PromQLDuration?) -> String {
        expression.map { duration($0) } ?? DurationText.format(milliseconds: milliseconds)
    }

    static func duration(_ node: PromQLDuration) -> String {
        guard case .operation(let operation) = node else {
            if case .number(let number) = node { return self.number(number) }
            return ""
        }
        var text: String
        switch (operation.kind, operation.left, operation.right) {
        case (.step, _, _), (.range, _, _): text = operation.kind.rawValue + "()"
        case (.maxOf, let left?, let right?), (.minOf, let left?, let right?):
            text = "\(operation.kind.rawValue)(\(duration(left)), \(duration(right)))"
        case (_, let left?, let right?): text = "\(duration(left)) \(operation.kind.rawValue) \(duration(right))"
        case (.subtract, nil, let right?): text = "-" + duration(right)
        case (_, _, let right?): text = duration(right)
        case (_, let left?, nil): text = duration(left)
        case (_, nil, nil): text = ""
        }
        if operation.isWrapped { text = "(" + text + ")" }
        return text
    }
}
