/// Reads Go templates.
struct TemplateParser {
    private enum Token: Equatable {
        case word(String)
        case field(String)
        case variable(String)
        case string(String)
        case number(String)
        case symbol(String)
        case dot
        case space
        case end
    }

    private struct Placed {
        var token: Token
        var line: Int
        var column: Int
    }

    private let name: String
    private let bytes: [UInt8]
    private let functions: Set<String>
    private var position = 0
    private var tokens: [Placed] = []
    private var next = 0
    private var depth = 0
    private var variables: [String] = ["$"]
    private(set) var fieldNames: [String] = []

    /// - Parameter functions: the names a template may call.
    init(_ text: String, name: String, functions: Set<String> = TemplateFunctions.names) {
        bytes = Array(text.utf8)
        self.name = name
        self.functions = functions
    }

    private func fault(_ what: String, at offset: Int? = nil) -> LogQLValueError {
        let line = 1 + bytes[..<min(offset ?? position, bytes.count)].count { $0 == 10 }
        return LogQLValueError("template: \(name):\(line): \(what)")
    }

    mutating func parse() throws(LogQLValueError) -> [TemplateNode] {
        var ending = ""
        let nodes = try nodes(until: [], &ending)
        return nodes
    }

    /// Nodes up to an action that begins with one of the words.
    private mutating func nodes(until words: Set<String>, _ ending: inout String) throws(LogQLValueError) -> [TemplateNode] {
        depth += 1
        defer { depth -= 1 }
        if depth > LogQLLimits.maxJSONDepth { throw fault("nested too deeply") }
        let known = variables.count
        defer { variables.removeLast(variables.count - known) }
        var nodes: [TemplateNode] = []
        while position < bytes.count {
            let open = offset(of: "{{", from: position) ?? bytes.count
            var text = Array(bytes[position..<open])
            if open == bytes.count {
                if !text.isEmpty { nodes.append(.text(text)) }
                position = bytes.count
                break
            }
            position = open + 2
            if position + 1 < bytes.count, bytes[position] == UInt8(ascii: "-"), Self.isSpace(bytes[position + 1]) {
                while let last = text.last, Self.isSpace(last) { text.removeLast() }
                position += 1
            }
            if !text.isEmpty { nodes.append(.text(text)) }
            if try skipComment() { continue }
            try scanAction()
            next = 0
            skipSpace()
            if case .word(let word) = peek {
                if words.contains(word) {
                    next += 1
                    ending = word
                    return nodes
                }
                if word == "end" || word == "else" { throw fault("unexpected {{\(word)}}") }
            }
            if peek == .end { throw fault("missing value for command") }
            nodes.append(try action())
        }
        if !words.isEmpty { throw fault("unexpected EOF") }
        return nodes
    }

    private mutating func skipComment() throws(LogQLValueError) -> Bool {
        var at = position
        while at < bytes.count, Self.isSpace(bytes[at]) { at += 1 }
        guard at + 1 < bytes.count, bytes[at] == UInt8(ascii: "/"), bytes[at + 1] == UInt8(ascii: "*") else { return false }
        guard let close = offset(of: "*/", from: at + 2), let end = offset(of: "}}", from: close) else { throw fault("unclosed comment") }
        let trims = bytes[close + 2..<end].contains(UInt8(ascii: "-"))
        position = end + 2
        if trims { skipTextSpace() }
        return true
    }

