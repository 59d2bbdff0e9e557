internal import VardeKernels

/// A template of line_format or label_format, read once and executed for each line.
struct LineTemplate: Sendable {
    private let nodes: [TemplateNode]
    private let name: String
    /// Names of labels it reads.
    let fieldNames: [String]

    init(_ text: String, name: String) throws(LogQLValueError) {
        var parser = TemplateParser(text, name: name)
        nodes = try parser.parse()
        fieldNames = parser.fieldNames
        self.name = name
    }

    func execute(_ labels: LineLabels, line: Span<UInt8>, timestamp: Int64) throws(LogQLValueError) -> [UInt8] {
        var run = TemplateRun(name: name, labels: labels, timestamp: timestamp)
        try run.execute(nodes, .labels, line)
        return run.output
    }
}

/// One execution of a template.
struct TemplateRun {
    /// Commands one execution may run: a nested range over lists must end.
    private static let maxCommands = 100_000

    let name: String
    let labels: LineLabels
    let timestamp: Int64
    /// What the functions answer.
    let call: (String, [TemplateValue]) throws(TemplateCallError) -> TemplateValue
    /// What a map has where it has nothing.
    let missing: TemplateValue
    var output: [UInt8] = []
    private var variables: [(name: String, value: TemplateValue)] = [("$", .labels)]
    private var commands = 0

    private enum Flow {
        case goOn
        case breakLoop
        case continueLoop
    }

    init(
        name: String, labels: LineLabels, timestamp: Int64, missing: TemplateValue = .none,
        call: @escaping (String, [TemplateValue]) throws(TemplateCallError) -> TemplateValue = TemplateFunctions.call
    ) {
        self.name = name
        self.labels = labels
        self.timestamp = timestamp
        self.missing = missing
        self.call = call
    }

    mutating func execute(_ nodes: [TemplateNode], _ dot: TemplateValue, _ line: Span<UInt8>) throws(LogQLValueError) {
        _ = try run(nodes, dot, line)
    }

    private mutating func run(_ nodes: [TemplateNode], _ dot: TemplateValue, _ line: Span<UInt8>) throws(LogQLValueError) -> Flow {
        let known = variables.count
        defer { variables.removeLast(variables.count - known) }
        for node in nodes {
            if output.count > LogQLLimits.maxTemplateOutput { throw LogQLValueError("template: \(name): output is too long") }
            switch node {
            case .text(let bytes): output += bytes
            case .action(let pipeline):
                let value = try evaluate(pipeline, dot, line)
                if pipeline.variables.isEmpty { output += Array(value.text.utf8) }
            case .branch(let arms, let otherwise):
                var taken: [TemplateNode]? = otherwise
                let before = variables.count
                for arm in arms where try evaluate(arm.condition, dot, line).isTrue {
                    taken = arm.body
                    break
                }
                let flow = try run(taken ?? [], dot, line)
                variables.removeLast(variables.count - before)
                if flow != .goOn { return flow }
            case .with(let pipeline, let body, let otherwise):
                let before = variables.count
                let value = try evaluate(pipeline, dot, line)
                let flow = value.isTrue ? try run(body, value, line) : try run(otherwise, dot, line)
                variables.removeLast(variables.count - before)
                if flow != .goOn { return flow }
            case .range(let pipeline, let body, let otherwise): try loop(pipeline, body, otherwise, dot, line)
            case .breakLoop: return .breakLoop
            case .continueLoop: return .continueLoop
            }
        }
        return .goOn
    }

