import TestSupport
import Testing
import VardeKernels
import VardeModel

@testable import VardeMetrics

@Suite struct ColumnTests {
    /// Columns of every kind a fleet has, and of none.
    static func columns(_ generator: inout SeededGenerator) -> [[Double]] {
        let count = Int.random(in: 1...700, using: &generator)
        var all: [[Double]] = []
        func walk(_ step: (inout SeededGenerator) -> Double) {
            var value = Double(Int.random(in: 0...1_000_000, using: &generator))
            all.append(
                (0..<count).map { _ in
                    value += step(&generator)
                    return value
                })
        }
        walk { _ in 0 }
        walk { Double(Int.random(in: 0...20, using: &$0)) }
        walk { Double(Int.random(in: 0...300_000, using: &$0)) }
        walk { Double(Int.random(in: 0...1, using: &$0) * 4_096) }
        walk { (Double.random(in: 0...15, using: &$0) * 100).rounded() / 100 }
        all.append((0..<count).map { _ in (Double.random(in: -5...5, using: &generator) * 100).rounded() / 100 })
        all.append((0..<count).map { _ in Double.random(in: 0...1, using: &generator) })
        all.append((0..<count).map { _ in Double(bitPattern: UInt64.random(in: 0...UInt64.max, using: &generator)) })
        let special: [Double] = [
            .staleMarker, .normalNaN, .infinity, -.infinity, -0.0, 0, .greatestFiniteMagnitude, .leastNonzeroMagnitude, 1e300, 0.1,
        ]
        all.append((0..<count).map { _ in special.randomElement(using: &generator) ?? 0 })
        // An ordinary column with an outlier and a stale marker in it.
        var mixed = all[1]
        mixed[mixed.count / 2] = .staleMarker
        mixed[0] = 1e17
        all.append(mixed)
        return all
    }

    @Test func `values come back bit for bit`() {
        for seed in 1...60 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            for values in Self.columns(&generator) {
                var bytes: [UInt8] = [9, 9]
                ValueColumn.encode(values, to: &bytes)
                var back: [Double] = [1]
                var scratch = ValueColumn.Scratch()
                var at = 2
                let isRead = ValueColumn.decode(bytes.span, at: &at, count: values.count, into: &back, scratch: &scratch)
                #expect(isRead && at == bytes.count, "seed \(seed)")
                #expect(back.map(\.bitPattern) == values.map(\.bitPattern), "seed \(seed)")
                at = 2
                let isPassed = ValueColumn.decode(
                    bytes.span, at: &at, count: values.count, staleMarkersOnly: true, into: &back, scratch: &scratch)
                #expect(isPassed && at == bytes.count && back.count == values.count, "seed \(seed)")
                #expect(back.map(\.isStaleMarker) == values.map(\.isStaleMarker), "seed \(seed)")
            }
        }
    }

    @Test func `integers come back, extremes and outliers included`() {
        for seed in 1...200 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let width = Int64(1) << Int64.random(in: 0...62, using: &generator)
            var values = (0..<Int.random(in: 0...400, using: &generator)).map { _ in Int64.random(in: -width...width, using: &generator) }
            if seed % 3 == 0, !values.isEmpty { values[values.count / 2] = seed % 2 == 0 ? .max : .min }
            if seed % 5 == 0 { values.sort() }
            var bytes: [UInt8] = []
            IntegerColumn.encode(values, to: &bytes)
            var back: [Int64] = [7]
            var run: [UInt64] = []
            var at = 0
            let isRead = IntegerColumn.decode(bytes.span, at: &at, count: values.count, into: &back, run: &run)
            #expect(isRead && at == bytes.count && back == values, "seed \(seed)")
            at = 0
            #expect(IntegerColumn.skip(bytes.span, at: &at, count: values.count) && at == bytes.count, "seed \(seed)")
        }
    }

    @Test func `steady counters and constants take next to nothing`() {
        var bytes: [UInt8] = []
        ValueColumn.encode(Array(repeating: 42, count: 5_760), to: &bytes)
        #expect(bytes.count < 16)
        bytes = []
        ValueColumn.encode((0..<5_760).map { Double($0 * 15) }, to: &bytes)
        #expect(bytes.count < 300)
    }

    @Test func `damaged columns are refused or read as something, never beyond their bytes`() {
        var generator = SeededGenerator(seed: 4)
        for values in Self.columns(&generator) {
            var bytes: [UInt8] = []
            ValueColumn.encode(values, to: &bytes)
            for _ in 0..<40 {
                var broken = bytes
                if Bool.random(using: &generator) { broken.removeLast(Int.random(in: 0...broken.count, using: &generator)) }
                if !broken.isEmpty {
                    broken[Int.random(in: 0..<broken.count, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator)
                }
                var back: [Double] = []
                var scratch = ValueColumn.Scratch()
                var at = 0
                _ = ValueColumn.decode(broken.span, at: &at, count: values.count, into: &back, scratch: &scratch)
                at = 0
                _ = ValueColumn.decode(broken.span, at: &at, count: values.count, staleMarkersOnly: true, into: &back, scratch: &scratch)
            }
        }
    }

    @Test func `histograms come back as they were`() {
        let histogram = NativeHistogram(
            counterResetHint: .notReset, schema: 3, zeroThreshold: 0x1p-128, zeroCount: 2, count: 12.5, sum: -0.0,
            positiveSpans: [.init(offset: -3, length: 2), .init(offset: 4, length: 1)],
            negativeSpans: [.init(offset: 0, length: 1)], positiveBuckets: [1, 2.25, .nan], negativeBuckets: [3], customBounds: [])
        var bytes: [UInt8] = []
        HistogramColumn.encode(histogram, to: &bytes)
        var at = 0
        let back = HistogramColumn.decode(bytes.span, at: &at)
        #expect(back?.sum.sign == .minus && back?.positiveBuckets[1] == 2.25 && back?.positiveBuckets[2].isNaN == true)
        #expect(back?.positiveSpans == histogram.positiveSpans && back?.counterResetHint == .notReset && at == bytes.count)
    }
}
