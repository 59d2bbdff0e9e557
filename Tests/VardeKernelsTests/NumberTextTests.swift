import TestSupport
import Testing
import VardeKernels

/// Sample values as text: shortest digits, the nearest of them, as the standard library finds them.
@Suite struct NumberTextTests {
    private static func text(_ value: Double) -> String {
        var bytes: [UInt8] = []
        NumberText.append(value, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Digits without sign, point, exponent and the zeros at both ends.
    private static func digits(_ text: String) -> String {
        let all = text.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }
        return String(all.reversed().drop { $0 == "0" }.reversed())
    }

    private static func check(_ value: Double) {
        let text = text(value)
        #expect(Double(text) == value, "\(value.bitPattern) is written as \(text)")
        #expect(digits(text) == digits(value.description), "\(value.bitPattern) is written as \(text), not \(value)")
        #expect(!text.contains("e"), "\(value.bitPattern) is written as \(text)")
    }

    @Test func `Any number between a millionth and ten to the fifteenth has its shortest digits`() {
        var random = SeededGenerator(seed: 1_850)
        for _ in 0..<40_000 {
            let exponent = UInt64.random(in: 1_003...1_072, using: &random)
            var fraction = UInt64.random(in: 0..<1 << 52, using: &random)
            // Few bits, few zeros and powers of two are where an error would hide.
            switch Int.random(in: 0..<4, using: &random) {
            case 0: fraction &= ~0 << UInt64.random(in: 0...52, using: &random)
            case 1: fraction |= (1 << UInt64.random(in: 0...52, using: &random)) - 1
            default: break
            }
            let value = Double(bitPattern: exponent << 52 | fraction)
            if value >= 1e-6 { Self.check(value) }
        }
    }

    @Test func `Decimals are written as they were read`() {
        var random = SeededGenerator(seed: 1_859)
        for _ in 0..<20_000 {
            let whole = Int.random(in: 0..<1_000_000_000, using: &random)
            let value = Double(whole) / [1, 10, 100, 1_000, 10_000, 100_000].randomElement(using: &random)!
            if value > 0 { Self.check(value) }
            Self.check(-value - 1)
        }
        for value in [4_503_599_627_370_495.5, 99_999_999, 100_000_000, 0.000001, 0.5] { Self.check(value) }
    }

    @Test func `Points stand between commas, with whole seconds or three decimals`() {
        var bytes: [UInt8] = []
        let times: [Int64] = [-1, 0, 1_700_000_000_123, .max, .min]
        let values = [-0.1234567890123456, 0, 1.5, 2, -1.7976931348623157e308]
        let kinds: [UInt8] = [1, 2, 1, 1, 1]
        let hasWritten = NumberText.appendPoints(times.span, values.span, kinds.span, kind: 1, to: &bytes)
        #expect(hasWritten)
        let expected =
            "[-0.001,\"-0.1234567890123456\"],[1700000000.123,\"1.5\"],[9223372036854775.807,\"2\"],"
            + "[-9223372036854775.808,\"-1.7976931348623157e+308\"]"
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
        let hasWrittenOther = NumberText.appendPoints(times.span, values.span, kinds.span, kind: 3, to: &bytes)
        #expect(!hasWrittenOther)
    }
}
