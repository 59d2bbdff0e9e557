package import VardeModel

/// Writes LogQL as Loki writes it: on one line, or broken into lines where it is long.
package enum LogQLPrinter {
    /// Where format_query begins to break lines.
    private static let maxLineLength = 100

    /// One line.
    package static func text(_ expression: LogQLExpression) -> String {
        switch expression {
        case .log(let query): text(query)
        case .metric(let metric): text(metric)
        }
    }

    /// As `format_query` answers.
    package static func pretty(_ expression: LogQLExpression) -> String {
        switch expression {
        case .log(let query): pretty(query, 0)
        case .metric(let metric): pretty(metric, 0)
        }
    }

    static func text(_ query: LogQLLogQuery) -> String {
        ([text(query.matchers)] + query.stages.map { text($0) }).joined(separator: " ")
    }

    /// A selector.
    package static func text(_ matchers: [LabelMatcher]) -> String {
        "{" + matchers.map { "\($0.name)\($0.operation.rawValue)\($0.value.quoted)" }.joined(separator: ", ") + "}"
    }

    static func text(_ stage: LogQLStage) -> String {
        switch stage {
        case .lineFilter(let filter):
            return filter.operation.rawValue + " "
                + filter.operands.map { operand in
                    switch operand {
                    case .text(let text): text.quoted
                    case .ip(let text): "ip(\(text.quoted))"
                    case .pii(let text): "pii(\(text.quoted))"
                    }
                }.joined(separator: " or ")
        case .json(let list): return "| json" + text(list)
        case .logfmt(let strict, let keepEmpty, let list):
            return "| logfmt" + (strict ? " --strict" : "") + (keepEmpty ? " --keep-empty" : "") + text(list)
        case .pattern(let pattern): return "| pattern " + pattern.quoted
        case .regexp(let pattern): return "| regexp " + pattern.quoted
        case .unpack: return "| unpack"
        case .labelFilter(let filter): return "| " + text(filter)
        case .lineFormat(let template): return "| line_format " + template.quoted
        case .labelFormat(let list):
            return "| label_format "
                + list.map { item in
                    switch item.source {
                    case .rename(let name): item.name + "=" + name
                    case .template(let template): item.name + "=" + template.quoted
                    }
                }.joined(separator: ",")
        case .decolorize: return "| decolorize"
        case .drop(let list): return "| drop " + text(list)
        case .keep(let list): return "| keep " + text(list)
        }
    }

    private static func text(_ list: [LogQLExtraction]) -> String {
        list.isEmpty ? "" : " " + list.map { "\($0.name)=\($0.expression.quoted)" }.joined(separator: ",")
    }

    private static func text(_ list: [LogQLNamed]) -> String {
        list.map { item in
            item.matcher.map { "\($0.name)\($0.operation.rawValue)\($0.value.quoted)" } ?? item.name
        }.joined(separator: ",")
    }

    static func text(_ filter: LogQLLabelFilter) -> String {
        switch filter {
        case .string(let matcher): "\(matcher.name)\(matcher.operation.rawValue)\(matcher.value.quoted)"
        case .number(let name, let operation, let value, _): name + operation.rawValue + FloatText.plain(value)
        case .duration(let name, let operation, let value): name + operation.rawValue + LogQLUnits.goText(value)
        case .bytes(let name, let operation, _, let text): name + operation.rawValue + text
        case .ip(let name, let negated, let pattern): name + (negated ? "!=" : "=") + "ip(\(pattern.quoted))"
        case .pii(let name, let negated, let value): name + (negated ? "!=" : "=") + "pii(\(value.quoted))"
        case .and(let a, let b): "( \(text(a)) , \(text(b)) )"
        case .or(let a, let b): "( \(text(a)) or \(text(b)) )"
        }
    }

    private static func text(_ unwrap: LogQLUnwrap) -> String {
        let label = unwrap.conversion == .none ? unwrap.label : "\(unwrap.conversion.rawValue)(\(unwrap.label))"
        return (["| unwrap \(label)"] + unwrap.filters.map { "| " + text($0) }).joined(separator: " ")
    }

    private static func text(_ grouping: LogQLGrouping) -> String {
        (grouping.without ? " without " : " by ") + "(" + grouping.labels.joined(separator: ",") + ")"
    }

    private static func rangeText(_ range: LogQLRangeAggregation) -> String {
        "[\(LogQLUnits.modelText(range.range))]" + (range.offset == 0 ? "" : " offset " + LogQLUnits.goText(range.offset))
    }

    private static func operatorText(_ node: LogQLBinaryOperation) -> String {
        var text = node.operation.rawValue + (node.returnsBool ? " bool" : "")
        guard let matching = node.matching else { return text }
        text += (matching.on ? " on (" : " ignoring (") + matching.labels.joined(separator: ",") + ")"
        switch matching.cardinality {
        case .manyToOne: text += " group_left (" + matching.include.joined(separator: ",") + ")"
        case .oneToMany: text += " group_right (" + matching.include.joined(separator: ",") + ")"
        default: break
        }
        return text
    }

    static func text(_ metric: LogQLMetric) -> String {
        switch metric {
        case .range(let node):
            var text = node.operation.rawValue + "("
            if let parameter = node.parameter { text += FloatText.plain(parameter) + "," }
            text += Self.text(node.query)
            if let unwrap = node.unwrap { text += " " + Self.text(unwrap) }
            return text + rangeText(node) + ")" + (node.grouping.map { Self.text($0) } ?? "")
        case .vector(let node):
            return node.operation.rawValue + (node.grouping.map { Self.text($0) } ?? "") + "("
                + (node.parameter.map { "\($0)," } ?? "") + text(node.operand) + ")"
        case .binary(let node): return "(" + text(node.left) + " " + operatorText(node) + " " + text(node.right) + ")"
        case .labelReplace(let node):
            return "label_replace("
                + [text(node.operand), node.destination.quoted, node.replacement.quoted, node.source.quoted, node.pattern.quoted]
                .joined(separator: ",") + ")"
        case .literal(let value): return FloatText.plain(value)
        case .constant(let value): return "vector(" + fixed(value) + ")"
        }
    }

    /// Six decimals, as Go's `%f`, where that keeps the number; all its digits else.
    private static func fixed(_ value: Double) -> String {
        let plain = FloatText.plain(value)
        guard value.isFinite else { return plain }
        guard let dot = plain.firstIndex(of: ".") else { return plain + ".000000" }
        let decimals = plain.distance(from: dot, to: plain.endIndex) - 1
        return decimals >= 6 ? plain : plain + String(repeating: "0", count: 6 - decimals)
    }

    // MARK: Many lines

    private static func indent(_ level: Int) -> String { String(repeating: "  ", count: level) }

    private static func pretty(_ query: LogQLLogQuery, _ level: Int) -> String {
        let line = indent(level) + text(query)
        if line.count <= maxLineLength || query.stages.isEmpty { return line }
        return ([indent(level) + text(query.matchers)] + query.stages.map { indent(level + 1) + text($0) }).joined(separator: "\n")
    }

    private static func pretty(_ metric: LogQLMetric, _ level: Int) -> String {
        let line = indent(level) + text(metric)
        if line.count <= maxLineLength { return line }
        switch metric {
        case .range(let node):
            var out = indent(level) + node.operation.rawValue + "(\n"
            if let parameter = node.parameter { out += indent(level + 1) + FloatText.plain(parameter) + ",\n" }
            out += pretty(node.query, level + 1)
            if let unwrap = node.unwrap { out += "\n" + indent(level + 2) + text(unwrap) }
            out += " " + rangeText(node) + "\n" + indent(level) + ")"
            return out + (node.grouping.map { text($0) } ?? "")
        case .vector(let node):
            var out = indent(level) + node.operation.rawValue + (node.grouping.map { text($0) } ?? "") + "(\n"
            if let parameter = node.parameter { out += indent(level + 1) + "\(parameter),\n" }
            return out + pretty(node.operand, level + 1) + "\n" + indent(level) + ")"
        case .binary(let node):
            return pretty(node.left, level + 1) + "\n" + indent(level) + operatorText(node) + "\n" + pretty(node.right, level + 1)
        case .labelReplace(let node):
            let texts = [node.destination, node.replacement, node.source, node.pattern].map { indent(level + 1) + $0.quoted }
            return indent(level) + "label_replace(\n" + ([pretty(node.operand, level + 1)] + texts).joined(separator: ",\n") + "\n"
                + indent(level) + ")"
        case .literal, .constant: return line
        }
    }
}
