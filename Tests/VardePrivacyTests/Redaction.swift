import VardeModel

@testable import VardePrivacy

/// A redactor as the tests use it: default policy, fresh keys.
struct Redaction {
    let redactor: Redactor
    let pseudonyms: Pseudonyms

    init(_ policy: RedactionPolicy = RedactionPolicy()) {
        pseudonyms = Pseudonyms(KeyRing(now: 0))
        redactor = Redactor(policies: RedactionPolicies(standard: policy), pseudonyms: pseudonyms)
    }

    /// Lines of one stream, redacted.
    func lines(_ lines: [String]) -> [String] {
        var session = redactor.session()
        var state = StreamState()
        return lines.map { line in
            var output: [UInt8] = []
            let bytes = Array(line.utf8)
            return session.redact(bytes.span, into: &output, state: &state) == .unchanged ? line : String(decoding: output, as: UTF8.self)
        }
    }

    /// One line redacted, with tokens cut out: `<FNR:k1:…>` reads `<FNR>`.
    func callAsFunction(_ line: String) -> String { Self.withoutTokens(lines([line])[0]) }

    static func withoutTokens(_ text: String) -> String { text.replacing(#/:k\d+:[a-z2-7]+>/#, with: ">") }
}
