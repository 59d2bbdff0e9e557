/// Elements of XML, whose names are keys.
extension LineJudge {
    /// Whether the name that begins here is that of an XML start tag, a prefix of its namespace before it perhaps.
    func opensElement(_ text: Span<UInt8>, _ first: Int) -> Bool {
        if text.at(first - 1) == 0x3C { return true }
        guard text.at(first - 1) == 0x3A else { return false }
        var i = first - 1
        while i > 0, first - i < 40, ByteClass.isKeyByte(text[i - 1]) { i -= 1 }
        return text.at(i - 1) == 0x3C
    }

    /// Where the text of an element ends: at its end tag. `start` where there is another tag first: `List<User>` is code.
    func elementEnd(_ text: Span<UInt8>, _ start: Int, limit: Int) -> Int {
        var i = start
        while i < min(text.count, limit), text[i] != 0x3C { i += 1 }
        return i == text.count || text.at(i + 1) == 0x2F ? i : start
    }

    /// Where the name of the tag ends that ends at `p` behind attributes, nil where none does.
    func elementName(_ text: Span<UInt8>, _ p: Int) -> Int? {
        var i = p - 1
        while i > 0, p - i < 512, text[i - 1] != 0x3C, text[i - 1] != 0x3E { i -= 1 }
        guard text.at(i - 1) == 0x3C else { return nil }
        while ByteClass.isKeyByte(text.at(i)) || text.at(i) == 0x3A { i += 1 }
        return text.at(i) == 0x20 ? i : nil
    }

    /// Where an element ends that begins with another or with `<![CDATA[`: before its end tag. `start` where it does not end, or is deep.
    func nestedElementEnd(_ text: Span<UInt8>, _ start: Int) -> Int {
        if text.has("<![CDATA[", at: start) {
            var i = start + 9
            while i < text.count, !text.has("]]>", at: i) { i += 1 }
            return min(i, text.count)
        }
        var depth = 0
        var i = start
        while i < text.count {
            if text[i] == 0x3C {
                if text.at(i + 1) == 0x2F {
                    if depth == 0 { return i }
                    depth -= 1
                } else {
                    depth += 1
                    if depth > 16 { return start }
                }
            } else if text[i] == 0x2F, text.at(i + 1) == 0x3E {
                depth -= 1
            }
            i += 1
        }
        return start
    }
}
