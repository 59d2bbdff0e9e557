import TestSupport
import Testing
import VardeQuery

@Suite struct QuantilesTests {
    @Test func `A quantile of numbers in any order is that of the sorted ones`() {
        var generator = SeededGenerator(seed: 7)
        for count in 1..<120 {
            for round in 0..<20 {
                // Few different values as well as many, already in order as well as not.
                let kinds = round % 2 == 0 ? 4 : 1_000
                var values = (0..<count).map { _ in Double(Int.random(in: -kinds..<kinds, using: &generator)) }
                if round % 5 == 1 { values[count / 2] = .infinity }
                if round % 5 == 2 { values.sort() }
                if round % 5 == 3 { values.sort(by: >) }
                if round == 19 { values[count / 3] = .nan }
                let sorted = values.sorted { $0.isNaN ? !$1.isNaN : $0 < $1 }
                for q in [0, 0.1, 0.5, 0.9, 0.99, 1, Double.random(in: 0...1, using: &generator)] {
                    var own = values
                    let found = Quantiles.quantile(q, of: &own)
                    #expect(found.bitPattern == Quantiles.quantile(q, ofSorted: sorted).bitPattern || found.isNaN, "\(q) of \(values)")
                }
            }
        }
    }
}
