internal import VardeKernels

/// A short key met before, by its bytes, and the word of it.
struct KnownKey {
    /// Keys have fewer bytes.
    static let limit = 16
    /// How many are known at once.
    static let count = 64

    var low: UInt64 = 0
    var high: UInt64 = 0
    /// Its start counts from the key's end.
    var hit: WordTable<KeyMeaning>.Hit?
}

/// The forms keys are written in.
extension LineJudge {
    /// Where a key ends that is closed by blanks, quotes and brackets before `p`: `"fnr":`, `fnr[0]=`; and of `password[new]=` where the
    /// key before the bracket does.
    func keyEnds(_ text: Span<UInt8>, _ p: Int) -> (end: Int, outer: Int, isQuoted: Bool) {
        var end = p
        var outer = p
        var isQuoted = false
        while end > 0, p - end < 12 {
            let c = text[end - 1]
            guard c == 0x22 || c == 0x5C || ByteClass.isSpace(c) || c == 0x27 || c == 0x29 || c == 0x5D || c == 0x60 else { break }
            if c == 0x22 || c == 0x27 { isQuoted = true }
            end -= 1
            guard c == 0x5D else { continue }
            var open = end
            while open > 0, end - open < 24, ByteClass.isKeyByte(text[open - 1]) { open -= 1 }
            guard text.at(open - 1) == 0x5B else { continue }
            outer = open - 1
            if open == end || ByteClass.isDigit(text[end - 1]) { end = outer }
        }
        return (end, outer, isQuoted)
    }

    /// Where the key begins whose word begins at `word`.
    func keyStart(_ text: Span<UInt8>, _ word: Int) -> Int {
        var first = word
        while first > 0, ByteClass.isKeyByte(text[first - 1]), word - first < 64 { first -= 1 }
        return first
    }

    /// As `keyWord`, which keys met before are not looked up for: most are those of the line before.
    mutating func rememberedKeyWord(_ text: Span<UInt8>, _ end: Int) -> WordTable<KeyMeaning>.Hit? {
        guard end >= KnownKey.limit else { return keyWord(text, end) }
        var length = 0
        while length < KnownKey.limit, ByteClass.isKeyByte(text[end - 1 - length]) { length += 1 }
        guard length > 0, length < KnownKey.limit else { return keyWord(text, end) }
        var low = Bytes.load64(text, at: end - 8)
        var high = Bytes.load64(text, at: end - 16)
        if length < 8 {
            low &= ~0 << UInt64(64 - 8 * length)
            high = 0
        } else if length > 8 {
            high &= ~0 << UInt64(128 - 8 * length)
        } else {
            high = 0
        }
        let mixed = (low ^ high &* 31) &* 0x9E37_79B9_7F4A_7C15
        let place = Int(truncatingIfNeeded: mixed >> 58)
        if knownKeys[place].low == low, knownKeys[place].high == high {
            guard var hit = knownKeys[place].hit else { return nil }
            hit.start += end
            return hit
        }
        let hit = keyWord(text, end)
        var known = KnownKey(low: low, high: high, hit: hit)
        known.hit?.start -= end
        knownKeys[place] = known
        return hit
    }

    /// The word the key that ends at `end` ends in, or, of a secret's key, holds: `password1`, `password_v2`, `PASSWORD_DB`.
    func keyWord(_ text: Span<UInt8>, _ end: Int) -> WordTable<KeyMeaning>.Hit? {
        if let hit = vocabulary.words.longestSuffix(text, end: end, inside: { $0 == .secret }) { return hit }
        if ByteClass.isUpper(text.at(end - 1)) { return wordWithinCapitals(text, end) }
        let words = withoutNumber(text, end)
        guard words < end, let hit = vocabulary.words.longestSuffix(text, end: words, inside: { $0 == .secret }) else { return nil }
        let meaning = vocabulary.words.entries[hit.index].meaning
        return meaning.saysNothingOfValue || meaning == .digestProof ? nil : hit
    }

    /// The end of a key's words before the number behind them.
    private func withoutNumber(_ text: Span<UInt8>, _ end: Int) -> Int {
        var words = end
        while words > 0, end - words < 4, ByteClass.isDigit(text[words - 1]) { words -= 1 }
        guard words < end, end - words <= 3 else { return end }
        if text.at(words - 1) | 0x20 == 0x76, text.at(words - 2) == 0x5F { words -= 1 }
        let joint = text.at(words - 1)
        if joint == 0x5F || joint == 0x2D || joint == 0x2E { words -= 1 }
        return words
    }

