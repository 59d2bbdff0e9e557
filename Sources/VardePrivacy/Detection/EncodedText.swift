internal import VardeKernels

/// A line with one layer of encoding taken off, and where each byte came from.
///
/// Undone in one walk: colours of a terminal, also as rsyslog and others write their escape (`#033[`, `\033[`, `\e[`, `^[[`), `#011`, dashes and blanks beyond ASCII, `&#64;`, `&#x40;`, `&quot;`, full-width letters and digits,
/// `%41`, `%2541` however often encoded, `\"`, `\/`, `\n`, `\t`, `\x41`, `\u00e5` behind any number of backslashes,
/// surrogate pairs included. Complexity: O(count).
struct EncodedText {
    private(set) var bytes = Room<UInt8>()
    /// Offset in the text before of each byte, and of the end.
    private(set) var origins = Room<UInt32>()
    /// Whether anything was decoded.
    private(set) var isChanged = false

    /// Replaces the content by `text` decoded; `outer` are the origins of `text` itself, empty where it is the line.
    mutating func decode(_ text: Span<UInt8>, outer: [UInt32], coloursOnly: Bool = false) {
        bytes.empty()
        origins.empty()
        isChanged = false
        func origin(_ i: Int) -> UInt32 { outer.isEmpty ? UInt32(i) : outer[i] }
        var i = 0
        let count = text.count
        while i < count {
            // What stands for itself is copied in runs.
            var run = i
            while run < count, !(coloursOnly ? text[run] == 0x1B : EncodedText.mayBeginEncoding(text[run])) { run += 1 }
            if run > i {
                bytes.append(text, i..<run)
                if outer.isEmpty { origins.append(from: UInt32(i), count: run - i) } else { origins.append(outer.span.extracting(i..<run)) }
                i = run
                continue
            }
            let c = text[i]
            if c == 0x25, let (byte, end) = EncodedText.percent(text, i) {
                bytes.append(byte)
                origins.append(origin(i))
                isChanged = true
                i = end
            } else if c == 0x26, let (byte, end) = EncodedText.reference(text, i) {
                append(byte, origin(i))
                isChanged = true
                i = end
            } else if c == 0xEF, let byte = EncodedText.fullWidth(text, i) {
                append(byte, origin(i))
                isChanged = true
                i += 3
            } else if let end = EncodedText.colour(text, i, coloursOnly) {
                // It parts what it stands between, but not a key from its value.
                if let before = bytes.last, before != 0x3D, before != 0x3A { append(0x20, origin(i)) }
                isChanged = true
                i = end
            } else if c == 0x23, let byte = EncodedText.octalControl(text, i + 1) {
                append(byte, origin(i))
                isChanged = true
                i += 4
            } else if c == 0xC2 || c == 0xE2, let (byte, end) = EncodedText.separator(text, i) {
                append(byte, origin(i))
                isChanged = true
                i = end
            } else if c == 0x5C, i + 1 < count {
                i = backslash(text, i, origin(i))
            } else {
                bytes.append(c)
                origins.append(origin(i))
                i += 1
            }
        }
        origins.append(origin(count))
    }

    /// Replaces the content by that of another, with one layer more taken off.
    mutating func decode(_ outer: EncodedText) {
        decode(outer.bytes.storage.span.extracting(0..<outer.bytes.count), outer: outer.origins.storage)
    }

    @inline(__always)
    private static func mayBeginEncoding(_ c: UInt8) -> Bool {
        switch c {
        case 0x1B, 0x23, 0x25, 0x26, 0x5C, 0x5E, 0xC2, 0xE2, 0xEF: true
        default: false
        }
    }

    private static func hex(_ c: UInt8) -> UInt8? {
        if ByteClass.isDigit(c) { return c & 15 }
        let lower = c | 0x20
        return lower &- 0x61 < 6 ? lower - 87 : nil
    }

    private static func pair(_ text: Span<UInt8>, _ i: Int) -> UInt8? {
        guard let high = hex(text.at(i)), let low = hex(text.at(i + 1)), i + 1 < text.count else { return nil }
        return high << 4 | low
    }

    /// `%XX`, through any number of `%25`.
    private static func percent(_ text: Span<UInt8>, _ start: Int) -> (UInt8, Int)? {
        guard var byte = pair(text, start + 1) else { return nil }
        var end = start + 3
        while byte == 0x25, let next = pair(text, end) {
            byte = next
            end += 2
        }
        return (byte, end)
    }

    /// Character references by name, of those that hide the edge of something.
    private static let named: [(text: String, byte: UInt8)] = [
        ("&quot;", 0x22), ("&apos;", 0x27), ("&lt;", 0x3C), ("&gt;", 0x3E), ("&amp;", 0x26), ("&commat;", 0x40), ("&nbsp;", 0x20),
    ]

    /// A character reference to an ASCII character or the blank that does not break: `&#64;`, `&#x40;`, `&commat;`.
    private static func reference(_ text: Span<UInt8>, _ start: Int) -> (UInt8, Int)? {
        if ByteClass.isLetter(text.at(start + 1)) {
            return named.first { text.has($0.text, at: start) }.map { ($0.byte, start + $0.text.utf8.count) }
        }
        guard text.at(start + 1) == 0x23 else { return nil }
        let isHex = text.at(start + 2) | 0x20 == 0x78
        var i = start + (isHex ? 3 : 2)
        let first = i
        var value = 0
        while i - first < 7, let digit = isHex ? hex(text.at(i)) : ByteClass.isDigit(text.at(i)) ? text.at(i) & 15 : nil {
            value = value * (isHex ? 16 : 10) + Int(digit)
            i += 1
        }
        guard i > first, text.at(i) == 0x3B else { return nil }
        switch value {
        case 0x20..<0x7F, 0x09, 0x0A, 0x0D, 0x1B: return (UInt8(value), i + 1)
        case 0xA0: return (0x20, i + 1)
        default: return nil
        }
    }