    private mutating func loop(
        _ pipeline: TemplatePipeline, _ body: [TemplateNode], _ otherwise: [TemplateNode], _ dot: TemplateValue, _ line: Span<UInt8>
    ) throws(LogQLValueError) {
        var bare = pipeline
        bare.variables = []
        let value = try evaluate(bare, dot, line)
        var items: [(TemplateValue, TemplateValue)] = []
        switch value {
        case .list(let list): for (i, item) in list.enumerated() { items.append((.integer(Int64(i)), item)) }
        case .map(let map):
            for (key, item) in map.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) { items.append((.string(key), item)) }
        case .labels:
            var pairs: [(String, String)] = []
            labels.forEach { name, value, _ in pairs.append((name, value)) }
            for (key, item) in pairs.sorted(by: { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }) {
                items.append((.string(key), .string(item)))
            }
        case .integer(let count): for i in 0..<max(0, min(count, Int64(Self.maxCommands))) { items.append((.integer(i), .integer(i))) }
        case .none: break
        default: throw LogQLValueError("template: \(name): range can't iterate over \(value.text)")
        }
        if items.isEmpty {
            _ = try run(otherwise, dot, line)
            return
        }
        for (key, item) in items {
            let before = variables.count
            if pipeline.variables.count == 1 { variables.append((pipeline.variables[0], item)) }
            if pipeline.variables.count == 2 {
                variables.append((pipeline.variables[0], key))
                variables.append((pipeline.variables[1], item))
            }
            let flow = try run(body, item, line)
            variables.removeLast(variables.count - before)
            if flow == .breakLoop { break }
        }
    }

    private mutating func evaluate(
        _ pipeline: TemplatePipeline, _ dot: TemplateValue, _ line: Span<UInt8>
    ) throws(LogQLValueError) -> TemplateValue {
        var value: TemplateValue?
        for command in pipeline.commands { value = try evaluate(command, value, dot, line) }
        let result = value ?? .none
        if let variable = pipeline.variables.first {
            if pipeline.declares {
                variables.append((variable, result))
            } else if let at = variables.lastIndex(where: { $0.name == variable }) {
                variables[at].value = result
            }
        }
        return result
    }

    private mutating func evaluate(
        _ command: TemplateCommand, _ piped: TemplateValue?, _ dot: TemplateValue, _ line: Span<UInt8>
    ) throws(LogQLValueError) -> TemplateValue {
        commands += 1
        if commands > Self.maxCommands { throw LogQLValueError("template: \(name): too many commands") }
        guard case .function(let function, let row, let column) = command.operands[0] else {
            if command.operands.count > 1 || piped != nil {
                throw LogQLValueError("template: \(name): can't give argument to non-function")
            }
            return try value(command.operands[0], dot, line)
        }
        // `and` and `or` stop at the first argument that decides.
        if function == "and" || function == "or" {
            var result = TemplateValue.none
            for operand in command.operands.dropFirst() {
                result = try value(operand, dot, line)
                if result.isTrue == (function == "or") { return result }
            }
            return piped ?? result
        }
        var arguments: [TemplateValue] = []
        for operand in command.operands.dropFirst() { arguments.append(try value(operand, dot, line)) }
        if let piped { arguments.append(piped) }
        if function == "__line__" { return .string(Bytes.string(line)) }
        if function == "__timestamp__" { return .time(timestamp) }
        do {
            return try call(function, arguments)
        } catch {
            throw LogQLValueError(
                "template: \(name):\(row):\(column): executing \"\(name)\" at <\(function)>: "
                    + (error.isUsage ? error.message : "error calling \(function): \(error.message)"))
        }
    }

    private mutating func value(
        _ operand: TemplateOperand, _ dot: TemplateValue, _ line: Span<UInt8>
    ) throws(LogQLValueError) -> TemplateValue {
        switch operand {
        case .value(let value): return value
        case .dot: return dot
        case .variable(let name): return variables.last { $0.name == name }?.value ?? .none
        case .function: return try evaluate(TemplateCommand(operands: [operand]), nil, dot, line)
        case .pipeline(let pipeline): return try evaluate(pipeline, dot, line)
        case .field(let base, let names):
            var value = dot
            if let base { value = try self.value(base, dot, line) }
            for field in names {
                switch value {
                case .labels: value = .string(labels.text(field))
                case .map(let map): value = map[field] ?? missing
                case .none: throw LogQLValueError("template: \(name): nil pointer evaluating interface {}.\(field)")
                default: throw LogQLValueError("template: \(name): can't evaluate field \(field) in type string")
                }
            }
            return value
        }
    }
}
