/// Numbers under a key of their own.
extension LineJudge {
    /// The date behind a word of births in prose.
    mutating func judgeBirth(_ text: Span<UInt8>, _ p: Int) {
        var end = p
        while ByteClass.isDigit(text.at(end)) || (text.at(end) &- 0x2D < 3 && ByteClass.isDigit(text.at(end + 1))) { end += 1 }
        foundVerbatim(.birthDate, text, p, end)
    }

    /// Values of number types are looked at this far, in bytes.
    private static let numberLimit = 48

    /// Whether so many digits are a whole number of the kind: what comes behind a blank is another's.
    private func isComplete(_ count: Int, _ meaning: KeyMeaning, hasPlus: Bool) -> Bool {
        switch meaning {
        case .fnr, .weakFnr: count == 11
        case .account: count == 11
        case .personnummer, .cpr, .kennitala: count == 10 || count == 12
        case .duf: count == 12
        case .phone: hasPlus ? count >= 10 : count >= 8
        case .birthDate: count >= 6
        case .passport: count >= 7
        case .licence: count >= 10
        default: false
        }
    }

    /// Numbers under a key of their own.
    mutating func judgeNumberValue(_ text: Span<UInt8>, _ value: inout KeyValue, _ meaning: KeyMeaning) {
        let start = value.start
        var end = start
        let limit = min(text.count, start + Self.numberLimit)
        var d = Digits()
        var letters = 0
        var others = 0
        while end < limit {
            let c = text[end]
            if ByteClass.isDigit(c) {
                d.append(c & 15)
            } else if ByteClass.isLetter(c) {
                letters += 1
            } else if c == 0x20 || c == 0x2D || c == 0x2E || c == 0x2F || c == 0x2B || c == 0x28 || c == 0x29 {
                // Outside quotes a blank only goes on to digits.
                if c == 0x20 || c == 0x29, !value.isQuoted, !ByteClass.isDigit(text.at(end + 1)), text.at(end + 1) != 0x20 { break }
                if c == 0x20, letters > 0, !value.isQuoted, meaning != .plate { break }
                if c == 0x20, !value.isQuoted, isComplete(d.count, meaning, hasPlus: text[start] == 0x2B) { break }
                others += 1
            } else if c == 0xC2 && text.at(end + 1) == 0xA0 {
                end += 1
            } else if c == 0xE2 && text.at(end + 1) == 0x80 && text.at(end + 2) == 0xAF {
                end += 2
            } else if c == 0x3A, meaning == .birthDate {
                others += 1
            } else {
                break
            }
            end += 1
        }
        while end > start, !ByteClass.isAlnum(text[end - 1]) { end -= 1 }
        guard end > start, d.count > 0 else { return }
        switch meaning {
        case .phone:
            guard letters == 0, (7...15).contains(d.count), text[start] != 0x2D else { return }
            if d.count == 8, text[start] != 0x2B {
                foundDigits(.phone, d, start, end, prefix: "+47")
            } else {
                foundDigits(.phone, d, start, end, prefix: "+")
            }
        case .fnr, .personnummer:
            guard letters == 0 else { return }
            switch d.count {
            case 11: foundDigits(.fnr, d, start, end)
            case 10 where NationalNumbers.norwegian(d.padded()) != .none: foundDigits(.fnr, d.padded(), start, end)
            case 10 where CheckDigits.isDate(day: d.pair(4) % 60, month: d.pair(2)): foundDigits(.personnummer, d, start, end)
            case 12: foundDigits(.personnummer, d.suffix(from: 2), start, end)
            default: break
            }
        case .weakFnr:
            guard letters == 0 else { return }
            if d.count == 11, NationalNumbers.norwegian(d) != .none || NationalNumbers.temporaryHealth(d) {
                foundDigits(.fnr, d, start, end)
            }
            if d.count == 10, NationalNumbers.norwegian(d.padded()) != .none { foundDigits(.fnr, d.padded(), start, end) }
        case .account:
            if letters == 0, d.count == 11, NationalNumbers.norwegian(d) == .none, CheckDigits.mod11(d) || others == 2 {
                foundDigits(.account, d, start, end)
            }
        case .cpr: if letters == 0, d.count == 10 { foundDigits(.cpr, d, start, end) }
        case .kennitala: if letters == 0, d.count == 10 { foundDigits(.kennitala, d, start, end) }
        case .hetu: if d.count >= 9, end - start == 11 { foundVerbatim(.hetu, text, start, end) }
        case .kid:
            guard letters == 0, (2...25).contains(d.count), CheckDigits.luhn(d) || CheckDigits.mod11(d) || text[end - 1] == 0x2D else {
                return
            }
            foundDigits(.kid, d, start, end)
        case .duf: if letters == 0, d.count == 12 { foundDigits(.duf, d, start, end) }
        case .licence: if letters <= 4, (6...16).contains(d.count) { foundVerbatim(.licence, text, start, end) }
        case .passport: if letters <= 4, (5...10).contains(d.count), others <= 2 { foundVerbatim(.passport, text, start, end) }
        case .plate:
            if letters >= 1, letters <= 4, (1...6).contains(d.count), end - start <= 10 {
                let mark = canonicalCount
                for i in start..<end where ByteClass.isAlnum(text[i]) { appendCanonical(text[i] >= 0x61 ? text[i] & 0xDF : text[i]) }
                found(.plate, start, end, since: mark)
            }
        case .birthDate:
            if (4...17).contains(d.count), end - start <= 32 { foundVerbatim(.birthDate, text, start, end) }
        case .latitude, .longitude:
            var i = start
            if text[i] == 0x2D || text[i] == 0x2B { i += 1 }
            var fraction = -1
            while i < end {
                if text[i] == 0x2E, fraction < 0 {
                    fraction = 0
                } else if ByteClass.isDigit(text[i]) {
                    fraction += fraction >= 0 ? 1 : 0
                } else {
                    break
                }
                i += 1
            }
            // Latency is also called lat: four decimals or a sister say position.
            guard fraction >= 3, !ByteClass.isLetter(text.at(i)) else { return }
            foundVerbatim(.position, text, start, i)
        default: break
        }
    }
}
