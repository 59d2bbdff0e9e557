internal import VardeModel

/// Takes LogQL text apart. Columns count characters from 1, as Loki's messages do.
struct LogQLLexer {
    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var column = 1
    private(set) var tokens: [LogQLToken] = []

    static func tokens(_ text: String) throws(LogQLParseError) -> [LogQLToken] {
        var lexer = LogQLLexer(bytes: Array(text.utf8))
        while try lexer.next() {}
        return lexer.tokens
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private func peek(_ ahead: Int = 0) -> UInt8 {
        let at = position + ahead
        return at < bytes.count ? bytes[at] : 0
    }

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == 10 {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
    }

    private func fault(_ message: String, _ line: Int, _ column: Int) -> LogQLParseError {
        LogQLParseError(message, line: line, column: column)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || byte >= 0x80 || (byte | 32) >= UInt8(ascii: "a") && (byte | 32) <= UInt8(ascii: "z")
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 32, 9, 10, 13: advance()
            case UInt8(ascii: "#"): while position < bytes.count, bytes[position] != 10 { advance() }
            default: return
            }
        }
    }

    private mutating func next() throws(LogQLParseError) -> Bool {
        skipSpace()
        let startLine = line
        let startColumn = column
        func token(_ kind: LogQLTokenKind, _ text: String, _ amount: Int64 = 0) -> LogQLToken {
            LogQLToken(kind: kind, text: text, amount: amount, line: startLine, column: startColumn)
        }
        guard position < bytes.count else {
            tokens.append(token(.end, ""))
            return false
        }
        let byte = bytes[position]
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "`") {
            tokens.append(token(.string, try string(startLine, startColumn)))
            return true
        }
        if Self.isDigit(byte) || byte == UInt8(ascii: ".") && Self.isDigit(peek(1)) {
            try number(token(.number, ""))
            return true
        }
        if Self.isLetter(byte) {
            let start = position
            while position < bytes.count, Self.isLetter(bytes[position]) || Self.isDigit(bytes[position]) { advance() }
            let text = String(decoding: bytes[start..<position], as: UTF8.self)
            if LogQLToken.reserved.contains(text) || LogQLToken.functions.contains(text) && isCall() {
                tokens.append(token(.symbol, text))
            } else {
                tokens.append(token(.identifier, text))
            }
            return true
        }
        if byte == UInt8(ascii: "[") {
            tokens.append(try range(token(.range, "")))
            return true
        }
        if byte == UInt8(ascii: "-"), peek(1) == UInt8(ascii: "-"), Self.isLetter(peek(2)) {
            let start = position
            advance(2)
            while Self.isLetter(peek()) && position < bytes.count || peek() == UInt8(ascii: "-") { advance() }
            let text = String(decoding: bytes[start..<position], as: UTF8.self)
            if text == "--strict" || text == "--keep-empty" {
                tokens.append(token(.parserFlag, text))
                return true
            }
            throw fault("syntax error: unexpected IDENTIFIER", startLine, startColumn)
        }
        for symbol in Self.twoByteSymbols where peek() == symbol.0 && peek(1) == symbol.1 {
            advance(2)
            tokens.append(token(.symbol, String(decoding: [symbol.0, symbol.1], as: UTF8.self)))
            return true
        }
        if Self.symbols.contains(byte) {
            advance()
            tokens.append(token(.symbol, String(decoding: [byte], as: UTF8.self)))
            return true
        }
        throw fault("syntax error: unexpected character", startLine, startColumn)
    }

    private static let twoByteSymbols: [(UInt8, UInt8)] = ["|=", "|~", "|>", "!=", "!~", "!>", "=~", "==", ">=", "<="].map {
        (Array($0.utf8)[0], Array($0.utf8)[1])
    }
    private static let symbols = Set("{}()|,=><+-*/%^]".utf8)

    /// Whether what follows makes a function of the word before.
    private func isCall() -> Bool {
        var at = position
        while at < bytes.count, [32, 9, 10, 13].contains(bytes[at]) { at += 1 }
        if at < bytes.count, bytes[at] == UInt8(ascii: "(") { return true }
        let rest = bytes[at...].prefix(8)
        return rest.starts(with: "by".utf8) && !Self.continues(rest, 2) || rest.starts(with: "without".utf8) && !Self.continues(rest, 7)
    }

    private static func continues(_ rest: ArraySlice<UInt8>, _ offset: Int) -> Bool {
        let at = rest.startIndex + offset
        return at < rest.endIndex && (isLetter(rest[at]) || isDigit(rest[at]))
    }

    private mutating func string(_ startLine: Int, _ startColumn: Int) throws(LogQLParseError) -> String {
        let quote = bytes[position]
        let start = position
        advance()
        while position < bytes.count, bytes[position] != quote {
            if quote != UInt8(ascii: "`") {
                if bytes[position] == 10 { break }
                if bytes[position] == UInt8(ascii: "\\") { advance() }
            }
            advance()
        }
        guard position < bytes.count, bytes[position] == quote else { throw fault("literal not terminated", startLine, startColumn) }
        advance()
        guard let value = PromQLUnquoting.unquote(String(decoding: bytes[start..<position], as: UTF8.self)) else {
            throw fault("invalid char escape", startLine, startColumn)
        }
        return String(decoding: value, as: UTF8.self)
    }

    /// A number, or the duration or size that begins with it.
    private mutating func number(_ template: LogQLToken) throws(LogQLParseError) {
        var token = template
        let start = position
        // The longest duration or size wins over the plain number.
        var end = position
        while end < bytes.count, Self.isDigit(bytes[end]) || bytes[end] == UInt8(ascii: ".") || Self.isLetter(bytes[end]) { end += 1 }
        let word = Array(bytes[start..<end])
        let isHex = word.count > 1 && word[0] == 48 && [120, 88, 111, 79, 98, 66].contains(word[1])
        if !isHex {
            let unitLetters = Set("nsuµmhdwy".utf8)
            var stop = start
            while stop < end,
                Self.isDigit(bytes[stop]) || bytes[stop] == UInt8(ascii: ".") || unitLetters.contains(bytes[stop])
                    || bytes[stop] == 0xCE || bytes[stop] == 0xBC
            { stop += 1 }
            let text = String(decoding: bytes[start..<stop], as: UTF8.self)
            if stop > start, let last = text.last, !last.isNumber, last != ".", let amount = LogQLUnits.queryDuration(text) {
                advance(stop - start)
                token.kind = .duration
                token.text = text
                token.amount = amount
                tokens.append(token)
                return
            }
            let sizeLetters = Set("bBkKMGgTtPpEei".utf8)
            stop = start
            while stop < end, Self.isDigit(bytes[stop]) || bytes[stop] == UInt8(ascii: ".") || sizeLetters.contains(bytes[stop]) {
                stop += 1
            }
            let size = Array(bytes[start..<stop])
            if let last = size.last, last == UInt8(ascii: "B") || last == UInt8(ascii: "b"),
                case .success(let amount) = LogQLUnits.byteSize(size),
                let signed = Int64(exactly: amount)
            {
                advance(stop - start)
                token.kind = .bytes
                token.text = String(decoding: size, as: UTF8.self)
                token.amount = signed
                tokens.append(token)
                return
            }
        }
        advance()
        if isHex {
            while Self.isLetter(peek()) && position < bytes.count || Self.isDigit(peek()) { advance() }
        } else {
            scanDecimal()
        }
        token.text = String(decoding: bytes[start..<position], as: UTF8.self)
        tokens.append(token)
    }

    private mutating func scanDecimal() {
        while Self.isDigit(peek()) || peek() == UInt8(ascii: ".") { advance() }
        if peek() | 32 == UInt8(ascii: "e") {
            let signed = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-")
            if Self.isDigit(peek(signed ? 2 : 1)) {
                advance(signed ? 2 : 1)
                while Self.isDigit(peek()) { advance() }
            }
        }
    }

    private mutating func range(_ template: LogQLToken) throws(LogQLParseError) -> LogQLToken {
        var token = template
        advance()
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "]") { advance() }
        guard position < bytes.count else { throw fault("missing closing ']' in duration", token.line, token.column) }
        let text = String(decoding: bytes[start..<position], as: UTF8.self).trimmingSpaces
        advance()
        guard let amount = LogQLUnits.queryDuration(text) else {
            throw fault("not a valid duration string: \(text.quoted)", token.line, token.column)
        }
        guard amount > 0 else { throw fault("duration must be greater than 0", token.line, token.column) }
        token.text = text
        token.amount = amount
        return token
    }
}
