import VardeCompression
import VardeKernels
import VardeModel

@testable import VardeQuery

/// Log streams in memory, in pages of a few lines.
struct LogMemorySource: LogSource {
    private(set) var streams: [Labels] = []
    private var entries: [[(time: Int64, line: String, metadata: Labels)]] = []
    /// Lines of a page.
    var pageSize = 7

    mutating func append(_ labels: Labels, _ time: Int64, _ line: String, _ metadata: Labels = .empty) {
        let index: Int
        if let known = streams.firstIndex(of: labels) {
            index = known
        } else {
            index = streams.count
            streams.append(labels)
            entries.append([])
        }
        entries[index].append((time, line, metadata))
    }

    private struct Selection: LogSelection {
        var streams: [LogStream] = []
        var pages: [LogPageRef] = []
        var columns: [LogColumns] = []

        func read(_ page: LogPageRef, into columns: inout LogColumns) throws { columns = self.columns[Int(page.handle)] }
    }

    func select(_ request: LogRequest) throws -> any LogSelection {
        let matchers = try request.matchers.map { try CompiledMatcher($0) }
        var selection = Selection()
        for (index, labels) in streams.enumerated() where matchers.allSatisfy({ $0.matches(labels) }) {
            let sorted = entries[index].enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(\.element)
                .filter { $0.time >= request.start && $0.time < request.end }
            if sorted.isEmpty { continue }
            selection.streams.append(LogStream(id: UInt64(index), labels: labels))
            for start in stride(from: 0, to: sorted.count, by: pageSize) {
                var columns = LogColumns()
                let page = sorted[start..<min(start + pageSize, sorted.count)]
                for entry in page {
                    let set = columns.metadataIndex(for: entry.metadata)
                    let line = Array(entry.line.utf8)
                    columns.append(entry.time, line: line.span, metadataIndex: set)
                }
                let text = page.map(\.line).joined()
                let bytes = Array(text.utf8)
                // As the store does: pages that lack what every wanted line holds are left out.
                let holdsAll = request.requiredSubstrings.allSatisfy { group in
                    group.contains { needle in SubstringSearch.firstOffset(of: needle.span, in: bytes.span, from: 0) != nil }
                }
                if !holdsAll { continue }
                selection.pages.append(
                    LogPageRef(
                        stream: selection.streams.count - 1, firstTimestamp: page.first?.time ?? 0, lastTimestamp: page.last?.time ?? 0,
                        entryCount: page.count, byteCount: bytes.count, handle: UInt64(selection.columns.count)))
                selection.columns.append(columns)
            }
        }
        return selection
    }

    func streams(_ request: LogRequest) throws -> [LogStream] { try select(request).streams }

    func labelNames(_ request: LogRequest) throws -> [String] { Array(Set(try streams(request).flatMap { $0.labels.map(\.name) })) }

    func labelValues(of name: String, _ request: LogRequest) throws -> [String] {
        Array(Set(try streams(request).compactMap { $0.labels[name] }))
    }
}
