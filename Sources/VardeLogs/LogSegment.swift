import VardeCompression
import VardeDisk
import VardeKernels
import VardeModel

/// An immutable segment, open for reading; readable as long as it lives, also when its file has been removed.
final class LogSegment: Sendable {
    let name: String
    let level: Int
    let fileSize: Int
    /// Nanoseconds, both inclusive.
    let first: Int64
    let last: Int64
    let entryCount: Int
    let rawBytes: Int
    /// The store's ids by index in the segment's stream table.
    let streamIDs: [UInt32]
    let runs: [LogRun]
    /// Where each stream's runs are in `runs`.
    private let runRanges: [UInt32: Range<Int>]
    private let blocks: [(offset: Int, group: Int, info: LogBlockInfo)]
    private let groups: [LogBlockGroup]
    private let pageSections: [SectionedFile.Section]
    private let filterSections: [SectionedFile.Section]
    private let file: SectionedFile

    /// Opens a segment; `intern` gives each of its label sets an id.
    init(_ entry: Catalog.Entry, directory: String, fileSystem: any FileSystem, intern: (Labels) -> UInt32) throws {
        let path = directory + "/" + entry.name
        file = try SectionedFile(path: path, fileSystem: fileSystem)
        guard file.kind == .logSegment else { throw LogStoreError.damaged("\(path) is no log segment") }
        name = entry.name
        level = entry.level
        fileSize = file.size
        let meta = try file.read("meta")
        guard meta.count == 50 else { throw LogStoreError.damaged("\(path): the section “meta” has \(meta.count) bytes") }
        let version = UInt16(meta[0]) | UInt16(meta[1]) << 8
        guard LogSegmentFormat.versions.contains(version) else {
            throw LogStoreError.damaged(
                "\(path): segment version \(version) is not known to this Varde (it knows up to \(LogSegmentFormat.versions.upperBound))")
        }
        let span = meta.span
        first = Int64(bitPattern: Bytes.load64(span, at: 2))
        last = Int64(bitPattern: Bytes.load64(span, at: 10))
        entryCount = Int(truncatingIfNeeded: Bytes.load64(span, at: 18))
        rawBytes = Int(truncatingIfNeeded: Bytes.load64(span, at: 26))
        let counts = (0..<4).map { Int(Bytes.load32(span, at: 34 + 4 * $0)) }

        let table = try Self.unpacked("streams", file)
        var reader = LogByteReader()
        var ids: [UInt32] = []
        for _ in 0..<counts[0] {
            guard let labels = reader.labels(table.span) else { throw LogStoreError.damaged("\(path): the stream table makes no sense") }
            ids.append(intern(labels))
        }
        streamIDs = ids
        let index = try Self.unpacked("index", file)
        guard let parsed = Self.parse(index, streams: counts[0], blocks: counts[1], runs: counts[2], groups: counts[3]) else {
            throw LogStoreError.damaged("\(path): the index makes no sense")
        }
        (groups, blocks, runs) = parsed
        let opened = file
        pageSections = try (0..<counts[3]).map { try opened.section("pages \($0)") }
        filterSections = try (0..<counts[3]).map { try opened.section("filter \($0)") }
        var ranges: [UInt32: Range<Int>] = [:]
        var start = 0
        while start < runs.count {
            var end = start + 1
            while end < runs.count, runs[end].stream == runs[start].stream { end += 1 }
            ranges[ids[Int(runs[start].stream)]] = start..<end
            start = end
        }
        runRanges = ranges
    }

    /// What a catalog says of a segment, from the segment itself; its level is taken to be 0.
    static func entry(ofFile name: String, directory: String, fileSystem: any FileSystem) throws -> Catalog.Entry {
        var entry = Catalog.Entry(name: name, store: LogSegmentFormat.store, first: 0, last: 0, bytes: 0, items: 0, level: 0)
        let segment = try LogSegment(entry, directory: directory, fileSystem: fileSystem) { _ in 0 }
        entry.first = segment.first
        entry.last = segment.last
        entry.bytes = segment.fileSize
        entry.items = segment.entryCount
        return entry
    }

