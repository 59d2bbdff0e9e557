/// Where a key's value stands.
struct KeyValue {
    var start: Int
    var end: Int
    /// Opened by a quote, with its backslashes.
    var isQuoted = false
    /// Behind `=`, not `:`.
    var isAssignment = false
    /// Behind a key in quotes, as in JSON.
    var isJSON = false
    /// In a query string: after `?` or `&`.
    var isQuery = false
    /// Between the tags of an XML element.
    var isElement = false
    /// The bracket of the object or list it is, or stands in; -1 where there is none.
    var bracket = -1
}

extension LineJudge {
    /// Values longer than this are no names or addresses, in bytes.
    static let textLimit = 256
    /// Values of number types are looked at this far, in bytes.
    private static let numberLimit = 48

    /// `=` or `:` behind a word of the vocabulary.
    mutating func judgeKey(_ text: Span<UInt8>, _ p: Int) {
        guard p >= keysDoneUntil else { return }
        let closed = keyEnds(text, p)
        var isJSON = closed.isQuoted
        var end = closed.end
        if text[p] == 0x3E, end != p {
            guard let name = elementName(text, p) else { return }
            end = name
        }
        guard var hit = keyWord(text, end) ?? (closed.outer < end ? keyWord(text, closed.outer) : nil) else { return }
        var meaning = vocabulary.words.entries[hit.index].meaning
        var first = keyStart(text, hit.start)
        if meaning == .generic, isJSON, hit.isWhole, let named = pairedName(text, first) {
            hit = named
            meaning = vocabulary.words.entries[hit.index].meaning
            first = keyStart(text, hit.start)
        }
        if meaning.saysNothingOfValue { return }
        var value = KeyValue(start: p + 1, end: p + 1)
        value.isAssignment = text[p] == 0x3D
        let before = text.at(first - 1)
        // A placeholder of ours, `<USER:k1:…>`, is no key.
        if before == 0x3C, text[p] == 0x3A, isPlaceholderTail(text, p + 1) { return }
        value.isQuery = value.isAssignment && (before == 0x3F || before == 0x26)
        if text[p] == 0x3E {
            guard opensElement(text, first) else { return }
            value.isElement = true
            isJSON = true
        } else {
            open(text, &value)
            // `"session="`: the quote behind the key closes what the one before it has opened.
            if value.isQuoted, !isJSON, text[value.start - 1] == before, isEndOfQuoted(text, value.start) { return }
        }
        value.isJSON = isJSON
        guard value.start < text.count else { return }
        if judgeLeaves(text, value, hit, meaning, keyStart: first) { return }
        switch meaning {
        case .secret, .weakSecret: judgeSecret(text, &value, hit, meaning, keyStart: first)
        case .digestProof: judgeDigestProof(text, value)
        case .name, .weakName, .user, .address: judgeText(text, &value, meaning, hit, keyStart: first)
        case .email: judgeMailValue(text, &value)
        default: judgeNumberValue(text, &value, meaning)
        }
    }

    private func endsValue(_ c: UInt8) -> Bool { c <= 0x20 || c == 0x26 || c == 0x29 || c == 0x3B || c == 0x3E || c == 0x5C || c == 0x7C }

    /// Whether what stands here stands behind a closing quote.
    private func isEndOfQuoted(_ text: Span<UInt8>, _ i: Int) -> Bool {
        let c = text.at(i)
        return i >= text.count || c == 0x20 || c == 0x7D || c == 0x5D || c == 0x2C
    }

    /// Steps over blanks, quotes and brackets to where the value begins.
    private func open(_ text: Span<UInt8>, _ value: inout KeyValue) {
        var i = value.start
        if text.at(i) == 0x3D || text.at(i) == 0x3E || text.at(i) == 0x7E || text.at(i) == 0x3A { i += 1 }  // ==, =>, =~, ::
        var k = i
        while ByteClass.isSpace(text.at(k)), k - i < 24 { k += 1 }
        // On the next line only what opens.
        let opener = text.at(k)
        let opens = opener == 0x22 || opener == 0x27 || opener == 0x7B || opener == 0x5B
        var blanks = 0
        while text.at(i) == 0x20 || text.at(i) == 0x09 || opens && i < k, blanks < 24 {
            i += 1
            blanks += 1
        }
        if text.has("map[", at: i) { i += 3 }
        if text.at(i) == 0x7B || text.at(i) == 0x5B { value.bracket = i }
        while text.at(i) == 0x28 || text.at(i) == 0x5B { i += 1 }
        k = i
        while text.at(k) == 0x5C, k - i < 16 { k += 1 }
        if text.at(k) == 0x22 || text.at(k) == 0x27 || text.at(k) == 0x60 {
            value.isQuoted = true
            i = k + 1
            // Doubled in CSV, three of them in Python and TOML; two alone are an empty text.
            var behind = i
            while text.at(behind) == text[k], behind - i < 2 { behind += 1 }
            if behind > i, !isEndOfQuoted(text, behind), !endsValue(text.at(behind)) { i = behind }
        }
        value.start = i
    }

