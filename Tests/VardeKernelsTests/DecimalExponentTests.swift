import TestSupport
import Testing
import VardeKernels

/// Numbers with exponents, as Go writes them, read to the last bit.
@Suite struct DecimalExponentTests {
    @Test func `Numbers with exponents are those the standard library reads`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20_000 {
            let digits = String(UInt64.random(in: 0...UInt64.max, using: &random) >> UInt64.random(in: 0..<64, using: &random))
            let point = Int.random(in: 0...digits.count, using: &random)
            let sign = ["", "-", "+"][Int.random(in: 0..<3, using: &random)]
            let mantissa = point == 0 || point == digits.count ? digits : "\(digits.prefix(point)).\(digits.dropFirst(point))"
            let text =
                "\(sign)\(mantissa)e\(["", "+", "-"][Int.random(in: 0..<3, using: &random)])\(Int.random(in: 0..<330, using: &random))"
            #expect(DecimalParser.double(Array(text.utf8).span)?.bitPattern == Double(text)?.bitPattern, "\(text)")
        }
    }

    @Test(arguments: ["e5", "-e5", ".e5", "1e", "1e+", "1e5.", "1e5e5", "1ee5", "1e0x1", "1e 5"])
    func `What is no number stays none`(_ text: String) { #expect(DecimalParser.double(Array(text.utf8).span) == nil) }
}
