package import VardeModel

/// Lines looked for in one snapshot, page by page: those a `LogErasure` would concern.
package struct LogSearch: Sendable {
    /// Lines of one page that are concerned.
    package struct Hit: Sendable {
        package var stream: LogStream
        package var columns: LogColumns
        /// Places in the columns, ascending.
        package var places: [Int]
    }

    private let selection: LogStoreSelection
    private let erasure: LogErasure
    /// Pages that may hold what is looked for.
    private let pages: [LogPageRef]

    init(_ selection: LogStoreSelection, _ erasure: LogErasure) throws {
        self.selection = selection
        self.erasure = erasure
        var bySegment: [String: [Bool]] = [:]
        pages = try selection.pages.filter { try selection.mayHold($0, erasure, &bySegment) }
    }

    package var pageCount: Int { pages.count }

    /// Reads one of the pages; nil where it holds nothing of what is looked for. Blocks on the disk.
    package func page(_ index: Int) throws -> Hit? {
        let page = pages[index]
        let stream = selection.streams[page.stream]
        var columns = LogColumns()
        try selection.read(page, into: &columns)
        let places = erasure.places(in: columns, of: stream.labels)
        return places.isEmpty ? nil : Hit(stream: stream, columns: columns, places: places)
    }
}

extension LogStore {
    /// Looks for what an erasure would concern; lines that erasures under way conceal are not found.
    package func search(_ erasure: LogErasure) throws -> LogSearch {
        try LogSearch(try selection(LogRequest(matchers: erasure.matchers, start: erasure.start, end: erasure.end)), erasure)
    }
}
