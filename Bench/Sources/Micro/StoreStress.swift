import CSanitizer
import Foundation
import Synchronization
import VardeDisk
import VardeModel

@testable import VardeMetrics

/// Everything a store does at once, on several threads: for ThreadSanitizer, and to see that nothing is lost under it.
struct StoreStress {
    var seconds: Double
    var folder: String
    private let writers = 3
    private let readers = 2
    private let seriesPerWriter = 200

    init(seconds: Double, folder: String) {
        self.seconds = seconds
        self.folder = folder
    }

    private func open() throws -> MetricStore {
        let files = PosixFileSystem()
        try files.makeDirectories(folder)
        var options = MetricStoreOptions()
        options.maxHeadSamples = 20_000
        options.mergeWidth = 3
        return try MetricStore.open(
            directory: folder + "/metrics", fileSystem: files, catalog: try Catalog(path: folder + "/catalog.sqlite"), options: options
        ) { 1_800_000_000_000 }
    }

    func run() async throws {
        let store = try open()
        let end = MicroBench.seconds() + seconds
        let counts = try await withThrowingTaskGroup(of: Int.self, returning: [Int].self) { group in
            for writer in 0..<writers { group.addTask { try await write(store, writer, until: end) } }
            for _ in 0..<readers { group.addTask { try await read(store, until: end) } }
            group.addTask { try await maintain(store, until: end) }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        try store.close()
        let sent = counts.filter { $0 > 0 }.reduce(0, +)
        let kept = try count(try open())
        print("\(sent) samples acknowledged, \(kept) there after reopening")
        if sent != kept { exit(1) }
    }

    private func write(_ store: MetricStore, _ writer: Int, until end: Double) async throws -> Int {
        var step: Int64 = 0
        while MicroBench.seconds() < end {
            var batch = SampleBatch()
            for i in 0..<seriesPerWriter {
                let labels: Labels = ["__name__": "m\(writer)", "i": "\(i)", "new": step % 50 == 0 ? "\(step)" : ""]
                batch.append(try store.resolve(Labels(labels.filter { !$0.value.isEmpty })), 1_799_000_000_000 + step, Double(i))
            }
            let report = try await store.append(batch)
            if report.staleRefs.isEmpty { step += 1 }
        }
        return Int(step) * seriesPerWriter
    }

    private func read(_ store: MetricStore, until end: Double) async throws -> Int {
        while MicroBench.seconds() < end {
            _ = try count(store)
            _ = try store.labelValues(of: "i", SeriesRequest(matchers: [], from: .min, through: .max))
            _ = store.statistics
            await Task.yield()
        }
        return 0
    }

    private func maintain(_ store: MetricStore, until end: Double) async throws -> Int {
        while MicroBench.seconds() < end {
            try store.maintain(now: 1_800_000_000_000)
            _ = try store.delete([LabelMatcher("__name__", .equal, "none")], from: .min, through: .max)
            try await Task.sleep(for: .milliseconds(50))
        }
        return 0
    }

    private func count(_ store: MetricStore) throws -> Int {
        let selection = try store.select(SeriesRequest(matchers: [], from: .min, through: .max))
        var columns = SampleColumns()
        var count = 0
        for index in 0..<selection.count {
            columns.removeAll()
            try selection.readSamples(at: index, from: .min, through: .max, into: &columns)
            count += columns.count
        }
        return count
    }
}
