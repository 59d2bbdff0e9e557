/// Words behind "user" that are not anybody's name.
private let wordsBehindUser: WordSet = [
    "id", "agent", "agents", "not", "with", "was", "is", "has", "had", "have", "and", "or", "for", "from", "in", "on", "at", "to", "of",
    "the",
    "a", "an", "by", "name", "names", "data", "input", "session", "sessions", "request", "requests", "account", "accounts", "profile",
    "service",
    "login", "logged", "logout", "created", "deleted", "updated", "found", "unknown", "invalid", "defined", "interface", "space", "mode",
    "list",
    "group", "groups", "role", "roles", "type", "error", "info", "experience", "already", "does", "did", "must", "can", "cannot", "could",
    "will",
    "may", "store", "cache", "table", "token", "tokens", "count", "event", "events", "requested", "authenticated", "authentication",
    "rejected", "timed",
    "denied", "exists", "missing", "settings", "config", "connected", "disconnected", "added", "removed", "changed", "registered", "er",
    "ikke",
    "har", "med", "som", "og", "i", "på", "av", "til", "fra", "den", "det", "ble", "kan", "må", "var", "eller", "uten", "mangler", "finnes",
    "logget", "logger", "opprettet", "slettet", "oppdatert", "funnet", "ukjent", "nummer", "ident", "navn", "konto", "using", "that",
    "this",
    "who", "whose", "access", "activity", "action", "actions", "limit", "quota", "preferences", "permission", "permissions", "slice",
    "manager",
]

extension LineJudge {
    /// `user X`, `bruker X`: in the sentences log-in programs write, or quoted.
    mutating func judgeUserWord(_ text: Span<UInt8>, _ p: Int, _ length: Int) {
        var i = p + length
        if length == 6, !text.has("ruker", at: p + 1) { return }
        if length == 4, !text.has("ser", at: p + 1) { return }
        guard text.at(i) == 0x20 else { return }
        i += 1
        let quote = text.at(i)
        if quote == 0x22 || quote == 0x27 {
            var end = i + 1
            while end < text.count, end - i < 66, text[end] != quote { end += 1 }
            guard text.at(end) == quote, end > i + 1, isUserName(text, i + 1, end) else { return }
            foundLowercased(.user, text, i + 1, end)
            return
        }
        // "invalid user X", "for user X", "for bruker X", "user X logged", "bruker X logget", "user X from"
        let end = userEnd(text, i)
        guard end > i, isUserName(text, i, end) else { return }
        guard isSaidBefore(text, p) || text.at(end) == 0x20 && Self.saidOfUsers.begins(text, end + 1) else { return }
        foundLowercased(.user, text, i, end)
    }

    /// Whether a word stands before that speaks of users, in small letters.
    private func isSaidBefore(_ text: Span<UInt8>, _ p: Int) -> Bool {
        guard text.at(p - 1) == 0x20, text.at(p - 3) &- 0x61 < 26, text.at(p - 2) &- 0x61 < 26 else { return false }
        return Self.saidBeforeUsers.endsWord(text, max(0, p - 8), p - 1)
    }

    private static let saidBeforeUsers: WordSet = ["invalid", "illegal", "for", "by", "av", "unknown", "as"]
    private static let saidOfUsers: Beginnings = [
        "logg", "from ", "fra ", "signed", "authenticated", "login", "failed", "by ", "låst", "locked", "sperret", "blocked", "disabled",
        "deaktivert", "not found", "ikke funnet", "does not exist", "finnes ikke", "is not ", "er ikke ", "har ikke ", "has no ",
    ]

    private func userEnd(_ text: Span<UInt8>, _ start: Int) -> Int {
        var end = start
        while end < text.count, end - start < 64 {
            let c = text[end]
            guard ByteClass.isWord(c) || c == 0x2E || c == 0x2D || c == 0x2B || c == 0x40 || c == 0x5C else { break }
            end += 1
        }
        while end > start, text[end - 1] == 0x2E || text[end - 1] == 0x2D { end -= 1 }
        // "user jo(uid=0)" names jo; "user f(x)" is code, and told apart by the sentence around it.
        return end
    }

    private func isUserName(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        guard end > start, end - start >= 2 else { return false }
        if isPlaceholder(text, start, end) || isRole(text, start, end) || isUUID(text, start, end) { return false }
        var hasLetter = false
        for i in start..<end {
            if text[i] >= 0x80 || ByteClass.isLetter(text[i]) { hasLetter = true }
            if text[i] == 0x3D || text[i] == 0x3A || text[i] == 0x7B { return false }
        }
        return hasLetter && !wordsBehindUser.contains(text, start, end)
    }

    /// Whether a word behind "user" is none of a name.
    func isWordBehindUser(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool { wordsBehindUser.contains(text, start, end) }

    /// 8-4-4-4-12 hexadecimal digits: a key of a row, which names nobody.
    func isUUID(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        guard end - start == 36 else { return false }
        for i in 0..<36 {
            let isDash = i == 8 || i == 13 || i == 18 || i == 23
            guard isDash ? text[start + i] == 0x2D : ByteClass.isHex(text[start + i]) else { return false }
        }
        return true
    }

    /// Whether a name is that of a role account.
    func isRole(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        vocabulary.roleAccounts.contains(text, start, end)
    }

    /// `Failed password for X from`, `Accepted publickey for X from`.
    mutating func judgeLogin(_ text: Span<UInt8>, _ p: Int) {
        var i = p
        let limit = min(text.count, p + 48)
        while i < limit, !text.has(" for ", at: i) { i += 1 }
        guard i < limit else { return }
        i += 5
        if text.has("invalid user ", at: i) { return }
        let end = userEnd(text, i)
        guard text.has(" from ", at: end), isUserName(text, i, end) else { return }
        foundLowercased(.user, text, i, end)
    }

    /// The user of an access log line: the word before the `[` of the time, behind an address and the word of identd.
    mutating func judgeAccess(_ text: Span<UInt8>, _ p: Int) {
        guard text.at(p - 1) == 0x20 else { return }
        let end = p - 1
        var start = end
        while start > 0, end - start < 128, text[start - 1] != 0x20 { start -= 1 }
        guard end > start, start > 2, text[start - 1] == 0x20 else { return }
        if end - start == 1, text[start] == 0x2D { return }
        // Before it the word of identd, nearly always a dash.
        guard text.at(start - 2) == 0x2D && text.at(start - 3) == 0x20 || ByteClass.isAlnum(text.at(start - 2)) else { return }
        if text.at(end - 1) == 0x3A || text.at(end - 1) == 0x5D { return }
        guard isUserName(text, start, end) else { return }
        foundLowercased(.user, text, start, end)
    }
}
