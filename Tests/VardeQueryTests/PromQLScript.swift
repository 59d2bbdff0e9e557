import VardeModel

@testable import VardeQuery

/// A line of a script that is not understood.
struct PromQLScriptError: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// What an evaluation of a script is expected to end with.
struct PromQLScriptCase {
    enum Kind: String {
        case fail, warn, noWarn = "no_warn", info, noInfo = "no_info"
    }

    enum Text {
        case any
        case message(String)
        case pattern(String)
    }

    var line: Int
    var query: String
    var start: Int64 = 0
    var end: Int64 = 0
    /// Nil for an instant evaluation.
    var step: Int64?
    var ordered = false
    var expectations: [(kind: Kind, text: Text)] = []
    var string: String?
    /// Range and step a range vector's values stand for.
    var rangeVector: (start: Int64, step: Int64)?
    var scalar: Double?
    var series: [(labels: Labels, values: [PromQLNotationValue])] = []

    var fails: Bool { expectations.contains { $0.kind == .fail } }
}

/// Commands of Prometheus' test language.
enum PromQLScriptCommand {
    case clear
    case load(step: Int64, nhcb: Bool, series: [(labels: Labels, values: [PromQLNotationValue], starts: [Int64?])])
    case eval(PromQLScriptCase)
}

/// Reads scripts of Prometheus' test language; throws on any line it does not understand.
enum PromQLScript {
    static func parse(_ text: String) throws -> [PromQLScriptCommand] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            let trimmed = line.drop { $0 == " " || $0 == "\t" || $0 == "\r" }
            var own = trimmed.first == "#" ? "" : String(trimmed)
            while let last = own.last, last == " " || last == "\t" || last == "\r" { own.removeLast() }
            return own
        }
        var commands: [PromQLScriptCommand] = []
        var i = 0
        while i < lines.count {
            let line = lines[i]
            if line.isEmpty {
                i += 1
                continue
            }
            let word = line.prefix { $0 != " " && $0 != "\t" }.lowercased()
            var block: [String] = []
            let first = i
            i += 1
            while i < lines.count, !lines[i].isEmpty {
                block.append(lines[i])
                i += 1
            }
            do {
                switch word {
                case "clear":
                    commands.append(.clear)
                    // A block may go on after it.
                    i = first + 1
                case "load", "load_with_nhcb": commands.append(try load(line, nhcb: word != "load", block))
                case _ where word.hasPrefix("eval"): commands.append(.eval(try eval(line, block, number: first + 1)))
                default: throw PromQLScriptError("unknown command \(line)")
                }
            } catch {
                throw PromQLScriptError("line \(first + 1): \(error)")
            }
        }
        return commands
    }

    private static func words(_ line: String, _ count: Int) -> [String] {
        line.split(maxSplits: count - 1, omittingEmptySubsequences: true) { $0 == " " || $0 == "\t" }.map {
            String($0.drop { $0 == " " || $0 == "\t" })
        }
    }

    private static func duration(_ text: String) throws -> Int64 {
        let negative = text.hasPrefix("-")
        guard let value = DurationText.milliseconds(negative ? String(text.dropFirst()) : text) else {
            throw PromQLScriptError("not a duration: \(text)")
        }
        return negative ? -value : value
    }

    private static func load(_ line: String, nhcb: Bool, _ block: [String]) throws -> PromQLScriptCommand {
        let parts = words(line, 2)
        guard parts.count == 2 else { throw PromQLScriptError("load without step") }
        var series: [(labels: Labels, values: [PromQLNotationValue], starts: [Int64?])] = []
        var starts: [Labels: [Int64?]] = [:]
        for line in block {
            var reader = PromQLSeriesNotation(line)
            let (labels, isStart) = try reader.metric()
            if isStart {
                starts[labels] = try reader.starts()
            } else {
                series.append((labels, try reader.values(), starts[labels] ?? []))
            }
        }
        return .load(step: try duration(parts[1]), nhcb: nhcb, series: series)
    }

    private static func eval(_ line: String, _ block: [String], number: Int) throws -> PromQLScriptCase {
        var parts = words(line, 3)
        guard parts.count == 3 else { throw PromQLScriptError("eval without expression") }
        var own = PromQLScriptCase(line: number, query: "")
        switch parts[0].lowercased() {
        case "eval": break
        case "eval_fail": own.expectations.append((.fail, .any))
        case "eval_warn": own.expectations.append((.warn, .any))
        case "eval_info": own.expectations.append((.info, .any))
        case "eval_ordered": own.ordered = true
        default: throw PromQLScriptError("unknown command \(parts[0])")
        }
        if parts[1] == "instant" {
            own.query = parts[2]
            if parts[2].hasPrefix("at ") {
                parts = words(parts[2], 3)
                own.start = try duration(parts[1])
                own.query = parts[2]
            }
            own.end = own.start
        } else if parts[1] == "range" {
            parts = words(parts[2], 7)
            guard parts.count == 7, parts[0] == "from", parts[2] == "to", parts[4] == "step" else {
                throw PromQLScriptError("range without from, to or step")
            }
            own.start = try duration(parts[1])
            own.end = try duration(parts[3])
            own.step = try duration(parts[5])
            own.query = parts[6]
        } else {
            throw PromQLScriptError("neither instant nor range")
        }
        for line in block { try expect(line, &own) }
        return own
    }

    private static func expect(_ line: String, _ own: inout PromQLScriptCase) throws {
        if line.hasPrefix("expected_fail_message") {
            own.expectations.append((.fail, .message(words(line, 2)[1])))
        } else if line.hasPrefix("expected_fail_regexp") {
            own.expectations.append((.fail, .pattern(words(line, 2)[1])))
        } else if line.hasPrefix("expect ") || line.hasPrefix("expect\t") {
            try expectation(words(line, 2)[1], &own)
        } else if let value = GoNumber.float(line) {
            own.scalar = value
        } else {
            var reader = PromQLSeriesNotation(line)
            let (labels, _) = try reader.metric()
            own.series.append((labels, try reader.values()))
        }
    }

    private static func expectation(_ text: String, _ own: inout PromQLScriptCase) throws {
        let word = String(text.prefix { $0 != " " && $0 != "\t" })
        let rest = String(text.dropFirst(word.count).drop { $0 == " " || $0 == "\t" })
        switch word {
        case "ordered": own.ordered = true
        case "string":
            guard let bytes = PromQLUnquoting.unquote(rest) else { throw PromQLScriptError("not a string: \(rest)") }
            own.string = String(decoding: bytes, as: UTF8.self)
        case "range":
            let parts = words(rest, 7)
            guard parts.count == 7, parts[0] == "vector", parts[1] == "from" else { throw PromQLScriptError("not a range vector: \(rest)") }
            own.rangeVector = (try duration(parts[2]), try duration(parts[6]))
        default:
            guard let kind = PromQLScriptCase.Kind(rawValue: word) else { throw PromQLScriptError("unknown expectation \(text)") }
            func tail(_ prefix: String) -> String { String(rest.dropFirst(prefix.count).drop { $0 == " " || $0 == "\t" }) }
            if rest.isEmpty {
                own.expectations.append((kind, .any))
            } else if rest.hasPrefix("msg:") {
                own.expectations.append((kind, .message(tail("msg:"))))
            } else if rest.hasPrefix("regex:") {
                own.expectations.append((kind, .pattern(tail("regex:"))))
            } else {
                throw PromQLScriptError("unknown expectation \(text)")
            }
        }
    }
}
