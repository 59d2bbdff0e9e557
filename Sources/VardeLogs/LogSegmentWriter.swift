import VardeCompression
import VardeDisk
import VardeKernels
import VardeModel

/// Writes a segment, streams one after the other; `finish` makes it appear whole.
final class LogSegmentWriter {
    private let writer: SectionedFileWriter
    private let compression: LogCompression
    private let pageSize: Int

    private var streams: [Labels] = []
    private var indexOfStream: [UInt32: UInt32] = [:]
    private var blocks: [(offset: Int, info: LogBlockInfo)] = []
    private var runs: [LogRun] = []
    private var groups: [LogBlockGroup] = []
    /// Tables of the open group.
    private var tables: [[UInt64]] = []
    /// Small runs waiting to share a block.
    private var shared = LogColumns()
    private var sharedRuns: [LogRun] = []

    /// - Parameter day: of all lines that will come, days since 1970.
    init(path: String, day: Int, fileSystem: any FileSystem, compression: LogCompression, pageSize: Int) throws(DiskError) {
        writer = try SectionedFileWriter(path: path, kind: .logSegment, day: day, fileSystem: fileSystem)
        self.compression = compression
        self.pageSize = pageSize
    }

    var isEmpty: Bool { blocks.isEmpty && sharedRuns.isEmpty }

    /// Whether the file should be finished before another stream is added.
    var isFull: Bool { groups.count >= LogSegmentFormat.maxGroups - 1 }

    private func index(of stream: LogStream) -> UInt32 {
        let id = UInt32(stream.id)
        if let index = indexOfStream[id] { return index }
        let index = UInt32(streams.count)
        streams.append(stream.labels)
        indexOfStream[id] = index
        return index
    }

    /// Adds a block that holds one run, as it is.
    func add(_ stream: LogStream, _ block: LogBlock, table: [UInt64], first: Int64, last: Int64) throws(DiskError) {
        let run = LogRun(
            stream: index(of: stream), block: 0, firstEntry: 0, count: UInt32(block.info.entryCount),
            rawBytes: UInt32(block.info.linesRawSize), first: first, last: last)
        try put(block, table, [run])
    }

    /// Adds a run of ascending entries, cut into pages where it is long, in a block with others where it is short.
    func add(_ stream: LogStream, _ columns: LogColumns) throws(DiskError) {
        var start = 0
        while start < columns.count {
            // At least one entry, and as many as a page holds.
            var end = start + 1
            let limit = Int(columns.lineRange(start).lowerBound) + pageSize
            while end < columns.count, columns.lineRange(end).upperBound <= limit { end += 1 }
            // A short rest goes with the last page.
            if columns.lineBytes.count - Int(columns.lineEnds[end - 1]) < pageSize / 4 { end = columns.count }
            try addPage(stream, columns, start..<end)
            start = end
        }
    }

    private func addPage(_ stream: LogStream, _ columns: LogColumns, _ range: Range<Int>) throws(DiskError) {
        let size = columns.lineRange(range.upperBound - 1).upperBound - columns.lineRange(range.lowerBound).lowerBound
        var run = LogRun(
            stream: index(of: stream), block: 0, firstEntry: 0, count: UInt32(range.count), rawBytes: UInt32(size),
            first: columns.timestamps[range.lowerBound], last: columns.timestamps[range.upperBound - 1])
        if size >= LogSegmentFormat.ownBlock {
            var page = LogColumns()
            page.append(columns, range)
            try put(LogBlock(page, compression), LogBlockFilter.table(of: page), [run])
            return
        }
        run.firstEntry = UInt32(shared.count)
        shared.append(columns, range)
        sharedRuns.append(run)
        if shared.lineBytes.count >= pageSize { try flushShared() }
    }

    private func flushShared() throws(DiskError) {
        guard !sharedRuns.isEmpty else { return }
        let runs = sharedRuns
        let columns = shared
        sharedRuns = []
        shared = LogColumns()
        try put(LogBlock(columns, compression), LogBlockFilter.table(of: columns), runs)
    }

    private func put(_ block: LogBlock, _ table: [UInt64], _ newRuns: [LogRun]) throws(DiskError) {
        if tables.isEmpty { writer.begin("pages \(groups.count)") }
        for var run in newRuns {
            run.block = UInt32(blocks.count)
            runs.append(run)
        }
        blocks.append((writer.sectionOffset, block.info))
        tables.append(table)
        try writer.append(block.bytes.span)
        if tables.count == LogSegmentFormat.blocksPerGroup { try finishGroup() }
    }

