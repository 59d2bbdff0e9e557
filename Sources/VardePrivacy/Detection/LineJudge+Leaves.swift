internal import VardeKernels

/// A value within an object or a list.
struct Leaf: SmallStretch {
    var first: UInt32
    var behind: UInt32
    private var keyStart: UInt32 = 0
    private var keyEnd: UInt32 = 0
    var isQuoted = false

    init(start: Int, end: Int) {
        first = UInt32(start)
        behind = UInt32(end)
    }

    /// Its key, empty in lists.
    var key: Range<Int> {
        get { Int(keyStart)..<Int(keyEnd) }
        set { (keyStart, keyEnd) = (UInt32(newValue.lowerBound), UInt32(newValue.upperBound)) }
    }
}

/// Objects and lists under the key of a secret or a person: what they hold is the key's.
extension LineJudge {
    /// The values within the object or list that opens at `open`, as JSON or as programs print theirs: `{"a":"b"}`, `{'a': 'b'}`,
    /// `{a:b c:d}`, `{a=b, c=d}`, `map[a:b]`, `["a","b"]`; and where it closes, nil where it does not. Complexity: O(end - open).
    func leaves(_ text: Span<UInt8>, _ open: Int) -> (all: [Leaf], end: Int?) {
        var all: [Leaf] = []
        // A bit a level, whether it is an object's; what is deeper than 64 counts as lists.
        var objects: UInt64 = 0
        var depth = 0
        var key = 0..<0
        var isBehindKey = false
        var i = open
        while i < text.count {
            let c = text[i]
            if c == 0x7B || c == 0x5B {
                objects = objects << 1 | (c == 0x7B || text.has("map", at: i - 3) ? 1 : 0)
                depth += 1
                isBehindKey = false
                i += 1
                continue
            }
            if c == 0x7D || c == 0x5D {
                objects >>= 1
                depth -= 1
                isBehindKey = false
                i += 1
                if depth == 0 { return (all, i) }
                continue
            }
            if c == 0x2C || ByteClass.isSpace(c) || c == 0x3A || c == 0x3D || text.has("map[", at: i) {
                if c == 0x2C {
                    isBehindKey = false
                    if objects & 1 == 1 { key = 0..<0 }
                }
                i += c == 0x6D ? 3 : 1
                continue
            }
            var leaf = Leaf(start: i, end: i)
            var quote = i
            while text.at(quote) == 0x5C { quote += 1 }
            let mayBeKey = objects & 1 == 1 && !isBehindKey
            if text.at(quote) == 0x22 || text.at(quote) == 0x27 {
                leaf.start = quote + 1
                leaf.isQuoted = true
                leaf.end = quotedEnd(text, KeyValue(start: leaf.start, end: leaf.start, isQuoted: true), limit: text.count)
                i = leaf.end
                while text.at(i) == 0x5C { i += 1 }
                i = min(text.count, i + 1)
            } else {
                leaf.end = bareLeafEnd(text, i, mayBeKey: mayBeKey, isInObject: objects & 1 == 1)
                i = max(leaf.end, i + 1)
                while leaf.end > leaf.start, text[leaf.end - 1] == 0x20 || text[leaf.end - 1] == 0x5C { leaf.end -= 1 }
            }
            var next = i
            while next < text.count, ByteClass.isSpace(text[next]) { next += 1 }
            if mayBeKey, text.at(next) == 0x3A || text.at(next) == 0x3D {
                key = leaf.start..<leaf.end
                isBehindKey = true
                i = next + (text.at(next + 1) == 0x3E ? 2 : 1)
            } else {
                leaf.key = key
                if leaf.end > leaf.start { all.append(leaf) }
                isBehindKey = false
            }
        }
        return (all, nil)
    }

    /// Where a value or key without quotes ends.
    private func bareLeafEnd(_ text: Span<UInt8>, _ start: Int, mayBeKey: Bool, isInObject: Bool) -> Int {
        var i = start
        while i < text.count {
            let c = text[i]
            if c == 0x2C || c == 0x7D || c == 0x5D || c == 0x7B || c < 0x20 { return i }
            if mayBeKey, c == 0x3A || c == 0x3D || c == 0x20 { return i }
            if c == 0x20, isInObject {
                // `map[a:b c:d]`: a key ends the value before it.
                var k = i + 1
                while k < text.count, ByteClass.isKeyByte(text[k]) { k += 1 }
                if k > i + 1, text.at(k) == 0x3A || text.at(k) == 0x3D { return i }
                i = k
                continue
            }
            i += 1
        }
        return i
    }

