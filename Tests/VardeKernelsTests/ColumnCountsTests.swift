import TestSupport
import Testing
import VardeKernels

@Suite struct ColumnCountsTests {
    @Test func `Columns of every length are counted as one by one`() {
        var generator = SeededGenerator(seed: 5)
        let odd: [Double] = [.nan, .infinity, -.infinity, 0, -0.0, Double(bitPattern: 0x7ff0_0000_0000_0002)]
        for count in 0..<200 {
            let values = (0..<count).map { _ in
                Int.random(in: 0..<3, using: &generator) == 0
                    ? odd[Int.random(in: 0..<odd.count, using: &generator)] : Double(Int.random(in: -3..<3, using: &generator))
            }
            for wanted in odd + [1] {
                #expect(
                    ColumnCounts.count(of: wanted.bitPattern, in: values.span)
                        == values.filter { $0.bitPattern == wanted.bitPattern }.count)
            }
            #expect(ColumnCounts.falls(in: values.span) == zip(values, values.dropFirst()).filter { $0.1 < $0.0 }.count)
        }
    }
}
