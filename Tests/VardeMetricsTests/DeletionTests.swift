import TestSupport
import Testing
import VardeDisk
import VardeModel

@testable import VardeMetrics

/// Deletion, held against a model: what the selector and the range cover is gone, everything else is there.
@Suite struct DeletionTests {
    static let now = StoreUnderTest.now
    static func labels(_ name: Int, _ i: Int) -> Labels { ["__name__": "m\(name)", "i": "\(i)"] }

    @Test func `what is deleted stays away and what comes later stays, whatever happens in between`() async throws {
        for seed in 1...16 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let test = try StoreUnderTest { $0.mergeWidth = 3 }
            var model: [Labels: [Int64: UInt64]] = [:]
            for _ in 0..<40 {
                switch Int.random(in: 0..<12, using: &generator) {
                case 0..<5:
                    var samples: [(Labels, Int64, Double)] = []
                    for _ in 0..<Int.random(in: 1...40, using: &generator) {
                        let time = Self.now - Int64.random(in: 0..<500, using: &generator) * 500_000
                        let labels = Self.labels(.random(in: 0..<3, using: &generator), .random(in: 0..<5, using: &generator))
                        // Few values, so that what is sent again is often what was deleted.
                        samples.append((labels, time, Double(Int.random(in: 0..<3, using: &generator))))
                    }
                    _ = try await test.write(samples)
                    for (labels, time, value) in samples { model[labels, default: [:]][time] = value.bitPattern }
                case 5..<8:
                    let a = Self.now - Int64.random(in: 0..<500, using: &generator) * 500_000
                    let b = Self.now - Int64.random(in: 0..<500, using: &generator) * 500_000
                    let range = Bool.random(using: &generator) ? min(a, b)...max(a, b) : Int64.min...Int64.max
                    let name = "m\(Int.random(in: 0..<4, using: &generator))"
                    var matchers = [LabelMatcher("__name__", Bool.random(using: &generator) ? .equal : .notEqual, name)]
                    if Bool.random(using: &generator) { matchers.append(LabelMatcher("i", .matches, "[0-2]")) }
                    _ = try test.store.delete(matchers, from: range.lowerBound, through: range.upperBound)
                    for labels in model.keys {
                        let isNamed = (labels.name == name) == (matchers[0].operation == .equal)
                        guard isNamed, matchers.count == 1 || "012".contains(labels["i"] ?? "x") else { continue }
                        model[labels] = model[labels]?.filter { !range.contains($0.key) }
                        if model[labels]?.isEmpty == true { model[labels] = nil }
                    }
                case 8: try test.store.cleanTombstones()
                case 9: try test.store.maintain(now: Self.now, force: true)
                default:
                    test.files.powerCut()
                    try test.reopen()
                }
                #expect(try test.dump() == model, "seed \(seed)")
                let all = SeriesRequest(matchers: [], from: .min, through: .max)
                #expect(try test.store.labelValues(of: "i", all) == Set(model.keys.compactMap { $0["i"] }).sorted(), "seed \(seed)")
            }
            try test.store.cleanTombstones()
            #expect(try test.dump() == model && test.store.statistics.tombstones == 0)
            #expect(!test.files.exists("/data/tombstones"))
        }
    }

    @Test func `a deletion under faults is whole or absent, and durable once it returned`() async throws {
        var n = 1
        while true {
            let test = try StoreUnderTest { $0.mergeWidth = 2 }
            let kept = Self.labels(0, 0)
            let gone = Self.labels(1, 0)
            let samples = (0..<10).flatMap { i in [kept, gone].map { ($0, Self.now - Int64(i) * 1_000, Double(i)) } }
            _ = try await test.write(Array(samples.prefix(10)))
            try test.store.maintain(now: Self.now, force: true)
            _ = try await test.write(Array(samples.dropFirst(10)))
            test.files.fail(atCall: n, n % 3 == 0 ? .short(28) : n % 3 == 1 ? .error(5) : .crash)
            let matchers = [LabelMatcher("__name__", .equal, "m1")]
            let isDeleted = (try? test.store.delete(matchers, from: .min, through: .max)) != nil
            try? test.store.cleanTombstones()
            try? test.store.maintain(now: Self.now, force: true)
            let hasFailed = test.files.hasFailed
            if n % 2 == 0 { test.files.powerCut() } else { test.files.processKill() }
            try test.reopen()
            let found = try test.dump()
            #expect(found[kept]?.count == 10, "call \(n)")
            let left = found[gone]?.count ?? 0
            #expect(left == 0 || !isDeleted && left == 10, "call \(n): \(left)")
            // It can be done again.
            _ = try test.store.delete(matchers, from: .min, through: .max)
            try test.store.cleanTombstones()
            #expect(try test.dump().keys.sorted() == [kept])
            if !hasFailed { break }
            n += 1
        }
        #expect(n > 30)
    }

    @Test func `cleaned blocks hold nothing of what was deleted`() async throws {
        let test = try StoreUnderTest()
        _ = try await test.write([(["__name__": "m", "who": "needle"], Self.now, 1), (["__name__": "m", "who": "other"], Self.now, 2)])
        #expect(try test.store.delete([LabelMatcher("who", .equal, "needle")], from: .min, through: .max) == 1)
        #expect(try test.dump().count == 1)
        try test.store.cleanTombstones()
        for path in test.files.paths where path.hasSuffix(".block") {
            var texts: [String] = []
            try BlockDump.series(path: path, fileSystem: test.files) { texts.append($0) }
            #expect(texts.count == 1 && !texts[0].contains("needle"))
        }
        #expect(test.files.paths.filter { $0.hasSuffix(".block") }.count == 1)
        // Nothing left at all: the block goes, and its name does not come back with what was deleted of it.
        #expect(try test.store.delete([], from: .min, through: .max) == 1)
        try test.store.cleanTombstones()
        #expect(test.files.paths.filter { $0.hasSuffix(".block") } == [])
        try test.reopen()
        _ = try await test.write([(["__name__": "m", "who": "other"], Self.now, 2)])
        try test.store.maintain(now: Self.now, force: true)
        #expect(try test.dump().count == 1)
    }

    @Test func `a series that lost all its samples is not listed, nor is the selector written to the disk`() async throws {
        let test = try StoreUnderTest()
        _ = try await test.write([(["__name__": "m", "i": "1"], Self.now - 5_000, 1), (["__name__": "m", "i": "2"], Self.now, 2)])
        _ = try test.store.delete([LabelMatcher("i", .notMatches, "kari|2")], from: Self.now - 5_000, through: Self.now - 5_000)
        let request = SeriesRequest(matchers: [], from: .min, through: .max)
        #expect(try test.store.labelValues(of: "i", request) == ["2"])
        #expect(try test.store.select(request).count == 1)
        for path in test.files.paths where !path.contains("/wal/") {
            #expect(try !String(decoding: test.files.read(path), as: UTF8.self).contains("kari"))
        }
    }

    @Test func `deleted samples stay deleted where the catalog is lost; where the deletions are damaged that is said`() async throws {
        let test = try StoreUnderTest()
        _ = try await test.write([(["__name__": "a"], Self.now, 1), (["__name__": "b"], Self.now, 2)])
        _ = try test.store.delete([LabelMatcher("__name__", .equal, "a")], from: .min, through: .max)
        test.store = try MetricStore.open(
            directory: "/data", fileSystem: test.files, catalog: try Catalog(path: nil), options: test.options
        ) { Self.now }
        #expect(try test.dump().keys.sorted() == [["__name__": "b"]])
        for offset in 0..<(try test.files.size(of: "/data/tombstones")) {
            test.files.flip("/data/tombstones", at: offset)
            try test.reopen()
            #expect(try test.store.damage.contains { $0.contains("delete them once more") } && test.dump().count == 2, "byte \(offset)")
            test.files.flip("/data/tombstones", at: offset)
        }
    }

    @Test func `very many deletions of a block rewrite it`() async throws {
        let test = try StoreUnderTest()
        _ = try await test.write((0..<600).map { (["__name__": "m"], Self.now - Int64($0) * 1_000, Double($0)) })
        for i in 0..<300 { _ = try test.store.delete([], from: Self.now - Int64(i) * 2_000, through: Self.now - Int64(i) * 2_000) }
        #expect(test.store.statistics.tombstones <= BlockTombstones.maxSpans)
        #expect(try test.dump().values.first?.count == 300)
    }

    @Test func `histograms are deleted like other samples`() async throws {
        let test = try StoreUnderTest()
        var batch = SampleBatch()
        let ref = try test.store.resolve(["__name__": "h"])
        for i in 0..<6 as Range<Int64> {
            if i % 2 == 0 {
                batch.append(ref, Self.now - i * 1_000, NativeHistogram(counterResetHint: .gauge))
            } else {
                batch.append(ref, Self.now - i * 1_000, Double(i))
            }
        }
        _ = try await test.store.append(batch)
        _ = try test.store.delete([], from: Self.now - 3_000, through: Self.now - 2_000)
        for _ in 0..<2 {
            let selection = try test.store.select(SeriesRequest(matchers: [], from: .min, through: .max))
            var columns = SampleColumns()
            try selection.readSamples(at: 0, from: .min, through: .max, into: &columns)
            #expect(columns.timestamps == [5, 4, 1, 0].map { Self.now - $0 * 1_000 })
            #expect(columns.histograms.map { $0 != nil } == [false, true, false, true])
            #expect(columns.values == [5, 0, 1, 0])
            try test.store.cleanTombstones()
        }
    }
}