    /// Judges the object or list that a key's value is; false where it is none, or to be judged as a value that begins with a bracket.
    mutating func judgeLeaves(
        _ text: Span<UInt8>, _ value: KeyValue, _ hit: WordTable<KeyMeaning>.Hit, _ meaning: KeyMeaning, keyStart: Int
    ) -> Bool {
        guard value.bracket >= 0 else { return false }
        switch meaning {
        case .secret, .weakSecret:
            guard isSecretKey(text, value, hit, meaning, keyStart: keyStart) else { return true }
            return judgeSecretLeaves(text, value, meaning)
        case .digestProof, .latitude, .longitude, .kid, .licence, .passport, .plate, .duf: return text[value.start] == 0x7B
        case .name, .weakName, .user, .address, .email:
            guard text[value.bracket] == 0x7B || value.isJSON || value.isQuoted || text.has("map", at: value.bracket - 3) else {
                return false
            }
            judgeTextLeaves(text, value.bracket, meaning)
            return true
        default:
            guard text[value.bracket] == 0x7B || value.isQuoted, value.bracket >= leavesDoneUntil else { return text[value.start] == 0x7B }
            let (all, end) = leaves(text, value.bracket)
            leavesDoneUntil = end ?? text.count
            for leaf in all {
                var number = KeyValue(start: leaf.start, end: leaf.end, isQuoted: leaf.isQuoted)
                number.isJSON = value.isJSON
                judgeNumberValue(text, &number, meaning)
            }
            return true
        }
    }

    private mutating func judgeSecretLeaves(_ text: Span<UInt8>, _ value: KeyValue, _ meaning: KeyMeaning) -> Bool {
        let (all, end) = leaves(text, value.bracket)
        // `{SSHA}c2VjcmV0`: what goes on behind the bracket is a value that begins with one.
        if let end, !value.isQuoted, ByteClass.isAlnum(text.at(end)) || text.at(end) == 0x2F || text.at(end) == 0x24 { return false }
        for leaf in all {
            let start = leaf.start + schemeLength(text, leaf.start)
            guard start < leaf.end, !isNothing(text, start, leaf.end), !isPlaceholder(text, start, leaf.end) else { continue }
            if meaning == .weakSecret, isCount(text, start, leaf.end) { continue }
            foundVerbatim(.secret, text, start, leaf.end)
        }
        keysDoneUntil = end ?? text.count
        return true
    }

    /// Names, user names and addresses in an object or list.
    mutating func judgeTextLeaves(_ text: Span<UInt8>, _ bracket: Int, _ meaning: KeyMeaning) {
        // Of objects within objects only the outermost is walked.
        guard bracket >= leavesDoneUntil else { return }
        let (all, end) = leaves(text, bracket)
        leavesDoneUntil = end ?? text.count
        judgeTextLeaves(text, all, meaning)
    }

    /// Names, user names and addresses in the elements within an element.
    mutating func judgeElements(_ text: Span<UInt8>, _ start: Int, _ meaning: KeyMeaning) {
        guard start >= leavesDoneUntil else { return }
        let end = nestedElementEnd(text, start)
        leavesDoneUntil = max(start + 1, end)
        var all: [Leaf] = []
        var i = start
        while i < end {
            while i < end, text[i] != 0x3E { i += 1 }
            let first = min(i + 1, end)
            i = first
            while i < end, text[i] != 0x3C { i += 1 }
            if i > first { all.append(Leaf(start: first, end: i)) }
        }
        judgeTextLeaves(text, all, meaning)
    }

    private mutating func judgeTextLeaves(_ text: Span<UInt8>, _ all: [Leaf], _ meaning: KeyMeaning) {
        for leaf in all {
            let (start, end) = (leaf.start, leaf.end)
            guard end - start <= Self.textLimit, hasLetter(text, start, end), !isNothing(text, start, end),
                !isPlaceholder(text, start, end)
            else { continue }
            switch meaning {
            case .email:
                if (start + 1..<max(start + 1, end)).contains(where: { text[$0] == 0x40 }) { foundLowercased(.email, text, start, end) }
            case .user:
                guard leaf.key.isEmpty || Self.keysOfUsers.contains(text, leaf.key.lowerBound, leaf.key.upperBound),
                    isUserValue(text, start, end)
                else { continue }
                foundLowercased(.user, text, start, end)
            case .address:
                guard leaf.key.isEmpty || (start..<end).contains(where: { text[$0] == 0x20 }), !looksLikeEndpoint(text, start, end) else {
                    continue
                }
                foundLowercased(.address, text, start, end)
            case .weakName:
                if looksLikeName(text, start, end) { foundLowercased(.name, text, start, end) }
            default: foundLowercased(.name, text, start, end)
            }
        }
    }

    /// What of a user's object names the user.
    private static let keysOfUsers: WordSet = [
        "name", "login", "uid", "handle", "nick", "account", "full", "first", "last", "value", "stringvalue",
    ]
}
