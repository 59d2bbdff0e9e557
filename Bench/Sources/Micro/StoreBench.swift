import Foundation
import VardeDisk
import VardeKernels
import VardeModel
import VardeWire

@testable import VardeMetrics

/// The metrics store without a server around it: what ingesting, cutting and recovering cost, and where the bytes of blocks go.
struct StoreBench {
    var series: Int
    var steps: Int
    var folder: String
    private let interval: Int64 = 15_000
    private let batchSize = 2_000

    init(series: Int, steps: Int, folder: String) {
        self.series = series
        self.steps = steps
        self.folder = folder
    }

    private func open() throws -> MetricStore {
        let files = PosixFileSystem()
        try files.makeDirectories(folder)
        return try MetricStore.open(
            directory: folder + "/metrics", fileSystem: files, catalog: try Catalog(path: folder + "/catalog.sqlite"),
            options: MetricStoreOptions()
        ) { Int64(Date().timeIntervalSince1970 * 1000) }
    }

    func run() async throws {
        ProcessMemory.tune()
        var fleet = Fleet(seriesCount: series, seed: 1)
        let labels = fleet.series.map { one in RemoteWriteLabels.encode(one.labels) }
        let hosts = fleet.series.map(\.host)
        let end = Int64(Date().timeIntervalSince1970 * 1000) / 60_000 * 60_000
        let start = end - Int64(steps) * interval
        let store = try open()
        let before = MicroBench.usage()
        var ingesting = 0.0
        var maintaining = 0.0
        var first = 0.0
        // A hash of all samples of each series.
        var sent = [UInt64](repeating: 0, count: series)
        for step in 0..<steps {
            for from in stride(from: 0, to: series, by: batchSize) {
                var batch = RawSampleBatch()
                for index in from..<min(series, from + batchSize) {
                    batch.labelStarts.append(UInt32(batch.bytes.count))
                    batch.bytes += labels[index]
                    batch.labelEnds.append(UInt32(batch.bytes.count))
                    let time = fleet.timestamp(host: hosts[index], step: step, start: start, interval: interval)
                    let value = fleet.advance(index)
                    sent[index] = Self.hash(sent[index], time, value)
                    batch.timestamps.append(time)
                    batch.values.append(value)
                    batch.sampleEnds.append(UInt32(batch.timestamps.count))
                }
                let began = MicroBench.seconds()
                _ = try await store.ingest(batch) { bytes throws(IngestError) in
                    do throws(WireError) { return try RemoteWrite.labels(bytes) } catch { throw .invalidLabels("\(error)") }
                }
                let ended = MicroBench.seconds()
                ingesting += ended - began
                if store.wantsMaintenance { try store.maintain(now: end) }
                maintaining += MicroBench.seconds() - ended
            }
            if step == 0 { first = ingesting }
        }
        let after = MicroBench.usage()
        let samples = Double(series * steps)
        MicroBench.say(
            "ingest %.3f s (%.2f M/s), of it the first samples %.3f s (%.2f M/s)", ingesting, samples / ingesting / 1e6, first,
            Double(series) / first / 1e6)
        MicroBench.say("cutting and merging %.3f s; memory before %.0f MB, at most %.0f MB", maintaining, before.peak, after.peak)
        try store.close()
        try sections()
        try check(fleet.series.map { Labels($0.labels.map { Label($0.0, $0.1) }) }, sent)
    }

    /// Reads everything back from a store opened anew and holds it against what was sent, bit for bit.
    private func check(_ labels: [Labels], _ sent: [UInt64]) throws {
        let began = MicroBench.seconds()
        let selection = try open().select(SeriesRequest(matchers: [], from: .min, through: .max))
        let number = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
        var wrong = abs(selection.count - labels.count)
        var columns = SampleColumns()
        for index in 0..<selection.count {
            columns.removeAll()
            try selection.readSamples(at: index, from: .min, through: .max, into: &columns)
            var hash: UInt64 = 0
            for i in 0..<columns.count { hash = Self.hash(hash, columns.timestamps[i], columns.values[i]) }
            if number[selection.labels(at: index)].map({ sent[$0] }) != hash || columns.count != steps { wrong += 1 }
        }
        MicroBench.say(
            "read back in %.3f s: %ld of %ld series are not bit for bit what was sent", MicroBench.seconds() - began, wrong, labels.count)
    }

    private static func hash(_ hash: UInt64, _ time: Int64, _ value: Double) -> UInt64 {
        ((hash ^ UInt64(bitPattern: time)) &* 0x100_0000_01b3 ^ value.bitPattern) &* 0x9E37_79B9_7F4A_7C15
    }

    func recover() throws {
        ProcessMemory.tune()
        let before = MicroBench.usage()
        let began = MicroBench.seconds()
        let store = try open()
        let after = MicroBench.usage()
        MicroBench.say(
            "recovered in %.3f s, %.3f processor seconds, memory at most %.0f MB", MicroBench.seconds() - began, after.cpu - before.cpu,
            after.peak)
        print("\(store.statistics.series) series, \(store.statistics.headSamples) samples in the head, \(store.statistics.blocks) blocks")
    }

    /// Bytes a sample by section of all blocks, and of the log.
    func sections() throws {
        let files = PosixFileSystem()
        var bytes: [String: Int] = [:]
        var samples = 0
        for name in try files.list(folder + "/metrics/blocks") where name.hasSuffix(".block") {
            let path = folder + "/metrics/blocks/" + name
            for section in try SectionedFile(path: path, fileSystem: files).sections { bytes[section.name, default: 0] += section.size }
            samples += try Block(path: path, name: name, level: 0, fileSystem: files).samples
        }
        for (name, size) in bytes.sorted(by: { $0.value > $1.value }) {
            print(
                name.padding(toLength: 12, withPad: " ", startingAt: 0)
                    + String(format: "%12d %8.4f B/sample", size, Double(size) / Double(max(samples, 1))))
        }
        let log = try files.list(folder + "/metrics/wal").reduce(0) { try $0 + files.size(of: folder + "/metrics/wal/" + $1) }
        print("\(samples) samples in blocks, \(bytes.values.reduce(0, +)) bytes; log \(log) bytes")
    }
}

/// Label bytes as remote write has them.
enum RemoteWriteLabels {
    static func encode(_ labels: [(String, String)]) -> [UInt8] {
        var out: [UInt8] = []
        for (name, value) in labels {
            var label: [UInt8] = [0x0a]
            Varint.append(UInt64(name.utf8.count), to: &label)
            label += name.utf8
            label.append(0x12)
            Varint.append(UInt64(value.utf8.count), to: &label)
            label += value.utf8
            out.append(0x0a)
            Varint.append(UInt64(label.count), to: &out)
            out += label
        }
        return out
    }
}