    /// End of a quoted value: its quote, not behind more backslashes than the opening one.
    func quotedEnd(_ text: Span<UInt8>, _ value: KeyValue, limit: Int) -> Int {
        if value.start == wholeValue.lowerBound, !wholeValue.isEmpty { return min(limit, wholeValue.upperBound) }
        let quote = text[value.start - 1]
        var opening = 0
        while text.at(value.start - 2 - opening) == 0x5C { opening += 1 }
        var i = value.start
        let stop = min(text.count, limit)
        var backslashes = 0
        while i < stop {
            let c = text[i]
            if c == 0x5C {
                backslashes += 1
            } else {
                // Quotes of SQL are doubled within.
                let isDoubled = c == 0x27 && i > value.start && text.at(i + 1) == 0x27 && ByteClass.isAlnum(text.at(i + 2))
                if isDoubled { i += 1 } else if c == quote, backslashes <= opening { return i - backslashes }
                backslashes = 0
            }
            i += 1
        }
        return stop
    }

    /// `k1:…>` behind the colon of a placeholder.
    private func isPlaceholderTail(_ text: Span<UInt8>, _ start: Int) -> Bool {
        var i = start
        guard text.at(i) == 0x6B else { return false }
        while i < text.count, i - start < 48, ByteClass.isAlnum(text[i]) || text[i] == 0x3A { i += 1 }
        return text.at(i) == 0x3E
    }

    /// Whether the stretch is one placeholder of ours, its last bracket perhaps cut off by the search for the value's end.
    func isPlaceholder(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        guard text.at(start) == 0x3C, ByteClass.isUpper(text.at(start + 1)) else { return false }
        var i = start + 1
        while i < text.count, i - start < 80, ByteClass.isAlnum(text[i]) || text[i] == 0x5F || text[i] == 0x3A { i += 1 }
        return text.at(i) == 0x3E && i - start >= 3 && (end == i || end == i + 1)
    }

    /// Names, user names and addresses.
    private mutating func judgeText(
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
            if isSentence, text[end - 1] == 0x3D { return }
            guard isUserValue(text, start, end), !isSentence || !text.has(" ", at: start) else { return }
            if isSentence, lowercaseSentence(text, p: start, end) { return }
            foundLowercased(.user, text, start, end)
        case .address:
            guard hasLetter(text, start, end), !looksLikeEndpoint(text, start, end) else { return }
            if isSentence, !startsOrCounts(text, start, end) { return }
            foundLowercased(.address, text, start, end, isQuery: value.isQuery)
        case .weakName:
            if !hit.isWhole, !isPersonPart(text, keyStart, hit.start) { return }
            if hit.isWhole, value.isJSON, isNameOfPair(text, end) { return }
            let isShouted = hit.isWhole && !isSentence && looksLikeShoutedName(text, start, end)
            if hit.isWhole || isSentence, !isShouted, !looksLikeName(text, start, end) { return }
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
        for word in ["av ", "von ", "van ", "de ", "der ", "den ", "bin ", "al ", "af ", "la ", "el ", "ter ", "zu ", "da ", "di "]
        where text.has(word, at: i) {
            return true
        }
        return false
    }

    func hasLetter(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        for i in start..<end where ByteClass.isLetter(text[i]) || text[i] >= 0x80 { return true }
        return false
    }

    func isUserValue(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        hasLetter(text, start, end) && !isRole(text, start, end)
    }

