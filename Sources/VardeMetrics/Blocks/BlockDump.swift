package import VardeDisk

/// What texts stand in a block of the metrics store: for auditors who search it. The rest of a block is numbers.
package enum BlockDump {
    /// The labels of every series of a block, with its number of samples.
    package static func series(path: String, fileSystem: any FileSystem, _ body: (String) throws -> Void) throws {
        let name = String(path.split(separator: "/").last ?? "")
        let index = try Block(path: path, name: name, level: 0, fileSystem: fileSystem).index()
        for id in index.allSeries() { try body("\(index.labels(id)) \(index.samplesOfSeries[Int(id)]) samples") }
    }

    /// The labels in a record of the write-ahead log; nil where it holds samples, which are numbers.
    package static func labels(_ payload: Span<UInt8>) -> String? {
        MetricLogRecord.decodeSeries(payload).map { "series \($0.number) \($0.labels)" }
    }
}
