import TestSupport
import Testing
import VardeModel

@testable import VardeQuery

/// The best series by stretches of steps, against sorting at each step.
@Suite struct BestSeriesTests {
    private static func matrix(_ count: Int, steps: Int, _ generator: inout SeededGenerator) -> StepMatrix {
        var matrix = StepMatrix(grid: StepGrid(start: 0, end: Int64(steps - 1), step: 1))
        var row = StepRow(stepCount: steps)
        for series in 0..<count {
            row.removeAll()
            for step in 0..<steps {
                switch Int.random(in: 0..<10, using: &generator) {
                case 0: break
                case 1: row.set(step, .nan)
                default: row.set(step, Double(Int.random(in: 0..<20, using: &generator)))
                }
            }
            matrix.append(["series": String(series)], row)
        }
        return matrix
    }

    @Test(arguments: [1, 3, 7, 50]) func `The best of each group stand, the first of equal ones, numbers before NaN`(limit: Int) {
        var generator = SeededGenerator(seed: UInt64(limit))
        let input = Self.matrix(40, steps: 23, &generator)
        let groups = (0..<40).map { _ in Int.random(in: 0..<3, using: &generator) }
        for stretch in [4, 23] {
            var chosen = StepChoice(input)
            for steps in input.grid.stretches(of: stretch) {
                var best = BestSeries(input, steps, groupCount: 3, limits: Array(repeating: Double(limit), count: 23))
                for series in 0..<40 { best.offer(series, of: groups[series]) { $0 > $1 } }
                best.choose(into: &chosen)
            }
            let result = chosen.result
            for step in 0..<23 {
                var wanted: Set<String> = []
                for group in 0..<3 {
                    let own = (0..<40).filter { groups[$0] == group && input.kind($0, step) == PointKind.float }
                    let sorted = own.sorted { a, b in
                        let (x, y) = (input.value(a, step), input.value(b, step))
                        if x.isNaN || y.isNaN { return !x.isNaN || (y.isNaN && a < b) }
                        return x == y ? a < b : x > y
                    }
                    for series in sorted.prefix(limit) { wanted.insert(String(series)) }
                }
                let found = (0..<result.seriesCount).filter { result.kind($0, step) != PointKind.absent }.map {
                    result.labels[$0]["series"] ?? ""
                }
                #expect(Set(found) == wanted && found.count == wanted.count)
            }
        }
    }
}
