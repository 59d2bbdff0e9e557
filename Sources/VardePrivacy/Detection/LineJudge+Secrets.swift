internal import VardeModel

extension LineJudge {
    /// The colon of `://`: a password before the host's name.
    mutating func judgeScheme(_ text: Span<UInt8>, _ p: Int) {
        guard p >= keysDoneUntil else { return }
        var i = p + 3
        let end = text.count
        // The user's name, up to a colon.
        while i < end, isAuthorityByte(text[i]), text[i] != 0x3A, text[i] != 0x40, text[i] != 0x2F, text[i] != 0x3F, text[i] != 0x23 {
            i += 1
        }
        guard i < end, text[i] == 0x3A else {
            // A token in the user's place.
            if text.at(i) == 0x40, i - p >= 19, (p + 3..<i).contains(where: { ByteClass.isDigit(text[$0]) }), !isPlaceholder(text, p + 3, i)
            {
                credentialAt = i
                foundVerbatim(.secret, text, p + 3, i)
            }
            return
        }
        let start = i + 1
        i = start
        var isPort = true
        var last = -1
        while i < end, isAuthorityByte(text[i]) {
            let c = text[i]
            if c == 0x40 { last = i }
            if c == 0x2F || c == 0x3F || c == 0x23 {
                if last >= 0 || isPort && i > start { break }
            } else if c == 0x3A, text.at(i + 1) == 0x2F, text.at(i + 2) == 0x2F {
                break
            } else if !ByteClass.isDigit(c) {
                isPort = false
            }
            i += 1
        }
        keysDoneUntil = max(keysDoneUntil, last >= 0 ? last : min(i, start))
        guard last > start else { return }
        credentialAt = last
        if isPlaceholder(text, start, last) { return }
        foundVerbatim(.secret, text, start, last)
    }

    private func isAuthorityByte(_ c: UInt8) -> Bool { c > 0x20 && c != 0x22 && c != 0x27 && c != 0x60 && c != 0x5C && c != 0x7F }

    /// A known beginning.
    mutating func judgePrefix(_ text: Span<UInt8>, _ p: Int) {
        guard p >= tokensDoneUntil else { return }
        switch text[p] {
        case UInt8(ascii: "-"):
            if text.at(p + 1) == 0x2D, text.at(p + 2) == 0x2D {
                judgePEM(text, p)
            } else if text.at(p + 1) == 0x2D, !text.has("--user", at: p) || ByteClass.isKeyByte(text.at(p + 6)) {
                judgeSecretOption(text, p)
            } else if text.at(p + 1) == 0x70 {
                judgePasswordOption(text, p)
            } else {
                judgeUserOption(text, p)
            }
        case UInt8(ascii: "e"): judgeJWT(text, p)
        case UInt8(ascii: "B"), UInt8(ascii: "b"):
            if text.at(p + 1) | 0x20 == 0x72 { judgeUserWord(text, p, 6) } else { judgeScheme(of: text, p) }
        case UInt8(ascii: "u"), UInt8(ascii: "U"): judgeUserWord(text, p, 4)
        case UInt8(ascii: "F"): judgeLogin(text, p)
        case UInt8(ascii: "v"), UInt8(ascii: "V"): judgeRows(text, p)
        case UInt8(ascii: "p"), UInt8(ascii: "P"): judgePasswordWord(text, p)
        case UInt8(ascii: "y"), UInt8(ascii: "Y"): judgeIdentifiedBy(text, p)
        case UInt8(ascii: "A") where text.at(p + 1) == 0x63: judgeLogin(text, p)
        default: judgeToken(text, p)
        }
    }

