/// Personal data of nobody, by the rules of the real: for planting and finding again.
public struct PersonalDataCanaries: Sendable {
    /// One planted value.
    public struct Canary: Sendable, Hashable {
        /// What it is, in the placeholder's word: `FNR`, `EMAIL`, …
        public var type: String
        /// As it is written.
        public var text: String
        /// A key under which it is certain.
        public var key: String
        /// The part that must not be found anywhere: the digits or the local part.
        public var core: String
    }

    private var generator: SeededGenerator

    /// Canaries that follow from `seed`.
    public init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    private mutating func digit() -> Int { Int.random(in: 0...9, using: &generator) }
    private mutating func pick<T>(_ items: [T]) -> T { items[Int.random(in: 0..<items.count, using: &generator)] }
    private func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    /// A Norwegian number of a kind: 0 issued, 1 D-number, 2 Tenor, 3 H-number, 4 Norsk Helsenett; by the classic or the 2032 rule.
    public mutating func norwegian(kind: Int, only2032: Bool = false) -> String {
        while true {
            let day = Int.random(in: 1...28, using: &generator) + (kind == 1 ? 40 : 0)
            let month = Int.random(in: 1...12, using: &generator) + [0, 0, 80, 40, 65][kind]
            var d = Array((two(day) + two(month) + two(Int.random(in: 0...99, using: &generator))).utf8).map { Int($0) - 48 }
            for _ in 0..<3 { d.append(digit()) }
            let s1 = zip(d, [3, 7, 6, 1, 8, 9, 4, 5, 2]).map(*).reduce(0, +)
            let k1 = ((only2032 ? Int.random(in: 12...14, using: &generator) : 11) - s1 % 11) % 11
            if k1 == 10 { continue }
            d.append(k1)
            let s2 = zip(d, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]).map(*).reduce(0, +)
            let k2 = (11 - s2 % 11) % 11
            if k2 == 10 { continue }
            d.append(k2)
            return d.map(String.init).joined()
        }
    }

    /// An account number of eleven digits that is no national number: its month is none.
    public mutating func account() -> String {
        while true {
            var d = [digit(), digit(), 3, 7]
            for _ in 0..<6 { d.append(digit()) }
            let sum = zip(d, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]).map(*).reduce(0, +)
            let check = (11 - sum % 11) % 11
            if check < 10 { return (d + [check]).map(String.init).joined() }
        }
    }

    private func luhnCheck(_ d: [Int]) -> Int {
        var sum = 0
        for (index, value) in d.reversed().enumerated() {
            let doubled = index % 2 == 0 ? value * 2 : value
            sum += doubled > 9 ? doubled - 9 : doubled
        }
        return (10 - sum % 10) % 10
    }

    /// A card number.
    public mutating func card() -> String {
        let (head, length) = pick([
            ("4", 16), ("51", 16), ("2221", 16), ("34", 15), ("6011", 16), ("3528", 16), ("36", 14), ("62", 16), ("4", 19),
        ])
        var d = head.utf8.map { Int($0) - 48 }
        while d.count < length - 1 { d.append(digit()) }
        return (d + [luhnCheck(d)]).map(String.init).joined()
    }

    /// An international account number.
    public mutating func iban() -> String {
        let (country, length) = pick([("NO", 15), ("SE", 24), ("DK", 18), ("FI", 18), ("DE", 22)])
        let body = (0..<length - 4).map { _ in String(digit()) }.joined()
        var remainder = 0
        for byte in (body + country + "00").utf8 {
            remainder = byte < 58 ? (remainder * 10 + Int(byte) - 48) % 97 : (remainder * 100 + Int(byte) - 55) % 97
        }
        return country + two(98 - remainder) + body
    }

    /// A Swedish personnummer, YYMMDD-NNNC.
    public mutating func swedish() -> String {
        var d = Array(
            (two(Int.random(in: 30...99, using: &generator)) + two(Int.random(in: 1...12, using: &generator))
                + two(Int.random(in: 1...28, using: &generator))).utf8
        ).map { Int($0) - 48 }
        for _ in 0..<3 { d.append(digit()) }
        d.append(luhnCheck(d))
        let text = d.map(String.init).joined()
        return text.prefix(6) + "-" + text.suffix(4)
    }

    /// A Finnish henkilötunnus.
    public mutating func finnish() -> String {
        let date =
            two(Int.random(in: 1...28, using: &generator)) + two(Int.random(in: 1...12, using: &generator))
            + two(Int.random(in: 0...99, using: &generator))
        let number = String(Int.random(in: 100...899, using: &generator))
        let check = Array("0123456789ABCDEFHJKLMNPRSTUVWXY")[(Int(date + number) ?? 0) % 31]
        return date + pick(["-", "A", "Y", "B"]) + number + String(check)
    }

    /// An e-mail address whose local part is no word.
    public mutating func email() -> String {
        let local = (0..<10).map { _ in String(pick(Array("abcdefghijklmnopqrstuvwxyz0123456789"))) }.joined()
        return "k" + local + pick(["", ".x", "-y", "_z"]) + "@" + pick(["example.no", "post.example.com", "blåbær.no", "firma.se"])
    }

    /// A Norwegian telephone number.
    public mutating func phone() -> String {
        let digits = String(Int.random(in: 40_000_000...99_999_999, using: &generator))
        return pick(["+47", "+47 ", "0047"]) + digits
    }

    /// The next canary, of every type in turn at random.
    public mutating func next() -> Canary {
        func digits(_ text: String) -> String { text.filter { $0.isNumber } }
        switch Int.random(in: 0..<11, using: &generator) {
        case 0, 1, 2, 3:
            let kind = Int.random(in: 0...4, using: &generator)
            let number = norwegian(kind: kind, only2032: Bool.random(using: &generator))
            return Canary(type: "FNR", text: number, key: "fnr", core: number)
        case 4:
            let number = account()
            let text = String(number.prefix(4)) + "." + String(number.dropFirst(4).prefix(2)) + "." + String(number.suffix(5))
            return Canary(type: "ACCOUNT", text: text, key: "konto", core: number)
        case 5:
            let number = card()
            return Canary(type: "CARD", text: number, key: "kort", core: number)
        case 6:
            let number = iban()
            return Canary(type: "IBAN", text: number, key: "iban", core: number)
        case 7:
            let number = phone()
            return Canary(type: "PHONE", text: number, key: "telefon", core: String(digits(number).suffix(8)))
        case 8:
            let number = swedish()
            return Canary(type: "SE_PNR", text: number, key: "svensktPersonnummer", core: digits(number))
        case 9:
            let number = finnish()
            return Canary(type: "FI_HETU", text: number, key: "hetu", core: number)
        default:
            let address = email()
            return Canary(type: "EMAIL", text: address, key: "epost", core: String(address.prefix { $0 != "@" }))
        }
    }
}
