internal import VardeModel

/// Cuts a query into tokens, one at a time and only as the parser asks, so that the first error in the text is the first reported.
struct PromQLLexer {
    let query: String
    private let bytes: [UInt8]
    private var position = 0
    private var start = 0
    private var parenDepth = 0
    private var braceOpen = false
    private var bracketOpen = false
    private var gotColon = false
    private var gotDuration = false
    /// Inside a range's brackets before its first number: arithmetic of durations.
    private var inDurationExpression = false
    /// Where the last token began.
    private(set) var lastStart = 0

    init(_ query: String) {
        self.query = query
        bytes = Array(query.utf8)
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func fail(_ reason: String) -> PromQLParseError {
        PromQLParseError(range: SourceRange(start, bytes.count), reason: reason, query: query)
    }

    private func text(_ from: Int, _ to: Int) -> String { String(decoding: bytes[from..<to], as: UTF8.self) }

    /// The character at a place as Go quotes it: `'x'`.
    private func quotedRune(at place: Int) -> String {
        guard place < bytes.count else { return "'�'" }
        let scalar = text(place, bytes.count).unicodeScalars.first ?? "?"
        switch scalar {
        case "'": return "'\\''"
        case "\\": return "'\\\\'"
        case "\n": return "'\\n'"
        case "\t": return "'\\t'"
        case "\r": return "'\\r'"
        case "\0"..<" ", "\u{7f}":
            let hex = String(scalar.value, radix: 16)
            return "'\\x" + (hex.utf8.count < 2 ? "0" : "") + hex + "'"
        default: return "'\(scalar)'"
        }
    }

    private mutating func emit(_ kind: PromQLToken.Kind) -> PromQLToken {
        let token = PromQLToken(kind: kind, range: SourceRange(start, position), text: text(start, position))
        lastStart = start
        start = position
        return token
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 10 || byte == 13 }
    private static func isDigit(_ byte: UInt8?) -> Bool { byte.map { $0 >= 48 && $0 <= 57 } ?? false }
    private static func isAlpha(_ byte: UInt8?) -> Bool {
        byte.map { $0 == UInt8(ascii: "_") || ($0 | 32 >= UInt8(ascii: "a") && $0 | 32 <= UInt8(ascii: "z")) } ?? false
    }
    private static func isWord(_ byte: UInt8?) -> Bool { isAlpha(byte) || isDigit(byte) }

    private mutating func skipSpaceAndComments() {
        while let byte = peek {
            if Self.isSpace(byte) {
                position += 1
            } else if byte == UInt8(ascii: "#") && !inDurationExpression {
                while let next = peek, next != 10, next != 13 { position += 1 }
            } else {
                break
            }
        }
        start = position
    }

    /// The next token; `endOfInput` again and again at the end.
    mutating func next() throws(PromQLParseError) -> PromQLToken {
        skipSpaceAndComments()
        if braceOpen { return try insideBraces() }
        if inDurationExpression { return try insideDurationExpression() }
        return try statement()
    }

    private mutating func statement() throws(PromQLParseError) -> PromQLToken {
        guard let byte = peek else {
            if parenDepth != 0 { throw fail("unclosed left parenthesis") }
            if bracketOpen { throw fail("unclosed left bracket") }
            return emit(.endOfInput)
        }
        position += 1
        switch byte {
        case UInt8(ascii: ","): return emit(.comma)
        case UInt8(ascii: "*"): return emit(.binary(.multiply))
        case UInt8(ascii: "/"): return emit(.binary(.divide))
        case UInt8(ascii: "%"): return emit(.binary(.modulo))
        case UInt8(ascii: "+"): return emit(.binary(.add))
        case UInt8(ascii: "-"): return emit(.binary(.subtract))
        case UInt8(ascii: "^"): return emit(.binary(.power))
        case UInt8(ascii: "@"): return emit(.at)
        case UInt8(ascii: "="):
            if peek == UInt8(ascii: "=") {
                position += 1
                return emit(.binary(.equal))
            }
            if peek == UInt8(ascii: "~") { throw fail("unexpected character after '=': '~'") }
            return emit(.equal)
        case UInt8(ascii: "!"):
            guard peek == UInt8(ascii: "=") else { throw fail("unexpected character after '!': \(quotedRune(at: position))") }
            position += 1
            return emit(.binary(.notEqual))
        case UInt8(ascii: "<"): return emitComparison(.less, .lessOrEqual, .trimUpper)
        case UInt8(ascii: ">"): return emitComparison(.greater, .greaterOrEqual, .trimLower)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return try quotedString(byte)
        case UInt8(ascii: "`"): return try rawString()
        case UInt8(ascii: "("), UInt8(ascii: ")"): return try emitParenthesis(byte)
        case UInt8(ascii: "{"):
            braceOpen = true
            return emit(.leftBrace)
        case UInt8(ascii: "["):
            if bracketOpen { throw fail("unexpected left bracket '['") }
            gotColon = false
            bracketOpen = true
            inDurationExpression = true
            return emit(.leftBracket)
        case UInt8(ascii: "]"):
            if !bracketOpen { throw fail("unexpected right bracket ']'") }
            bracketOpen = false
            return emit(.rightBracket)
        default: break
        }
        if Self.isDigit(byte) || (byte == UInt8(ascii: ".") && Self.isDigit(peek)) {
            position -= 1
            return try numberOrDuration()
        }
        if Self.isAlpha(byte) || byte == UInt8(ascii: ":") {
            if !bracketOpen {
                position -= 1
                return keywordOrIdentifier()
            }
            if byte == UInt8(ascii: ":") {
                if gotColon { throw fail("unexpected colon ':'") }
                gotColon = true
                return emit(.colon)
            }
            if let token = durationKeyword() { return token }
            throw fail("unexpected character: \(quotedRune(at: start)), expected ':'")
        }
        throw fail("unexpected character: \(quotedRune(at: start))")
    }

    private mutating func emitParenthesis(_ byte: UInt8) throws(PromQLParseError) -> PromQLToken {
        let opens = byte == UInt8(ascii: "(")
        parenDepth += opens ? 1 : -1
        if parenDepth < 0 {
            start = position
            throw fail("unexpected right parenthesis ')'")
        }
        return emit(opens ? .leftParen : .rightParen)
    }

    private mutating func emitComparison(_ plain: BinaryOperator, _ orEqual: BinaryOperator, _ trim: BinaryOperator) -> PromQLToken {
        if peek == UInt8(ascii: "=") {
            position += 1
            return emit(.binary(orEqual))
        }
        if peek == UInt8(ascii: "/") {
            position += 1
            return emit(.binary(trim))
        }
        return emit(.binary(plain))
    }

    private mutating func insideDurationExpression() throws(PromQLParseError) -> PromQLToken {
        guard let byte = peek else { throw fail("unexpected end of input in duration expression") }
        position += 1
        switch byte {
        case UInt8(ascii: "]"):
            bracketOpen = false
            gotColon = false
            inDurationExpression = false
            return emit(.rightBracket)
        case UInt8(ascii: ":"):
            start = position
            if !gotDuration { throw fail("unexpected colon before duration in duration expression") }
            if gotColon { throw fail("unexpected repeated colon in duration expression") }
            start = position - 1
            gotColon = true
            return emit(.colon)
        case UInt8(ascii: "("), UInt8(ascii: ")"): return try emitParenthesis(byte)
        case UInt8(ascii: "+"): return emit(.binary(.add))
        case UInt8(ascii: "-"): return emit(.binary(.subtract))
        case UInt8(ascii: "*"): return emit(.binary(.multiply))
        case UInt8(ascii: "/"): return emit(.binary(.divide))
        case UInt8(ascii: "%"): return emit(.binary(.modulo))
        case UInt8(ascii: "^"): return emit(.binary(.power))
        case UInt8(ascii: ","): return emit(.comma)
        default: break
        }
        if Self.isDigit(byte) || (byte == UInt8(ascii: ".") && Self.isDigit(peek)) {
            position -= 1
            gotDuration = true
            inDurationExpression = false
            return try numberOrDuration()
        }
        if let token = durationKeyword() { return token }
        throw fail("unexpected character in duration expression: \(quotedRune(at: start))")
    }

    /// `step`, `range`, `max_of` or `min_of` inside brackets.
    private mutating func durationKeyword() -> PromQLToken? {
        guard [UInt8(ascii: "s"), UInt8(ascii: "r"), UInt8(ascii: "m")].contains(bytes[start] | 32) else { return nil }
        while Self.isAlpha(peek) { position += 1 }
        switch PromQLToken.Kind.words[text(start, position).lowercased()] {
        case .preprocessor(let word)? where word != .start && word != .end: return emit(.preprocessor(word))
        default: return nil
        }
    }

    private mutating func insideBraces() throws(PromQLParseError) -> PromQLToken {
        guard let byte = peek else { throw fail("unexpected end of input inside braces") }
        position += 1
        switch byte {
        case UInt8(ascii: ","): return emit(.comma)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return try quotedString(byte)
        case UInt8(ascii: "`"): return try rawString()
        case UInt8(ascii: "="):
            if peek == UInt8(ascii: "~") {
                position += 1
                return emit(.equalRegex)
            }
            return emit(.equal)
        case UInt8(ascii: "!"):
            if peek == UInt8(ascii: "~") {
                position += 1
                return emit(.notEqualRegex)
            }
            guard peek == UInt8(ascii: "=") else {
                throw fail("unexpected character after '!' inside braces: \(quotedRune(at: position))")
            }
            position += 1
            return emit(.binary(.notEqual))
        case UInt8(ascii: "{"): throw fail("unexpected left brace '{'")
        case UInt8(ascii: "}"):
            braceOpen = false
            return emit(.rightBrace)
        default: break
        }
        guard Self.isAlpha(byte) else { throw fail("unexpected character inside braces: \(quotedRune(at: start))") }
        while Self.isWord(peek) { position += 1 }
        return emit(.identifier)
    }

    private mutating func keywordOrIdentifier() -> PromQLToken {
        var hasColon = false
        while let byte = peek, Self.isWord(byte) || byte == UInt8(ascii: ":") {
            if byte == UInt8(ascii: ":") { hasColon = true }
            position += 1
        }
        if position - start <= 12, let kind = PromQLToken.Kind.words[text(start, position).lowercased()] {
            switch kind {
            case .keyword(.fill), .keyword(.fillLeft), .keyword(.fillRight):
                var ahead = position
                while ahead < bytes.count, Self.isSpace(bytes[ahead]) { ahead += 1 }
                if ahead >= bytes.count || bytes[ahead] != UInt8(ascii: "(") { return emit(.identifier) }
            default: break
            }
            return emit(kind)
        }
        return emit(hasColon ? .metricIdentifier : .identifier)
    }

    /// Where the closing parenthesis before the last token ends, if the last token is one too and nothing but space lies between.
    func previousRightParen(else fallback: Int) -> Int {
        guard fallback > 0, fallback <= bytes.count, lastStart > 0, lastStart < bytes.count, bytes[lastStart] == UInt8(ascii: ")") else {
            return fallback
        }
        var i = lastStart - 1
        while i > 0 {
            if bytes[i] == UInt8(ascii: ")") { return i + 1 }
            if !Self.isSpace(bytes[i]) { return fallback }
            i -= 1
        }
        return fallback
    }
}

extension PromQLLexer {
    private mutating func quotedString(_ quote: UInt8) throws(PromQLParseError) -> PromQLToken {
        while let byte = peek {
            position += 1
            switch byte {
            case quote: return emit(.string)
            case 10: throw fail("unterminated quoted string")
            case UInt8(ascii: "\\"): try escape(quote)
            default: break
            }
        }
        throw fail("unterminated quoted string")
    }

