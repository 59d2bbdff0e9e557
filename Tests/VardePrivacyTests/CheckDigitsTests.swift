import TestSupport
import Testing

@testable import VardePrivacy

@Suite struct CheckDigitsTests {
    @Test func `Luhn's formula eight digits at a time is that digit by digit`() {
        var generator = SeededGenerator(seed: UInt64.random(in: 0 ... .max))
        for _ in 0..<20_000 {
            let all = (0..<Int.random(in: 1...Digits.limit, using: &generator)).map { _ in Int.random(in: 0...9, using: &generator) }
            var digits = Digits()
            for digit in all { digits.append(UInt8(digit)) }
            let sum = all.reversed().enumerated().reduce(0) { sum, next in
                sum + (next.offset % 2 == 0 ? next.element : next.element > 4 ? next.element * 2 - 9 : next.element * 2)
            }
            #expect(digits.luhnSum == sum, "\(all)")
        }
    }
}
