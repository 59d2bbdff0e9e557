/// A set of words in which stretches of text are looked up without being copied; ASCII letters count without case.
struct WordSet: Sendable, ExpressibleByArrayLiteral {
    /// The words, in lower case, end to end.
    private var bytes: [UInt8] = []
    private var ends: [Int32] = [0]
    private var slots: [Int16]
    private var shortest = Int.max
    private var longest = 0
    /// A bit for each word's first and last byte and length: most stretches are no word by these.
    private var outlines = [UInt64](repeating: 0, count: 16)

    init(_ words: some Collection<String>) {
        var size = 16
        while size < 4 * words.count { size *= 2 }
        precondition(words.count <= Int(Int16.max), "places hold sixteen bits")
        slots = Array(repeating: -1, count: size)
        for word in words {
            bytes.append(contentsOf: word.utf8.map(Self.folded))
            ends.append(Int32(bytes.count))
            let index = ends.count - 2
            let length = bytes.count - Int(ends[index])
            shortest = min(shortest, length)
            longest = max(longest, length)
            if length > 0 {
                let outline = Self.outline(bytes[bytes.count - length], bytes[bytes.count - 1], length)
                outlines[outline >> 6] |= 1 << UInt64(outline & 63)
            }
            var slot = Self.hash(bytes.span, Int(ends[index]), bytes.count) & (size - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = Int16(index)
        }
    }

    init(arrayLiteral elements: String...) { self.init(elements) }

    @inline(__always)
    static func folded(_ c: UInt8) -> UInt8 { ByteClass.isUpper(c) ? c | 0x20 : c }

    @inline(__always)
    private static func outline(_ first: UInt8, _ last: UInt8, _ length: Int) -> Int {
        (Int(folded(first)) &* 37 &+ Int(folded(last)) &* 11 &+ length) & 1023
    }

    private static func hash(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
        var hash: UInt32 = 0
        for i in start..<end { hash = hash &* 31 &+ UInt32(folded(text[i])) }
        return Int(hash ^ hash >> 7)
    }

    /// Whether the stretch is a word of the set. Complexity: O(longest word).
    @inline(__always)
    func contains(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        guard end - start >= shortest, end - start <= longest, end > start else { return false }
        let outline = Self.outline(text[start], text[end - 1], end - start)
        return outlines[outline >> 6] >> UInt64(outline & 63) & 1 == 1 && isListed(text, start, end)
    }

    @inline(never)
    private func isListed(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        var slot = Self.hash(text, start, end) & (slots.count - 1)
        while slots[slot] >= 0 {
            if isWord(Int(slots[slot]), text, start, end) { return true }
            slot = (slot + 1) & (slots.count - 1)
        }
        return false
    }

    private func isWord(_ index: Int, _ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        let first = Int(ends[index])
        guard Int(ends[index + 1]) - first == end - start else { return false }
        for i in start..<end where Self.folded(text[i]) != bytes[first + i - start] { return false }
        return true
    }

    /// Whether the stretch ends in a word of the set.
    func endsWord(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        if end - start < shortest { return false }
        for length in shortest...min(longest, end - start) where contains(text, end - length, end) { return true }
        return false
    }

    /// Length of the longest word of the set that the stretch begins with, 0 where there is none.
    func prefixLength(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
        var length = min(longest, end - start)
        while length >= shortest {
            if contains(text, start, start + length) { return length }
            length -= 1
        }
        return 0
    }
}

/// Texts of which one may begin at an offset, compared as they are.
struct Beginnings: Sendable, ExpressibleByArrayLiteral {
    private var bytes: [UInt8] = []
    private var ends: [Int] = [0]
    /// A bit for each text's first two bytes.
    private var outlines: UInt64 = 0

    /// Each text has two bytes at least.
    init(arrayLiteral elements: String...) {
        for text in elements {
            bytes.append(contentsOf: text.utf8)
            let first = ends[ends.count - 1]
            ends.append(bytes.count)
            outlines |= 1 << Self.outline(bytes[first], bytes[first + 1])
        }
    }

    @inline(__always)
    private static func outline(_ first: UInt8, _ second: UInt8) -> UInt64 { UInt64(first &* 5 &+ second) & 63 }

    /// Whether one of the texts stands at the offset.
    func begins(_ text: Span<UInt8>, _ start: Int) -> Bool {
        guard outlines >> Self.outline(text.at(start), text.at(start + 1)) & 1 == 1 else { return false }
        for index in 0..<ends.count - 1 {
            let (first, end) = (ends[index], ends[index + 1])
            guard text.at(start) == bytes[first], text.count - start >= end - first else { continue }
            var i = first
            while i < end, text[start + i - first] == bytes[i] { i += 1 }
            if i == end { return true }
        }
        return false
    }
}

extension Span<UInt8> {
    /// Whether `word`, given in lower case, stands at an offset, ASCII letters without case.
    @inline(__always)
    func hasFolded(_ word: String, at offset: Int) -> Bool {
        guard offset >= 0, offset + word.utf8.count <= count else { return false }
        var i = offset
        for byte in word.utf8 {
            if WordSet.folded(self[i]) != byte { return false }
            i += 1
        }
        return true
    }
}
