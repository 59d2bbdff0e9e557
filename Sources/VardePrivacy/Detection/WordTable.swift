internal import VardeKernels

/// Words with a meaning each, looked up from their end: a key such as `kunde_fnr` ends in the word `fnr`.
///
/// Words are compared without case, dashes, underscores and dots. Open addressing over 32-bit hashes, then the bytes.
struct WordTable<Meaning: Sendable>: Sendable {
    struct Entry: Sendable {
        var reversed: [UInt8]
        var meaning: Meaning
    }

    private(set) var entries: [Entry] = []
    private var slots: [Int32] = Array(repeating: -1, count: 1024)
    private var hashes: [UInt32] = []
    /// A bit per hash: most look-ups end here.
    private var bits = [UInt64](repeating: 0, count: 256)
    /// A bit per hash of the last three letters of longer words.
    private var endings = [UInt64](repeating: 0, count: 256)
    private(set) var longest = 0
    /// Of every byte what it counts as: 0 where it ends a key, 1 between parts of one, else itself in lower case.
    private let folded: [UInt8] = (0...255).map { byte in
        let byte = UInt8(byte)
        guard ByteClass.isKeyByte(byte) else { return 0 }
        return byte == 0x2D || byte == 0x5F || byte == 0x2E ? 1 : ByteClass.isUpper(byte) ? byte | 0x20 : byte
    }

    /// A word's bytes in the form compared, last first.
    static func reversed(_ word: String) -> [UInt8] {
        var result: [UInt8] = []
        for byte in word.lowercased().utf8.reversed() where byte != 0x2D && byte != 0x5F && byte != 0x2E { result.append(byte) }
        return result
    }

    static func hash(_ reversed: [UInt8]) -> UInt32 { reversed.reduce(0) { KeyFilter.step($0, $1) } }

    mutating func insert(_ word: String, _ meaning: Meaning) {
        let reversed = Self.reversed(word)
        guard !reversed.isEmpty else { return }
        let hash = Self.hash(reversed)
        if let index = entries.firstIndex(where: { $0.reversed == reversed }) {
            entries[index].meaning = meaning
            return
        }
        entries.append(Entry(reversed: reversed, meaning: meaning))
        hashes.append(hash)
        let mixed = Self.mixed(hash)
        bits[Int(mixed >> 6) & 255] |= 1 << UInt64(mixed & 63)
        if reversed.count > 3 {
            let ending = Self.mixed(Self.hash(Array(reversed[..<3])))
            endings[Int(ending >> 6) & 255] |= 1 << UInt64(ending & 63)
        }
        longest = max(longest, reversed.count)
        if entries.count * 3 > slots.count {
            slots = Array(repeating: -1, count: slots.count * 2)
            for index in entries.indices { place(index) }
        } else {
            place(entries.count - 1)
        }
    }

    private mutating func place(_ index: Int) {
        var slot = Int(hashes[index] &* 0x9E37_79B1 >> 12) & (slots.count - 1)
        while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Int32(index)
    }

    @inline(__always)
    private static func mixed(_ hash: UInt32) -> UInt32 { hash ^ (hash >> 15) }

    /// Whether words longer than three letters end in those of the hash.
    @inline(__always)
    private func mayGoOn(_ hash: UInt32) -> Bool {
        let mixed = Self.mixed(hash)
        return endings[Int(mixed >> 6) & 255] >> UInt64(mixed & 63) & 1 == 1
    }

    @inline(__always)
    private func find(_ hash: UInt32, length: Int) -> Int? {
        let mixed = Self.mixed(hash)
        return bits[Int(mixed >> 6) & 255] >> UInt64(mixed & 63) & 1 == 0 ? nil : look(hash, length: length)
    }

