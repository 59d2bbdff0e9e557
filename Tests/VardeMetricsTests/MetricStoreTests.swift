import Synchronization
import TestSupport
import Testing
import VardeDisk
import VardeModel

@testable import VardeMetrics

/// A store over files in memory, with a clock of its own.
final class StoreUnderTest {
    let files = InMemoryFileSystem()
    /// The files as the store sees them: sealed in some tests.
    let disk: any FileSystem
    let catalog: Catalog
    var store: MetricStore
    var options: MetricStoreOptions
    static let now: Int64 = 1_800_000_000_000

    init(isSealed: Bool = false, _ change: (inout MetricStoreOptions) -> Void = { _ in }) throws {
        disk = isSealed ? SealedFileSystem(files, keys: .inMemory(), seals: true, root: "/data") : files
        options = MetricStoreOptions()
        change(&options)
        catalog = try Catalog(path: nil)
        store = try MetricStore.open(directory: "/data", fileSystem: disk, catalog: catalog, options: options) { StoreUnderTest.now }
    }

    func reopen() throws {
        store = try MetricStore.open(directory: "/data", fileSystem: disk, catalog: catalog, options: options) { StoreUnderTest.now }
    }

    /// Everything in the store, by labels. A reader who asks for stale markers alone has to see the same samples.
    func dump(_ matchers: [LabelMatcher] = []) throws -> [Labels: [Int64: UInt64]] {
        let selection = try store.select(SeriesRequest(matchers: matchers, from: .min, through: .max))
        var all: [Labels: [Int64: UInt64]] = [:]
        var reader = selection.reader(from: .min, through: .max, staleMarkersOnly: true)
        for index in 0..<selection.count {
            var columns = SampleColumns()
            try selection.readSamples(at: index, from: .min, through: .max, into: &columns)
            #expect(zip(columns.timestamps, columns.timestamps.dropFirst()).allSatisfy { $0 < $1 })
            var marks = SampleColumns()
            try reader.read(at: index, into: &marks)
            #expect(marks.timestamps == columns.timestamps)
            #expect(marks.values.map(\.isStaleMarker) == columns.values.map(\.isStaleMarker))
            let labels = selection.labels(at: index)
            #expect(all[labels] == nil, "a series comes twice")
            #expect(selection.name(at: index) == labels.name)
            all[labels] = Dictionary(uniqueKeysWithValues: zip(columns.timestamps, columns.values.map(\.bitPattern)))
        }
        let nameless = (0..<selection.count).map { selection.labels(at: $0).removing([Labels.metricName]) }
        let counts = nameless.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        let numbers = selection.namesakes()
        #expect(numbers.isEmpty == counts.values.allSatisfy { $0 == 1 })
        var known: [Labels: UInt32] = [:]
        for (labels, number) in zip(nameless, numbers) {
            #expect((number == 0) == (counts[labels] == 1))
            if number > 0 { #expect(known.updateValue(number, forKey: labels) ?? number == number) }
        }
        #expect(Set(known.values).count == known.count)
        return all
    }

    func write(_ samples: [(Labels, Int64, Double)]) async throws -> AppendReport {
        var batch = SampleBatch()
        for (labels, time, value) in samples { batch.append(try store.resolve(labels), time, value) }
        return try await store.append(batch)
    }
}

@Suite struct MetricStoreTests {
    static let now = StoreUnderTest.now

    @Test func `what was acknowledged is there after a power cut, whatever was cut, merged and reopened in between`() async throws {
        for seed in 1...12 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let test = try StoreUnderTest(isSealed: seed % 3 == 0) { $0.mergeWidth = 3 }
            var model: [Labels: [Int64: UInt64]] = [:]
            for _ in 0..<30 {
                switch Int.random(in: 0..<10, using: &generator) {
                case 0..<6:
                    var samples: [(Labels, Int64, Double)] = []
                    for _ in 0..<Int.random(in: 1...40, using: &generator) {
                        let labels: Labels = [
                            "__name__": "m\(Int.random(in: 0..<3, using: &generator))", "i": "\(Int.random(in: 0..<5, using: &generator))",
                        ]
                        // Three days, so that blocks are split and samples come out of order.
                        let time = Self.now - Int64.random(in: 0..<500, using: &generator) * 500_000
                        let value = Int.random(in: 0..<50, using: &generator)
                        samples.append((labels, time, value < 5 ? .staleMarker : Double(value)))
                    }
                    _ = try await test.write(samples)
                    for (labels, time, value) in samples { model[labels, default: [:]][time] = value.bitPattern }
                case 6..<8: try test.store.maintain(now: Self.now, force: true)
                default:
                    test.files.powerCut()
                    try test.reopen()
                }
                #expect(try test.dump() == model, "seed \(seed)")
            }
        }
    }