    /// The last word of secrets before one of the last parts of a key in capitals, as variables of the environment have.
    private func wordWithinCapitals(_ text: Span<UInt8>, _ end: Int) -> WordTable<KeyMeaning>.Hit? {
        var i = end
        while i > 0, end - i < 40 {
            let c = text[i - 1]
            guard ByteClass.isUpper(c) || ByteClass.isDigit(c) || c == 0x5F else { return nil }
            i -= 1
            guard c == 0x5F, let hit = vocabulary.words.longestSuffix(text, end: i, inside: { $0 == .secret }),
                vocabulary.words.entries[hit.index].meaning == .secret
            else { continue }
            // SESSION_TIMEOUT, TOKEN_LIMIT: of these the word says nothing.
            return tellsOfSecret(text, i + 1, end) || text.hasFolded("sess", at: hit.start) ? nil : hit
        }
        return nil
    }

    /// Judges the value of a label whose name tells of an object by one of its first parts: of `password_v` and `navn_first`, as members of
    /// objects are called once they are labels.
    mutating func judgeMember(_ text: Span<UInt8>, name: Range<Int>, value: Range<Int>) {
        useLine()
        let (start, end) = (value.lowerBound, value.upperBound)
        guard end > start, !isNothing(text, start, end), !isPlaceholder(text, start, end) else { return }
        for i in name where text[i] == 0x5F || text[i] == 0x2E {
            guard let hit = vocabulary.words.longestSuffix(text, end: i, inside: { _ in false }), hit.isPart else { continue }
            switch vocabulary.words.entries[hit.index].meaning {
            case .secret:
                if tellsOfSecret(text, i + 1, name.upperBound) { continue }
                // Of sessions, tokens and the like much is said that is none.
                let isLoose = Self.looseSecrets.contains(text, hit.start, min(i, hit.start + 4))
                let hasDigit = value.contains { ByteClass.isDigit(text[$0]) }
                if isLoose, end - start < 8 || !hasDigit { continue }
                return foundVerbatim(.secret, text, start, end)
            case .name:
                guard end - start <= Self.textLimit, hasLetter(text, start, end) else { continue }
                return foundLowercased(.name, text, start, end)
            default: continue
            }
        }
    }

    /// Whether one of the parts of a name is a property of secrets.
    private func tellsOfSecret(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        var first = start
        for i in start...max(start, end) where i >= end || text[i] == 0x5F || text[i] == 0x2E {
            if Self.propertiesOfSecrets.contains(text, first, i) { return true }
            first = i + 1
        }
        return false
    }

    private static let looseSecrets: WordSet = ["sess", "toke", "cook", "auth", "bear"]

    private static let propertiesOfSecrets: WordSet = [
        "id", "ids", "name", "file", "path", "dir", "type", "length", "len", "size", "min", "max", "count", "limit", "ttl", "age", "days",
        "hours", "minutes", "seconds", "ms", "timeout", "expiry", "expires", "expiration", "lifetime", "policy", "url", "uri", "host",
        "port", "enabled", "required", "rotation", "interval", "version", "algorithm", "format", "prefix", "header", "store", "manager",
        "provider", "endpoint", "namespace", "ref", "status", "attempts", "retries", "region", "issuer", "audience", "scope", "scopes",
    ]

    /// In `"name":"password","value":` the word of the name, `value` being the key that begins at `first`.
    func pairedName(_ text: Span<UInt8>, _ first: Int) -> WordTable<KeyMeaning>.Hit? {
        var i = first
        func back(over isPassed: (UInt8) -> Bool) {
            let limit = max(0, i - 24)
            while i > limit, isPassed(text[i - 1]) { i -= 1 }
        }
        back { $0 == 0x22 || $0 == 0x27 || $0 == 0x5C || ByteClass.isSpace($0) }
        guard text.at(i - 1) == 0x2C else { return nil }
        i -= 1
        back { ByteClass.isSpace($0) }
        guard text.at(i - 1) == 0x22 || text.at(i - 1) == 0x27 else { return nil }
        back { $0 == 0x22 || $0 == 0x27 || $0 == 0x5C }
        let end = i
        guard let hit = keyWord(text, end) else { return nil }
        i = keyStart(text, hit.start)
        let start = i
        back { $0 == 0x22 || $0 == 0x27 || $0 == 0x5C }
        guard i < start else { return nil }
        back { ByteClass.isSpace($0) }
        return text.at(i - 1) == 0x3A ? hit : nil
    }
}