    private mutating func rawString() throws(PromQLParseError) -> PromQLToken {
        while let byte = peek {
            position += 1
            if byte == UInt8(ascii: "`") { return emit(.string) }
        }
        throw fail("unterminated raw string")
    }

    /// Checks an escape sequence whose backslash has been read.
    private mutating func escape(_ quote: UInt8) throws(PromQLParseError) {
        guard let kind = peek else { throw fail("escape sequence not terminated") }
        var count: Int
        let base: UInt32
        let limit: UInt32
        switch kind {
        case quote, UInt8(ascii: "\\"), UInt8(ascii: "a"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"),
            UInt8(ascii: "t"), UInt8(ascii: "v"):
            position += 1
            return
        case UInt8(ascii: "0")...UInt8(ascii: "7"): (count, base, limit) = (3, 8, 255)
        case UInt8(ascii: "x"): (count, base, limit) = (2, 16, 255)
        case UInt8(ascii: "u"): (count, base, limit) = (4, 16, 0x10_FFFF)
        case UInt8(ascii: "U"): (count, base, limit) = (8, 16, 0x10_FFFF)
        default: throw fail("unknown escape sequence \(unicodePoint(at: position))")
        }
        if base == 16 { position += 1 }
        var value: UInt32 = 0
        while count > 0 {
            guard let byte = peek else { throw fail("escape sequence not terminated") }
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, digit < base else {
                throw fail("illegal character \(unicodePoint(at: position)) in escape sequence")
            }
            value = value &* base &+ UInt32(digit)
            position += 1
            count -= 1
        }
        if value > limit || (0xD800..<0xE000).contains(value) { throw fail("escape sequence is an invalid Unicode code point") }
    }

    /// A character as Go's `%#U` shows it: `U+0078 'x'`.
    private func unicodePoint(at place: Int) -> String {
        guard let scalar = text(place, bytes.count).unicodeScalars.first else { return "U+FFFD" }
        let hex = String(scalar.value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - hex.utf8.count)) + hex + " '\(scalar)'"
    }

