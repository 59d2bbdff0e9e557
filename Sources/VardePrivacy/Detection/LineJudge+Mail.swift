extension LineJudge {
    /// Longest local part and domain, in bytes; what is longer is no address anybody can have.
    private static let localLimit = 320
    private static let domainLimit = 255

    /// An `@`: an e-mail address, unless it belongs to a URL's credentials, a remote shell, a package or an object's hash.
    mutating func judgeMail(_ text: Span<UInt8>, _ p: Int) {
        guard p != credentialAt, !judgeOracle(text, p), let end = domainEnd(text, p + 1) else { return }
        var start = p
        if text.at(p - 1) == 0x22, let quote = openingQuote(text, p - 1) {
            start = quote
        } else {
            let limit = max(0, p - Self.localLimit)
            while start > limit, isLocalByte(text, start - 1) { start -= 1 }
            // Neither a dot, a dash nor an apostrophe begins one.
            while start < p, text[start] == 0x2E || text[start] == 0x2D || text[start] == 0x27 || text[start] == 0x2B { start += 1 }
        }
        guard start < p else { return }
        let length = p - start
        let next = text.at(end)
        if next == 0x3A, length == 3, text.has("git", at: start) || text.has("svn", at: start) { return }
        if next == 0x3A, length == 2, text.has("hg", at: start) { return }
        if isObjectHash(text, start, p) { return }
        if text.at(start - 1) == 0x3C { judgeDisplayName(text, start - 1) }
        foundLowercased(.email, text, start, end)
    }

    /// `jdbc:oracle:thin:user/password@`: true where it is one.
    private mutating func judgeOracle(_ text: Span<UInt8>, _ p: Int) -> Bool {
        var slash = p - 1
        let limit = max(0, p - 64)
        while slash > limit, text[slash] > 0x22, text[slash] != 0x40, text[slash] != 0x2F, text[slash] != 0x27 { slash -= 1 }
        guard slash > limit, text[slash] == 0x2F, p - slash > 1 else { return false }
        var start = slash
        while start > limit, ByteClass.isWord(text[start - 1]) { start -= 1 }
        guard start < slash, text.has("thin:", at: start - 5) || text.has(":oci:", at: start - 5),
            !isPlaceholder(text, slash + 1, p)
        else { return false }
        if !isRole(text, start, slash) { foundLowercased(.user, text, start, slash) }
        foundVerbatim(.secret, text, slash + 1, p)
        return true
    }

    /// The name before an address in brackets: `"Kari Nordmann" <`, `Kari Nordmann <`.
    private mutating func judgeDisplayName(_ text: Span<UInt8>, _ bracket: Int) {
        guard text.at(bracket - 1) == 0x20 else { return }
        let end = bracket - 1
        let limit = max(0, end - 64)
        if text.at(end - 1) == 0x22 {
            var i = end - 1
            while i > limit, text[i - 1] != 0x22, text[i - 1] != 0x40 { i -= 1 }
            guard i < end - 1, text.at(i - 1) == 0x22, looksLikeName(text, i, end - 1) else { return }
            return foundLowercased(.name, text, i, end - 1)
        }
        // Two or three words that begin with capitals.
        var start = end
        var words = 0
        while words < 3 {
            var i = start == end ? end : start - 1
            let wordEnd = i
            while i > limit, ByteClass.isLetter(text[i - 1]) || text[i - 1] >= 0x80 || text[i - 1] == 0x2D || text[i - 1] == 0x2E { i -= 1 }
            guard i < wordEnd, ByteClass.isUpper(text[i]) || text[i] == 0xC3, i == 0 || !ByteClass.isKeyByte(text[i - 1]) else { break }
            start = i
            words += 1
            guard text.at(i - 1) == 0x20 else { break }
        }
        if words >= 2 { foundLowercased(.name, text, start, end) }
    }

    private func isLocalByte(_ text: Span<UInt8>, _ i: Int) -> Bool {
        let c = text[i]
        if ByteClass.isWord(c) { return !(c >= 0x80 && isOutsideWord(text, i)) }
        switch c {
        case 0x2E, 0x2B, 0x2D: return true
        case 0x27: return i > 0 && ByteClass.isLetter(text[i - 1]) && ByteClass.isLetter(text.at(i + 1))
        default: return false
        }
    }

    /// Whether a byte beyond ASCII belongs to a no-break space or to typographic quotes and dashes.
    private func isOutsideWord(_ text: Span<UInt8>, _ i: Int) -> Bool {
        let c = text[i]
        if c == 0xC2 { return true }
        if c == 0xE2 { return text.at(i + 1) == 0x80 }
        if c < 0xC0 {
            if text.at(i - 1) == 0xC2 { return true }
            return text.at(i - 2) == 0xE2 && text.at(i - 1) == 0x80 || text.at(i - 1) == 0xE2 && c == 0x80
        }
        return false
    }

    private func openingQuote(_ text: Span<UInt8>, _ closing: Int) -> Int? {
        var i = closing - 1
        let limit = max(0, closing - 66)
        while i >= limit {
            if text[i] == 0x22 { return closing - i > 1 ? i : nil }
            if text[i] == 0x40 || text[i] == 0x3A || text[i] == 0x2C || text[i] == 0x7B { return nil }
            i -= 1
        }
        return nil
    }

    /// End of a domain with a top level of letters, nil where there is none.
    private func domainEnd(_ text: Span<UInt8>, _ start: Int) -> Int? {
        if text.at(start) == 0x5B { return literalEnd(text, start) }
        var i = start
        let limit = min(text.count, start + Self.domainLimit)
        var labels = 0
        var end: Int?
        var firstIsNumber = false
        var labelStart = i
        while i <= limit {
            let c = text.at(i)
            let isLabelByte = i < limit && (ByteClass.isAlnum(c) || c == 0x2D || c == 0x5F || c >= 0x80 && !isOutsideWord(text, i))
            if isLabelByte {
                i += 1
                continue
            }
            if i == labelStart { break }
            labels += 1
            if labels == 1 { firstIsNumber = ByteClass.isDigit(text[labelStart]) }
            // pkg@1.2.3-beta.x is a version, however it ends.
            if labels == 2, firstIsNumber, ByteClass.isDigit(text[labelStart]) { return nil }
            if labels >= 2 {
                // "no-" and "no_old" in running text: the letters before are the top level.
                let letters = lettersEnd(text, labelStart, i)
                if isTopLevel(text, labelStart, i) { end = i } else if isTopLevel(text, labelStart, letters) { end = letters }
            }
            guard c == 0x2E, i < limit else { break }
            i += 1
            labelStart = i
        }
        return end
    }

    /// Where the letters a label begins with end, if dashes alone or an underscore follow; else its end.
    private func lettersEnd(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
        var i = start
        while i < end, ByteClass.isLetter(text[i]) || text[i] >= 0x80 { i += 1 }
        if i < end, text[i] == 0x5F { return i }
        var k = i
        while k < end, text[k] == 0x2D { k += 1 }
        return k == end ? i : end
    }

    private func isTopLevel(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        guard end - start >= 2 else { return false }
        if text.has("xn--", at: start) { return true }
        for i in start..<end where !(ByteClass.isLetter(text[i]) || text[i] >= 0x80) {
            // A dash ends "no-" in running text, never a top level within it.
            return false
        }
        return true
    }

    /// `[10.0.0.1]`, `[IPv6:…]`.
    private func literalEnd(_ text: Span<UInt8>, _ start: Int) -> Int? {
        var i = start + 1
        var dots = 0
        while i < text.count, i - start < 48 {
            let c = text[i]
            if c == 0x5D { return dots >= 2 ? i + 1 : nil }
            if c == 0x2E || c == 0x3A { dots += 1 } else if !ByteClass.isAlnum(c) { return nil }
            i += 1
        }
        return nil
    }

    /// `Class@1a2b3c.method`: a capital or a package before, a hash of hexadecimal digits as first label, no address.
    private func isObjectHash(_ text: Span<UInt8>, _ start: Int, _ p: Int) -> Bool {
        var i = p + 1
        var digits = 0
        while ByteClass.isHex(text.at(i)), text[i] < 0x41 || text[i] > 0x46 {
            if ByteClass.isDigit(text[i]) { digits += 1 }
            i += 1
        }
        guard text.at(i) == 0x2E, (5...8).contains(i - p - 1), digits > 0 else { return false }
        var k = start
        while k < p {
            if ByteClass.isUpper(text[k]) && (k == start || text[k - 1] == 0x2E || text[k - 1] == 0x24) { return true }
            k += 1
        }
        return false
    }
}
