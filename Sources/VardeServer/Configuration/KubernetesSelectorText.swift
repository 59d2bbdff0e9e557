/// Selectors of Kubernetes objects, held against the grammar of its API server, which would refuse them at each request.
enum KubernetesSelectorText {
    /// Why a text is no selector.
    struct Fault: Error {
        let reason: String
    }

    private enum Token: Equatable {
        case word(Substring)
        case sign(String)
        case end

        var text: String {
            switch self {
            case .word(let text): "“\(text)”"
            case .sign(let text): "“\(text)”"
            case .end: "the end"
            }
        }
    }

    private static let signs = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"]

    /// Fields: `name=value`, `name==value` or `name!=value`, joined by commas.
    static func check(fields text: String) throws(Fault) {
        for term in unescapedParts(text) where !term.isEmpty {
            guard let mark = term.firstIndex(where: { $0 == "=" }) else { throw Fault(reason: "“\(term)” is not a selector of a field") }
            var value = term[term.index(after: mark)...]
            // `!=` ends where `=` does, `==` one further.
            if value.hasPrefix("="), !term[..<mark].hasSuffix("!") { value = value.dropFirst() }
            var isEscaped = false
            for character in value {
                if isEscaped {
                    guard "\\,=".contains(character) else {
                        throw Fault(reason: "“\\\(character)” is no escape in the field selector “\(term)”")
                    }
                    isEscaped = false
                } else if character == "\\" {
                    isEscaped = true
                } else if character == "=" {
                    throw Fault(reason: "“=” in the value of the field selector “\(term)”")
                }
            }
            if isEscaped { throw Fault(reason: "the field selector “\(term)” ends in the middle of an escape") }
        }
    }

    /// What commas part that no backslash stands before.
    private static func unescapedParts(_ text: String) -> [Substring] {
        var isEscaped = false
        return text.split(omittingEmptySubsequences: false) { character in
            defer { isEscaped = character == "\\" && !isEscaped }
            return character == "," && !isEscaped
        }
    }

    /// Labels: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, `a>1`, joined by commas.
    static func check(labels text: String) throws(Fault) {
        var rest = tokens(text)[...]
        if rest.first == .end { return }
        while true {
            try requirement(&rest)
            switch rest.removeFirst() {
            case .end: return
            case .sign(","): continue
            case let other: throw Fault(reason: "\(other.text) in a label selector where a comma or the end was expected")
            }
        }
    }

    private static func tokens(_ text: String) -> [Token] {
        var tokens: [Token] = []
        var rest = text[...]
        while true {
            rest = rest.drop { " \t\r\n".contains($0) }
            if rest.isEmpty { return tokens + [.end] }
            if let sign = signs.first(where: { rest.hasPrefix($0) }) {
                tokens.append(.sign(sign))
                rest = rest.dropFirst(sign.count)
            } else {
                let word = rest.prefix { !" \t\r\n=!(),><".contains($0) }
                tokens.append(.word(word))
                rest = rest.dropFirst(word.count)
            }
        }
    }

    private static func requirement(_ rest: inout ArraySlice<Token>) throws(Fault) {
        let isAbsence = rest.first == .sign("!")
        if isAbsence { rest.removeFirst() }
        try checkKey(try word(&rest))
        if isAbsence || rest.first == .end || rest.first == .sign(",") { return }
        switch rest.removeFirst() {
        case .word("in"), .word("notin"): try list(&rest)
        case .sign("="), .sign("=="), .sign("!="):
            if rest.first != .end, rest.first != .sign(",") { try checkValue(try word(&rest)) }
        case .sign(">"), .sign("<"):
            let value = try word(&rest)
            if Int64(value) == nil { throw Fault(reason: "“\(value)” in a label selector is not a whole number") }
        case let other: throw Fault(reason: "\(other.text) in a label selector is no operator")
        }
    }

    /// Values in parentheses, empty ones among them.
    private static func list(_ rest: inout ArraySlice<Token>) throws(Fault) {
        guard rest.removeFirst() == .sign("(") else { throw Fault(reason: "“(” is missing in a label selector") }
        while true {
            if case .word(let value) = rest.first {
                try checkValue(value)
                rest.removeFirst()
            }
            switch rest.removeFirst() {
            case .sign(")"): return
            case .sign(","): continue
            case let other: throw Fault(reason: "\(other.text) in a label selector where “,” or “)” was expected")
            }
        }
    }

    private static func word(_ rest: inout ArraySlice<Token>) throws(Fault) -> Substring {
        guard case .word(let text) = rest.first else {
            throw Fault(reason: "\((rest.first ?? .end).text) in a label selector where a name was expected")
        }
        rest.removeFirst()
        return text
    }

    /// A label's name, with a domain before it or without.
    private static func checkKey(_ key: Substring) throws(Fault) {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let name = parts.last, isName(name), !name.isEmpty, parts.count == 1 || isDomain(parts[0]) else {
            throw Fault(reason: "“\(key)” in a label selector is not the name of a label")
        }
    }

    private static func checkValue(_ value: Substring) throws(Fault) {
        if !isName(value) { throw Fault(reason: "“\(value)” in a label selector is not a value of a label") }
    }

    /// At most 63 letters, digits, `-`, `_` and `.`, the first and the last a letter or digit.
    private static func isName(_ text: Substring) -> Bool {
        text.utf8.count <= 63 && text.wholeMatch(of: /([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?/) != nil
    }

    private static func isDomain(_ text: Substring) -> Bool {
        text.utf8.count <= 253 && text.wholeMatch(of: /[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/) != nil
    }
}