    @Test func `a failing disk loses nothing acknowledged and a later try succeeds`() async throws {
        // The n-th call fails, for every n until none does any more.
        var n = 1
        while true {
            let test = try StoreUnderTest(isSealed: n % 4 > 1) { $0.mergeWidth = 2 }
            var acknowledged: [Labels: [Int64: UInt64]] = [:]
            var attempted: [Labels: [Int64: UInt64]] = [:]
            test.files.fail(atCall: n, n % 3 == 0 ? .short(28) : n % 3 == 1 ? .error(5) : .crash)
            for round in 0..<4 {
                let labels: Labels = ["__name__": "m", "i": "\(round % 2)"]
                let samples = (0..<5).map { (labels, Self.now - Int64($0 + round * 5) * 1_000, Double($0 + round)) }
                for (labels, time, value) in samples { attempted[labels, default: [:]][time] = value.bitPattern }
                if (try? await test.write(samples)) != nil {
                    for (labels, time, value) in samples { acknowledged[labels, default: [:]][time] = value.bitPattern }
                }
                try? test.store.maintain(now: Self.now, force: round % 2 == 1)
            }
            let hasFailed = test.files.hasFailed
            test.files.powerCut()
            try test.reopen()
            let found = try test.dump()
            for (labels, samples) in acknowledged {
                for (time, bits) in samples { #expect(found[labels]?[time] == bits, "call \(n)") }
            }
            for (labels, samples) in found {
                for (time, bits) in samples { #expect(attempted[labels]?[time] == bits, "call \(n)") }
            }
            if !hasFailed { break }
            n += 1
        }
        #expect(n > 20)
    }

    @Test func `of samples with one timestamp the last stands, the same again is nothing`() async throws {
        let test = try StoreUnderTest()
        let labels: Labels = ["__name__": "m"]
        #expect(try await test.write([(labels, Self.now, 1)]).accepted == 1)
        #expect(try await test.write([(labels, Self.now, 1)]).duplicates == 1)
        let report = try await test.write([(labels, Self.now, 2)])
        #expect(report.overwritten == 1)
        #expect(try test.dump()[labels] == [Self.now: (2.0).bitPattern])
        try test.store.maintain(now: Self.now, force: true)
        _ = try await test.write([(labels, Self.now, 3)])
        #expect(try test.dump()[labels] == [Self.now: (3.0).bitPattern])
    }

    @Test func `limits refuse new series by name and let others go on`() async throws {
        let test = try StoreUnderTest { options in
            options.maxSeriesPerName = 2
            options.maxLabels = 3
        }
        _ = try await test.write([(["__name__": "a", "i": "1"], Self.now, 1), (["__name__": "a", "i": "2"], Self.now, 1)])
        #expect(throws: IngestError.self) { _ = try test.store.resolve(["__name__": "a", "i": "3"]) }
        let wide = Labels((0..<5_000).map { Label("label_\($0)", "1") })
        let error = #expect(throws: IngestError.self) { _ = try test.store.resolve(wide) }
        #expect(error.map { "\($0)".utf8.count < 600 } == true, "what is told of many labels is cut")
        #expect(try await test.write([(["__name__": "b"], Self.now, 1), (["__name__": "a", "i": "1"], Self.now + 1, 1)]).accepted == 2)
        #expect(
            try await test.write([(["__name__": "b"], Self.now - 16 * 86_400_000, 1), (["__name__": "b"], Self.now + 3_600_000, 1)])
                .outOfBounds == 2)
    }

    @Test func `where there are as many series as may be, idle ones make room, and what the store says itself is taken`() async throws {
        let test = try StoreUnderTest { $0.maxSeries = 200 }
        for number in 0..<150 { _ = try test.store.resolve(["__name__": "idle", "n": "\(number)"]) }
        for number in 0..<50 { _ = try await test.write([(["__name__": "busy", "n": "\(number)"], Self.now, 1)]) }
        #expect(throws: IngestError.self) { _ = try test.store.resolve(["__name__": "new"]) }
        _ = try test.store.resolve(["__name__": "up"], isOwn: true)
        try test.store.maintain(now: Self.now + 299_999)
        #expect(test.store.statistics.series == 201)
        try test.store.maintain(now: Self.now + 300_000)
        #expect(test.store.statistics.series == 50)
        #expect(try await test.write([(["__name__": "new"], Self.now, 1)]).accepted == 1)
        #expect(try test.dump().count == 51)
    }

    @Test func `whole blocks go when retention is over`() async throws {
        let test = try StoreUnderTest()
        let labels: Labels = ["__name__": "m"]
        _ = try await test.write([(labels, Self.now - 14 * 86_400_000, 1), (labels, Self.now, 2)])
        try test.store.maintain(now: Self.now, force: true)
        #expect(test.store.statistics.blocks == 2)
        try test.store.maintain(now: Self.now + 3 * 86_400_000)
        #expect(try test.dump()[labels] == [Self.now: (2.0).bitPattern])
        #expect(test.files.paths.filter { $0.hasSuffix(".block") }.count == 1)
    }

    @Test func `a lost catalog is made anew from the blocks`() async throws {
        let test = try StoreUnderTest()
        _ = try await test.write([(["__name__": "m"], Self.now, 1)])
        try test.store.maintain(now: Self.now, force: true)
        let fresh = try Catalog(path: nil)
        let store = try MetricStore.open(directory: "/data", fileSystem: test.files, catalog: fresh, options: test.options) { Self.now }
        #expect(store.statistics.blocks == 1 && store.damage.count == 1)
        #expect(try fresh.files(of: "metrics").count == 1)
    }

    @Test func `every flipped byte of a block is found`() async throws {
        let test = try StoreUnderTest()
        _ = try await test.write((0..<50).map { (["__name__": "m", "i": "\($0 % 5)"], Self.now - Int64($0) * 1_000, Double($0)) })
        try test.store.maintain(now: Self.now, force: true)
        let path = try #require(test.files.paths.first { $0.hasSuffix(".block") })
        let size = try test.files.size(of: path)
        for offset in 0..<size {
            test.files.flip(path, at: offset)
            let found: Bool
            if let file = try? SectionedFile(path: path, fileSystem: test.files) { found = !file.verify().isEmpty } else { found = true }
            #expect(found, "byte \(offset) of \(size)")
            test.files.flip(path, at: offset)
        }
    }

    @Test(arguments: [
        ([LabelMatcher("job", .equal, "a")], 2), ([LabelMatcher("job", .notEqual, "a")], 3), ([LabelMatcher("job", .equal, "")], 1),
        ([LabelMatcher("job", .notEqual, "")], 4), ([LabelMatcher("job", .matches, "a|b")], 3), ([LabelMatcher("job", .matches, "")], 1),
        ([LabelMatcher("job", .matches, ".*")], 5), ([LabelMatcher("job", .matches, ".+")], 4),
        ([LabelMatcher("job", .notMatches, "a|c")], 2),
        ([LabelMatcher("job", .matches, "A|")], 1), ([LabelMatcher("none", .equal, "")], 5), ([LabelMatcher("none", .matches, "x")], 0),
        ([LabelMatcher("job", .matches, "[ab]"), LabelMatcher("i", .equal, "1")], 1),
    ])
    func `matchers mean what Prometheus means, in the head and in blocks`(matchers: [LabelMatcher], count: Int) async throws {
        let test = try StoreUnderTest()
        let sets: [Labels] = [
            ["__name__": "m", "job": "a", "i": "1"], ["__name__": "m", "job": "a", "i": "2"], ["__name__": "m", "job": "b", "i": "3"],
            ["__name__": "m", "job": "c"], ["__name__": "m", "i": "1"],
        ]
        _ = try await test.write(sets.map { ($0, Self.now, 1) })
        #expect(try test.dump(matchers).count == count)
        try test.store.maintain(now: Self.now, force: true)
        #expect(try test.dump(matchers).count == count)
        let selection = try test.store.select(SeriesRequest(matchers: matchers, from: 0, through: Self.now))
        let (groupOfSeries, groups) = selection.groups(by: ["job"], without: false)
        for index in 0..<selection.count { #expect(groups[Int(groupOfSeries[index])] == selection.labels(at: index).keeping(["job"])) }
    }
}
