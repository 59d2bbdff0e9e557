/// Numbering plans: how many digits follow a country code (ITU E.164 and its national plans).
enum PhoneNumbers {
    /// A country code at the head of digits: how long it is and how many national digits follow.
    static func plan(_ d: Digits) -> (codeLength: Int, national: ClosedRange<Int>)? {
        guard d.count >= 3, d[0] != 0 else { return nil }
        switch d[0] {
        case 1: return (1, 10...10)
        case 7: return (1, 10...10)
        default: break
        }
        switch d.pair(0) {
        case 47: return d[2] >= 2 ? (2, 8...8) : nil
        case 45: return (2, 8...8)
        case 46: return (2, 7...9)
        case 44: return (2, 9...10)
        case 49: return (2, 7...11)
        case 48, 33, 34, 31, 41, 27, 66: return (2, 9...9)
        case 32: return (2, 8...9)
        case 39: return (2, 8...11)
        case 43: return (2, 7...12)
        case 30, 90, 91, 92, 63, 98: return (2, 10...10)
        case 36: return (2, 8...9)
        case 40, 61, 93, 94: return (2, 9...9)
        case 86: return (2, 10...11)
        case 81, 84, 82: return (2, 8...10)
        case 55: return (2, 10...11)
        case 20, 51, 52, 54, 56, 57, 58, 60, 62, 64, 65, 95: return (2, 7...10)
        default: break
        }
        switch d.pair(0) * 10 + d[2] {
        case 358: return (3, 6...11)
        case 354: return (3, 7...9)
        case 353, 351, 420, 421, 370...389, 212...299, 350...359, 500...599, 670...699, 850...899, 960...999: return (3, 7...11)
        default: return nil
        }
    }
}

extension LineJudge {
    /// Digits behind `+`, or a run that begins with 00.
    mutating func judgePhone(_ text: Span<UInt8>, _ p: Int) {
        let hasPlus = text.at(p - 1) == 0x2B
        var start = hasPlus ? p - 1 : p
        var d = Digits()
        var i = hasPlus ? p : p + 2
        var plan: (codeLength: Int, national: ClosedRange<Int>)?
        var end = -1
        var longest = Digits()
        // Digits up to the plan's most; a number ends at the end of a group.
        while true {
            let groupEnd = runEnd(text, i)
            guard groupEnd > i else { break }
            for k in i..<groupEnd { d.append(text[k] & 15) }
            if d.count > 15 { break }
            if plan == nil {
                if d.count >= 3 {
                    plan = PhoneNumbers.plan(d)
                    if plan == nil { return }
                } else if d.count == 2, d.pair(0) == 47 || d.pair(0) == 45 {
                    plan = (2, 8...8)
                }
            }
            let next = text.at(groupEnd)
            let isFree = !ByteClass.isAlnum(next) && (next != 0x5F || hasPlus)
            if let plan, isFree {
                if d.count - plan.codeLength > plan.national.upperBound { break }
                if plan.national.contains(d.count - plan.codeLength) {
                    end = groupEnd
                    longest = d
                }
            }
            // One separator, or a bracket with a blank.
            var q = groupEnd
            var width = 0
            while width < 3, q < text.count {
                let c = text[q]
                if c == 0x20 || c == 0x2D || c == 0x2E || c == 0x28 || c == 0x29 || c == 0x2F {
                    q += 1
                } else if c == 0xC2, text.at(q + 1) == 0xA0 {
                    q += 2
                } else if c == 0xE2, text.at(q + 1) == 0x80, text.at(q + 2) == 0xAF {
                    q += 3
                } else {
                    break
                }
                width += 1
            }
            // The trunk zero in brackets is dialled at home only.
            if text.at(q) == 0x30, text.at(q - 1) == 0x28, text.at(q + 1) == 0x29 {
                q += 2
                if text.at(q) == 0x20 { q += 1 }
                width = 1
            }
            guard width > 0, width <= 2, ByteClass.isDigit(text.at(q)) else { break }
            i = q
        }
        guard end > 0, let plan else { return }
        if plan.codeLength == 2, longest.pair(0) == 47, longest[2] < 2 { return }
        // Sixteen digits in a row are a span's identifier before they are somebody's number.
        if !hasPlus, !isDialledWithZeros(longest) || end - p >= 16 && runEnd(text, p) - p >= 16 { return }
        if hasPlus, text.at(start - 1) == 0x28 { start -= 1 }
        foundDigits(.phone, longest, start, end, prefix: "+")
    }

    /// A number with its trunk zero in groups, where a word before it says that it is a telephone's.
    mutating func judgeHomePhone(_ text: Span<UInt8>, _ p: Int) {
        var d = Digits()
        var i = p
        var end = p
        var groups = 0
        while groups < 6 {
            let groupEnd = runEnd(text, i)
            guard groupEnd > i, d.count + groupEnd - i <= 11 else { break }
            for k in i..<groupEnd { d.append(text[k] & 15) }
            end = groupEnd
            groups += 1
            var next = groupEnd
            if text.at(next) == 0x20 || text.at(next) == 0x2D {
                next += 1
            } else if text.at(next) == 0xC2, text.at(next + 1) == 0xA0 {
                next += 2
            } else {
                break
            }
            guard ByteClass.isDigit(text.at(next)), d.count < 9 else { break }
            i = next
        }
        guard groups > 1, (8...11).contains(d.count), !ByteClass.isAlnum(text.at(end)), text.at(end) != 0x3A else { return }
        guard context(text, p).meaning == .phone else { return }
        foundDigits(.phone, d, p, end)
    }

    /// Codes believed behind 00: those of the neighbours, others are too short of evidence.
    private func isDialledWithZeros(_ d: Digits) -> Bool {
        switch d.pair(0) {
        case 47, 46, 45, 44, 49, 48, 33, 31, 34: true
        case 35: d[2] == 8 || d[2] == 4 || d[2] == 3
        case 37: d[2] == 0 || d[2] == 1 || d[2] == 2
        default: false
        }
    }
}