    @inline(never)
    private func look(_ hash: UInt32, length: Int) -> Int? {
        var slot = Int(hash &* 0x9E37_79B1 >> 12) & (slots.count - 1)
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if hashes[index] == hash, entries[index].reversed.count == length { return index }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// A word found at the end of a key.
    struct Hit {
        var index: Int
        /// Where it begins in the text.
        var start: Int
        /// Whether it is the whole key.
        var isWhole: Bool
        /// Whether it begins where a part of the key begins (`_`, `-`, `.`, a capital after a small letter).
        var isPart: Bool
    }

    /// The longest word of the table that ends at `end`; of words inside a part only those `inside` admits, where no word is a part.
    /// Complexity: O(longest word).
    func longestSuffix(_ text: Span<UInt8>, end: Int, acrossBlank: Bool = false, inside: (Meaning) -> Bool) -> Hit? {
        var hash: UInt32 = 0
        var length = 0
        var position = end
        var best: Hit?
        var blanks = 0
        while position > 0, end - position < 40, length < longest {
            let raw = text[position - 1]
            if acrossBlank, raw == 0x20 || raw == 0x27 {
                if raw == 0x20 {
                    if blanks > 0 { break }
                    blanks += 1
                }
                position -= 1
                continue
            }
            var byte = folded[Int(raw)]
            if byte == 0 { break }
            position -= 1
            if byte == 1 { continue }
            if byte >= 0x80, byte <= 0x9E, position > 0, text[position - 1] == 0xC3 { byte += 0x20 }
            hash = hash &* 131 &+ UInt32(byte)  // KeyFilter.step
            length += 1
            let index = find(hash, length: length)
            if index == nil, length == 3, !mayGoOn(hash) { break }
            guard let index else { continue }
            let previous = position > 0 ? text[position - 1] : 0
            let whole = !ByteClass.isKeyByte(previous)
            let part =
                whole || previous == 0x2D || previous == 0x5F || previous == 0x2E || (raw &- 0x41 < 26 && previous &- 0x61 < 26)
            guard part || best?.isPart != true && inside(entries[index].meaning),
                matches(text, end: end, index, acrossBlank: acrossBlank)
            else { continue }
            best = Hit(index: index, start: position, isWhole: whole, isPart: part)
        }
        return best
    }

    private func matches(_ text: Span<UInt8>, end: Int, _ index: Int, acrossBlank: Bool) -> Bool {
        var position = end
        for expected in entries[index].reversed {
            while position > 0,
                text[position - 1] == 0x2D || text[position - 1] == 0x5F || text[position - 1] == 0x2E
                    || acrossBlank && (text[position - 1] == 0x20 || text[position - 1] == 0x27)
            { position -= 1 }
            guard position > 0 else { return false }
            position -= 1
            var byte = text[position]
            if byte &- 0x41 < 26 {
                byte |= 0x20
            } else if byte >= 0x80, byte <= 0x9E, position > 0, text[position - 1] == 0xC3 {
                byte += 0x20
            }
            if byte != expected { return false }
        }
        return true
    }

    /// Lets words of the table through a filter, by their meaning.
    func add(to filter: inout KeyFilter, where admits: (Meaning) -> Bool) {
        for entry in entries where admits(entry.meaning) { filter.insert(reversed: entry.reversed) }
    }
}

/// Classes of bytes the judges ask for.
enum ByteClass {
    @inline(__always) static func isDigit(_ c: UInt8) -> Bool { c &- 0x30 < 10 }
    @inline(__always) static func isLetter(_ c: UInt8) -> Bool { (c | 0x20) &- 0x61 < 26 }
    @inline(__always) static func isUpper(_ c: UInt8) -> Bool { c &- 0x41 < 26 }
    @inline(__always) static func isAlnum(_ c: UInt8) -> Bool { isDigit(c) || isLetter(c) }
    /// A letter, a digit, `_`, or part of a character beyond ASCII.
    @inline(__always) static func isWord(_ c: UInt8) -> Bool { isAlnum(c) || c == 0x5F || c >= 0x80 }
    @inline(__always) static func isHex(_ c: UInt8) -> Bool { isDigit(c) || (c | 0x20) &- 0x61 < 6 }
    @inline(__always) static func isKeyByte(_ c: UInt8) -> Bool { isWord(c) || c == 0x2D || c == 0x2E }
    @inline(__always) static func isBase64(_ c: UInt8) -> Bool {
        isAlnum(c) || c == 0x2B || c == 0x2F || c == 0x3D || c == 0x2D || c == 0x5F
    }
    @inline(__always) static func isSpace(_ c: UInt8) -> Bool { c == 0x20 || c &- 0x09 < 5 }
}

extension Span<UInt8> {
    /// The byte at an offset, 0 outside.
    @inline(__always) func at(_ offset: Int) -> UInt8 { offset >= 0 && offset < count ? self[offset] : 0 }

    /// Whether `text` stands at an offset. Literals of up to 15 bytes cost no allocation.
    @inline(__always)
    func has(_ text: String, at offset: Int) -> Bool {
        guard offset >= 0, offset + text.utf8.count <= count else { return false }
        var i = offset
        for byte in text.utf8 {
            if self[i] != byte { return false }
            i += 1
        }
        return true
    }
}