    private func lowercaseSentence(_ text: Span<UInt8>, p start: Int, _ end: Int) -> Bool {
        wordsBehindUserContains(lowercased(text, start, end))
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
    private mutating func judgeMailValue(_ text: Span<UInt8>, _ value: inout KeyValue) {
        var end = value.start
        let limit = min(text.count, value.start + Self.textLimit)
        var hasAt = false
        if withoutAt.contains(end) { end = min(limit, withoutAt.upperBound) }
        while end < limit {
            let c = text[end]
            if c <= 0x20 || c == 0x22 || c == 0x27 || c == 0x2C || c == 0x3B || c == 0x26 || c == 0x29 || c == 0x7D || c == 0x5C
                || c == 0x3E
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

    /// Whether so many digits are a whole number of the kind: what comes behind a blank is another's.
    private func isComplete(_ count: Int, _ meaning: KeyMeaning, hasPlus: Bool) -> Bool {
        switch meaning {
        case .fnr, .weakFnr: count == 11
        case .account: count == 11
        case .personnummer, .cpr, .kennitala: count == 10 || count == 12
        case .duf: count == 12
        case .phone: hasPlus ? count >= 10 : count >= 8
        case .birthDate: count >= 6
        case .passport: count >= 7
        case .licence: count >= 10
        default: false
        }
    }

    /// Numbers under a key of their own.
    mutating func judgeNumberValue(_ text: Span<UInt8>, _ value: inout KeyValue, _ meaning: KeyMeaning) {
        let start = value.start
        var end = start
        let limit = min(text.count, start + Self.numberLimit)
        var d = Digits()
        var letters = 0
        var others = 0
        while end < limit {
            let c = text[end]
            if ByteClass.isDigit(c) {
                d.append(c & 15)
            } else if ByteClass.isLetter(c) {
                letters += 1
            } else if c == 0x20 || c == 0x2D || c == 0x2E || c == 0x2F || c == 0x2B || c == 0x28 || c == 0x29 {
                // Outside quotes a blank only goes on to digits.
                if c == 0x20 || c == 0x29, !value.isQuoted, !ByteClass.isDigit(text.at(end + 1)), text.at(end + 1) != 0x20 { break }
                if c == 0x20, letters > 0, !value.isQuoted, meaning != .plate { break }
                if c == 0x20, !value.isQuoted, isComplete(d.count, meaning, hasPlus: text[start] == 0x2B) { break }
                others += 1
            } else if c == 0xC2 && text.at(end + 1) == 0xA0 {
                end += 1
            } else if c == 0xE2 && text.at(end + 1) == 0x80 && text.at(end + 2) == 0xAF {
                end += 2
            } else if c == 0x3A, meaning == .birthDate {
                others += 1
            } else {
                break
            }
            end += 1
        }
        while end > start, !ByteClass.isAlnum(text[end - 1]) { end -= 1 }
        guard end > start, d.count > 0 else { return }
        switch meaning {
        case .phone:
            guard letters == 0, (7...15).contains(d.count), text[start] != 0x2D else { return }
            if d.count == 8, text[start] != 0x2B {
                foundDigits(.phone, d, start, end, prefix: "+47")
            } else {
                foundDigits(.phone, d, start, end, prefix: "+")
            }
        case .fnr, .personnummer:
            guard letters == 0 else { return }
            switch d.count {
            case 11: foundDigits(.fnr, d, start, end)
            case 10 where NationalNumbers.norwegian(d.padded()) != .none: foundDigits(.fnr, d.padded(), start, end)
            case 10 where CheckDigits.isDate(day: d.pair(4) % 60, month: d.pair(2)): foundDigits(.personnummer, d, start, end)
            case 12: foundDigits(.personnummer, d.suffix(from: 2), start, end)
            default: break
            }
        case .weakFnr:
            guard letters == 0 else { return }
            if d.count == 11, NationalNumbers.norwegian(d) != .none || NationalNumbers.temporaryHealth(d) {
                foundDigits(.fnr, d, start, end)
            }
            if d.count == 10, NationalNumbers.norwegian(d.padded()) != .none { foundDigits(.fnr, d.padded(), start, end) }
        case .account:
            if letters == 0, d.count == 11, NationalNumbers.norwegian(d) == .none, CheckDigits.mod11(d) || others == 2 {
                foundDigits(.account, d, start, end)
            }
        case .cpr: if letters == 0, d.count == 10 { foundDigits(.cpr, d, start, end) }
        case .kennitala: if letters == 0, d.count == 10 { foundDigits(.kennitala, d, start, end) }
        case .hetu: if d.count >= 9, end - start == 11 { foundVerbatim(.hetu, text, start, end) }
        case .kid:
            guard letters == 0, (2...25).contains(d.count), CheckDigits.luhn(d) || CheckDigits.mod11(d) || text[end - 1] == 0x2D else {
                return
            }
            foundDigits(.kid, d, start, end)
        case .duf: if letters == 0, d.count == 12 { foundDigits(.duf, d, start, end) }
        case .licence: if letters <= 4, (6...16).contains(d.count) { foundVerbatim(.licence, text, start, end) }
        case .passport: if letters <= 4, (5...10).contains(d.count), others <= 2 { foundVerbatim(.passport, text, start, end) }
        case .plate:
            if letters >= 1, letters <= 4, (1...6).contains(d.count), end - start <= 10 {
                let mark = canonicalCount
                for i in start..<end where ByteClass.isAlnum(text[i]) { appendCanonical(text[i] >= 0x61 ? text[i] & 0xDF : text[i]) }
                found(.plate, start, end, since: mark)
            }
        case .birthDate:
            if (4...17).contains(d.count), end - start <= 32 { foundVerbatim(.birthDate, text, start, end) }
        case .latitude, .longitude:
            var i = start
            if text[i] == 0x2D || text[i] == 0x2B { i += 1 }
            var fraction = -1
            while i < end {
                if text[i] == 0x2E, fraction < 0 {
                    fraction = 0
                } else if ByteClass.isDigit(text[i]) {
                    fraction += fraction >= 0 ? 1 : 0
                } else {
                    break
                }
                i += 1
            }
            // Latency is also called lat: four decimals or a sister say position.
            guard fraction >= 3, !ByteClass.isLetter(text.at(i)) else { return }
            foundVerbatim(.position, text, start, i)
        default: break
        }
    }
}
