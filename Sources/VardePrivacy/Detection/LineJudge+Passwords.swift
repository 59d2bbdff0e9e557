/// Passwords that no `=` or `:` stands before: in prose, in statements, as options of programs.
extension LineJudge {
    /// `password is x`, `PASSWORD 'x'`, `password` and a tab before the value.
    mutating func judgePasswordWord(_ text: Span<UInt8>, _ p: Int) {
        var i = p
        while i - p < 16, ByteClass.isLetter(text.at(i)) { i += 1 }
        guard Self.passwordWords.contains(text, p, i) else { return }
        let isTab = text.at(i) == 0x09
        let quote = text.at(i + 1)
        if !isTab, quote == 0x22 || quote == 0x27 { return judgeQuotedPassword(text, i + 1) }
        var hasVerb = false
        for _ in 0..<5 {
            while text.at(i) == 0x20 || text.at(i) == 0x09 { i += 1 }
            var end = i
            while ByteClass.isWord(text.at(end)), end - i < 12 { end += 1 }
            guard text.at(end) == 0x20, Self.joiningWords.contains(text, i, end) else { break }
            hasVerb = Self.verbs.contains(text, i, end)
            i = end
        }
        var end = i
        while end < text.count, end - i < 128, text[end] > 0x20, text[end] != 0x22, text[end] != 0x27, text[end] != 0x3B { end += 1 }
        while end > i, text[end - 1] == 0x2E || text[end - 1] == 0x2C || text[end - 1] == 0x29 { end -= 1 }
        guard looksLikePassword(text, i, end, isAlone: !hasVerb && !isTab), !isPlaceholder(text, i, end) else { return }
        tokensDoneUntil = end
        foundVerbatim(.secret, text, i, end)
    }

    private static let passwordWords: WordSet = [
        "password", "passord", "passwd", "passphrase", "passwort", "passordet", "passcode", "passfrase",
    ]
    private static let verbs: WordSet = ["is", "er", "är", "was", "var", "to", "til", "till", "as", "som"]
    private static let joiningWords: WordSet = [
        "is", "er", "är", "was", "var", "to", "til", "till", "as", "som", "set", "satt", "changed", "endret", "reset", "updated", "now",
        "nå",
        "has", "been", "ble", "blir",
    ]

    /// Whether what stands behind the word is no word of the sentence: letters and digits or signs, no date; alone, also no path or call.
    private func looksLikePassword(_ text: Span<UInt8>, _ start: Int, _ end: Int, isAlone: Bool) -> Bool {
        guard end - start >= (isAlone ? 6 : 5), !Self.algorithms.contains(text, start, end) else { return false }
        var (letters, digits, signs) = (0, 0, 0)
        for i in start..<end {
            let c = text[i]
            if ByteClass.isDigit(c) {
                digits += 1
            } else if ByteClass.isLetter(c) || c >= 0x80 {
                letters += 1
            } else {
                switch c {
                case 0x21, 0x23, 0x24, 0x25, 0x26, 0x2A, 0x2B, 0x3F, 0x40, 0x5E, 0x7E: signs += 1
                case 0x2D, 0x5F: break
                case 0x3C, 0x7B: return false
                default: if isAlone { return false }
                }
            }
        }
        if letters == 0 { return !isAlone && digits == end - start }
        if ByteClass.isDigit(text[start]), ByteClass.isDigit(text[start + 3]), text.at(start + 4) == 0x2D { return false }
        return isAlone ? digits > 0 && letters >= 3 : digits + signs > 0
    }

    private static let algorithms: WordSet = [
        "sha256", "sha512", "sha-256", "sha-512", "sha384", "base64", "bcrypt2", "argon2", "argon2id", "argon2i", "pbkdf2", "oauth2",
        "utf-8",
        "scram-sha-256", "md5crypt", "base64-encoded", "ldap3",
    ]

    private mutating func judgeQuotedPassword(_ text: Span<UInt8>, _ quote: Int) {
        var end = quote + 1
        while end < text.count, end - quote < 128, text[end] != text[quote], text[end] > 0x20 { end += 1 }
        guard text.at(end) == text[quote], end - quote > 3, !isPlaceholder(text, quote + 1, end), !isNothing(text, quote + 1, end) else {
            return
        }
        tokensDoneUntil = end
        foundVerbatim(.secret, text, quote + 1, end)
    }

    /// `IDENTIFIED BY 'x'`, `IDENTIFIED WITH … BY "x"`, from the `Y` on.
    mutating func judgeIdentifiedBy(_ text: Span<UInt8>, _ p: Int) {
        var i = p - 2
        while i > 0, p - i < 64, !text.hasFolded("identified", at: i) { i -= 1 }
        guard text.hasFolded("identified", at: i) else { return }
        judgeQuotedPassword(text, p + 2)
    }

    /// `mysql -px`, `sshpass -p x`.
    mutating func judgePasswordOption(_ text: Span<UInt8>, _ p: Int) {
        guard callsDatabase(text) else { return }
        var start = p + 2
        if text.at(start) == 0x20 {
            // Apart from its option only sshpass takes it.
            guard text.has("sshpass", at: p - 8) else { return }
            start += 1
        }
        let quote = text.at(start)
        if quote == 0x22 || quote == 0x27 { return judgeQuotedPassword(text, start) }
        var end = start
        while end < text.count, text[end] > 0x20, text[end] != 0x22, text[end] != 0x27, text[end] != 0x3B, text[end] != 0x7C,
            text[end] != 0x5C
        { end += 1 }
        guard end > start, !isPlaceholder(text, start, end) else { return }
        tokensDoneUntil = end
        foundVerbatim(.secret, text, start, end)
    }

    /// Whether one of the programs is named that take `-p` so; the text is looked through once.
    private mutating func callsDatabase(_ text: Span<UInt8>) -> Bool {
        if let known = callsDatabase { return known }
        var isCalled = false
        var i = 0
        while i < text.count, !isCalled {
            let c = text[i]
            if c == 0x6D || c == 0x73 { isCalled = text.has("mysql", at: i) || text.has("mariadb", at: i) || text.has("sshpass", at: i) }
            i += 1
        }
        callsDatabase = isCalled
        return isCalled
    }
}
