/// What stands behind the name of a secret: passwords, tokens, cookies, authorization headers.
extension LineJudge {
    /// Whether a key is believed to be a secret's.
    func isSecretKey(
        _ text: Span<UInt8>, _ value: KeyValue, _ hit: WordTable<KeyMeaning>.Hit, _ meaning: KeyMeaning, keyStart: Int
    ) -> Bool {
        if meaning == .weakSecret {
            let isSaid = value.isAssignment || value.isJSON || isRandomWord(text, value.start) || isPin(text, value.start, hit)
            if !hit.isPart || !isSaid { return false }
        }
        let isPassword =
            switch text[hit.start] | 0x20 {
            case 0x70: text.hasFolded("passw", at: hit.start) || text.hasFolded("passo", at: hit.start)
            case 0x73: text.hasFolded("secret", at: hit.start)
            default: false
            }
        // Inside a longer word only passwords are believed, and of no word before them is it another thing: `userpassword`, not
        // `nexttoken`.
        return isPassword || hit.isPart && (hit.isWhole || !isHarmlessCompound(text, keyStart, hit.start))
    }

    /// `pin: 1234`: four to eight digits, and no port of a processor, which have fewer.
    private func isPin(_ text: Span<UInt8>, _ start: Int, _ hit: WordTable<KeyMeaning>.Hit) -> Bool {
        guard hit.isWhole, text.hasFolded("pin", at: hit.start) else { return false }
        let end = runEnd(text, start)
        return (4...8).contains(end - start) && !ByteClass.isWord(text.at(end))
    }

    mutating func judgeSecret(
        _ text: Span<UInt8>, _ value: inout KeyValue, _ hit: WordTable<KeyMeaning>.Hit, _ meaning: KeyMeaning, keyStart: Int
    ) {
        guard isSecretKey(text, value, hit, meaning, keyStart: keyStart) else { return }
        var start = value.start
        var end = start
        if value.isElement {
            end = elementEnd(text, start, limit: text.count)
            if end == start { end = nestedElementEnd(text, start) }
        } else if isCookie(text, hit.start), !value.isJSON || value.isQuoted {
            end = value.isJSON ? quotedEnd(text, value, limit: text.count) : cookiesEnd(text, start)
            if !value.isAssignment, !value.isJSON, !hasAssignment(text, start, end) { return }
            return judgeCookies(text, start, end)
        } else if value.isQuoted {
            end = quotedEnd(text, value, limit: text.count)
            start += schemeLength(text, start)
        } else if text.at(start - 1) == 0x5B || text.at(start - 1) == 0x28 {
            while end < text.count, text[end] != 0x5D, text[end] != 0x29 { end += 1 }
        } else {
            if let block = blockStart(text, start) { start = block }
            if isSetCookie(text, hit.start) { start = nameEnd(text, start) }
            let scheme = schemeLength(text, start)
            let parameters = parametersEnd(text, key: hit.start, start, scheme: scheme)
            start += scheme
            end = parameters ?? start
            if parameters == nil {
                while end < text.count, isBareSecretByte(text[end], value) { end += 1 }
                // An escaped quote behind it is not of it.
                if text.at(end) == 0x22 { while end > start, text[end - 1] == 0x5C { end -= 1 } }
            }
            if !value.isAssignment, !value.isJSON, start == value.start + scheme {
                while end > start, text[end - 1] == 0x2E || text[end - 1] == 0x2C { end -= 1 }
                // "token: invalid": a sentence, unless it looks like a value.
                if !looksLikeSecret(text, start, end) { return }
            }
        }
        guard end > start, !isNothing(text, start, end), !isPlaceholder(text, start, end) else { return }
        if meaning == .weakSecret, isCount(text, start, end) { return }
        // PWD=/srv is a folder, token=3 of a parser a count.
        if text[start] == 0x2F, end - start < 2 || text.has("pwd", at: hit.start) || text.has("PWD", at: hit.start) { return }
        keysDoneUntil = end
        foundVerbatim(.secret, text, start, end)
    }

    /// Three digits are a count: pass=3, pin=4.
    func isCount(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        end - start < 4 && (start..<end).allSatisfy { ByteClass.isDigit(text[$0]) }
    }

    private func isCookie(_ text: Span<UInt8>, _ start: Int) -> Bool { text[start] | 0x20 == 0x63 && text.hasFolded("cookie", at: start) }

    private func isSetCookie(_ text: Span<UInt8>, _ start: Int) -> Bool {
        text[start] | 0x20 == 0x73 && (text.hasFolded("setcookie", at: start) || text.hasFolded("set-cookie", at: start))
    }

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

