internal import VardeModel

/// A JSON value, as `parse_query` answers with.
package indirect enum JSONTree: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number as its text.
    case number(String)
    case string(String)
    case list([JSONTree])
    /// Members in the order they are written.
    case object([(String, JSONTree)])

    package static func == (a: JSONTree, b: JSONTree) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.bool(let x), .bool(let y)): x == y
        case (.number(let x), .number(let y)), (.string(let x), .string(let y)): x == y
        case (.list(let x), .list(let y)): x == y
        case (.object(let x), .object(let y)):
            x.count == y.count && x.allSatisfy { member in y.first { $0.0 == member.0 }.map { $0.1 == member.1 } ?? false }
        default: false
        }
    }

    /// Appends the value as JSON text.
    package func write(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes += Array("null".utf8)
        case .bool(let value): bytes += Array((value ? "true" : "false").utf8)
        case .number(let text): bytes += Array(text.utf8)
        case .string(let text): Self.write(text, to: &bytes)
        case .list(let values):
            bytes.append(UInt8(ascii: "["))
            for (i, value) in values.enumerated() {
                if i > 0 { bytes.append(UInt8(ascii: ",")) }
                value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (i, member) in members.enumerated() {
                if i > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(member.0, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.1.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        let hex = Array("0123456789abcdef".utf8)
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 10: bytes += Array("\\n".utf8)
            case 13: bytes += Array("\\r".utf8)
            case 9: bytes += Array("\\t".utf8)
            case 0..<32: bytes += Array("\\u00".utf8) + [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

extension PromQLExpression {
    /// The tree as Prometheus' `parse_query` shows it.
    package var tree: JSONTree {
        switch self {
        case .number(let node): .object([("type", .string("numberLiteral")), ("val", .string(FloatText.plain(node.value)))])
        case .string(let node): .object([("type", .string("stringLiteral")), ("val", .string(node.value))])
        case .paren(let node): .object([("type", .string("parenExpr")), ("expr", node.expression.tree)])
        case .unary(let node):
            .object([("type", .string("unaryExpr")), ("op", .string(node.isNegative ? "-" : "+")), ("expr", node.expression.tree)])
        case .selector(let node): .object([("type", .string("vectorSelector"))] + node.members)
        case .range(let node):
            .object(
                [
                    ("type", .string("matrixSelector")), ("range", .number("\(node.duration)")),
                    ("rangeExpr", node.durationExpression?.tree ?? .null),
                ] + node.selector.members)
        case .subquery(let node):
            .object(
                [
                    ("type", .string("subquery")), ("expr", node.expression.tree), ("range", .number("\(node.duration)")),
                    ("rangeExpr", node.durationExpression?.tree ?? .null), ("step", .number("\(node.step)")),
                    ("stepExpr", node.stepExpression?.tree ?? .null),
                ] + node.shift.members)
        case .call(let node):
            .object([
                ("type", .string("call")),
                (
                    "func",
                    .object([
                        ("name", .string(node.function.name)),
                        ("argTypes", .list(node.function.arguments.map { .string($0.rawValue) })),
                        ("variadic", .number("\(node.function.variadic)")), ("returnType", .string(node.function.returns.rawValue)),
                    ])
                ), ("args", .list(node.arguments.map(\.tree))),
            ])
        case .aggregate(let node):
            .object([
                ("type", .string("aggregation")), ("op", .string(node.operation.rawValue)), ("expr", node.expression.tree),
                ("param", node.parameter?.tree ?? .null), ("grouping", .list(node.grouping.map { .string($0) })),
                ("without", .bool(node.without)),
            ])
        case .binary(let node):
            .object([
                ("type", .string("binaryExpr")), ("op", .string(node.operation.rawValue)), ("lhs", node.left.tree),
                ("rhs", node.right.tree), ("matching", node.matching?.tree ?? .null), ("bool", .bool(node.returnsBool)),
            ])
        }
    }
}

extension VectorMatching {
    fileprivate var tree: JSONTree {
        func fill(_ value: Double?) -> JSONTree { value.map { .number(FloatText.api($0)) } ?? .null }
        return .object([
            ("card", .string(cardinality.rawValue)), ("labels", .list(labels.map { .string($0) })), ("on", .bool(on)),
            ("include", .list(include.map { .string($0) })),
            ("fillValues", .object([("lhs", fill(fillLeft)), ("rhs", fill(fillRight))])),
        ])
    }
}

extension PromQLTimeShift {
    fileprivate var members: [(String, JSONTree)] {
        var time = JSONTree.null
        var word = JSONTree.null
        switch at {
        case .time(let milliseconds)?: time = .number("\(milliseconds)")
        case .start?: word = .string("start")
        case .end?: word = .string("end")
        case nil: break
        }
        return [
            ("offset", .number("\(offset)")), ("offsetExpr", offsetExpression?.tree ?? .null), ("timestamp", time), ("startOrEnd", word),
        ]
    }
}

extension PromQLSelector {
    fileprivate var members: [(String, JSONTree)] {
        let matchers = self.matchers.map { matcher in
            JSONTree.object([
                ("name", .string(matcher.name)), ("value", .string(matcher.value)), ("type", .string(matcher.operation.rawValue)),
            ])
        }
        return [("name", .string(name)), ("matchers", .list(matchers))] + shift.members + [
            ("anchored", .bool(isAnchored)), ("smoothed", .bool(isSmoothed)),
        ]
    }
}

extension PromQLDuration {
    fileprivate var tree: JSONTree {
        switch self {
        case .number(let node):
            .object([
                ("type", .string("numberLiteral")), ("val", .string(FloatText.plain(node.value))), ("duration", .bool(node.isDuration)),
            ])
        case .operation(let node):
            .object([
                ("type", .string("durationExpr")), ("op", .string(node.kind.rawValue)), ("lhs", node.left?.tree ?? .null),
                ("rhs", node.right?.tree ?? .null), ("wrapped", .bool(node.isWrapped)),
            ])
        }
    }
}
