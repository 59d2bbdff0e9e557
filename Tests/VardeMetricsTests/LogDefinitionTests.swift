import TestSupport
import Testing
import VardeDisk
import VardeKernels
import VardeModel

@testable import VardeMetrics

/// What the log says of series, and the order blocks have them in.
@Suite struct LogDefinitionTests {
    private static func labels(_ generator: inout SeededGenerator) -> Labels {
        let names = ["__name__", "a", "b", "instance", "æ", "zz"]
        let values = ["", "1", "2", "10", "a longer value", "a longer value still", "ø", "\u{1F600}"]
        return Labels(names.map { Label($0, values.randomElement(using: &generator) ?? "") })
    }

    @Test func `a text is written once a stretch of the log, and dumped with the series`() async throws {
        let test = try StoreUnderTest()
        for round in 0..<3 as Range<Int64> {
            _ = try await test.write(
                (0..<200).map { (["__name__": "a_long_metric_name", "i": "\($0)"], StoreUnderTest.now + round, Double($0)) })
        }
        var texts: [String] = []
        var dump = MetricLogDump()
        _ = try WriteAheadLog.read(directory: "/data/wal", fileSystem: test.files) { _, kind, payload in
            dump.record(kind: kind, payload) { texts.append($0) }
        }
        #expect(texts.filter { $0.hasPrefix("symbol") && $0.contains("a_long_metric_name") }.count == 1)
        #expect(texts.filter { $0.hasPrefix("series") }.count == 200)
        #expect(texts.contains { $0.hasSuffix(#"a_long_metric_name{i="17"}"#) })
    }

    @Test func `series defined in one version are read with those of the other`() async throws {
        let test = try StoreUnderTest()
        var record: [UInt8] = []
        for number in [0, 5, 2] as [UInt64] { Varint.append(number, to: &record) }
        for text in ["__name__", "old", "i", "1"] {
            Varint.append(UInt64(text.utf8.count), to: &record)
            record += text.utf8
        }
        let samples: [UInt8] = [1, 1, 10, 2, 0]
        let (log, _) = try WriteAheadLog.open(directory: "/data/wal", fileSystem: test.files) { _, _, _ in }
        try log.appendAndSync(kind: MetricLogRecord.series, record.span)
        try log.appendAndSync(kind: MetricLogRecord.samples, samples.span)
        try test.reopen()
        _ = try await test.write([(["__name__": "new"], StoreUnderTest.now, 1)])
        try test.reopen()
        #expect(try test.dump() == [["__name__": "old", "i": "1"]: [1: 0], ["__name__": "new"]: [StoreUnderTest.now: (1.0).bitPattern]])
    }

    @Test func `series are put in the order of their labels`() {
        for seed in 1...30 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            var table = SeriesTable()
            var all: [Labels] = []
            for _ in 0..<Int.random(in: 0...400, using: &generator) {
                let labels = Self.labels(&generator)
                let identity = SeriesIdentity(labels)
                if table.find(identity) != nil { continue }
                #expect(table.add(labels, identity: identity) == UInt32(all.count))
                all.append(labels)
            }
            let chosen = all.indices.filter { _ in Int.random(in: 0..<4, using: &generator) > 0 }
            let order = SeriesOrder(chosen.map { UInt32($0) }, of: table)
            #expect(order.series.map { all[Int($0)] } == chosen.map { all[$0] }.sorted(), "seed \(seed)")
            var pairs: [UInt32] = []
            for id in order.series {
                order.pairs(of: id, into: &pairs)
                let labels = pairs.map { pair in
                    let key = order.dictionary.pairs[Int(pair)]
                    return Label(order.dictionary.symbols[Int(key >> 32)], order.dictionary.symbols[Int(key & 0xffff_ffff)])
                }
                #expect(Labels(sortedUnchecked: labels) == all[Int(id)], "seed \(seed)")
            }
        }
    }

    @Test func `a lost record of the log costs what depends on it and is said`() async throws {
        let test = try StoreUnderTest()
        _ = try await test.write([(["__name__": "a"], StoreUnderTest.now, 1)])
        let lost = try test.files.size(of: "/data/wal/0000000000000001.wal") - 3
        _ = try await test.write([(["__name__": "a"], StoreUnderTest.now + 1, 2), (["__name__": "b"], StoreUnderTest.now, 2)])
        _ = try await test.write([(["__name__": "b"], StoreUnderTest.now + 1, 3)])
        test.files.flip("/data/wal/0000000000000001.wal", at: lost)
        try test.reopen()
        #expect(test.store.damage.count == 2)
        let found = try test.dump()
        #expect(found[["__name__": "b"]]?[StoreUnderTest.now + 1] ?? (3.0).bitPattern == (3.0).bitPattern)
        #expect(found[["__name__": "a"]]?[StoreUnderTest.now + 1] ?? (2.0).bitPattern == (2.0).bitPattern)
    }
}
