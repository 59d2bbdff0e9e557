/// Cards and international account numbers.
enum PaymentNumbers {
    /// Luhn's formula and an issuer's range with its length.
    static func isCard(_ d: Digits) -> Bool {
        guard d.count >= 12, d.count <= 19 else { return false }
        return hasIssuer(d) && CheckDigits.luhn(d)
    }

    private static func hasIssuer(_ d: Digits) -> Bool {
        let n = d.count
        let two = d.pair(0)
        let four = two * 100 + d.pair(2)
        let three = four / 10
        if d[0] == 4, n == 13 || n == 16 || n == 19 { return true }
        if n == 16, (51...55).contains(two) || (2221...2720).contains(four) { return true }
        if n == 15, two == 34 || two == 37 { return true }
        if n >= 16, four == 6011 || (644...649).contains(three) || two == 65 || (3528...3589).contains(four) || two == 62 { return true }
        if n >= 14, (300...305).contains(three) || two == 36 || two == 38 || two == 39 { return n == 14 || n == 16 || n == 19 }
        switch four {
        case 5018, 5020, 5038, 5893, 6304, 6759, 6761, 6762, 6763, 6390, 5641, 6333, 6767: return true
        default: return false
        }
    }

    /// Length of an IBAN by country, 0 where the country has none (SWIFT's registry).
    static func ibanLength(_ first: UInt8, _ second: UInt8) -> Int {
        lengths[Int(first & 31) * 32 + Int(second & 31)]
    }

    private static let lengths: [Int] = {
        var table = [Int](repeating: 0, count: 1024)
        let registry =
            "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 "
            + "FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 "
            + "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 "
            + "SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
        for entry in registry.utf8.split(separator: 0x20) {
            let bytes = Array(entry)
            table[Int(bytes[0] & 31) * 32 + Int(bytes[1] & 31)] = Int(bytes[2] & 15) * 10 + Int(bytes[3] & 15)
        }
        return table
    }()

    /// End of the IBAN that begins at an offset, nil where there is none: compact or in groups of four, ISO 7064 remainder 1.
    static func ibanEnd(_ text: Span<UInt8>, at start: Int) -> Int? {
        guard start + 2 < text.count, ByteClass.isLetter(text[start]), ByteClass.isLetter(text[start + 1]) else { return nil }
        let length = ibanLength(text[start], text[start + 1])
        guard length > 0 else { return nil }
        var position = start
        var taken = 0
        var grouped: UInt8 = 0
        // Remainder over the characters after the first four, then those four.
        var remainder = 0
        var head: (Int, Int, Int, Int) = (0, 0, 0, 0)
        while taken < length {
            if taken > 0, taken % 4 == 0 {
                let c = text.at(position)
                let width =
                    c == 0x20 || c == 0x2D
                    ? 1
                    : c == 0xC2 && text.at(position + 1) == 0xA0
                        ? 2
                        : c == 0xE2 && text.at(position + 1) == 0x80 && text.at(position + 2) == 0xAF ? 3 : 0
                if taken == 4 { grouped = width > 0 ? c : 0 }
                if grouped != 0 {
                    guard c == grouped else { return nil }
                    position += width
                }
            }
            let c = text.at(position)
            let value: Int
            if ByteClass.isDigit(c) {
                value = Int(c & 15)
            } else if ByteClass.isLetter(c) {
                value = Int(c & 31) + 9
            } else {
                return nil
            }
            if (taken == 2 || taken == 3) && value > 9 { return nil }
            switch taken {
            case 0: head.0 = value
            case 1: head.1 = value
            case 2: head.2 = value
            case 3: head.3 = value
            default: remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97
            }
            position += 1
            taken += 1
        }
        remainder = (remainder * 100 + head.0) % 97
        remainder = (remainder * 100 + head.1) % 97
        remainder = (remainder * 100 + head.2 * 10 + head.3) % 97
        return remainder == 1 && !ByteClass.isAlnum(text.at(position)) ? position : nil
    }
}