    private mutating func numberOrDuration() throws(PromQLParseError) -> PromQLToken {
        if scanNumber() { return emit(.number) }
        if scanRestOfDuration() { return emit(.duration) }
        throw fail("bad number or duration syntax: \(text(start, position).quoted)")
    }

    private mutating func accept(_ set: StaticString) -> Bool {
        guard let byte = peek, set.description.utf8.contains(byte) else { return false }
        position += 1
        return true
    }

    private mutating func scanRestOfDuration() -> Bool {
        guard accept("smhdwy") else { return false }
        _ = accept("s")
        while Self.isDigit(peek) {
            while Self.isDigit(peek) { position += 1 }
            guard accept("smhdw") else { return false }
            _ = accept("s")
        }
        if !Self.isWord(peek) { return true }
        // What a duration cannot end with is told as part of it.
        position += 1
        return false
    }

    /// Decimal, hexadecimal, with exponent, dots and underscores, as far as it goes.
    private mutating func scanNumber() -> Bool {
        let begin = position
        var hex = false
        if accept("0"), accept("xX") {
            _ = accept("_")
            hex = true
        }
        func isDigit(_ byte: UInt8?) -> Bool {
            guard let byte else { return false }
            if Self.isDigit(byte) { return true }
            return hex && byte | 32 >= UInt8(ascii: "a") && byte | 32 <= UInt8(ascii: "f")
        }
        _ = accept(".")
        if isDigit(peek) { position += 1 }
        var dot = false
        var exponent = false
        while let byte = peek {
            if byte == UInt8(ascii: ".") {
                position += 1
                if dot || accept("_.") || hex { return false }
                dot = true
            } else if !hex, byte | 32 == UInt8(ascii: "e") {
                position += 1
                if exponent { return false }
                exponent = true
                _ = accept("+-")
                if accept("._eE") || peek == nil { return false }
            } else if hex, exponent, byte | 32 == UInt8(ascii: "e") {
                return false
            } else if byte == UInt8(ascii: "_") {
                position += 1
                if accept("._eE") || peek == nil { return false }
            } else if isDigit(byte) {
                while isDigit(peek) { position += 1 }
            } else {
                break
            }
        }
        if position == begin { return false }
        return !Self.isWord(peek)
    }
}
