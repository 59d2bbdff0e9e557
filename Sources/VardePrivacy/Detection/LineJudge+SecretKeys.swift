/// What stands behind the name of a secret: passwords, tokens, cookies, authorization headers.
extension LineJudge {
    mutating func judgeSecret(
        _ text: Span<UInt8>, _ value: inout KeyValue, _ hit: WordTable<KeyMeaning>.Hit, _ meaning: KeyMeaning, keyStart: Int
    ) {
        if meaning == .weakSecret, !hit.isPart || !(value.isAssignment || value.isJSON || isRandomWord(text, value.start)) { return }
        // Inside a longer word only passwords are believed: `userpassword`, not `nexttoken`.
        if !hit.isPart {
            let word = lowercased(text, hit.start, min(text.count, hit.start + 6))
            guard word.hasPrefix("passw") || word.hasPrefix("passo") || word == "secret" else { return }
        }
        if !hit.isWhole, isHarmlessCompound(text, keyStart, hit.start) { return }
        var start = value.start
        var end = start
        if value.isElement {
            end = elementEnd(text, start, limit: text.count)
        } else if isCookie(text, hit.start), !value.isJSON {
            end = cookiesEnd(text, start)
            if !value.isAssignment, !hasAssignment(text, start, end) { return }
        } else if value.isQuoted, let open = bracketBefore(text, start), let close = closing(text, open) {
            // All of an array's elements.
            end = close
            while end > start, text[end - 1] == 0x20 || text[end - 1] == 0x22 || text[end - 1] == 0x5C { end -= 1 }
        } else if value.isQuoted {
            end = quotedEnd(text, value, limit: text.count)
            start += schemeLength(text, start)
        } else if text.at(start - 1) == 0x5B || text.at(start - 1) == 0x28 {
            while end < text.count, text[end] != 0x5D, text[end] != 0x29 { end += 1 }
        } else {
            let scheme = schemeLength(text, start)
            let parameters = parametersEnd(text, key: hit.start, start, scheme: scheme)
            start += scheme
            end = parameters ?? start
            if parameters == nil {
                while end < text.count, isBareSecretByte(text[end], value) { end += 1 }
                // An escaped quote behind it is not of it.
                if text.at(end) == 0x22 { while end > start, text[end - 1] == 0x5C { end -= 1 } }
            }
            if !value.isAssignment, !value.isJSON {
                while end > start, text[end - 1] == 0x2E || text[end - 1] == 0x2C { end -= 1 }
                // "token: invalid": a sentence, unless it looks like a value.
                if !looksLikeSecret(text, start, end) { return }
            }
        }
        guard end > start, !isNothing(text, start, end), !isPlaceholder(text, start, end) else { return }
        // Three digits are a count: pass=3, pin=4.
        if meaning == .weakSecret, end - start < 4, (start..<end).allSatisfy({ ByteClass.isDigit(text[$0]) }) { return }
        // PWD=/srv is a folder, token=3 of a parser a count.
        if text[start] == 0x2F, end - start < 2 || text.has("pwd", at: hit.start) || text.has("PWD", at: hit.start) { return }
        keysDoneUntil = end
        foundVerbatim(.secret, text, start, end)
    }

    private func isCookie(_ text: Span<UInt8>, _ start: Int) -> Bool { lowercased(text, start, min(text.count, start + 6)) == "cookie" }

    /// Where a header's cookies end: `a=b; c=d`, each without blanks.
    private func cookiesEnd(_ text: Span<UInt8>, _ start: Int) -> Int {
        var i = start
        while i < text.count {
            let c = text[i]
            if c == 0x20 ? text[i - 1] != 0x3B : c < 0x20 || c == 0x22 || c == 0x27 || c == 0x7F { break }
            i += 1
        }
        while i > start, text[i - 1] == 0x20 || text[i - 1] == 0x3B { i -= 1 }
        return i
    }

    private func hasAssignment(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        for i in start..<end where text[i] == 0x3D { return true }
        return false
    }

    /// The bracket of the array whose first element is quoted from `start` on.
    private func bracketBefore(_ text: Span<UInt8>, _ start: Int) -> Int? {
        var i = start - 1
        while i > 0, start - i < 20, text[i] == 0x22 || text[i] == 0x5C || text[i] == 0x20 { i -= 1 }
        return i >= 0 && text.at(i) == 0x5B ? i : nil
    }

    /// Where the brace or bracket that opens here closes, within bounds; strings are passed over.
    func closing(_ text: Span<UInt8>, _ open: Int) -> Int? {
        var depth = 0
        var inString = false
        var i = open
        while i < text.count, i - open < 4096 {
            let c = text[i]
            if c == 0x22, text[i - 1] != 0x5C || !inString { inString.toggle() }
            if !inString {
                if c == 0x7B || c == 0x5B { depth += 1 }
                if c == 0x7D || c == 0x5D { depth -= 1 }
                if depth == 0 { return i }
            }
            i += 1
        }
        return nil
    }

