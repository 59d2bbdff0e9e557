import Foundation
import TestSupport
import Testing
import VardeModel

@testable import VardeQuery

/// Windows evaluated by their plan against the same windows one at a time, as they are where an `@` fixes them.
@Suite struct FastWindowsTests {
    private static let functions: [RangeFunction] = [
        .rate, .increase, .delta, .irate, .idelta, .resets, .changes, .deriv, .predictLinear, .sum, .avg, .count, .min, .max, .stddev,
        .stdvar,
        .quantile, .first, .last, .present,
    ]

    /// A series of one of several kinds; hosts take turns, so that plans are met again.
    private static func samples(_ kind: Int, _ host: Int, _ generator: inout SeededGenerator) -> SampleColumns {
        var columns = SampleColumns()
        var value = kind == 1 ? 5e9 : 0
        for at in 0..<400 {
            if kind == 3, at % 50 > 40 { continue }
            switch kind {
            case 0: value = Int.random(in: 0..<60, using: &generator) == 0 ? 0 : value + Double(Int.random(in: 0..<5, using: &generator))
            case 1: value += Double.random(in: -1e6...1e6, using: &generator)
            case 2: value = 3.25
            case 4: value = Int.random(in: 0..<20, using: &generator) == 0 ? .nan : Double.random(in: -1...1, using: &generator)
            default: value = Double.random(in: -1...1, using: &generator)
            }
            columns.append(Int64(1_000_000 + host * 777 + at * 15_000), value)
        }
        return columns
    }

    @Test(arguments: functions) func `By plan and one at a time alike`(function: RangeFunction) throws {
        var generator = SeededGenerator(seed: 31)
        for (range, step) in [(300_000, 60_000), (3_600_000, 60_000), (20_000, 60_000), (300_000, 900_000)] as [(Int64, Int64)] {
            let grid = StepGrid(start: 900_000, end: 7_200_000, step: step)
            let windows = RangeWindows(grid: grid, range: range, offset: 30_000, fixedTime: nil)
            let parameters = function == .quantile || function == .predictLinear ? [[Double](repeating: 0.7, count: grid.count)] : []
            let place = SourceRange(0, 1)
            var fast = RangeEvaluation(function, windows, position: place, argumentsPosition: place, parameters: parameters)
            for series in 0..<150 {
                var columns = Self.samples(series % 5, series % 70, &generator)
                var samples = SeriesSamples()
                samples.load(&columns)
                var row = StepRow(stepCount: grid.count)
                try fast.evaluate(samples, name: "some_total", into: &row)
                for at in 0..<grid.count {
                    // The same window by itself, the way that takes all samples one after the other.
                    let own = RangeWindows(
                        grid: StepGrid(at: grid.time(at)), range: range, offset: 30_000, fixedTime: grid.time(at))
                    var slow = RangeEvaluation(
                        function, own, position: place, argumentsPosition: place, parameters: parameters.map { [$0[at]] })
                    var one = StepRow(stepCount: 1)
                    try slow.evaluate(samples, name: "some_total", into: &one)
                    #expect(row.kinds[at] == one.kinds[0])
                    if row.kinds[at] == PointKind.float {
                        #expect(
                            Self.areNear(
                                row.values[at], one.values[0], within: function == .deriv || function == .predictLinear ? 1e-9 : 1e-11),
                            "\(function) of kind \(series % 5) at \(at): \(row.values[at]) and \(one.values[0])")
                    }
                }
            }
        }
    }

    /// Lines through values far from zero lose digits where each sum is taken from zero, as the slow way does.
    private static func areNear(_ a: Double, _ b: Double, within share: Double) -> Bool {
        a == b || a.isNaN && b.isNaN || (a - b).magnitude <= share * max(a.magnitude, b.magnitude, 1)
    }
}