    /// A full-width form of an ASCII character, U+FF01 to U+FF5E.
    private static func fullWidth(_ text: Span<UInt8>, _ start: Int) -> UInt8? {
        let second = text.at(start + 1)
        let third = text.at(start + 2)
        guard second == 0xBC || second == 0xBD, third & 0xC0 == 0x80 else { return nil }
        let offset = (Int(second) - 0xBC) << 6 | Int(third & 0x3F)
        return (1...0x5E).contains(offset) ? UInt8(offset + 0x20) : nil
    }

    /// Where a terminal's control sequence ends that begins here: `ESC [ 1;36 m`, its escape perhaps written out.
    private static func colour(_ text: Span<UInt8>, _ start: Int, _ isRawOnly: Bool) -> Int? {
        let width: Int
        switch text[start] {
        case 0x1B: width = 1
        case 0x23 where text.has("#033", at: start): width = 4
        case 0x5E where text.at(start + 1) == 0x5B: width = 2
        case 0x5C:
            var k = start
            while text.at(k) == 0x5C { k += 1 }
            let digits = text.has("033", at: k) ? 3 : text.has("33", at: k) ? 2 : text.at(k) | 0x20 == 0x65 ? 1 : 0
            guard digits > 0 else { return nil }
            width = k - start + digits
        default: return nil
        }
        guard width == 1 || !isRawOnly, text.at(start + width) == 0x5B else { return nil }
        var i = start + width + 1
        let limit = i + 22
        while i < limit, ByteClass.isDigit(text.at(i)) || text.at(i) == 0x3B || text.at(i) == 0x3F { i += 1 }
        return (0x40...0x7E).contains(text.at(i)) ? i + 1 : nil
    }

    /// A tab, newline, return or escape in octal: `011`, `012`, `015`, `033`.
    private static func octalControl(_ text: Span<UInt8>, _ start: Int) -> UInt8? {
        if text.has("011", at: start) || text.has("033", at: start) { return 0x20 }
        return text.has("012", at: start) || text.has("015", at: start) ? 0x0A : nil
    }

    /// A blank (U+00A0, U+2000 to U+200A, U+202F) or a dash (U+2010 to U+2015, U+2212) as its like in ASCII.
    private static func separator(_ text: Span<UInt8>, _ start: Int) -> (UInt8, Int)? {
        switch (text[start], text.at(start + 1), text.at(start + 2)) {
        case (0xC2, 0xA0, _): (0x20, start + 2)
        case (0xE2, 0x80, 0x80...0x8A), (0xE2, 0x80, 0xAF): (0x20, start + 3)
        case (0xE2, 0x80, 0x90...0x95), (0xE2, 0x88, 0x92): (0x2D, start + 3)
        default: nil
        }
    }

    private mutating func append(_ byte: UInt8, _ origin: UInt32) {
        bytes.append(byte)
        origins.append(origin)
    }

    /// Backslashes and what they stand before; returns where to go on.
    private mutating func backslash(_ text: Span<UInt8>, _ start: Int, _ origin: UInt32) -> Int {
        var i = start
        while text.at(i) == 0x5C { i += 1 }
        let escaped = text.at(i)
        switch escaped {
        case 0x22, 0x27, 0x2F, 0x26: append(escaped, origin)
        case 0x6E, 0x72: append(0x0A, origin)
        case 0x74: append(0x20, origin)
        case 0x30:
            guard let byte = EncodedText.octalControl(text, i) else { return keep(text, start, i, origin) }
            append(byte, origin)
            i += 2
        case 0x78:
            guard let byte = EncodedText.pair(text, i + 1) else { return keep(text, start, i, origin) }
            // A blank that does not break, of Latin-1.
            append(byte == 0xA0 && (bytes.last ?? 0) < 0x80 ? 0x20 : byte, origin)
            i += 2
        case 0x75:
            guard let high = EncodedText.pair(text, i + 1), let low = EncodedText.pair(text, i + 3) else {
                return keep(text, start, i, origin)
            }
            var value = UInt32(high) << 8 | UInt32(low)
            i += 4
            if (0xD800..<0xDC00).contains(value) {
                var k = i + 1
                while text.at(k) == 0x5C { k += 1 }
                if text.at(k) == 0x75, let h = EncodedText.pair(text, k + 1), let l = EncodedText.pair(text, k + 3), h & 0xFC == 0xDC {
                    value = 0x10000 + (value - 0xD800) << 10 + (UInt32(h) << 8 | UInt32(l)) - 0xDC00
                    i = k + 4
                }
            }
            let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
            for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { append(byte, origin) }
        default: return keep(text, start, i, origin)
        }
        isChanged = true
        return i + 1
    }

    /// Backslashes that stand for nothing known stay, as one: no walk comes back to them.
    private mutating func keep(_ text: Span<UInt8>, _ start: Int, _ end: Int, _ origin: UInt32) -> Int {
        append(0x5C, origin)
        return end
    }
}
