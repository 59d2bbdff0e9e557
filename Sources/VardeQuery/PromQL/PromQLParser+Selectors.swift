internal import VardeCompression
internal import VardeModel

extension PromQLParser {
    /// A vector selector that begins with the next token.
    mutating func selector() throws(PromQLParseError) -> PromQLSelector {
        let first = try peek()
        if first.kind == .leftBrace { return try braces(name: "", from: first) }
        try advance()
        return try selector(named: first)
    }

    /// A vector selector whose metric name has been read.
    mutating func selector(named name: PromQLToken) throws(PromQLParseError) -> PromQLSelector {
        if try peek().kind == .leftBrace { return try braces(name: name.text, from: name) }
        return PromQLSelector(name: name.text, matchers: [LabelMatcher(Labels.metricName, .equal, name.text)], range: name.range)
    }

    private mutating func braces(name: String, from first: PromQLToken) throws(PromQLParseError) -> PromQLSelector {
        try expect(.leftBrace)
        var matchers: [LabelMatcher] = []
        let place = "label matching"
        while try peek().kind != .rightBrace {
            matchers.append(try matcher())
            let next = try peek()
            if next.kind == .rightBrace { break }
            if next.kind != .comma { throw unexpected(next, in: place, expected: "\",\" or \"}\"") }
            try advance()
        }
        let close = try advance()
        if !name.isEmpty { matchers.append(LabelMatcher(Labels.metricName, .equal, name)) }
        return PromQLSelector(name: name, matchers: matchers, range: first.range.joined(to: close.range))
    }

    private mutating func matcher() throws(PromQLParseError) -> LabelMatcher {
        let place = "label matching"
        let label = try peek()
        guard label.kind == .identifier || label.kind == .string else {
            throw unexpected(label, in: place, expected: "identifier or \"}\"")
        }
        try advance()
        let name = label.kind == .string ? try unquote(label) : label.text
        let token = try peek()
        let operation: LabelMatcher.Operator
        switch token.kind {
        case .equal: operation = .equal
        case .binary(.notEqual): operation = .notEqual
        case .equalRegex: operation = .matches
        case .notEqualRegex: operation = .notMatches
        default:
            if label.kind == .string { return LabelMatcher(Labels.metricName, .equal, name) }
            throw unexpected(token, in: place, expected: "label matching operator")
        }
        try advance()
        let value = try peek()
        if value.kind != .string { throw unexpected(value, in: place, expected: "string") }
        try advance()
        let matcher = LabelMatcher(name, operation, try unquote(value))
        if operation == .matches || operation == .notMatches {
            do {
                _ = try Regex(matcher.value)
            } catch {
                throw self.error(label.range.joined(to: value.range), PromQLRegexError.text(error))
            }
        }
        return matcher
    }
}

/// Errors of regular expressions in the words of Go's parser, which Prometheus shows.
enum PromQLRegexError {
    private static let words: [String: String] = [
        "missing ]": "missing closing ]", "missing )": "missing closing )", "trailing \\": "trailing backslash at end of expression",
        "no argument for repetition operator": "missing argument to repetition operator",
        "invalid repetition size": "invalid repeat count", "bad repetition operator": "invalid nested repetition operator",
        "invalid perl operator": "invalid or unsupported Perl syntax", "invalid named capture group": "invalid named capture",
    ]

    static func text(_ error: Regex.SyntaxError) -> String {
        let reason = error.reason
        guard let split = reason.utf8.indices.first(where: { reason.utf8[$0] == 58 }) else {
            let word = words[reason] ?? reason
            return "error parsing regexp: \(word)" + (word.hasPrefix("trailing") ? ": ``" : "")
        }
        let word = String(reason[..<split])
        let detail = reason[reason.index(after: split)...].drop { $0 == " " }
        return "error parsing regexp: \(words[word] ?? word): `\(detail)`"
    }
}