    /// A word of sixteen letters and digits at least, both of them: no word of a sentence.
    private func isRandomWord(_ text: Span<UInt8>, _ start: Int) -> Bool {
        var i = start
        var digits = 0
        while i < text.count, i - start < 64, ByteClass.isAlnum(text[i]) {
            if ByteClass.isDigit(text[i]) { digits += 1 }
            i += 1
        }
        return i - start >= 16 && digits >= 2
    }

    /// The name of an authentication scheme stays before what it carries.
    private func schemeLength(_ text: Span<UInt8>, _ start: Int) -> Int {
        guard let blank = (start..<min(text.count, start + 20)).first(where: { text[$0] == 0x20 }), blank > start else { return 0 }
        let word = lowercased(text, start, blank)
        return Self.schemes.contains(word) || Self.parameterSchemes.contains(word) ? blank + 1 - start : 0
    }

    private static let schemes: Set<String> = [
        "bearer", "basic", "token", "apikey", "api-key", "negotiate", "ntlm", "sharedkey", "sso-key",
    ]
    /// These carry a list of parameters, quotes and blanks among them: `Digest username="…", response="…"`.
    private static let parameterSchemes: Set<String> = ["digest", "hawk", "oauth", "signature", "aws4-hmac-sha256", "scram-sha-256"]

    /// Where the parameters of an `Authorization` header end, nil where it has no such scheme: at the line's end or the quote around
    /// the header.
    private func parametersEnd(_ text: Span<UInt8>, key: Int, _ start: Int, scheme: Int) -> Int? {
        guard scheme > 0, lowercased(text, key, min(text.count, key + 13)) == "authorization",
            Self.parameterSchemes.contains(lowercased(text, start, start + scheme - 1))
        else { return nil }
        var end = start + scheme
        while end < text.count, text[end] >= 0x20, text[end] != 0x60 {
            if text[end] == 0x27 {
                // Of a parameter, as in username='…', or around the header.
                guard text[end - 1] == 0x3D, let close = (end + 1..<text.count).first(where: { text[$0] == 0x27 || text[$0] < 0x20 }) else {
                    break
                }
                end = close
                if text[close] != 0x27 { break }
            }
            end += 1
        }
        while end > start, text[end - 1] == 0x20 { end -= 1 }
        return end
    }

    /// The sum a Digest exchange proves a password with, wherever it is written: a password can be guessed by it.
    mutating func judgeDigestProof(_ text: Span<UInt8>, _ value: KeyValue) {
        var start = value.start
        if text.has("\\x22", at: start) { start += 4 }
        var end = start
        while end < text.count, end - start <= 64, ByteClass.isHex(text[end]) { end += 1 }
        guard end - start == 32 || end - start == 64, !ByteClass.isWord(text.at(end)), hasNonce(text) else { return }
        keysDoneUntil = end
        foundVerbatim(.secret, text, start, end)
    }

    private func isBareSecretByte(_ c: UInt8, _ value: KeyValue) -> Bool {
        if c <= 0x20 || c == 0x22 || c == 0x7F { return false }
        if value.isQuery, c == 0x26 || c == 0x23 { return false }
        if value.isJSON, c == 0x2C || c == 0x7D || c == 0x5D { return false }
        return c != 0x3B && (c != 0x26 || !value.isAssignment)
    }

    private func isHarmlessCompound(_ text: Span<UInt8>, _ keyStart: Int, _ wordStart: Int) -> Bool {
        var head = Substring(lowercased(text, keyStart, wordStart))
        // All that stands before is to be such words: `nextPage`, but not `nextcloud`.
        var isHarmless = false
        while let first = head.first {
            if let word = Self.harmlessWords.first(where: { head.hasPrefix($0) }) {
                head = head.dropFirst(word.count)
                isHarmless = true
            } else if !first.isLetter {
                head = head.dropFirst()
            } else {
                return false
            }
        }
        return isHarmless
    }

    private static let harmlessWords = [
        "page", "next", "continuation", "cancellation", "cancel", "public", "sync", "resume", "unexpected", "previous", "prev", "start",
        "end", "key", "batch", "list",
    ]

    private func looksLikeSecret(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        guard end - start >= 4 else { return false }
        for i in start..<end
        where !ByteClass.isLetter(text[i]) || (i > start && ByteClass.isUpper(text[i]) && !ByteClass.isUpper(text[i - 1])) {
            return true
        }
        return false
    }

    /// `null`, `-`, `***` and the like.
    func isNothing(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        let length = end - start
        if length == 1 { return text[start] == 0x2D || text[start] == 0x2A }
        if text[start] == 0x2A || text[start] == 0x5B {
            for i in start..<end where text[i] != 0x2A && text[i] != 0x5B && text[i] != 0x5D { return false }
            return true
        }
        guard length <= 9 else { return false }
        switch lowercased(text, start, end) {
        case "null", "nil", "none", "true", "false", "undefined", "empty", "(null)", "n/a": return true
        default: return false
        }
    }
}
