/// National identity numbers, by their published rules (PRIVACY section 2).
enum NationalNumbers {
    /// How sure a Norwegian number is.
    enum Norwegian {
        /// Fails its checks.
        case none
        /// Issued to people, or Tenor's synthetic ones: certain without a context.
        case certain
        /// H-number, Dolly or Norsk Helsenett's tests: only under a key, beside a context word, or in profile test.
        case contextual
    }

    /// Judges 11 digits. Both rules for the first control digit count: the one in force and the one for numbers allotted from 2032.
    static func norwegian(_ d: Digits) -> Norwegian {
        guard d.count == 11, norwegianControls(d) else { return .none }
        var day = d.pair(0)
        if day > 40 { day -= 40 }
        let month = d.pair(2)
        if CheckDigits.isDate(day: day, month: month) || CheckDigits.isDate(day: day, month: month - 80) { return .certain }
        if CheckDigits.isDate(day: day, month: month - 40) || CheckDigits.isDate(day: day, month: month - 65) { return .contextual }
        return .none
    }

    /// Whether both control digits hold.
    static func norwegianControls(_ d: Digits) -> Bool {
        let s2 =
            5 * d[0] + 4 * d[1] + 3 * d[2] + 2 * d[3] + 7 * d[4] + 6 * d[5] + 5 * d[6] + 4 * d[7] + 3 * d[8] + 2 * d[9]
        guard (11 - s2 % 11) % 11 == d[10] else { return false }
        let s1 = 3 * d[0] + 7 * d[1] + 6 * d[2] + d[3] + 8 * d[4] + 9 * d[5] + 4 * d[6] + 5 * d[7] + 2 * d[8]
        // 11, 12, 13 or 14 less the remainder, modulo 11: the first is the classic rule.
        let offset = (d[9] + s1 % 11) % 11
        return offset <= 3
    }

    /// FH-number: begins with 8 or 9, no date in it, the same control digits.
    static func temporaryHealth(_ d: Digits) -> Bool { d.count == 11 && d[0] >= 8 && norwegianControls(d) }

    /// Swedish personnummer or samordningsnummer of ten digits YYMMDDNNNC.
    static func swedish(_ d: Digits) -> Bool {
        guard d.count == 10 else { return false }
        let day = d.pair(4)
        return CheckDigits.isDate(day: day > 60 ? day - 60 : day, month: d.pair(2)) && CheckDigits.luhn(d)
    }

    /// The same with its century in front.
    static func swedishLong(_ d: Digits) -> Bool {
        d.count == 12 && (18...20).contains(d.pair(0)) && swedish(d.suffix(from: 2))
    }

    /// Danish CPR: a date, and the year the seventh digit gives it is not later than a person may be born. Never modulus 11.
    static func danish(_ d: Digits) -> Bool {
        d.count == 10 && CheckDigits.isDate(day: d.pair(0), month: d.pair(2)) && danishDay(d)
    }

    private static func danishDay(_ d: Digits) -> Bool {
        guard d.pair(0) == 29, d.pair(2) == 2 else { return true }
        let year = d.pair(4)
        let century =
            switch d[6] {
            case 0...3: 1900
            case 4, 9: year <= 36 ? 2000 : 1900
            default: year <= 57 ? 2000 : 1800
            }
        let full = century + year
        return full % 4 == 0 && (full % 100 != 0 || full % 400 == 0)
    }

    /// Icelandic kennitala: a date (day + 40 for legal entities), the century's digit 8, 9 or 0 last. The check digit says nothing
    /// for those issued from February 2026 on.
    static func icelandic(_ d: Digits) -> Bool {
        guard d.count == 10, d[9] == 8 || d[9] == 9 || d[9] == 0 else { return false }
        let day = d.pair(0)
        return CheckDigits.isDate(day: day > 40 ? day - 40 : day, month: d.pair(2))
    }

    /// The check character of a Finnish number, by the nine digits' remainder.
    private static let finnishCheck: [UInt8] = Array("0123456789ABCDEFHJKLMNPRSTUVWXY".utf8)

    /// Finnish henkilötunnus at an offset: DDMMYY, a separator for the century, NNN, check; 11 bytes.
    static func finnish(_ text: Span<UInt8>, at p: Int) -> Bool {
        guard p + 11 <= text.count else { return false }
        var value = 0
        for k in 0..<6 {
            guard ByteClass.isDigit(text[p + k]) else { return false }
            value = value * 10 + Int(text[p + k] & 15)
        }
        switch text[p + 6] {
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "U")...UInt8(ascii: "Y"): break
        case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "u")...UInt8(ascii: "y"): break
        default: return false
        }
        for k in 7..<10 {
            guard ByteClass.isDigit(text[p + k]) else { return false }
            value = value * 10 + Int(text[p + k] & 15)
        }
        let day = Int(text[p] & 15) * 10 + Int(text[p + 1] & 15)
        let month = Int(text[p + 2] & 15) * 10 + Int(text[p + 3] & 15)
        guard CheckDigits.isDate(day: day, month: month) else { return false }
        let check = ByteClass.isLetter(text[p + 10]) ? text[p + 10] & 0xDF : text[p + 10]
        return finnishCheck[value % 31] == check
    }
}
