/// What a name of a person looks like, and an address.
extension LineJudge {
    /// Whether the part of a key before `name` is one of persons: `first_name`.
    func isPersonPart(_ text: Span<UInt8>, _ keyStart: Int, _ wordStart: Int) -> Bool {
        var head = lowercased(text, keyStart, wordStart)
        while let last = head.last, last == "_" || last == "-" || last == "." { head.removeLast() }
        for word in [
            "first", "last", "full", "sur", "given", "family", "user", "customer", "patient", "kunde", "person", "nick", "display", "birth",
            "maiden",
            "contact", "owner", "employee", "member", "client", "applicant", "payer", "recipient", "sender", "beneficiary", "holder",
            "caller",
            "subscriber", "guardian", "spouse", "child", "parent", "student", "doctor", "middle", "legal", "guest", "citizen", "author",
            "signer",
        ] where head.hasSuffix(word) {
            return true
        }
        return false
    }

    /// Capitalised words of letters.
    func looksLikeName(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        let first = text[start]
        guard ByteClass.isUpper(first) || first == 0xC3 else { return false }
        var lower = 0
        for i in start..<end {
            let c = text[i]
            guard ByteClass.isLetter(c) || c >= 0x80 || c == 0x20 || c == 0x2D || c == 0x27 || c == 0x2E || c == 0x2B || c == 0x2C else {
                return false
            }
            if c &- 0x61 < 26 || c >= 0x80 { lower += 1 }
        }
        return lower >= 1
    }

    /// Two or three words of capitals alone, as registers write names; not those of devices and statements.
    func looksLikeShoutedName(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        guard end - start >= 7, end - start <= 64 else { return false }
        var words = 1
        var length = 0
        for i in start..<end {
            let c = text[i]
            if c == 0x20 || c == 0x2B {
                guard length >= 2 else { return false }
                words += 1
                length = 0
            } else {
                guard ByteClass.isUpper(c) || c >= 0x80 || c == 0x2D else { return false }
                length += 1
            }
        }
        guard (2...3).contains(words), length >= 2 else { return false }
        return !lowercased(text, start, end).split(separator: " ").contains { Self.technicalWords.contains(String($0)) }
    }

    private static let technicalWords: Set<String> = [
        "cpu", "gpu", "fan", "temp", "power", "voltage", "disk", "memory", "read", "write", "get", "post", "put", "delete", "select",
        "insert", "update", "http", "api", "sql", "db", "total", "error", "not", "is", "of", "the", "job", "queue", "service", "server",
        "test", "table", "index", "status", "committed", "uncommitted", "repeatable",
    ]

    /// Whether a bare text begins with a capital or holds a digit, as addresses do and remarks of programs do not.
    func startsOrCounts(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        if ByteClass.isUpper(text[start]) || text[start] >= 0x80 { return true }
        for i in start..<end where ByteClass.isDigit(text[i]) { return true }
        return false
    }

    /// Whether the value that ends here is the name of what comes: `"Authorization","value":`.
    func isNameOfPair(_ text: Span<UInt8>, _ end: Int) -> Bool {
        var i = end
        while i - end < 8, text.at(i) == 0x22 || text.at(i) == 0x27 || text.at(i) == 0x5C { i += 1 }
        guard text.at(i) == 0x2C, keyWord(text, end) != nil else { return false }
        i += 1
        while i - end < 16, text.at(i) == 0x20 || text.at(i) == 0x22 || text.at(i) == 0x27 || text.at(i) == 0x5C { i += 1 }
        return lowercased(text, i, min(text.count, i + 5)) == "value"
    }
}