    private mutating func skipTextSpace() { while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 } }

    private func offset(of text: String, from: Int) -> Int? {
        let wanted = Array(text.utf8)
        var i = from
        while i + wanted.count <= bytes.count {
            if bytes[i] == wanted[0], bytes[i..<(i + wanted.count)].elementsEqual(wanted) { return i }
            i += 1
        }
        return nil
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 10 || byte == 13 }

    // MARK: Tokens of one action

    private mutating func scanAction() throws(LogQLValueError) {
        tokens = []
        let lineStarts = bytes
        func place(_ offset: Int) -> (Int, Int) {
            var line = 1
            var start = 0
            for i in 0..<offset where lineStarts[i] == 10 {
                line += 1
                start = i + 1
            }
            return (line, offset - start)
        }
        while true {
            guard position < bytes.count else { throw fault("unclosed action") }
            let start = position
            let byte = bytes[position]
            let (line, column) = place(start)
            func add(_ token: Token) { tokens.append(Placed(token: token, line: line, column: column)) }
            func closes(_ at: Int) -> Bool {
                at + 1 < bytes.count && bytes[at] == UInt8(ascii: "}") && bytes[at + 1] == UInt8(ascii: "}")
            }
            if closes(position) {
                position += 2
                add(.end)
                return
            }
            if Self.isSpace(byte) {
                while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
                if position < bytes.count, bytes[position] == UInt8(ascii: "-"), closes(position + 1) {
                    position += 3
                    add(.end)
                    skipTextSpace()
                    return
                }
                add(.space)
                continue
            }
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "'"):
                position += 1
                while position < bytes.count, bytes[position] != byte {
                    if byte != UInt8(ascii: "`"), bytes[position] == UInt8(ascii: "\\") { position += 1 }
                    position += 1
                }
                guard position < bytes.count else { throw fault("unterminated quoted string", at: start) }
                position += 1
                guard let value = PromQLUnquoting.unquote(String(decoding: bytes[start..<position], as: UTF8.self)) else {
                    throw fault("bad string syntax", at: start)
                }
                if byte == UInt8(ascii: "'") {
                    let scalars = String(decoding: value, as: UTF8.self).unicodeScalars
                    guard let scalar = scalars.first, scalars.count == 1 else { throw fault("bad character constant", at: start) }
                    add(.number("\(scalar.value)"))
                } else {
                    add(.string(String(decoding: value, as: UTF8.self)))
                }
            case UInt8(ascii: "."):
                position += 1
                if position < bytes.count, LogQLUnits.isDigit(bytes[position]) {
                    scanNumber()
                    add(.number(String(decoding: bytes[start..<position], as: UTF8.self)))
                    continue
                }
                let from = position
                while position < bytes.count, LineScan.isWord(bytes[position]) || bytes[position] >= 0x80 { position += 1 }
                add(position == from ? .dot : .field(String(decoding: bytes[from..<position], as: UTF8.self)))
            case UInt8(ascii: "$"):
                position += 1
                while position < bytes.count, LineScan.isWord(bytes[position]) { position += 1 }
                add(.variable(String(decoding: bytes[start..<position], as: UTF8.self)))
            case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "|"), UInt8(ascii: ","), UInt8(ascii: "="):
                position += 1
                add(.symbol(String(decoding: [byte], as: UTF8.self)))
            case UInt8(ascii: ":"):
                guard position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "=") else { throw fault("expected :=") }
                position += 2
                add(.symbol(":="))
            case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                position += 1
                scanNumber()
                add(.number(String(decoding: bytes[start..<position], as: UTF8.self)))
            default:
                guard LineScan.isWord(byte) || byte >= 0x80 else {
                    throw fault("unexpected \"\(String(decoding: [byte], as: UTF8.self))\" in command")
                }
                while position < bytes.count, LineScan.isWord(bytes[position]) || bytes[position] >= 0x80 { position += 1 }
                add(.word(String(decoding: bytes[start..<position], as: UTF8.self)))
            }
        }
    }

    private mutating func scanNumber() {
        while position < bytes.count, LineScan.isWord(bytes[position]) || bytes[position] == UInt8(ascii: ".") { position += 1 }
    }

    private var peek: Token { next < tokens.count ? tokens[next].token : .end }

    private mutating func skipSpace() { while peek == .space { next += 1 } }

    private mutating func accept(_ token: Token) -> Bool {
        skipSpace()
        if peek != token { return false }
        next += 1
        return true
    }

    // MARK: Actions

    private mutating func action() throws(LogQLValueError) -> TemplateNode {
        if case .word(let word) = peek {
            switch word {
            case "if":
                next += 1
                return try branch()
            case "with", "range":
                next += 1
                let known = variables.count
                let pipeline = try pipeline(closing: .end)
                defer { variables.removeLast(variables.count - known) }
                var ending = ""
                let body = try nodes(until: ["end", "else"], &ending)
                var otherwise: [TemplateNode] = []
                if ending == "else" { otherwise = try nodes(until: ["end"], &ending) }
                return word == "with"
                    ? .with(pipeline, body: body, otherwise: otherwise) : .range(pipeline, body: body, otherwise: otherwise)
            case "break":
                return .breakLoop
            case "continue":
                return .continueLoop
            case "define", "template", "block": throw fault("unexpected <\(word)>")
            default: break
            }
        }
        return .action(try pipeline(closing: .end))
    }

    private mutating func branch() throws(LogQLValueError) -> TemplateNode {
        let known = variables.count
        defer { variables.removeLast(variables.count - known) }
        var arms: [(condition: TemplatePipeline, body: [TemplateNode])] = []
        var condition = try pipeline(closing: .end)
        while true {
            var ending = ""
            arms.append((condition, try nodes(until: ["end", "else"], &ending)))
            if ending == "end" { return .branch(arms, otherwise: []) }
            skipSpace()
            if accept(.word("if")) {
                condition = try pipeline(closing: .end)
                continue
            }
            return .branch(arms, otherwise: try nodes(until: ["end"], &ending))
        }
    }

    private mutating func pipeline(closing: Token) throws(LogQLValueError) -> TemplatePipeline {
        depth += 1
        defer { depth -= 1 }
        if depth > LogQLLimits.maxJSONDepth { throw fault("nested too deeply") }
        var pipeline = TemplatePipeline()
        skipSpace()
        let start = next
        while case .variable(let name) = peek {
            next += 1
            pipeline.variables.append(name)
            if accept(.symbol(":=")) {
                variables += pipeline.variables
                break
            }
            if accept(.symbol("=")) {
                pipeline.declares = false
                break
            }
            if accept(.symbol(",")) {
                skipSpace()
                continue
            }
            next = start
            pipeline.variables = []
            break
        }
        while true {
            skipSpace()
            let command = try command()
            pipeline.commands.append(command)
            skipSpace()
            if accept(.symbol("|")) { continue }
            guard peek == closing else { throw fault("unexpected token in operand") }
            next += 1
            return pipeline
        }
    }

    private mutating func command() throws(LogQLValueError) -> TemplateCommand {
        var operands: [TemplateOperand] = []
        while true {
            skipSpace()
            switch peek {
            case .end, .symbol("|"), .symbol(")"):
                if operands.isEmpty { throw fault("missing value for command") }
                return TemplateCommand(operands: operands)
            default: operands.append(try operand())
            }
        }
    }

    private mutating func operand() throws(LogQLValueError) -> TemplateOperand {
        let placed = tokens[next]
        next += 1
        var result: TemplateOperand
        switch placed.token {
        case .word("true"): result = .value(.bool(true))
        case .word("false"): result = .value(.bool(false))
        case .word("nil"): result = .value(.none)
        case .word(let word):
            if !functions.contains(word) { throw fault("function \"\(word)\" not defined") }
            result = .function(word, line: placed.line, column: placed.column)
        case .string(let text): result = .value(.string(text))
        case .number(let text):
            if let value = Int64(text) {
                result = .value(.integer(value))
            } else if let value = LogQLUnits.goFloat(text) {
                result = .value(.float(value))
            } else if text.hasPrefix("0x"), let value = Int64(text.dropFirst(2), radix: 16) {
                result = .value(.integer(value))
            } else {
                throw fault("bad number syntax: \"\(text)\"")
            }
        case .variable(let name):
            if !variables.contains(name) { throw fault("undefined variable \"\(name)\"") }
            result = .variable(name)
        case .dot: result = .dot
        case .field(let name):
            fieldNames.append(name)
            result = .field(of: nil, [name])
        case .symbol("("): result = .pipeline(try pipeline(closing: .symbol(")")))
        default: throw fault("unexpected token in operand")
        }
        var chain: [String] = []
        while case .field(let name) = peek {
            next += 1
            chain.append(name)
            fieldNames.append(name)
        }
        if chain.isEmpty { return result }
        if case .field(nil, let first) = result { return .field(of: nil, first + chain) }
        return .field(of: result, chain)
    }
}
