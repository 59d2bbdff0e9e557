package import VardeDisk
import VardeModel

/// What stands in the log store's files, decoded line by line: for auditors who search it.
package enum LogDump {
    /// Every line of a segment with its stream's labels, its time and its metadata.
    package static func segment(path: String, fileSystem: any FileSystem, _ body: (String) throws -> Void) throws {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let directory = parts.dropLast().joined(separator: "/")
        let name = String(parts.last ?? "")
        var labels: [Labels] = []
        let entry = Catalog.Entry(name: name, store: LogSegmentFormat.store, first: 0, last: 0, bytes: 0, items: 0, level: 0)
        let segment = try LogSegment(entry, directory: directory, fileSystem: fileSystem) { own in
            labels.append(own)
            return UInt32(labels.count - 1)
        }
        var read: [UInt32: LogColumns] = [:]
        for run in segment.runs {
            if read[run.block] == nil {
                // Runs of a block follow each other or lie near: one block at a time is kept.
                read.removeAll()
                var columns = LogColumns()
                try segment.readHead(block: Int(run.block), into: &columns)
                try segment.readLines(block: Int(run.block), into: &columns)
                read[run.block] = columns
            }
            guard let columns = read[run.block] else { continue }
            let stream = labels[Int(segment.id(of: run))]
            for index in Int(run.firstEntry)..<Int(run.firstEntry) + Int(run.count) { try body(text(columns, index, stream)) }
        }
    }

    /// Every line of a record of the write-ahead log.
    package static func record(_ payload: Span<UInt8>, _ body: (String) throws -> Void) throws {
        for write in try LogRecord.decode(payload).writes {
            for index in 0..<write.entries.count { try body(text(write.entries, index, write.labels)) }
        }
    }

    private static func text(_ columns: LogColumns, _ index: Int, _ stream: Labels) -> String {
        let metadata = columns.metadata(index)
        let line = String(decoding: columns.lineBytes[columns.lineRange(index)], as: UTF8.self)
        return "\(columns.timestamps[index]) \(stream)\(metadata.isEmpty ? "" : " \(metadata)") \(line)"
    }
}
