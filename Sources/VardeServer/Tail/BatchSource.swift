import VardeCompression
import VardeModel

/// Lines just stored as a source of queries, so that those who follow see what a query would show.
struct BatchSource: LogSource {
    let writes: [LogStreamWrite]

    private struct Selection: LogSelection {
        var streams: [LogStream] = []
        var pages: [LogPageRef] = []
        var columns: [LogColumns] = []

        func read(_ page: LogPageRef, into columns: inout LogColumns) throws { columns = self.columns[Int(page.handle)] }
    }

    func select(_ request: LogRequest) throws -> any LogSelection {
        let predicates = try request.matchers.map { try LabelPredicate($0) }
        var selection = Selection()
        for write in writes where write.entries.count > 0 && predicates.allSatisfy({ $0.matches(write.labels) }) {
            let columns = Self.sorted(write.entries)
            selection.pages.append(
                LogPageRef(
                    stream: selection.streams.count, firstTimestamp: columns.timestamps.first ?? 0,
                    lastTimestamp: columns.timestamps.last ?? 0,
                    entryCount: columns.count, byteCount: columns.lineBytes.count, handle: UInt64(selection.columns.count)))
            selection.streams.append(LogStream(id: UInt64(selection.columns.count), labels: write.labels))
            selection.columns.append(columns)
        }
        return selection
    }

    /// Pages ascend in time; batches need not.
    private static func sorted(_ columns: LogColumns) -> LogColumns {
        if zip(columns.timestamps, columns.timestamps.dropFirst()).allSatisfy({ $0 <= $1 }) { return columns }
        var sorted = LogColumns()
        let bytes = columns.lineBytes
        for index in columns.timestamps.indices.sorted(by: { (columns.timestamps[$0], $0) < (columns.timestamps[$1], $1) }) {
            let metadata = sorted.metadataIndex(for: columns.metadata(index))
            sorted.append(columns.timestamps[index], line: bytes.span.extracting(columns.lineRange(index)), metadataIndex: metadata)
        }
        return sorted
    }

    func streams(_ request: LogRequest) throws -> [LogStream] { try select(request).streams }
    func labelNames(_ request: LogRequest) throws -> [String] { [] }
    func labelValues(of name: String, _ request: LogRequest) throws -> [String] { [] }
}