    private func finishGroup() throws(DiskError) {
        guard !tables.isEmpty else { return }
        // All tables of a group have one size: the smallest any has, then folded as far as their fill allows.
        var words = tables.map(\.count).min() ?? LogBlockFilter.words
        var folded = tables.map { Self.fold($0, to: words) }
        while words > LogBlockFilter.leastWords {
            let smaller = folded.map(Grams.folded)
            let fill = smaller.reduce(0) { $0 + LogBlockFilter.fill(of: $1) } / Double(smaller.count)
            if fill > LogBlockFilter.mostFill { break }
            folded = smaller
            words /= 2
        }
        let group = LogBlockGroup(
            firstBlock: blocks.count - tables.count, blockCount: tables.count, words: words,
            isTransposed: tables.count >= LogSegmentFormat.leastTransposed)
        tables = []
        var bytes: [UInt8] = []
        if group.isTransposed {
            bytes = Grams.transposed(Array(folded.joined()), wordsPerTable: words, rowBytes: group.rowBytes)
        } else {
            for table in folded { for word in table { Bytes.append64(word, to: &bytes) } }
        }
        try writer.section("filter \(groups.count)", bytes.span)
        groups.append(group)
    }

    private static func fold(_ table: [UInt64], to words: Int) -> [UInt64] {
        var table = table
        while table.count > words { table = Grams.folded(table) }
        return table
    }

    /// Writes what is left, syncs and renames; what the catalog is to know.
    func finish(name: String, level: Int) throws(DiskError) -> Catalog.Entry {
        try flushShared()
        try finishGroup()
        runs.sort { ($0.stream, $0.first, $0.block) < ($1.stream, $1.first, $1.block) }
        let first = runs.map(\.first).min() ?? 0
        let last = runs.map(\.last).max() ?? 0
        let entries = runs.reduce(0) { $0 + Int($1.count) }
        let raw = runs.reduce(0) { $0 + Int($1.rawBytes) }

        var index: [UInt8] = []
        for group in groups {
            LogBytes.append(varint: UInt64(group.firstBlock), to: &index)
            LogBytes.append(varint: UInt64(group.blockCount), to: &index)
            LogBytes.append(varint: UInt64(group.words), to: &index)
            index.append(group.isTransposed ? 1 : 0)
        }
        for (offset, info) in blocks {
            for value in [offset, info.headSize, info.headRawSize, info.linesSize, info.linesRawSize] {
                LogBytes.append(varint: UInt64(value), to: &index)
            }
            index.append(info.headEncoding.rawValue)
            index.append(info.linesEncoding.rawValue)
            Bytes.append32(info.headChecksum, to: &index)
            Bytes.append32(info.linesChecksum, to: &index)
            LogBytes.append(varint: UInt64(info.entryCount), to: &index)
        }
        for run in runs {
            for value in [run.stream, run.block, run.firstEntry, run.count, run.rawBytes] {
                LogBytes.append(varint: UInt64(value), to: &index)
            }
            LogBytes.append(varint: LogBytes.zigzag(run.first), to: &index)
            LogBytes.append(varint: UInt64(run.last - run.first), to: &index)
        }
        try writer.section("index", Self.packed(index).span)
        var table: [UInt8] = []
        for labels in streams { LogBytes.append(labels: labels, to: &table) }
        try writer.section("streams", Self.packed(table).span)

        var meta: [UInt8] = [blocks.contains { $0.info.linesEncoding == .templates } ? 2 : 1, 0]
        for value in [UInt64(bitPattern: first), UInt64(bitPattern: last), UInt64(entries), UInt64(raw)] {
            Bytes.append64(value, to: &meta)
        }
        for count in [streams.count, blocks.count, runs.count, groups.count] { Bytes.append32(UInt32(count), to: &meta) }
        try writer.section("meta", meta.span)
        let size = try writer.finish()
        return Catalog.Entry(
            name: name, store: LogSegmentFormat.store, first: first, last: last, bytes: size, items: entries, level: level)
    }

    private static func packed(_ bytes: [UInt8]) -> [UInt8] {
        var packed: [UInt8] = []
        Zstd.compress(bytes.span, level: 3, into: &packed)
        var section: [UInt8] = []
        Bytes.append32(UInt32(bytes.count), to: &section)
        section += packed
        return section
    }

    /// Gives up: nothing of the file remains.
    func abandon() { writer.abandon() }
}
