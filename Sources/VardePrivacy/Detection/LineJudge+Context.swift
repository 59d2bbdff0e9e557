/// What is said about a value before it.
struct ValueContext {
    var meaning: KeyMeaning?
    /// Whether it is a key with `=` or `:` right before the value.
    var isDirect = false
    /// Words between, `nr` and `is` among them.
    var between = 0
}

extension LineJudge {
    /// How far back words are looked for, in bytes.
    private static let reach = 64
    /// How many other words may lie between.
    private static let wordLimit = 3

    /// The key of a value, or the nearest word before it that means something. Stops at another number, a comma, a semicolon, a
    /// sentence's end; elements of a JSON array share their key.
    func context(_ text: Span<UInt8>, _ start: Int) -> ValueContext {
        let limit = max(0, start - Self.reach)
        var i = start
        var result = ValueContext()
        var others = 0
        var sawWord = false
        while i > limit {
            let c = text[i - 1]
            if ByteClass.isDigit(c) {
                // Only past other elements of an array, or behind "and" and "or".
                guard !sawWord, i < start, text[i] == 0x22 || text[i] == 0x20 && isJoined(text, i, start) else { return result }
                if text[i] == 0x22, text.at(i + 1) != 0x2C { return result }
                while i > limit, ByteClass.isDigit(text[i - 1]) || text[i - 1] == 0x20 || text[i - 1] == 0x2B { i -= 1 }
                continue
            }
            if ByteClass.isLetter(c) || c >= 0x80 && c != 0xA0 && c != 0xAF {
                // Columns of a statement are told apart by their places.
                if c | 0x20 == 0x73, text.hasFolded("values", at: i - 6) { return result }
                let hit = vocabulary.words.longestSuffix(text, end: i, inside: { $0 == .secret })
                let meaning = hit.map { vocabulary.words.entries[$0.index].meaning } ?? .generic
                if meaning != .generic {
                    result.meaning = meaning
                    return result
                }
                // Words of two: pass nr, national id, driver's license.
                if let pair = vocabulary.words.longestSuffix(text, end: i, acrossBlank: true, inside: { _ in false }),
                    vocabulary.words.entries[pair.index].meaning != .generic
                {
                    result.meaning = vocabulary.words.entries[pair.index].meaning
                    return result
                }
                result.between += 1
                if hit != nil {
                } else if !isJoinWord(text, i) {
                    if result.isDirect { return result }
                    others += 1
                    if others > Self.wordLimit { return result }
                }
                sawWord = sawWord || !isJoinWord(text, i)
                while i > limit, ByteClass.isKeyByte(text[i - 1]), text[i - 1] != 0xA0 { i -= 1 }
                continue
            }
            switch c {
            case 0x3D, 0x3A:  // = :
                if sawWord || others > 0 { return sawWord && result.isDirect ? result : ValueContext() }
                result.isDirect = true
            case 0x7C where i == start: break
            case 0x3E:  // >: of an arrow, of the tag the value stands in, or of another one
                if text.at(i - 2) != 0x2D && text.at(i - 2) != 0x3D && i != start { return result }
            case 0x29:  // (11 digits) is a remark
                var open = i - 1
                while open > limit, i - open < 24, text[open - 1] != 0x28 { open -= 1 }
                if i < start, open > limit, text[open - 1] == 0x28, ByteClass.isDigit(text.at(i - 2)) || ByteClass.isLetter(text.at(i - 2)),
                    !sawWord, text.at(open - 2) == 0x20
                {
                    i = open
                }
            case 0x3B, 0x7C, 0x0A, 0x26, 0x3F:  // ; | newline & ?
                return result
            case 0x2C:  // ,
                if !(text.at(i) == 0x22 && text.at(i - 2) == 0x22) { return result }
            case 0x2E:  // .
                if sawWord { return result }
            case 0x7D, 0x5D:  // } ]
                return result
            default: break
            }
            i -= 1
        }
        return result
    }

    /// Whether the word that ends here joins two values: eller, og, och, or, and, tai, ja.
    private func isJoinWord(_ text: Span<UInt8>, _ end: Int) -> Bool {
        let last = text.at(end - 1)
        let second = text.at(end - 2)
        let start: Int
        switch (second, last) {
        case (0x6F, 0x67), (0x6F, 0x72), (0x6A, 0x61): start = end - 2
        case (0x63, 0x68) where text.at(end - 3) == 0x6F, (0x6E, 0x64) where text.at(end - 3) == 0x61,
            (0x61, 0x69) where text.at(end - 3) == 0x74:
            start = end - 3
        case (0x65, 0x72) where text.has("ell", at: end - 5): start = end - 5
        default: return false
        }
        return !ByteClass.isWord(text.at(start - 1))
    }

    /// Whether between a number's end and the value stand only blanks, a slash and a joining word.
    private func isJoined(_ text: Span<UInt8>, _ from: Int, _ start: Int) -> Bool {
        var i = start
        while i > from, text[i - 1] == 0x20 { i -= 1 }
        if i == from { return false }
        if text[i - 1] == 0x2F { return true }
        return isJoinWord(text, i)
    }
}