    /// The values of a header's cookies; short ones are choices of language and the like, unless their name is a secret's.
    private mutating func judgeCookies(_ text: Span<UInt8>, _ start: Int, _ end: Int) {
        keysDoneUntil = max(keysDoneUntil, end)
        var i = start
        while i < end {
            while i < end, text[i] == 0x20 || text[i] == 0x3B { i += 1 }
            let name = i
            while i < end, text[i] != 0x3B, text[i] != 0x3D { i += 1 }
            let nameEnd = i
            var value = name
            if i < end, text[i] == 0x3D {
                value = i + 1
                while i < end, text[i] != 0x3B { i += 1 }
            }
            guard i > value, !isNothing(text, value, i), !isPlaceholder(text, value, i) else { continue }
            if value > name, i - value <= Self.shortCookie {
                guard let hit = keyWord(text, nameEnd), vocabulary.words.entries[hit.index].meaning.isSecret else { continue }
            }
            foundVerbatim(.secret, text, value, i)
        }
    }

    /// Cookies' values up to this length are no credentials, in bytes.
    private static let shortCookie = 5

    /// Where a value begins behind `name=`; `start` where there is no name.
    private func nameEnd(_ text: Span<UInt8>, _ start: Int) -> Int {
        var i = start
        while ByteClass.isKeyByte(text.at(i)) { i += 1 }
        return i > start && text.at(i) == 0x3D ? i + 1 : start
    }

    /// Where the text begins of a block of YAML, `password: |` and the line behind it; nil where there is none.
    private func blockStart(_ text: Span<UInt8>, _ start: Int) -> Int? {
        guard text.at(start) == 0x7C || text.at(start) == 0x3E else { return nil }
        var i = start + 1
        while text.at(i) == 0x2D || text.at(i) == 0x2B || ByteClass.isDigit(text.at(i)), i - start < 4 { i += 1 }
        guard text.at(i) == 0x0A || text.at(i) == 0x0D else { return nil }
        while ByteClass.isSpace(text.at(i)), i - start < 64 { i += 1 }
        return i
    }

    private func hasAssignment(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        for i in start..<end where text[i] == 0x3D { return true }
        return false
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
    func schemeLength(_ text: Span<UInt8>, _ start: Int) -> Int {
        var blank = start
        while blank - start < 20, ByteClass.isAlnum(text.at(blank)) || text.at(blank) == 0x2D { blank += 1 }
        guard text.at(blank) == 0x20, blank > start, blank - start < 20 else { return 0 }
        let isScheme = Self.schemes.contains(text, start, blank) || Self.parameterSchemes.contains(text, start, blank)
        return isScheme ? blank + 1 - start : 0
    }

    private static let schemes: WordSet = [
        "bearer", "basic", "token", "apikey", "api-key", "negotiate", "ntlm", "sharedkey", "sso-key",
    ]
    /// These carry a list of parameters, quotes and blanks among them: `Digest username="…", response="…"`.
    private static let parameterSchemes: WordSet = ["digest", "hawk", "oauth", "signature", "aws4-hmac-sha256", "scram-sha-256"]

    /// Where the parameters of an `Authorization` header end, nil where it has no such scheme: at the line's end or the quote around
    /// the header.
    private func parametersEnd(_ text: Span<UInt8>, key: Int, _ start: Int, scheme: Int) -> Int? {
        guard scheme > 0, text.hasFolded("authorization", at: key), Self.parameterSchemes.contains(text, start, start + scheme - 1)
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

    func isHarmlessCompound(_ text: Span<UInt8>, _ keyStart: Int, _ wordStart: Int) -> Bool {
        // All that stands before is to be such words: `nextPage`, but not `nextcloud`.
        var isHarmless = false
        var i = keyStart
        while i < wordStart {
            let length = Self.harmlessWords.prefixLength(text, i, wordStart)
            if length == 0, ByteClass.isLetter(text[i]) || text[i] >= 0x80 { return false }
            isHarmless = isHarmless || length > 0
            i += max(1, length)
        }
        return isHarmless
    }

    private static let harmlessWords: WordSet = [
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
        if length == 1 { return text[start] == 0x2D || text[start] == 0x2A || text[start] == 0x30 }
        if text[start] == 0x2A || text[start] == 0x5B {
            for i in start..<end where text[i] != 0x2A && text[i] != 0x5B && text[i] != 0x5D { return false }
            return true
        }
        guard length <= 12 else { return false }
        // `<nil>`, the last bracket perhaps cut off by the search for the value's end.
        let open = text[start] == 0x3C ? start + 1 : start
        return Self.nothings.contains(text, open, open > start && text[end - 1] == 0x3E ? end - 1 : end)
    }

    private static let nothings: WordSet = [
        "null", "nil", "none", "true", "false", "undefined", "empty", "(null)", "n/a", "no value", "unset",
    ]
}
