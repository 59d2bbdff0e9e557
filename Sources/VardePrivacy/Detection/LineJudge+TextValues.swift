/// Names, user names, addresses and addresses of mail under a key of their own.
extension LineJudge {
    /// Names, user names and addresses.
    mutating func judgeText(
        _ text: Span<UInt8>, _ value: inout KeyValue, _ meaning: KeyMeaning, _ hit: WordTable<KeyMeaning>.Hit, keyStart: Int
    ) {
        let start = value.start
        let limit = min(text.count, start + Self.textLimit)
        var end = start
        if value.isElement {
            end = elementEnd(text, start, limit: limit)
            if end == start, text[start] == 0x3C { return judgeElements(text, start, meaning) }
        } else if value.isQuoted {
            end = quotedEnd(text, value, limit: limit)
        } else if value.isQuery {
            while end < limit, text[end] > 0x20 || isDecoded(end), text[end] != 0x26, text[end] != 0x22, text[end] != 0x23,
                text[end] != 0x27
            {
                end += 1
            }
        } else {
            end = bareTextEnd(text, value, meaning, limit)
        }
        while end > start, text[end - 1] == 0x20 || text[end - 1] == 0x5C { end -= 1 }
        guard end > start, !isNothing(text, start, end), !isPlaceholder(text, start, end) else { return }
        if text[start] == 0x7B || text[start] == 0x5B {
            if value.isQuoted { judgeTextLeaves(text, start, meaning) }
            return
        }
        let isSentence = !value.isAssignment && !value.isJSON && !value.isQuoted
        switch meaning {
        case .user:
            let start = !value.isElement && text[start] == 0x3C && end > start + 1 ? start + 1 : start
            // `Login: user=<kari>`: the next key is none.
            if isSentence, text[end - 1] == 0x3D || text[end - 1] == 0x3A { return }
            guard isUserValue(text, start, end), !isSentence || !text.has(" ", at: start) else { return }
            if isSentence, isWordBehindUser(text, start, end) { return }
            foundLowercased(.user, text, start, end)
        case .address:
            guard hasLetter(text, start, end), !looksLikeEndpoint(text, start, end) else { return }
            if isSentence, !startsOrCounts(text, start, end) { return }
            foundLowercased(.address, text, start, end, isQuery: value.isQuery)
        case .weakName:
            if text[hit.start] | 0x20 == 0x63, !isOfDirectory(text, end) { return }
            if !hit.isWhole, !isPersonPart(text, keyStart, hit.start) { return }
            if hit.isWhole, value.isJSON, isNameOfPair(text, end) { return }
            let isOther =
                hit.isWhole && !isSentence && looksLikeShoutedName(text, start, end)
                || hit.isWhole && value.isJSON && looksLikeSmallName(text, start, end) && tellsOfPerson(text)
            if hit.isWhole || isSentence, !isOther, !looksLikeName(text, start, end) { return }
            guard hasLetter(text, start, end) else { return }
            foundLowercased(.name, text, start, end, isQuery: value.isQuery)
        default:
            guard hasLetter(text, start, end) else { return }
            if isSentence, !looksLikeName(text, start, end) { return }
            foundLowercased(.name, text, start, end, isQuery: value.isQuery)
        }
        keysDoneUntil = end
    }

    /// A value without quotes: of a name its capitalised words, of an address all to the next separator, else one word.
    private func bareTextEnd(_ text: Span<UInt8>, _ value: KeyValue, _ meaning: KeyMeaning, _ limit: Int) -> Int {
        var i = value.start
        let start = i
        func isStop(_ c: UInt8) -> Bool {
            c < 0x20 || c == 0x3B || c == 0x7C || c == 0x26 || c == 0x22 || c == 0x29 || c == 0x7D || c == 0x5D || c == 0x3E
                || c == 0x3C && i > start
        }
        if meaning == .address {
            while i < limit, !isStop(text[i]) {
                if text[i] == 0x20 {
                    // The next key ends it.
                    var k = i + 1
                    while k < limit, ByteClass.isKeyByte(text[k]) { k += 1 }
                    if text.at(k) == 0x3D || (text.at(k) == 0x3A && k > i + 1) { break }
                    if text.at(i + 1) == 0x20 { break }
                }
                i += 1
            }
            return i
        }
        var words = 0
        while i < limit {
            let wordStart = i
            while i < limit, !isStop(text[i]), text[i] != 0x20, text[i] != 0x2C { i += 1 }
            if text.at(i) == 0x3D || isKeyWord(text, wordStart, i, isNext: words > 0) { return words == 0 ? i : wordStart - 1 }
            words += 1
            if meaning == .user || words >= 5 || text.at(i) != 0x20 { return i }
            let next = text.at(i + 1)
            let isCapital = ByteClass.isUpper(next) || next == 0xC3 && text.at(i + 2) >= 0x80 && text.at(i + 2) <= 0x9E
            guard isCapital || isParticle(text, i + 1) else { return i }
            // "Næss GET /x": a word in capitals begins something else, unless the name is in capitals itself.
            if isShout(text, i + 1), !isShout(text, wordStart) { return i }
            i += 1
        }
        return i
    }

