import TestSupport
import Testing
import VardeDisk
import VardeModel

@testable import VardeMetrics

/// What was accepted comes out of the log once, in order, with its labels, whatever is cut, renumbered and restarted meanwhile.
@Suite struct SampleTailTests {
    private struct Item: Equatable {
        var labels: String
        var time: Int64
        var bits: UInt64
    }

    private static func tail(_ store: MetricStore, _ cursor: LogCursor) -> SampleTail {
        SampleTail(store, from: cursor) { labels in labels["i"] == "unwanted" ? nil : Array("\(labels)".utf8) }
    }

    /// Everything that is there.
    private static func drain(_ tail: inout SampleTail, most: Int = 7) throws -> [Item] {
        var items: [Item] = []
        var samples = LoggedSamples()
        while true {
            let isFull = try tail.read(into: &samples, most: most)
            for index in 0..<samples.count {
                let text = String(decoding: tail.text(of: samples.series[index]), as: UTF8.self)
                items.append(Item(labels: text, time: samples.timestamps[index], bits: samples.values[index].bitPattern))
            }
            samples.removeAll()
            if !isFull { return items }
        }
    }

    @Test func `samples come once and in order through cuts, new series, restarts and power cuts`() async throws {
        for seed in 1...8 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let test = try StoreUnderTest { $0.mergeWidth = 3 }
            var progress = try test.store.progress(ofReader: "r")
            var tail = Self.tail(test.store, progress.done)
            var expected: [Item] = []
            var found: [Item] = []
            for round in 0..<40 {
                switch Int.random(in: 0..<10, using: &generator) {
                case 0..<6:
                    var samples: [(Labels, Int64, Double)] = []
                    for number in 0..<Int.random(in: 1...20, using: &generator) {
                        let labels: Labels = ["__name__": "m", "i": "\(Int.random(in: 0..<30, using: &generator))"]
                        let time = StoreUnderTest.now - Int64(10_000 - round * 50 - number)
                        let value = [Double(round), 0.5, .staleMarker, -0.0].randomElement(using: &generator) ?? 0
                        samples.append((labels, time, value))
                        expected.append(Item(labels: "\(labels)", time: time, bits: value.bitPattern))
                    }
                    samples.append((["__name__": "m", "i": "unwanted"], StoreUnderTest.now - Int64(round), 1))
                    _ = try await test.write(samples)
                case 6..<8: try test.store.maintain(now: StoreUnderTest.now, force: true)
                case 8:
                    found += try Self.drain(&tail)
                    progress = .init(done: tail.cursor)
                    try test.store.holds.set(progress, of: "r")
                default:
                    // What was read and not noted is read again after the restart.
                    test.files.powerCut()
                    try test.reopen()
                    let kept = try #require(test.store.holds.progress(of: "r"))
                    #expect(kept == progress)
                    tail = Self.tail(test.store, kept.done)
                }
            }
            found += try Self.drain(&tail)
            #expect(found.count == expected.count && zip(found, expected).allSatisfy { $0 == $1 }, "seed \(seed)")
            #expect(tail.lostSamples == 0 && tail.missingSegments == 0, "seed \(seed)")
        }
    }

    @Test func `the log is kept as long as a reader needs it, and no longer`() async throws {
        let test = try StoreUnderTest()
        let start = try test.store.progress(ofReader: "r")
        let labels: Labels = ["__name__": "m"]
        for round in 0..<4 {
            _ = try await test.write([(labels, StoreUnderTest.now - 100 + Int64(round), Double(round))])
            try test.store.maintain(now: StoreUnderTest.now, force: true)
        }
        var tail = Self.tail(test.store, start.done)
        #expect(try Self.drain(&tail).map(\.bits) == (0..<4).map { Double($0).bitPattern })
        try test.store.holds.set(.init(done: tail.cursor), of: "r")
        try test.store.maintain(now: StoreUnderTest.now)
        let kept = try test.files.list("/data/wal").filter { $0.hasSuffix(".wal") }.count
        #expect(kept <= 1)
        // A reader that is forgotten holds nothing.
        try test.store.holds.set(start, of: "gone")
        try test.store.holds.keepOnly(["r"])
        #expect(test.store.holds.firstNeeded(before: 99) == tail.cursor.segment || kept == 0)
    }

    @Test func `histograms come as they are, and a new reader begins with what comes after it`() async throws {
        let test = try StoreUnderTest()
        let labels: Labels = ["__name__": "h"]
        _ = try await test.write([(labels, StoreUnderTest.now - 50, 1)])
        let start = try test.store.progress(ofReader: "r")
        var tail = Self.tail(test.store, start.done)
        let histogram = NativeHistogram(
            schema: 2, zeroCount: 1, count: 6, sum: 3.5, positiveSpans: [.init(offset: 0, length: 2)], positiveBuckets: [2, 3])
        var batch = SampleBatch()
        batch.append(try test.store.resolve(labels), StoreUnderTest.now, histogram)
        _ = try await test.store.append(batch)
        var samples = LoggedSamples()
        #expect(try !tail.read(into: &samples, most: 100))
        #expect(samples.count == 1 && samples.timestamps == [StoreUnderTest.now])
        #expect(samples.histograms.first?.histogram == histogram)
        #expect(String(decoding: tail.text(of: samples.series[0]), as: UTF8.self) == "h")
    }
}