    /// Tokens with a prefix of their own.
    private mutating func judgeToken(_ text: Span<UInt8>, _ p: Int) {
        var end = p
        while end < text.count,
            ByteClass.isAlnum(text[end]) || text[end] == 0x5F || text[end] == 0x2D || (text[end] == 0x2E && text[p] == 0x53)
        {
            end += 1
        }
        tokensDoneUntil = end
        while end > p, text[end - 1] == 0x2E { end -= 1 }
        let length = end - p
        let isToken: Bool
        switch text[p] {
        case UInt8(ascii: "A"): isToken = text.at(p + 1) == 0x49 ? length >= 35 : length == 20
        case UInt8(ascii: "g"):
            isToken = text.has("github_pat_", at: p) ? length >= 30 : text.has("glpat-", at: p) ? length >= 20 : length >= 36
        case UInt8(ascii: "x"): isToken = length >= 15
        case UInt8(ascii: "s"), UInt8(ascii: "r"): isToken = length >= 20
        case UInt8(ascii: "n"): isToken = length >= 36
        case UInt8(ascii: "S"): isToken = length >= 40
        default: isToken = false
        }
        if isToken { foundVerbatim(.token, text, p, end) }
    }

    /// `header.payload.signature` in base64url, whose header is an object with `alg`.
    private mutating func judgeJWT(_ text: Span<UInt8>, _ p: Int) {
        var end = p
        var dots = 0
        var headerEnd = p
        while end < text.count {
            let c = text[end]
            if c == 0x2E {
                if dots == 0 { headerEnd = end }
                dots += 1
                if dots > 4 { break }
            } else if !(ByteClass.isAlnum(c) || c == 0x2D || c == 0x5F) {
                break
            }
            end += 1
        }
        tokensDoneUntil = end
        while end > p, text[end - 1] == 0x2E, dots > 2 {
            end -= 1
            dots -= 1
        }
        guard dots >= 2, headerEnd - p <= 4096 else { return }
        let header = Base64.prefix(text.extracting(p..<headerEnd)).bytes
        guard header.first == 0x7B, contains(header, "\"alg\"") else { return }
        foundVerbatim(.jwt, text, p, end)
    }

    private func contains(_ bytes: [UInt8], _ word: String) -> Bool {
        let needle = Array(word.utf8)
        guard bytes.count >= needle.count else { return false }
        return (0...(bytes.count - needle.count)).contains { at in bytes[at..<at + needle.count].elementsEqual(needle) }
    }

    /// `Bearer` and `Basic`, and what they carry.
    private mutating func judgeScheme(of text: Span<UInt8>, _ p: Int) {
        let isBearer = text.at(p + 1) | 0x20 == 0x65
        let word = isBearer ? "bearer" : "basic"
        var i = p
        for byte in word.utf8 {
            guard text.at(i) | 0x20 == byte else { return }
            i += 1
        }
        var blanks = 0
        while text.at(i) == 0x20 || text.at(i) == 0x3A || text.at(i) == 0x2B && blanks == 0 || text.at(i) == 0x3D && blanks == 0, blanks < 3
        {
            i += 1
            blanks += 1
        }
        guard blanks > 0 else { return }
        let start = i
        while i < text.count, ByteClass.isBase64(text[i]) || text[i] == 0x2E || text[i] == 0x7E { i += 1 }
        tokensDoneUntil = i
        while i > start, text[i - 1] == 0x2E { i -= 1 }
        let length = i - start
        // "Bearer token", "basic authentication": words are not values.
        if isBearer {
            guard length >= 8, length >= 20 || hasDigitOrCapital(text, start, i) else { return }
        } else {
            guard length >= 4, looksLikeBasic(text, start, i) else { return }
        }
        foundVerbatim(.token, text, start, i)
    }

    private func hasDigitOrCapital(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        for i in start + 1..<end where ByteClass.isDigit(text[i]) || ByteClass.isUpper(text[i]) { return true }
        return false
    }