    /// `word=` or `word:` in a bare value is the next key, behind its first word also `Age:3`, as Go writes structures.
    private func isKeyWord(_ text: Span<UInt8>, _ start: Int, _ end: Int, isNext: Bool) -> Bool {
        var i = start
        while i < end, ByteClass.isKeyByte(text[i]) { i += 1 }
        return i < end && i > start && (text[i] == 0x3D || (text[i] == 0x3A && (isNext || i + 1 == end)))
    }

    /// Two capitals at the beginning of a word.
    private func isShout(_ text: Span<UInt8>, _ i: Int) -> Bool { ByteClass.isUpper(text.at(i)) && ByteClass.isUpper(text.at(i + 1)) }

    private func isParticle(_ text: Span<UInt8>, _ i: Int) -> Bool {
        let end = text.at(i + 2) == 0x20 ? i + 2 : i + 3
        return text.at(end) == 0x20 && text[i] &- 0x61 < 26 && Self.particles.contains(text, i, end)
    }

    private static let particles: WordSet = [
        "av", "von", "van", "de", "der", "den", "bin", "al", "af", "la", "el", "ter", "zu", "da", "di",
    ]

    func hasLetter(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        for i in start..<end where ByteClass.isLetter(text[i]) || text[i] >= 0x80 { return true }
        return false
    }

    func isUserValue(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        hasLetter(text, start, end) && !isRole(text, start, end) && !isUUID(text, start, end)
    }

    /// Host and port, a URL, an address in hexadecimal: not where anybody lives.
    func looksLikeEndpoint(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        if text.has("0x", at: start) || text.has("http", at: start) || text.has("tcp", at: start) { return true }
        var hasBlank = false
        var hasPort = false
        for i in start..<end {
            if text[i] == 0x20 || text[i] == 0x2B || text[i] == 0x2C { hasBlank = true }
            if text[i] == 0x3A || text[i] == 0x2F || text[i] == 0x40 { hasPort = true }
        }
        if hasBlank { return false }
        if hasPort { return true }
        // One word with dots in it is a host.
        for i in start..<end where text[i] == 0x2E && i + 1 < end { return true }
        return false
    }

    /// A value under a key of e-mail addresses with an @ in it, a host without a top level included.
    mutating func judgeMailValue(_ text: Span<UInt8>, _ value: inout KeyValue) {
        var end = value.start
        let limit = min(text.count, value.start + Self.textLimit)
        var hasAt = false
        if withoutAt.contains(end) { end = min(limit, withoutAt.upperBound) }
        while end < limit {
            let c = text[end]
            if c <= 0x20 || c == 0x22 || c == 0x27 || c == 0x2C || c == 0x3B || c == 0x26 || c == 0x29 || c == 0x7D || c == 0x5C
                || c == 0x3E || c == 0x3C && end > value.start || c == 0x3F && hasAt
            {
                break
            }
            if c == 0x40 { hasAt = end > value.start }
            end += 1
        }
        if !hasAt { withoutAt = value.start..<end }
        while end > value.start, text[end - 1] == 0x2E || text[end - 1] == 0x3A { end -= 1 }
        guard hasAt, !isPlaceholder(text, value.start, end) else { return }
        if text[value.start] == 0x3C { value.start += 1 }
        foundLowercased(.email, text, value.start, end)
    }
}
