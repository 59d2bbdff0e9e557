import Synchronization
import VardeKernels
import VardeModel

/// A full page of a stream in memory: ascending entries of one day, raw until compressed, never changed.
final class LogHeadPage: Sendable {
    private enum Content: Sendable {
        case raw(LogColumns)
        case packed(LogBlock, table: [UInt64]?)
    }

    let first: Int64
    let last: Int64
    let count: Int
    let rawBytes: Int
    private let content: Mutex<Content>

    init(_ columns: LogColumns) {
        precondition(columns.count > 0, "a page has entries")
        first = columns.timestamps[0]
        last = columns.timestamps[columns.count - 1]
        count = columns.count
        rawBytes = columns.lineBytes.count
        content = Mutex(.raw(columns))
    }

    /// Pages of fewer bytes stay raw until they share a block with others in a segment, where they get a filter too.
    static let leastPacked = 16 << 10

    /// Bytes in memory.
    var footprint: Int {
        content.withLock { content in
            switch content {
            case .raw(let columns): columns.footprint + 300
            case .packed(let block, let table): block.bytes.count + (table?.count ?? 0) * 8 + 300
            }
        }
    }

    /// Compresses the page where that pays; readers see it the same before and after. The columns it no longer needs, if any.
    @discardableResult
    func pack(_ compression: LogCompression) -> LogColumns? {
        guard rawBytes >= Self.leastPacked else { return nil }
        guard case .raw(let columns) = content.withLock({ $0 }) else { return nil }
        let block = LogBlock(columns, compression)
        let table = rawBytes >= LogSegmentFormat.ownBlock ? LogBlockFilter.table(of: columns) : nil
        content.withLock { $0 = .packed(block, table: table) }
        return columns
    }

    /// The page as a block with its filter, nil where it is raw or too small to have a filter.
    var packed: (block: LogBlock, table: [UInt64])? {
        guard case .packed(let block, let table?) = content.withLock({ $0 }) else { return nil }
        return (block, table)
    }

    func mayMatch(_ query: LogFilterQuery) -> Bool {
        if query.isEmpty { return true }
        guard let packed else { return true }
        return query.mayMatch(packed.table)
    }

    func read(into columns: inout LogColumns, needles: LineNeedles = .none) throws(LogStoreError) {
        switch content.withLock({ $0 }) {
        case .raw(let raw): columns = raw
        case .packed(let block, _): try block.read(into: &columns, needles: needles)
        }
    }

    /// Times, line ends and metadata; lines may be left out.
    func readHead(into columns: inout LogColumns) throws(LogStoreError) {
        switch content.withLock({ $0 }) {
        case .raw(let raw): columns = raw
        case .packed(let block, _):
            try LogBlock.readHead(block.bytes.span.extracting(0..<block.info.headSize), block.info, into: &columns)
        }
    }
}