    private static func unpacked(_ name: String, _ file: SectionedFile) throws -> [UInt8] {
        let packed = try file.read(name)
        guard packed.count >= 4 else { throw LogStoreError.damaged("\(file.path): the section “\(name)” is cut off") }
        let span = packed.span
        var bytes: [UInt8] = []
        try Zstd.decompress(span.extracting(4..<span.count), size: Int(Bytes.load32(span, at: 0)), into: &bytes)
        return bytes
    }

    private static func parse(
        _ index: [UInt8], streams: Int, blocks blockCount: Int, runs runCount: Int, groups groupCount: Int
    ) -> (groups: [LogBlockGroup], blocks: [(offset: Int, group: Int, info: LogBlockInfo)], runs: [LogRun])? {
        let bytes = index.span
        var reader = LogByteReader()
        let limit = 1 << 40
        var groups: [LogBlockGroup] = []
        for _ in 0..<groupCount {
            guard let first = reader.count(bytes, limit: blockCount),
                let count = reader.count(bytes, limit: LogSegmentFormat.blocksPerGroup),
                let words = reader.count(bytes, limit: 1 << 20), let layout = reader.byte(bytes), words.nonzeroBitCount == 1
            else { return nil }
            groups.append(LogBlockGroup(firstBlock: first, blockCount: count, words: words, isTransposed: layout == 1))
        }
        var blocks: [(offset: Int, group: Int, info: LogBlockInfo)] = []
        for number in 0..<blockCount {
            guard let offset = reader.count(bytes, limit: limit), let headSize = reader.count(bytes, limit: limit),
                let headRawSize = reader.count(bytes, limit: limit), let linesSize = reader.count(bytes, limit: limit),
                let linesRawSize = reader.count(bytes, limit: limit), let headEncoding = reader.byte(bytes).flatMap(LogEncoding.init),
                let linesEncoding = reader.byte(bytes).flatMap(LogEncoding.init), let checksums = reader.bytes(8, bytes),
                let entries = reader.count(bytes, limit: LogBlock.maxEntries),
                let group = groups.firstIndex(where: { number < $0.firstBlock + $0.blockCount })
            else { return nil }
            let info = LogBlockInfo(
                headSize: headSize, headRawSize: headRawSize, linesSize: linesSize, linesRawSize: linesRawSize, headEncoding: headEncoding,
                linesEncoding: linesEncoding, headChecksum: Bytes.load32(bytes, at: checksums.lowerBound),
                linesChecksum: Bytes.load32(bytes, at: checksums.lowerBound + 4), entryCount: entries)
            blocks.append((offset, group, info))
        }
        var runs: [LogRun] = []
        for _ in 0..<runCount {
            guard let stream = reader.count(bytes, limit: streams - 1), let block = reader.count(bytes, limit: blockCount - 1),
                let firstEntry = reader.count(bytes, limit: LogBlock.maxEntries),
                let count = reader.count(bytes, limit: LogBlock.maxEntries),
                let raw = reader.count(bytes, limit: Int(UInt32.max)), let first = reader.varint(bytes), let span = reader.varint(bytes),
                count > 0, firstEntry + count <= blocks[block].info.entryCount
            else { return nil }
            let time = LogBytes.unzigzag(first)
            runs.append(
                LogRun(
                    stream: UInt32(stream), block: UInt32(block), firstEntry: UInt32(firstEntry), count: UInt32(count),
                    rawBytes: UInt32(raw), first: time, last: time &+ Int64(bitPattern: span)))
        }
        return (groups, blocks, runs)
    }

    /// Places in `runs` of a stream, ascending by first time.
    func runs(of id: UInt32) -> Range<Int> { runRanges[id] ?? 0..<0 }

    func id(of run: LogRun) -> UInt32 { streamIDs[Int(run.stream)] }

    /// Whether the run has its block to itself.
    func ownsBlock(_ run: LogRun) -> Bool { Int(run.count) == blocks[Int(run.block)].info.entryCount }

    // MARK: reading

    private func part(of block: Int, lines: Bool, into bytes: inout [UInt8]) throws {
        let (offset, group, info) = blocks[block]
        let at = lines ? offset + info.headSize : offset
        try file.readPart(of: pageSections[group], at: at, count: lines ? info.linesSize : info.headSize, into: &bytes)
    }

