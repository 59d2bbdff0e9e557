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
        guard var hit = rememberedKeyWord(text, end) ?? (closed.outer < end ? rememberedKeyWord(text, closed.outer) : nil) else { return }
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
                // Within a name an apostrophe: 'Sinead O'Brien'.
                let isWithin = c == 0x27 && i > value.start && ByteClass.isUpper(text[i - 1]) && ByteClass.isUpper(text.at(i + 1))
                if isDoubled { i += 1 } else if c == quote, backslashes <= opening, !isWithin { return i - backslashes }
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
}
