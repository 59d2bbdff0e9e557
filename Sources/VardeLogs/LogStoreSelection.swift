import Synchronization
import VardeModel

/// Where a page of a selection is.
enum LogPageSource: Sendable {
    case run(LogSegment, Int)
    case page(LogHeadPage)
    case open(LogColumns, ascends: Bool)
}

/// Pages of one snapshot; they stay readable whatever becomes of the files.
final class LogStoreSelection: LogSelection {
    let streams: [LogStream]
    let pages: [LogPageRef]
    private let sources: [LogPageSource]
    /// The block read last of those that several runs share: runs of many small streams are read one after the other.
    private let shared = Mutex<(segment: String, block: UInt32, columns: LogColumns)?>(nil)

    init(streams: [LogStream], pages: [LogPageRef], sources: [LogPageSource]) {
        self.streams = streams
        self.pages = pages
        self.sources = sources
    }

    func read(_ page: LogPageRef, into columns: inout LogColumns) throws {
        switch sources[Int(page.handle)] {
        case .page(let page): try page.read(into: &columns)
        case .open(let open, let ascends): columns = ascends ? open : open.sortedByTime()
        case .run(let segment, let index):
            let run = segment.runs[index]
            let block = Int(run.block)
            if segment.ownsBlock(run) {
                try segment.readHead(block: block, into: &columns)
                try segment.readLines(block: block, into: &columns)
                return
            }
            let whole = try whole(segment, run.block)
            columns.removeAll()
            columns.append(whole, Int(run.firstEntry)..<Int(run.firstEntry + run.count))
        }
    }

    private func whole(_ segment: LogSegment, _ block: UInt32) throws -> LogColumns {
        if let (name, number, columns) = shared.withLock({ $0 }), name == segment.name, number == block { return columns }
        var columns = LogColumns()
        try segment.readHead(block: Int(block), into: &columns)
        try segment.readLines(block: Int(block), into: &columns)
        shared.withLock { [columns] shared in shared = (segment.name, block, columns) }
        return columns
    }

    func readTimes(_ page: LogPageRef, into columns: inout LogColumns) throws {
        switch sources[Int(page.handle)] {
        case .page(let page): try page.readHead(into: &columns)
        case .run(let segment, let index) where segment.ownsBlock(segment.runs[index]):
            try segment.readHead(block: Int(segment.runs[index].block), into: &columns)
        default: try read(page, into: &columns)
        }
    }
}

/// Gathers pages and numbers their streams.
struct SelectionBuilder {
    private var streams: [LogStream] = []
    private var indices: [UInt32: Int] = [:]
    private var pages: [LogPageRef] = []
    private var sources: [LogPageSource] = []

    mutating func index(of id: UInt32, _ registry: StreamRegistry) -> Int {
        if let index = indices[id] { return index }
        let index = streams.count
        indices[id] = index
        streams.append(registry.stream(id))
        return index
    }

    mutating func add(_ stream: Int, _ source: LogPageSource, first: Int64, last: Int64, count: Int, bytes: Int) {
        pages.append(
            LogPageRef(
                stream: stream, firstTimestamp: first, lastTimestamp: last, entryCount: count, byteCount: bytes,
                handle: UInt64(sources.count)))
        sources.append(source)
    }

    func finish() -> LogStoreSelection { LogStoreSelection(streams: streams, pages: pages, sources: sources) }
}
