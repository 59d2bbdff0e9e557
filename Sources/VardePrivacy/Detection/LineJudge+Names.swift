/// What a name of a person looks like, and an address.
extension LineJudge {
    /// Whether the part of a key before `name` is one of persons: `first_name`.
    func isPersonPart(_ text: Span<UInt8>, _ keyStart: Int, _ wordStart: Int) -> Bool {
        var end = wordStart
        while end > keyStart, text[end - 1] == 0x5F || text[end - 1] == 0x2D || text[end - 1] == 0x2E { end -= 1 }
        return Self.partsOfPersons.endsWord(text, keyStart, end)
    }

    private static let partsOfPersons: WordSet = [
        "first", "last", "full", "sur", "given", "family", "user", "customer", "patient", "kunde", "person", "nick", "display", "birth",
        "maiden",
        "contact", "owner", "employee", "member", "client", "applicant", "payer", "recipient", "sender", "beneficiary", "holder",
        "caller",
        "subscriber", "guardian", "spouse", "child", "parent", "student", "doctor", "middle", "legal", "guest", "citizen", "author",
        "signer",
    ]

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
        var first = start
        for i in start...end where i == end || text[i] == 0x20 || text[i] == 0x2B {
            if Self.technicalWords.contains(text, first, i) { return false }
            first = i + 1
        }
        return true
    }

    /// Two or three words of small letters.
    func looksLikeSmallName(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        guard end - start >= 5, end - start <= 64 else { return false }
        var words = 1
        var first = start
        for i in start...end {
            if i == end || text[i] == 0x20 {
                if i - first < 2 || Self.technicalWords.contains(text, first, i) { return false }
                words += i == end ? 0 : 1
                first = i + 1
            } else {
                guard text[i] &- 0x61 < 26 || text[i] >= 0x80 || text[i] == 0x2D else { return false }
            }
        }
        return (2...3).contains(words)
    }

    /// Whether the text has something else that persons have: an address of mail, a telephone, an identity. Its beginning is looked
    /// through, once.
    mutating func tellsOfPerson(_ text: Span<UInt8>) -> Bool {
        if let known = isOfPerson { return known }
        var isThere = false
        var i = 0
        let count = min(text.count, 4_096)
        while i < count, !isThere {
            isThere = text[i] == 0x40 || ByteClass.isLetter(text[i]) && Self.wordsOfPersons.prefixLength(text, i, count) > 0
            i += 1
        }
        isOfPerson = isThere
        return isThere
    }

    private static let wordsOfPersons: WordSet = [
        "fnr", "fødsel", "fodsel", "mail", "epost", "phone", "telefon", "tlf", "mobil", "birth", "personnummer", "ssn", "patient",
        "pasient",
        "customer", "kunde", "adress", "employee",
    ]

    private static let technicalWords: WordSet = [
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

    /// Whether the name that ends here is one of a directory's, `cn=Kari Nordmann,ou=people,dc=example`: those of certificates have no `dc`.
    /// What was found is so for all names up to where was looked.
    mutating func isOfDirectory(_ text: Span<UInt8>, _ end: Int) -> Bool {
        if directory.seen.contains(end) { return directory.isThere }
        var i = end
        var isThere = false
        while !isThere, i - end < 160, text.at(i) >= 0x20, text.at(i) != 0x22, text.at(i) != 0x3B {
            isThere = text[i] == 0x2C && text.hasFolded("dc=", at: text.at(i + 1) == 0x20 ? i + 2 : i + 1)
            i += 1
        }
        directory = (end..<max(i, end), isThere)
        return isThere
    }

    /// Whether the value that ends here is the name of what comes: `"Authorization","value":`.
    func isNameOfPair(_ text: Span<UInt8>, _ end: Int) -> Bool {
        var i = end
        while i - end < 8, text.at(i) == 0x22 || text.at(i) == 0x27 || text.at(i) == 0x5C { i += 1 }
        guard text.at(i) == 0x2C, keyWord(text, end) != nil else { return false }
        i += 1
        while i - end < 16, text.at(i) == 0x20 || text.at(i) == 0x22 || text.at(i) == 0x27 || text.at(i) == 0x5C { i += 1 }
        return text.hasFolded("value", at: i)
    }
}
