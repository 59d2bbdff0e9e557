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

    @Test func `Columns are equal where they are so in every place`() {
        func areEqual(_ left: [Int64], _ right: [Int64]) -> Bool { ColumnCounts.areEqual(left.span, right.span) }
        for count in 0..<100 {
            let values = (0..<Int64(count)).map { $0 * 1_000 - 7 }
            #expect(areEqual(values, values))
            #expect(!areEqual(values, values + [0]))
            for place in values.indices {
                var other = values
                other[place] ^= 1 << Int64(place % 64)
                #expect(!areEqual(values, other))
            }
        }
    }
}
