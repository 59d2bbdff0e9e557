import TestSupport
import Testing
import VardeModel

@testable import VardeMetrics

/// Samples in memory against a naive twin, before and after they are settled.
@Suite struct HeadSamplesTests {
    private static let seriesCount = 48
    private static let settledAtLeast = 1 << 16

    /// Everything that came, series by series, in the order it came.
    private struct Model {
        var samples: [[(time: Int64, value: UInt64, histogram: NativeHistogram?)]]

        func expected(_ series: Int, from: Int64, through: Int64) -> [Int64: (UInt64, NativeHistogram?)] {
            var found: [Int64: (UInt64, NativeHistogram?)] = [:]
            for sample in samples[series] where sample.time >= from && sample.time <= through {
                found[sample.time] = (sample.value, sample.histogram)
            }
            return found
        }
    }

    @Test func `What came in any order is read back from chains and settled stretches alike`() throws {
        var generator = SeededGenerator(seed: 11)
        var head = HeadSamples(settledAtLeast: Self.settledAtLeast)
        var model = Model(samples: Array(repeating: [], count: Self.seriesCount))
        var early: (head: HeadSamples, model: Model)?
        let steps = 3 * Self.settledAtLeast / Self.seriesCount
        for step in 0..<steps {
            for series in 0..<Self.seriesCount where series < 40 || Int.random(in: 0..<3, using: &generator) == 0 {
                var time = 1_800_000_000_000 + Int64(step) * 15_000
                // Some come late, some again at the same time, some from another age.
                if series >= 44 { time -= Int64.random(in: 0..<40, using: &generator) * 15_000 }
                if series == 43 { time = Int64(step - steps / 2) * 1_000_000_000_000 }
                let isLater = model.samples[series].last.map { time > $0.time } ?? true
                if series == 46, step % 2 == 0 {
                    let histogram = NativeHistogram(
                        counterResetHint: .unknown, schema: 0, count: Double(step), sum: Double(step), customBounds: [])
                    head.append(series: UInt32(series), time, histogram)
                    model.samples[series].append((time, 0, histogram))
                } else {
                    let value = Double.random(in: 0..<1, using: &generator)
                    let isRegular = isLater && (series < 44 || model.samples[series].isEmpty)
                    head.append(series: UInt32(series), time, value, isLater: isRegular)
                    model.samples[series].append((time, value.bitPattern, nil))
                }
            }
            // A query holds on to the samples as they were.
            if step == steps / 5 { early = (head, model) }
        }
        #expect(head.count == model.samples.map(\.count).reduce(0, +))
        // Two thirds and more are settled by now, the rest is chained.
        #expect(head.chainedCount < Self.settledAtLeast && head.chainedCount > 0)
        try Self.compare(head, model, &generator)
        let held = try #require(early)
        #expect(held.head.chainedCount == held.head.count)
        try Self.compare(held.head, held.model, &generator)
        let newest = try #require(model.samples[46].last)
        #expect(head.newestHistogram(of: 46, at: newest.time) == newest.histogram)
        #expect(head.hasSamples(of: 3) && !head.hasSamples(of: UInt32(Self.seriesCount)))
        let days = Set(model.samples.joined().map { $0.time / 86_400_000 })
        #expect(head.groups { $0 / 86_400_000 } == days.sorted())
    }

    private static func compare(_ head: HeadSamples, _ model: Model, _ generator: inout SeededGenerator) throws {
        let newest = (0..<UInt32(seriesCount)).map { head.newest(of: $0) }
        for series in 0..<seriesCount {
            let times = model.samples[series].map(\.time)
            for attempt in 0..<6 {
                let from = attempt == 0 ? .min : try #require(times.randomElement(using: &generator))
                let through = attempt == 0 ? .max : max(from, try #require(times.randomElement(using: &generator)))
                let expected = model.expected(series, from: from, through: through)
                var columns = SampleColumns()
                head.read(series: UInt32(series), from: from, through: through, into: &columns)
                try check(columns, expected, "series \(series)")
                if head.isIrregular(UInt32(series)) { continue }
                // As a query reads: the settled at once, the chained ahead with others.
                if series % 8 != 0 { continue }
                var ahead = SampleColumns()
                head.readSettled(series: UInt32(series), from: from, through: through, into: &ahead)
                var runs = HeadSamples.Runs()
                runs.fill(newest, of: head, times: from...through)
                runs.append(series, to: &ahead)
                try check(ahead, expected, "series \(series), ahead")
            }
        }
    }

    private static func check(_ columns: SampleColumns, _ expected: [Int64: (UInt64, NativeHistogram?)], _ what: String) throws {
        try #require(columns.timestamps == expected.keys.sorted(), "\(what)")
        for (position, time) in columns.timestamps.enumerated() {
            let wanted = try #require(expected[time])
            #expect(columns.values[position].bitPattern == wanted.0, "\(what) at \(time)")
            #expect((columns.histograms.isEmpty ? nil : columns.histograms[position]) == wanted.1, "\(what) at \(time)")
        }
    }
}
