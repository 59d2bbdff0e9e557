/// Requests as they stand in the audit log: without what they were asked about a person.
package struct AuditText: Sendable {
    private let redactor: Redactor

    package init() {
        var policy = RedactionPolicy()
        for type in PersonalDataType.allCases where type != .orgnr && type != .own { policy.actions[type] = .mask }
        redactor = Redactor(policies: RedactionPolicies(standard: policy), pseudonyms: nil)
    }

    /// A text with values of `pii(…)` removed, personal data masked, and its length bounded.
    package func callAsFunction(_ text: String) -> String {
        let bytes = Array(Self.withoutPII(text).utf8)
        var out: [UInt8] = []
        var session = redactor.session()
        var state = StreamState()
        if session.redact(bytes.span, into: &out, state: &state) == .unchanged { out = bytes }
        out = Self.withoutTokens(out)
        if out.count <= AuditLogFormat.maxText { return String(decoding: out, as: UTF8.self) }
        return String(decoding: out.prefix(AuditLogFormat.maxText), as: UTF8.self) + "… (\(out.count) bytes)"
    }

    /// Pseudonyms without the part that tells one person from another: `FNR:k3:…`. The log is never changed, so what an erasure is to
    /// remove must not come into it.
    static func withoutTokens(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var i = 0
        while i < bytes.count {
            out.append(bytes[i])
            i += 1
            // `:k`, digits, `:`, and as many symbols as a token has.
            guard bytes[i - 1] == 0x3A, i < bytes.count, bytes[i] == 0x6B else { continue }
            var at = i + 1
            while at < bytes.count, ByteClass.isDigit(bytes[at]) { at += 1 }
            guard at > i + 1, at < bytes.count, bytes[at] == 0x3A else { continue }
            let token = bytes[(at + 1)...].prefix { ByteClass.isAlnum($0) }
            guard token.count == Pseudonyms.tokenLength else { continue }
            out += bytes[i...at] + Array("…".utf8)
            i = token.endIndex
        }
        return out
    }

    /// Whether a query uses `pii(…)`.
    package static func usesPII(_ text: String) -> Bool { withoutPII(text) != text }

    /// The text with `pii("…")` as `pii(…)`, whatever quotes it has. What does not end is cut.
    static func withoutPII(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var i = 0
        while i < bytes.count {
            let isWord = bytes[i...].starts(with: "pii".utf8) && (i == 0 || !ByteClass.isWord(bytes[i - 1]))
            guard isWord else {
                out.append(bytes[i])
                i += 1
                continue
            }
            var at = i + 3
            while at < bytes.count, ByteClass.isSpace(bytes[at]) { at += 1 }
            guard at < bytes.count, bytes[at] == 0x28 else {
                out += bytes[i..<i + 3]
                i += 3
                continue
            }
            at += 1
            while at < bytes.count, ByteClass.isSpace(bytes[at]) { at += 1 }
            if at < bytes.count, bytes[at] == 0x22 || bytes[at] == 0x60 || bytes[at] == 0x27 {
                let quote = bytes[at]
                at += 1
                while at < bytes.count, bytes[at] != quote { at += bytes[at] == 0x5C && quote != 0x60 ? 2 : 1 }
                at += 1
            }
            while at < bytes.count, bytes[at] != 0x29 { at += 1 }
            out += "pii(…)".utf8
            i = min(bytes.count, at + 1)
        }
        return String(decoding: out, as: UTF8.self)
    }
}
