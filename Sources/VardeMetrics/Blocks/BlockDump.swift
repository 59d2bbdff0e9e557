package import VardeDisk
import VardeKernels

/// What texts stand in a block of the metrics store: for auditors who search it. The rest of a block is numbers.
package enum BlockDump {
    /// The labels of every series of a block, with its number of samples.
    package static func series(path: String, fileSystem: any FileSystem, _ body: (String) throws -> Void) throws {
        let name = fileSystem.name(of: path)
        let index = try Block(path: path, name: name, level: 0, fileSystem: fileSystem).index()
        for id in index.allSeries() { try body("\(index.labels(id)) \(index.samplesOfSeries[Int(id)]) samples") }
    }
}

/// What texts stand in the metrics log, record by record in order: the symbols, and the series made of them. The rest is numbers.
package struct MetricLogDump {
    private var definitions = DefinitionReader()

    package init() {}

    /// The texts of a record.
    package mutating func record(kind: UInt8, _ payload: Span<UInt8>, _ body: (String) -> Void) {
        MetricLogRecord.texts(kind: kind, payload).forEach(body)
        guard kind == MetricLogRecord.definitions else { return }
        var at = 0
        guard Varint.read(payload, at: &at) != nil else { return }
        _ = definitions.read(payload, at: at) { body("series \($0) \($1)") }
    }
}
