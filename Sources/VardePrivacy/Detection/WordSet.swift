/// A set of words in which stretches of text are looked up without being copied; ASCII letters count without case.
struct WordSet: Sendable, ExpressibleByArrayLiteral {
    /// The words, in lower case, end to end.
    private var bytes: [UInt8] = []
    private var ends: [Int32] = [0]
    private var slots: [Int16]
    private var shortest = Int.max
    private var longest = 0

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
            var slot = Self.hash(bytes.span, Int(ends[index]), bytes.count) & (size - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = Int16(index)
        }
    }

    init(arrayLiteral elements: String...) { self.init(elements) }

    @inline(__always)
    static func folded(_ c: UInt8) -> UInt8 { ByteClass.isUpper(c) ? c | 0x20 : c }

    private static func hash(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
        var hash: UInt32 = 0
        for i in start..<end { hash = hash &* 31 &+ UInt32(folded(text[i])) }
        return Int(hash ^ hash >> 7)
    }

    /// Whether the stretch is a word of the set. Complexity: O(longest word).
    func contains(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        guard end - start >= shortest, end - start <= longest else { return false }
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
