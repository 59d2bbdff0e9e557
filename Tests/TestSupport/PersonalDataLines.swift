/// Lines as programs write them, with personal data of nobody planted in them: other templates than any file of samples has.
public struct PersonalDataLines: Sendable {
    /// A line and what must not be left of it.
    public struct Planted: Sendable {
        /// As a program wrote it.
        public var line: String
        /// The digits or letters that give the value away.
        public var core: String
        /// What it is, in the placeholder's word.
        public var type: String
    }

    private var generator: SeededGenerator
    private var canaries: PersonalDataCanaries

    /// Lines that follow from `seed`.
    public init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        canaries = PersonalDataCanaries(seed: seed ^ 0x9E37)
    }

    private mutating func pick<T>(_ items: [T]) -> T { items[Int.random(in: 0..<items.count, using: &generator)] }
    private mutating func hex(_ count: Int) -> String { (0..<count).map { _ in String(pick(Array("0123456789abcdef"))) }.joined() }

    private static let sentences = [
        "kunde % oppdatert", "Mottok %.", "(%) ferdig", "feil: %, prøv igjen", "'%' avvist", "[%] ok", "value=%;", "x=%,y=2", "a|%|b", "%",
        "% slutt", "start %", "tid 12:30 %", "för % gäller", "fandt ikke %!", "asiakas % päivitetty", "not found: %?", "col1\t%\tcol3",
        "key => %", "{%}", "old=% new=x", "2026-06-01T12:00:00Z ERROR c.e.Foo - %", "<34>1 2026-06-01T12:00:00Z host app 12 - - %",
        "<v>%</v>",
    ]

    /// Keys by canary type, in five languages.
    private static let keys: [String: [String]] = [
        "FNR": ["fnr", "fødselsnummer", "personnummer", "ident", "brukerId", "pid", "ssn", "nationalId", "søker", "pasient", "d-nummer"],
        "ACCOUNT": ["konto", "kontonr", "kontonummer", "accountNumber", "tilKonto", "tilinumero"],
        "PHONE": ["tlf", "telefon", "mobil", "phone", "puhelin", "mobilnummer"],
        "EMAIL": ["epost", "email", "sähköposti", "mail", "to", "owner"],
        "CARD": ["kort", "card", "pan"], "IBAN": ["iban", "til"], "SE_PNR": ["svensktPersonnummer", "id"], "FI_HETU": ["hetu", "x"],
    ]

    private static func escaped(_ text: String, ascii: Bool) -> String {
        var out = ""
        for unit in text.utf16 {
            switch unit {
            case 0x22: out += "\\\""
            case 0x5C: out += "\\\\"
            case 0x09: out += "\\t"
            case 0..<0x20: out += " "
            case 0x80...:
                if ascii { out += "\\u" + String(repeating: "0", count: 4 - String(unit, radix: 16).count) + String(unit, radix: 16) }
            default: out.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            }
            if unit >= 0x80, !ascii { return text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") }
        }
        return out
    }

    private static func percent(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = byte >= 48 && byte < 58 || byte >= 65 && byte < 91 || byte >= 97 && byte < 123
            return isPlain ? String(Unicode.Scalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }

    /// The next line with something in it.
    public mutating func next() -> Planted {
        let canary = canaries.next()
        let key = pick(Self.keys[canary.type] ?? ["id"])
        // Numbers that need their key get one; so does a share of the others.
        let needsKey = canary.type == "FNR" && !Self.isCertain(canary.core) || canary.type == "ACCOUNT"
        let realKey = needsKey ? pick(Array((Self.keys[canary.type] ?? []).prefix(3))) : key
        let text = canary.text
        let plain: String
        switch Int.random(in: 0..<(needsKey ? 7 : 12), using: &generator) {
        case 0: plain = "level=info \(realKey)=\(text) dur=3"
        case 1: plain = "{\"level\":\"info\",\"\(realKey)\":\"\(text)\",\"n\":1}"
        case 2: plain = "{\"body\":\"\(Self.escaped("{\"\(realKey)\": \"\(text)\"}", ascii: true))\"}"
        case 3: plain = "GET /x?a=1&\(Self.percent(realKey))=\(Self.percent(text))&b=2 HTTP/1.1"
        case 4:
            let inner = "{\"b\":\"\(Self.escaped("{\"\(realKey)\":\"\(text)\"}", ascii: false))\"}"
            plain = "{\"a\":\"\(Self.escaped(inner, ascii: true))\"}"
        case 5: plain = "\(realKey): \(text)"
        case 6: plain = "<ns:\(realKey)>\(text)</ns:\(realKey)>"
        case 7: plain = "GET /cb?redirect=\(Self.percent("https://x.no/?a=" + Self.percent(text) + "&b=2")) HTTP/1.1"
        default: plain = pick(Self.sentences).replacing("%", with: text)
        }
        return Planted(line: plain + (Bool.random(using: &generator) ? " " + machine() : ""), core: canary.core, type: canary.type)
    }

    /// Whether a Norwegian number has its month as issued or as Tenor writes it: certain without a key.
    private static func isCertain(_ number: String) -> Bool {
        let month = Int(number.dropFirst(2).prefix(2)) ?? 0
        return (1...12).contains(month) || (81...92).contains(month)
    }

    /// What machines write of themselves: nothing of it is anybody's.
    public mutating func machine() -> String {
        func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
        switch number(0...15) {
        case 0: return "trace_id=\(hex(32))"
        case 1: return "span_id=\(hex(16))"
        case 2: return "id=\(hex(8))-\(hex(4))-\(hex(4))-\(hex(4))-\(hex(12))"
        case 3: return "traceparent: 00-\(hex(32))-\(hex(16))-01"
        case 4: return "ts=\(number(1_700_000_000...1_900_000_000))"
        case 5: return "ts=\(number(1_700_000_000_000...1_900_000_000_000))"
        case 6: return "ns=\(number(1_700_000_000_000_000_000...1_900_000_000_000_000_000))"
        case 7: return "epoch \(number(1_700_000_000...1_900_000_000)).\(number(100_000...999_999))"
        case 8: return "sha256:\(hex(64))"
        case 9: return "version=\(number(0...255)).\(number(0...255)).\(number(0...255)).\(number(0...255))"
        case 10: return "host=10.\(number(0...255)).2.3:9090"
        case 11: return "2026\(number(10...12))\(number(10...28))"
        case 12: return "dur=\(number(0...999)).\(number(100_000...999_999))"
        case 13: return "com.example.Foo@\(hex(8))"
        case 14: return "git@github.com:org/repo.git @scope/pkg@1.2.3 std::vector<int>::push_back"
        default: return "rows=\(number(0...9_999_999)) status=200 mem=\(number(1...99_999_999))KiB 0x\(hex(12))"
        }
    }
}
