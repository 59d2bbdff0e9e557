extension LineJudge {
    /// Digits of a run.
    func digits(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Digits {
        var result = Digits()
        for i in start..<end where ByteClass.isDigit(text[i]) { result.append(text[i] & 15) }
        return result
    }

    func runEnd(_ text: Span<UInt8>, _ start: Int) -> Int {
        var end = start
        while end < text.count, end - start < 40, ByteClass.isDigit(text[end]) { end += 1 }
        return end
    }

    /// Whether what stands behind digits is the mark of a long integer in a program: 15075502467L, 15075502467n.
    private func isLongMark(_ text: Span<UInt8>, _ start: Int) -> Bool {
        var end = start
        while end - start < 3, [0x4C, 0x6C, 0x55, 0x75, 0x6E].contains(text.at(end)) { end += 1 }
        return end > start && !ByteClass.isWord(text.at(end))
    }

    /// A bare run of digits.
    mutating func judgeNumber(_ text: Span<UInt8>, _ p: Int) {
        let end = runEnd(text, p)
        let length = end - p
        if length == 6, NationalNumbers.finnish(text, at: p), !ByteClass.isAlnum(text.at(p + 11)), text.at(p + 11) != 0x5F {
            let mark = canonicalCount
            for i in p..<p + 11 { appendCanonical(text[i] >= 0x61 ? text[i] & 0xDF : text[i]) }
            found(.hetu, p, p + 11, since: mark)
            return
        }
        let next = text.at(end)
        if length == 11, isLongMark(text, end) { return judgeEleven(text, p, end) }
        // A time may follow without a blank.
        let isBeforeTime = next == UInt8(ascii: "T") && ByteClass.isDigit(text.at(end + 1)) && ByteClass.isDigit(text.at(end + 2))
        if length == 11, !ByteClass.isAlnum(next) || isBeforeTime { return judgeEleven(text, p, end) }
        if ByteClass.isAlnum(next) || next == 0x5F && length < 13 {
            if length == 9, seesOrganisations, text.has("MVA", at: end) { judgeOrganisation(text, p, end) }
            return
        }
        switch length {
        case 8: judgeEight(text, p, end)
        case 9:
            let d = digits(text, p, end)
            if seesOrganisations { judgeOrganisation(text, p, end) }
            if context(text, p).meaning == .passport { foundDigits(.passport, d, p, end) }
        case 10: judgeTen(text, p, end)
        case 12: judgeTwelve(text, p, end)
        case 13...19:
            let d = digits(text, p, end)
            if PaymentNumbers.isCard(d) { foundDigits(.card, d, p, end) }
        default: break
        }
    }

    private mutating func judgeOrganisation(_ text: Span<UInt8>, _ p: Int, _ end: Int) {
        let d = digits(text, p, end)
        if d.count == 9, d[0] >= 8, CheckDigits.mod11(d) { foundDigits(.orgnr, d, p, end) }
    }

    private mutating func judgeEight(_ text: Span<UInt8>, _ p: Int, _ end: Int) {
        switch context(text, p).meaning {
        case .phone:
            if text[p] >= 0x32 { foundDigits(.phone, digits(text, p, end), p, end, prefix: "+47") }
        case .passport: foundDigits(.passport, digits(text, p, end), p, end)
        default: break
        }
    }

    private mutating func judgeTen(_ text: Span<UInt8>, _ p: Int, _ end: Int) {
        let d = digits(text, p, end)
        let month = d.pair(2)
        // Whatever it is, it has a month somewhere or a context.
        let isNordic = NationalNumbers.swedish(d) || NationalNumbers.danish(d) || NationalNumbers.icelandic(d)
        let padded = d.padded()
        let isShortened = NationalNumbers.norwegian(padded) != .none
        guard isNordic || isShortened || month <= 99 else { return }
        let found = context(text, p)
        switch found.meaning {
        case .fnr, .weakFnr, .personnummer:
            if isShortened, found.isDirect {
                foundDigits(.fnr, padded, p, end)
            } else if NationalNumbers.swedish(d) {
                foundDigits(.personnummer, d, p, end)
            } else if NationalNumbers.danish(d), found.meaning != .weakFnr {
                foundDigits(.cpr, d, p, end)
            }
        case .cpr:
            if NationalNumbers.danish(d) || found.isDirect { foundDigits(.cpr, d, p, end) }
        case .kennitala:
            if NationalNumbers.icelandic(d) || found.isDirect { foundDigits(.kennitala, d, p, end) }
        case .phone: foundDigits(.phone, d, p, end, prefix: "+")
        case .licence: foundDigits(.licence, d, p, end)
        default: break
        }
    }

    mutating func judgeEleven(_ text: Span<UInt8>, _ p: Int, _ end: Int) {
        let d = digits(text, p, end)
        switch NationalNumbers.norwegian(d) {
        case .certain:
            foundDigits(.fnr, d, p, end)
            return
        case .contextual:
            // A part of a path names somebody as a key does.
            if isTestProfile || text.at(p - 1) == 0x2F && endsPathPart(text, end) || isFnr(context(text, p).meaning) {
                foundDigits(.fnr, d, p, end)
                return
            }
        case .none: break
        }
        let hasAccountDigits = CheckDigits.mod11(d)
        let found = context(text, p)
        if found.meaning == .account, hasAccountDigits {
            foundDigits(.account, d, p, end)
        } else if found.meaning == .fnr && found.isDirect || isFnr(found.meaning) && NationalNumbers.temporaryHealth(d) {
            foundDigits(.fnr, d, p, end)
        } else if found.meaning == .licence {
            foundDigits(.licence, d, p, end)
        } else if found.meaning == .phone, text[p] != 0x30 {
            foundDigits(.phone, d, p, end, prefix: "+")
        }
    }

    /// Whether a path's part ends here.
    private func endsPathPart(_ text: Span<UInt8>, _ end: Int) -> Bool {
        let c = text.at(end)
        return c <= 0x20 || c == 0x2F || c == 0x3F || c == 0x22 || c == 0x23
    }

    func isFnr(_ meaning: KeyMeaning?) -> Bool { meaning == .fnr || meaning == .weakFnr || meaning == .personnummer }

    private mutating func judgeTwelve(_ text: Span<UInt8>, _ p: Int, _ end: Int) {
        let d = digits(text, p, end)
        if PaymentNumbers.isCard(d) {
            foundDigits(.card, d, p, end)
        } else if NationalNumbers.swedishLong(d) {
            // The four last digits may be the hour and minute of a compact time stamp: then a word has to say what it is.
            let isTime = d.pair(0) == 20 && d.pair(8) < 24 && d.pair(10) < 60
            let meaning = isTime ? context(text, p).meaning : .personnummer
            if isFnr(meaning) { foundDigits(.personnummer, d.suffix(from: 2), p, end) }
        } else if context(text, p).meaning == .duf {
            foundDigits(.duf, d, p, end)
        }
    }

    /// Digits in groups of one separator.
    mutating func judgeGroups(_ text: Span<UInt8>, _ p: Int) {
        if text.at(p + 2) == 0x2E, text.at(p + 5) == 0x2E, runEnd(text, p + 6) == p + 8, runEnd(text, p + 9) == p + 14 {
            return judgeDottedDate(text, p)
        }
        var d = Digits()
        var shape = 0
        var i = p
        var kind: UInt8 = 0
        for group in 0..<5 {
            let end = runEnd(text, i)
            guard end > i, end - i <= 8 else { return }
            for k in i..<end { d.append(text[k] & 15) }
            shape = shape << 4 | (end - i)
            let next = text.at(end)
            let width: Int
            var separator: UInt8 = 0x20
            switch next {
            case 0x20, 0x2D, 0x2E, 0x2B:
                width = 1
                separator = next
            case 0xC2 where text.at(end + 1) == 0xA0: width = 2
            case 0xE2 where text.at(end + 1) == 0x80 && text.at(end + 2) == 0xAF: width = 3
            default:
                width = 0
                separator = 0
            }
            let isFree = !ByteClass.isAlnum(next) && next != 0x5F
            // A group may follow after a blank, being another number's; after a dash or dot it would be this one's.
            let isClosed = isFree && !(separator != 0x20 && separator == kind && ByteClass.isAlnum(text.at(end + 1)))
            if group > 0, isClosed, judgeShape(text, shape, d, p, end, kind) { return }
            guard width > 0, ByteClass.isDigit(text.at(end + width)) else { return }
            if group == 0 { kind = separator } else if separator != kind { return }
            i = end + width
        }
    }

    /// `20.05.94 18379`: a birth date with dots and the five digits behind it.
    private mutating func judgeDottedDate(_ text: Span<UInt8>, _ p: Int) {
        let d = digits(text, p, p + 14)
        let isFound =
            switch NationalNumbers.norwegian(d) {
            case .certain: true
            case .contextual: isTestProfile || isFnr(context(text, p).meaning)
            case .none: isFnr(context(text, p).meaning) && context(text, p).isDirect
            }
        if isFound { foundDigits(.fnr, d, p, p + 14) }
    }

    /// Judges a number in groups; true where it is one, or cannot be a longer one.
    private mutating func judgeShape(_ text: Span<UInt8>, _ shape: Int, _ d: Digits, _ p: Int, _ end: Int, _ kind: UInt8) -> Bool {
        switch shape {
        case 0x65:
            switch NationalNumbers.norwegian(d) {
            case .certain: foundDigits(.fnr, d, p, end)
            case .contextual:
                guard isTestProfile || isFnr(context(text, p).meaning) else { return false }
                foundDigits(.fnr, d, p, end)
            case .none:
                let found = context(text, p)
                guard found.meaning == .fnr, found.isDirect else { return false }
                foundDigits(.fnr, d, p, end)
            }
            return true
        case 0x2225, 0x335, 0x443, 0x632:
            guard NationalNumbers.norwegian(d) == .certain else { return false }
            foundDigits(.fnr, d, p, end)
            return true
        case 0x64: return judgeSixFour(text, d, p, end, kind)
        case 0x84:
            guard NationalNumbers.swedishLong(d), kind != 0x20 || isFnr(context(text, p).meaning) else { return false }
            foundDigits(.personnummer, d.suffix(from: 2), p, end)
            return true
        case 0x425:
            if CheckDigits.mod11(d) {
                foundDigits(.account, d, p, end)
                return true
            }
            let found = context(text, p)
            guard found.meaning == .account, found.isDirect else { return false }
            foundDigits(.account, d, p, end)
            return true
        case 0x44, 0x323, 0x2222:
            // Behind another number's group no word can say so.
            guard d[0] >= 2, text.at(p - 1) != 0x20 || !ByteClass.isDigit(text.at(p - 2)), context(text, p).meaning == .phone else {
                return false
            }
            foundDigits(.phone, d, p, end, prefix: "+47")
            return true
        case 0x444, 0x4441, 0x4442, 0x4443, 0x4444, 0x44441, 0x44442, 0x44443, 0x465, 0x464:
            // Three or four fours may go on with a shorter group.
            if shape == 0x444 || shape == 0x4444, let long = longCard(text, d, end, kind) {
                foundDigits(.card, long.digits, p, long.end)
                return true
            }
            guard PaymentNumbers.isCard(d) else { return false }
            foundDigits(.card, d, p, end)
            return true
        case 0x462, 0x48:
            guard context(text, p).meaning == .duf else { return false }
            foundDigits(.duf, d, p, end)
            return true
        case 0x2261:
            guard context(text, p).meaning == .licence else { return false }
            foundDigits(.licence, d, p, end)
            return true
        default: return false
        }
    }

    private func longCard(_ text: Span<UInt8>, _ d: Digits, _ end: Int, _ kind: UInt8) -> (digits: Digits, end: Int)? {
        let next = text.at(end)
        let width = next == kind ? 1 : next == 0xC2 ? 2 : next == 0xE2 ? 3 : 0
        guard width > 0 else { return nil }
        let last = runEnd(text, end + width)
        // A fourth four is judged when its turn comes, unless the three before it would be a card by themselves.
        let isLongest = (1...3).contains(last - end - width) || last - end - width == 4 && d.count == 12 && PaymentNumbers.isCard(d)
        guard isLongest, !ByteClass.isAlnum(text.at(last)) else {
            return nil
        }
        var all = d
        for i in end + width..<last { all.append(text[i] & 15) }
        return PaymentNumbers.isCard(all) ? (all, last) : nil
    }

    /// DDMMYY-NNNN or YYMMDD-NNNN: Swedish by Luhn, Danish by date, Icelandic; a key says otherwise.
    private mutating func judgeSixFour(_ text: Span<UInt8>, _ d: Digits, _ p: Int, _ end: Int, _ kind: UInt8) -> Bool {
        let isCertain = kind == 0x2D || kind == 0x2B
        let meaning = context(text, p).meaning
        switch meaning {
        case .cpr: foundDigits(.cpr, d, p, end)
        case .kennitala: foundDigits(.kennitala, d, p, end)
        case .personnummer: foundDigits(.personnummer, d, p, end)
        default:
            guard isCertain || isFnr(meaning) else { return false }
            if NationalNumbers.swedish(d) {
                foundDigits(.personnummer, d, p, end)
            } else if kind != 0x2B, NationalNumbers.danish(d) {
                foundDigits(.cpr, d, p, end)
            } else if kind != 0x2B, NationalNumbers.icelandic(d) {
                foundDigits(.kennitala, d, p, end)
            } else {
                return false
            }
        }
        return true
    }

    /// Digits behind letters: IBAN, number plate, passport.
    mutating func judgeLettered(_ text: Span<UInt8>, _ p: Int) {
        let blank = text.at(p - 1) == 0x20 || text.at(p - 1) == 0x2D ? 1 : 0
        var letters = 0
        while letters < 4, ByteClass.isLetter(text.at(p - blank - letters - 1)) { letters += 1 }
        let start = p - blank - letters
        var end = runEnd(text, p)
        if letters == 2, blank == 0, let ibanEnd = PaymentNumbers.ibanEnd(text, at: start) {
            let mark = canonicalCount
            for i in start..<ibanEnd where ByteClass.isAlnum(text[i]) { appendCanonical(text[i] >= 0x61 ? text[i] & 0xDF : text[i]) }
            found(.iban, start, ibanEnd, since: mark)
            return
        }
        // ABC 12D
        if letters == 3, end - p == 2, ByteClass.isLetter(text.at(end)) { end += 1 }
        guard !ByteClass.isAlnum(text.at(end)), text.at(end) != 0x5F else { return }
        let length = end - p
        // The first track of a card's magnetic stripe.
        if letters == 1, text.at(p - 2) == 0x25, text.at(end) == 0x5E {
            let d = digits(text, p, end)
            if PaymentNumbers.isCard(d) { return foundDigits(.card, d, p, end) }
        }
        if letters == 2 && (length == 4 || length == 5) || letters == 3 && length == 3, context(text, start).meaning == .plate {
            let mark = canonicalCount
            for i in start..<end where ByteClass.isAlnum(text[i]) { appendCanonical(text[i] >= 0x61 ? text[i] & 0xDF : text[i]) }
            found(.plate, start, end, since: mark)
        } else if letters <= 3, blank == 0, (6...9).contains(length), context(text, start).meaning == .passport {
            foundVerbatim(.passport, text, start, end)
        }
    }

    /// A pair of decimals: latitude and longitude.
    mutating func judgePosition(_ text: Span<UInt8>, _ p: Int) {
        var second = p
        while second < text.count, ByteClass.isDigit(text[second]) || text[second] == 0x2E { second += 1 }
        let firstEnd = second
        while second < text.count, second - firstEnd < 4, !ByteClass.isDigit(text[second]) { second += 1 }
        var end = second
        while end < text.count, end - second < 24, ByteClass.isDigit(text[end]) || text[end] == 0x2E { end += 1 }
        if text.at(end - 1) == 0x2E { end -= 1 }
        guard isPair(text, firstEnd, second) else { return judgeCoordinate(text, p, firstEnd) }
        guard !ByteClass.isLetter(text.at(end)), !ByteClass.isLetter(text.at(firstEnd)) else { return }
        func whole(_ from: Int) -> Int {
            var value = 0
            var i = from
            while i < text.count, i - from < 4, ByteClass.isDigit(text[i]) {
                value = value * 10 + Int(text[i] & 15)
                i += 1
            }
            return value
        }
        let (latitude, longitude) = (whole(p), whole(second))
        guard latitude <= 90, longitude <= 180 else { return }
        // Two parts of one are shares of something: off Africa, where both would be, nobody is.
        if latitude == 0, longitude == 0 { return }
        if isMeasure(text, p) { return }
        let start = text.at(p - 1) == 0x2D ? p - 1 : p
        let secondStart = text.at(second - 1) == 0x2D ? second - 1 : second
        foundVerbatim(.position, text, start, firstEnd)
        foundVerbatim(.position, text, secondStart, end)
        placeEnd = end
    }

    /// Whether a comma, a blank or the like parts decimals from others with four digits behind their point.
    private func isPair(_ text: Span<UInt8>, _ firstEnd: Int, _ second: Int) -> Bool {
        guard second > firstEnd else { return false }
        for i in firstEnd..<second {
            // N59.9139 E10.7522
            if i + 1 == second, i > firstEnd, text[i] == 0x45 || text[i] == 0x57 { break }
            switch text[i] {
            case 0x2C, 0x20, 0x3B, 0x2F: break
            case 0x2D, 0x2B: if i == firstEnd || i + 1 < second { return false }
            default: return false
            }
        }
        var i = second
        while i - second < 3, ByteClass.isDigit(text.at(i)) { i += 1 }
        guard text.at(i) == 0x2E else { return false }
        return (1...4).allSatisfy { ByteClass.isDigit(text.at(i + $0)) }
    }

    /// `lat 59.9139`: one behind its word.
    private mutating func judgeCoordinate(_ text: Span<UInt8>, _ p: Int, _ end: Int) {
        guard !ByteClass.isWord(text.at(end)) else { return }
        let meaning = context(text, p).meaning
        if meaning == .latitude || meaning == .longitude { foundVerbatim(.position, text, p, end) }
    }

    /// Whether the word before decimals says that they are none of a place: `bbox [`, `histogram `.
    private func isMeasure(_ text: Span<UInt8>, _ p: Int) -> Bool {
        // Nor is what begins within that pair.
        if p < placeEnd { return false }
        var end = p
        while end > 0, p - end < 48, !ByteClass.isLetter(text[end - 1]) {
            // What was said of the pair before is said of this one.
            if end == placeEnd { return false }
            end -= 1
        }
        var start = end
        while start > 0, end - start < 12, ByteClass.isLetter(text[start - 1]) { start -= 1 }
        guard start < end else { return false }
        return Self.measures.contains(text, start, end)
    }

    private static let measures: WordSet = [
        "bbox", "box", "histogram", "matrix", "vector", "tensor", "weights", "loss", "load", "ratio", "range", "rect",
    ]
}
