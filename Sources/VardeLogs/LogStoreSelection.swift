import Synchronization
import VardeKernels
import VardeModel

/// Where a page of a selection is.
enum LogPageSource: Sendable {
    case run(LogSegment, Int)
    case page(LogHeadPage)
    case open(LogColumns, ascends: Bool)
    /// What erasures under way leave of a page.
    indirect case left(LogPageSource, LogHide, Labels)
}

/// Pages of one snapshot; they stay readable whatever becomes of the files.
final class LogStoreSelection: LogSelection {
    let streams: [LogStream]
    let pages: [LogPageRef]
    private let sources: [LogPageSource]
    /// What each wanted line holds: lines that cannot are left out where that is quick.
    private let needles: LineNeedles
    /// The block read last of those that several runs share: runs of many small streams are read one after the other.
    private let shared = Mutex<(segment: String, block: UInt32, columns: LogColumns)?>(nil)

    init(streams: [LogStream], pages: [LogPageRef], sources: [LogPageSource], needles: LineNeedles) {
        self.streams = streams
        self.pages = pages
        self.sources = sources
        self.needles = needles
    }

    func read(_ page: LogPageRef, into columns: inout LogColumns) throws {
        let labels = streams[page.stream].labels
        let own = needles.withoutNumbers { labels[$0] != nil }
        try read(sources[Int(page.handle)], needles: own, into: &columns)
    }

    private func read(_ source: LogPageSource, needles: LineNeedles, into columns: inout LogColumns) throws {
        switch source {
        case .left(let whole, let hide, let stream):
            try read(whole, needles: needles, into: &columns)
            if let left = hide.remaining(of: columns, stream) { columns = left }
        case .page(let page): try page.read(into: &columns, needles: needles)
        case .open(let open, let ascends): columns = ascends ? open : open.sortedByTime()
        case .run(let segment, let index):
            let run = segment.runs[index]
            let block = Int(run.block)
            if segment.ownsBlock(run) {
                try segment.readHead(block: block, into: &columns)
                try segment.readLines(block: block, needles: needles, into: &columns)
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

    /// Whether a page may hold what is concerned; `bySegment` remembers what was found out of whole segments.
    func mayHold(_ page: LogPageRef, _ erasure: LogErasure, _ bySegment: inout [String: [Bool]]) throws -> Bool {
        let stream = streams[page.stream].labels
        switch sources[Int(page.handle)] {
        case .page(let page): return try page.mayHold(erasure, in: stream)
        case .open, .left: return true
        case .run(let segment, let index):
            if let known = bySegment[segment.name] { return known[index] }
            var labels: [UInt32: Labels] = [:]
            for stream in streams { labels[UInt32(stream.id)] = stream.labels }
            let found = try segment.mayHold(erasure, wanted: { labels[$0] != nil }, labels: { labels[$0] ?? .empty })
            bySegment[segment.name] = found
            return found[index]
        }
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
    private let needles: LineNeedles

    init(_ request: LogRequest) {
        needles = LineNeedles(request.requiredSubstrings, numbers: request.requiredNumbers.map { ($0.name, $0.bounds) })
    }

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

    /// The selection, without what erasures under way concern.
    func finish(_ hide: LogHide?, _ registry: StreamRegistry) throws -> LogStoreSelection {
        guard let hide else { return LogStoreSelection(streams: streams, pages: pages, sources: sources, needles: needles) }
        var shown: [LogPageRef] = []
        var behind: [LogPageSource] = []
        for page in pages {
            let source = sources[Int(page.handle)]
            let stream = streams[page.stream].labels
            let verdict = try Self.verdict(hide, source, stream, registry)
            var own = page
            own.handle = UInt64(behind.count)
            guard case .left(let count, let bytes, let first, let last) = verdict else {
                shown.append(own)
                behind.append(source)
                continue
            }
            if count == 0 { continue }
            (own.entryCount, own.byteCount, own.firstTimestamp, own.lastTimestamp) = (count, bytes, first, last)
            shown.append(own)
            behind.append(.left(source, hide, stream))
        }
        return LogStoreSelection(streams: streams, pages: shown, sources: behind, needles: needles)
    }

    private static func verdict(
        _ hide: LogHide, _ source: LogPageSource, _ stream: Labels, _ registry: StreamRegistry
    ) throws -> LogHide.Verdict {
        var columns = LogColumns()
        switch source {
        case .run(let segment, let index): return try hide.verdicts(on: segment, registry)[index]
        case .page(let page):
            guard try hide.erasures.contains(where: { try page.mayHold($0, in: stream) }) else { return .untouched }
            try page.read(into: &columns)
        case .open(let open, let ascends): columns = ascends ? open : open.sortedByTime()
        case .left: return .untouched
        }
        guard let left = hide.remaining(of: columns, stream) else { return .untouched }
        return .left(count: left.count, bytes: left.lineBytes.count, first: left.timestamps.first ?? 0, last: left.timestamps.last ?? 0)
    }
}