    /// Base64 of `user:password`.
    private func looksLikeBasic(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        guard end - start <= 4096 else { return true }
        let decoded = Base64.prefix(text.extracting(start..<end)).bytes
        return decoded.contains(0x3A) && decoded.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    /// `-u user:password` and `--user user:password`.
    private mutating func judgeUserOption(_ text: Span<UInt8>, _ p: Int) {
        var i = p + (text.at(p + 1) == 0x2D ? 6 : 2)
        while text.at(i) == 0x20 || text.at(i) == 0x3D, i - p < 12 { i += 1 }
        let quote = text.at(i)
        let isQuoted = quote == 0x22 || quote == 0x27
        if isQuoted { i += 1 } else if i == p + 6, text.at(p + 1) == 0x2D { return }
        let start = i
        var colon = -1
        while i < text.count {
            let c = text[i]
            if isQuoted ? c == quote : c <= 0x20 || c == 0x22 || c == 0x27 { break }
            if c == 0x3A, colon < 0 { colon = i }
            i += 1
        }
        tokensDoneUntil = i
        guard colon > start, i > colon + 1, !isPlaceholder(text, colon + 1, i), !text.has("//", at: colon + 1) else { return }
        if !isRole(text, start, colon) { foundLowercased(.user, text, start, colon) }
        foundVerbatim(.secret, text, colon + 1, i)
        keysDoneUntil = max(keysDoneUntil, i)
    }

    /// `--password X`, `"--api-key", "X"`; with `=` it is a key like any other.
    private mutating func judgeSecretOption(_ text: Span<UInt8>, _ p: Int) {
        var i = p + 2
        while i - p < 42, ByteClass.isKeyByte(text.at(i)) { i += 1 }
        guard let hit = keyWord(text, i), vocabulary.words.entries[hit.index].meaning == .secret, hit.isPart,
            hit.isWhole || !isHarmlessCompound(text, p + 2, hit.start)
        else { return }
        let nameEnd = i
        func isQuote(_ c: UInt8) -> Bool { c == 0x22 || c == 0x27 || c == 0x5C }
        while i - nameEnd < 8, isQuote(text.at(i)) { i += 1 }
        let joint = i
        while i - joint < 8, text.at(i) == 0x2C || ByteClass.isSpace(text.at(i)) { i += 1 }
        guard i > joint else { return }
        let open = i
        while i - open < 8, isQuote(text.at(i)) { i += 1 }
        let start = i
        if i > open {
            i = quotedEnd(text, KeyValue(start: start, end: start, isQuoted: true), limit: text.count)
        } else {
            // `[--password X --verbose]`
            let isListed = text.at(p - 1) == 0x5B || text.at(p - 1) == 0x2C
            while i < text.count, text[i] > 0x20, text[i] != 0x22, text[i] != 0x27, !(isListed && (text[i] == 0x5D || text[i] == 0x2C)) {
                i += 1
            }
        }
        tokensDoneUntil = i
        guard i > start, text[start] != 0x2D, !isPlaceholder(text, start, i) else { return }
        foundVerbatim(.secret, text, start, i)
        keysDoneUntil = max(keysDoneUntil, i)
    }

    /// A private key between its lines, or on one line.
    private mutating func judgePEM(_ text: Span<UInt8>, _ p: Int) {
        let isBegin = text.has("-----BEGIN", at: p)
        guard isBegin else { return }
        // "-----BEGIN … PRIVATE KEY…-----"
        var i = p + 10
        while i < text.count, i - p < 64, text[i] != 0x2D { i += 1 }
        guard text.has("-----", at: i) else { return }
        var isPrivate = false
        var k = p + 10
        while k + 7 <= i {
            if text.has("PRIVATE", at: k) {
                isPrivate = true
                break
            }
            k += 1
        }
        guard isPrivate else { return }
        let start = i + 5
        var end = start
        while end < text.count, !(text[end] == 0x2D && text.has("-----END", at: end)) { end += 1 }
        tokensDoneUntil = end
        if end == text.count { noteOpenKey() }
        var from = start
        while from < end, ByteClass.isSpace(text[from]) || text[from] == 0x5C || (text[from] == 0x6E && text[from - 1] == 0x5C) {
            from += 1
        }
        if from < end, !isPlaceholder(text, from, end), hasBase64(text, from, end) { found(.privateKey, from, end, since: canonicalCount) }
    }

    private func hasBase64(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        for i in start..<end where ByteClass.isAlnum(text[i]) { return true }
        return false
    }
}
