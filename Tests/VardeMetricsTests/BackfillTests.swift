import TestSupport
import Testing
import VardeDisk
import VardeModel

@testable import VardeMetrics

/// A day of samples comes at once, is cut, compacted and read back bit for bit; late samples go anywhere inside retention.
@Suite struct BackfillTests {
    private static let now = StoreUnderTest.now
    private static let interval: Int64 = 15_000
    private static let steps = 5_760

    /// A value of a series at a step: what counters, gauges and true doubles look like, and stale markers here and there.
    private static func value(_ series: Int, _ step: Int) -> Double {
        if (step + series) % 997 == 0 { return .staleMarker }
        return switch series % 6 {
        case 0: Double(series)
        case 1: Double(step * 17 + step % 13)
        case 2: Double(step * 7 + step % 11) / 100
        case 3: Double((step * 2_654_435_761) % 4_096) * 4_096
        case 4: Double((step * 40_503) % 1_000) / 1_000 - 0.5
        default: (Double(step) + 0.1 + Double(series)).squareRoot()
        }
    }

    private static func labels(_ series: Int) -> Labels { ["__name__": "m\(series % 6)", "instance": "host-\(series / 6)"] }

    @Test func `a day of samples comes back bit for bit, compacted and after a crash`() async throws {
        let series = 24
        let test = try StoreUnderTest { options in
            options.maxHeadSamples = 10_000
            options.mergeWidth = 3
        }
        let refs = try (0..<series).map { try test.store.resolve(Self.labels($0)) }
        let start = Self.now - Int64(Self.steps) * Self.interval
        for step in 0..<Self.steps {
            var batch = SampleBatch()
            for (number, ref) in refs.enumerated() {
                batch.append(ref, start + Int64(step) * Self.interval + Int64(number / 6), Self.value(number, step))
            }
            #expect(try await test.store.append(batch).accepted == series)
            if test.store.wantsMaintenance { try test.store.maintain(now: Self.now) }
        }
        #expect(test.store.statistics.compactions > 2)
        for round in 0..<2 {
            let selection = try test.store.select(SeriesRequest(matchers: [], from: .min, through: .max))
            #expect(selection.count == series)
            for index in 0..<selection.count {
                var columns = SampleColumns()
                try selection.readSamples(at: index, from: .min, through: .max, into: &columns)
                let number = try #require((0..<series).first { Self.labels($0) == selection.labels(at: index) })
                #expect(columns.timestamps == (0..<Self.steps).map { start + Int64($0) * Self.interval + Int64(number / 6) })
                #expect(
                    columns.values.map(\.bitPattern) == (0..<Self.steps).map { Self.value(number, $0).bitPattern }, "series \(number)")
            }
            if round == 0 {
                test.files.powerCut()
                try test.reopen()
            }
        }
    }

    @Test func `late samples are taken anywhere inside retention and win over those before`() async throws {
        var generator = SeededGenerator(seed: 9)
        let test = try StoreUnderTest { $0.mergeWidth = 2 }
        let labels: Labels = ["__name__": "m"]
        var model: [Int64: UInt64] = [:]
        for round in 0..<12 {
            let samples = (0..<50).map { _ in
                (labels, Self.now - Int64.random(in: 0..<(15 * 86_400), using: &generator) * 1_000, Double(round))
            }
            let report = try await test.write(samples)
            #expect(report.outOfBounds == 0)
            for (_, time, value) in samples { model[time] = value.bitPattern }
            if round % 3 == 2 { try test.store.maintain(now: Self.now, force: true) }
        }
        #expect(try test.dump()[labels] == model)
        let tooOld = try await test.write([(labels, Self.now - 15 * 86_400_000 - 1, 1), (labels, Self.now + 600_001, 1)])
        #expect(tooOld.accepted == 0 && tooOld.outOfBounds == 2)
    }
}