    /// Replaces `columns` by a block's times, line ends and metadata.
    func readHead(block: Int, into columns: inout LogColumns) throws {
        var bytes: [UInt8] = []
        try part(of: block, lines: false, into: &bytes)
        try LogBlock.readHead(bytes.span, blocks[block].info, into: &columns)
    }

    /// Adds the lines to what `readHead` gave: all, or without such as cannot hold the needles.
    func readLines(block: Int, needles: LineNeedles = .none, into columns: inout LogColumns) throws {
        var bytes: [UInt8] = []
        try part(of: block, lines: true, into: &bytes)
        try LogBlock.readLines(bytes.span, blocks[block].info, needles: needles, into: &columns)
    }

    /// A block as stored.
    func block(_ number: Int) throws -> LogBlock {
        let (offset, group, info) = blocks[number]
        var bytes: [UInt8] = []
        try file.readPart(of: pageSections[group], at: offset, count: info.size, into: &bytes)
        guard CRC32C.checksum(bytes.span.extracting(0..<info.headSize)) == info.headChecksum,
            CRC32C.checksum(bytes.span.extracting(info.headSize..<bytes.count)) == info.linesChecksum
        else { throw LogStoreError.damaged("\(file.path): block \(number) does not match its checksum") }
        return LogBlock(info: info, bytes: bytes)
    }

    /// What does not check, in words.
    func verify() -> [String] { file.verify() }

    // MARK: filters

    /// For each block whether it may hold what is asked; nil where all may.
    func candidates(_ query: LogFilterQuery) throws -> [Bool]? {
        if query.isEmpty { return nil }
        var may = [Bool](repeating: false, count: blocks.count)
        for (number, group) in groups.enumerated() {
            if group.isTransposed {
                try rowCandidates(query, number, group, &may)
            } else {
                for (index, table) in try plainTables(number, group).enumerated() { may[group.firstBlock + index] = query.mayMatch(table) }
            }
        }
        return may
    }

    private func rowCandidates(_ query: LogFilterQuery, _ number: Int, _ group: LogBlockGroup, _ may: inout [Bool]) throws {
        var all = [UInt8](repeating: 0xFF, count: group.rowBytes)
        var row: [UInt8] = []
        for alternatives in query.groups {
            var any = [UInt8](repeating: 0, count: group.rowBytes)
            for hashes in alternatives {
                var one = all
                for hash in hashes {
                    let position = Int(hash) & (group.words * 64 - 1)
                    try file.readPart(of: filterSections[number], at: position * group.rowBytes, count: group.rowBytes, into: &row)
                    var left: UInt8 = 0
                    for i in one.indices {
                        one[i] &= row[i]
                        left |= one[i]
                    }
                    if left == 0 { break }
                }
                for i in any.indices { any[i] |= one[i] }
            }
            for i in all.indices { all[i] &= any[i] }
        }
        for index in 0..<group.blockCount where all[index >> 3] >> UInt8(index & 7) & 1 == 1 { may[group.firstBlock + index] = true }
    }

    private func plainTables(_ number: Int, _ group: LogBlockGroup) throws -> [[UInt64]] {
        var bytes: [UInt8] = []
        try file.readPart(of: filterSections[number], at: 0, count: filterSections[number].size, into: &bytes)
        guard bytes.count == group.blockCount * group.words * 8 else {
            throw LogStoreError.damaged("\(file.path): a filter has a wrong size")
        }
        let span = bytes.span
        return (0..<group.blockCount).map { block in
            (0..<group.words).map { Bytes.load64(span, at: (block * group.words + $0) * 8) }
        }
    }

    /// The filter tables of all blocks, as stored: for rewriting.
    func tables() throws -> [[UInt64]] {
        var tables: [[UInt64]] = []
        for (number, group) in groups.enumerated() {
            if group.isTransposed {
                var bytes: [UInt8] = []
                try file.readPart(of: filterSections[number], at: 0, count: filterSections[number].size, into: &bytes)
                for column in 0..<group.blockCount { tables.append(Grams.column(column, of: bytes.span, rowBytes: group.rowBytes)) }
            } else {
                tables += try plainTables(number, group)
            }
        }
        return tables
    }

    /// Bytes of all filters.
    var filterBytes: Int { filterSections.reduce(0) { $0 + $1.size } }
}
