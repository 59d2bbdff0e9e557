/// Check digits and number rules, over digits 0...9.
enum CheckDigits {
    /// Luhn's formula, the last digit being the check.
    static func luhn(_ digits: Digits) -> Bool { digits.luhnSum % 10 == 0 }

    /// Modulus 11 with weights 2...7 from the right, as account numbers, organisation numbers and KID have it.
    static func mod11(_ digits: Digits) -> Bool {
        guard digits.count >= 2 else { return false }
        var sum = 0
        var weight = 2
        var i = digits.count - 2
        while i >= 0 {
            sum += digits[i] * weight
            weight = weight == 7 ? 2 : weight + 1
            i -= 1
        }
        let check = (11 - sum % 11) % 11
        return check == digits[digits.count - 1]
    }

    /// Days of a month, 29 in February: a century is not known.
    static func isDate(day: Int, month: Int) -> Bool {
        guard month >= 1, month <= 12, day >= 1 else { return false }
        switch month {
        case 2: return day <= 29
        case 4, 6, 9, 11: return day <= 30
        default: return day <= 31
        }
    }
}

/// Up to 32 digits without a place in memory.
struct Digits {
    private var low: (UInt64, UInt64) = (0, 0)
    private(set) var count = 0
    static let limit = 32

    @inline(__always)
    mutating func append(_ digit: UInt8) {
        guard count < Digits.limit else {
            count += 1
            return
        }
        if count < 16 {
            low.0 |= UInt64(digit) << UInt64(4 * count)
        } else {
            low.1 |= UInt64(digit) << UInt64(4 * (count - 16))
        }
        count += 1
    }

    @inline(__always)
    subscript(_ index: Int) -> Int {
        Int(index < 16 ? low.0 >> UInt64(4 * index) & 15 : low.1 >> UInt64(4 * (index - 16)) & 15)
    }

    /// Sum of the digits, every second from the last but one doubled and its own digits added, as Luhn has it; eight at a time.
    var luhnSum: Int {
        let nibbles: UInt64 = 0x0F0F_0F0F_0F0F_0F0F
        func sum(_ bytes: UInt64) -> Int { Int((bytes &* 0x0101_0101_0101_0101) >> 56) }
        /// 2d, less 9 where that is more than 9.
        func doubled(_ bytes: UInt64) -> UInt64 {
            let isLarge = (bytes &+ 0x0B0B_0B0B_0B0B_0B0B) >> 4 & 0x0101_0101_0101_0101
            return bytes &* 2 &- isLarge &* 9
        }
        var total = 0
        func add(_ word: UInt64) {
            let (even, odd) = (word & nibbles, word >> 4 & nibbles)
            total += count % 2 == 1 ? sum(even) + sum(doubled(odd)) : sum(doubled(even)) + sum(odd)
        }
        add(low.0)
        if count > 16 { add(low.1) }
        return total
    }

    /// Two digits as a number.
    @inline(__always)
    func pair(_ index: Int) -> Int { self[index] * 10 + self[index + 1] }

    /// A copy with a zero in front.
    func padded() -> Digits {
        var copy = Digits()
        copy.append(0)
        for i in 0..<count { copy.append(UInt8(self[i])) }
        return copy
    }

    /// Digits from an index on.
    func suffix(from index: Int) -> Digits {
        var copy = Digits()
        for i in index..<count { copy.append(UInt8(self[i])) }
        return copy
    }
}
