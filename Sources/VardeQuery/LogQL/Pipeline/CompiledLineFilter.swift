internal import VardeCompression
internal import VardeKernels

/// A line filter made ready: one of its operands must be found, or none of them.
struct CompiledLineFilter: Sendable {
    private enum Operand: Sendable {
        case everything
        case substring([UInt8])
        /// With groups of byte strings, one of each of which a match holds.
        case regex(Regex, [[[UInt8]]])
        case pattern(LinePattern)
        case address(AddressRange)
        /// Tokens of a personal value, any of them.
        case tokens([[UInt8]])
    }

    private let operands: [Operand]
    private let negated: Bool
    /// Byte strings of which each line that passes holds one of every group.
    let required: [[[UInt8]]]

    init(_ filter: LogQLLineFilter, resolvePII: (@Sendable (String) -> [String])?) throws(LogQLValueError) {
        negated = filter.operation.isNegated
        var operands: [Operand] = []
        var groups: [[[UInt8]]?] = []
        for operand in filter.operands {
            let compiled = try Self.compile(operand, filter.operation, resolvePII)
            operands.append(compiled)
            switch compiled {
            case .everything: groups.append(nil)
            case .substring(let needle): groups.append([needle])
            case .tokens(let tokens): groups.append(tokens.isEmpty ? nil : tokens)
            case .regex(_, let literals):
                groups.append(literals.max { $0.score < $1.score })
            case .pattern(let pattern):
                groups.append(pattern.literals.max { $0.count < $1.count }.map { [$0] })
            case .address:
                groups.append(nil)
            }
        }
        self.operands = operands
        if negated || groups.contains(where: { $0 == nil }) {
            required = []
        } else {
            if operands.count == 1, case .regex(_, let literals) = operands[0] {
                required = literals
            } else {
                required = [groups.flatMap { $0 ?? [] }]
            }
        }
    }

    private static func compile(
        _ operand: LogQLLineFilter.Operand, _ operation: LogQLLineFilter.Operation, _ resolvePII: (@Sendable (String) -> [String])?
    ) throws(LogQLValueError) -> Operand {
        switch operand {
        case .ip(let text):
            guard operation == .contains || operation == .notContains else { throw LogQLValueError("ip: invalid operation") }
            return .address(try AddressRange(text))
        case .pii(let text):
            guard operation == .contains || operation == .notContains else { throw LogQLValueError("pii: invalid operation") }
            return .tokens((resolvePII?(text) ?? []).map { Array($0.utf8) })
        case .text(let text):
            switch operation {
            case .contains, .notContains: return text.isEmpty ? .everything : .substring(Array(text.utf8))
            case .matches, .notMatches:
                if text.isEmpty || text == ".*" { return .everything }
                if RegexLiterals.isPlain(text) { return .substring(Array(text.utf8)) }
                do {
                    return .regex(try Regex(text), RegexLiterals.required(by: text) ?? [])
                } catch {
                    throw LogQLValueError(LogQLChecker.regexText(error))
                }
            case .pattern, .notPattern: return .pattern(try LinePattern(filter: text))
            }
        }
    }

    func passes(_ line: Span<UInt8>) -> Bool {
        for operand in operands where isFound(operand, line) { return !negated }
        return negated
    }

    private func isFound(_ operand: Operand, _ line: Span<UInt8>) -> Bool {
        switch operand {
        case .everything: return true
        case .substring(let needle): return SubstringSearch.firstOffset(of: needle.span, in: line) != nil
        case .regex(let regex, let literals):
            // Searching for bytes is so much faster than matching that it is done first.
            for group in literals where !Self.holds(line, oneOf: group) { return false }
            return regex.matchesAnywhere(line)
        case .pattern(let pattern): return pattern.matches(line)
        case .address(let range): return range.isFound(in: line)
        case .tokens(let tokens): return Self.holds(line, oneOf: tokens)
        }
    }

    private static func holds(_ line: Span<UInt8>, oneOf texts: [[UInt8]]) -> Bool {
        for text in texts where SubstringSearch.firstOffset(of: text.span, in: line) != nil { return true }
        return false
    }
}

extension [[UInt8]] {
    /// How much a group of alternatives rules out: the length of its shortest.
    var score: Int { self.min { $0.count < $1.count }?.count ?? 0 }
}
