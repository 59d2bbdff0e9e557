import Testing
import VardeDisk
import VardeLogs
import VardeMetrics
import VardeModel

@testable import VardeServer

/// Metrics and logs share what `retention.size` allows.
@Suite struct SizeRetentionTests {
    private static let now: Int64 = 1_790_000_000_000
    private static let hour: Int64 = 3_600_000

    @Test func `The oldest file goes first, whichever store it is of`() async throws {
        let files = InMemoryFileSystem()
        let catalog = try Catalog(path: nil)
        let metrics = try MetricStore.open(
            directory: "/data/metrics", fileSystem: files, catalog: catalog, options: MetricStoreOptions()
        ) { Self.now }
        var options = LogStoreOptions { Self.now * 1_000_000 }
        options.cutsInBackground = false
        let logs = try LogStore.open(directory: "/data/logs", fileSystem: files, catalog: catalog, options: options)
        // Files of 5, 4, 3, 2 and 1 hours ago: metrics, logs, metrics, logs, metrics.
        for age in [5, 4, 3, 2, 1] as [Int64] {
            let time = Self.now - age * Self.hour
            if age % 2 == 1 {
                var batch = SampleBatch()
                for series in 0..<200 {
                    batch.append(try metrics.resolve(["__name__": "m", "n": "\(series)"]), time, Double(series * 7 % 13) / 3)
                }
                _ = try await metrics.append(batch)
                try metrics.maintain(now: Self.now, force: true)
            } else {
                var columns = LogColumns()
                for line in 0..<200 as Range<Int64> {
                    columns.append(time * 1_000_000 + line, line: Array("line \(line * 7919 % 1009) of \(age)".utf8).span)
                }
                _ = try await logs.append([LogStreamWrite(labels: ["app": "a"], entries: columns)])
                try logs.flush()
            }
        }
        #expect(metrics.statistics.blocks == 3 && logs.statistics.segments == 2)
        func enforce(_ size: Int) throws -> Int { try SizeRetention.enforce(size, metrics: metrics, logs: logs, now: Self.now) }
        #expect(try enforce(0) == 0)
        #expect(try enforce(metrics.diskBytes + logs.diskBytes) == 0)
        for ends in [(3, 4), (3, 2), (1, 2), (1, nil), (nil, nil)] as [(Int64?, Int64?)] {
            #expect(try enforce(metrics.diskBytes + logs.diskBytes - 1) == 1)
            #expect(metrics.oldestFileEnd == ends.0.map { Self.now - $0 * Self.hour })
            #expect(logs.oldestFileEnd.map { $0 / 1_000_000 } == ends.1.map { Self.now - $0 * Self.hour })
        }
        #expect(metrics.diskBytes == 0 && logs.diskBytes == 0)
        #expect(try enforce(1) == 0)
        #expect(metrics.statistics.expiredBlocks == 3 && logs.expiredEntries == 400)
        try metrics.close()
        try logs.close()
    }
}
