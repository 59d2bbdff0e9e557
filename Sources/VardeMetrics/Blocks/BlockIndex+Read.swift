import VardeDisk
import VardeKernels
import VardeModel

extension Block.Index {
    /// The sections a block's index is in, decompressed.
    struct Sections {
        var pageTable: [UInt8] = []
        var symbols: [UInt8] = []
        var postings: [UInt8] = []
        var series: [UInt8] = []
        var times: [UInt8] = []
        var seriesCount = 0
        var sampleCount = 0
        var version = BlockFormat.version
    }

    /// Reads the index of a block.
    ///
    /// - Throws: `DiskError` with code 0 where the sections do not fit together.
    init(of block: Block) throws(DiskError) {
        let sections = Sections(
            pageTable: try block.file.read("pagetable"), symbols: try block.decompressed("symbols"),
            postings: try block.decompressed("postings"), series: try block.decompressed("series"), times: try block.decompressed("times"),
            seriesCount: block.seriesCount, sampleCount: block.samples,
            version: block.version)
        guard let index = Self(sections) else { throw DiskError(damaged: block.file.path, "the block's index makes no sense") }
        self = index
    }

    /// Reads the index from its sections; nil where they do not fit together. Layout: `BlockFormat`.
    init?(_ sections: Sections) {
        guard let firstOfPage = readPageTable(sections.pageTable, version: sections.version), readSymbols(sections.symbols),
            readPostings(sections.postings, seriesCount: sections.seriesCount),
            readSeries(sections.series, seriesCount: sections.seriesCount, firstOfPage),
            readTimes(sections.times, samples: sections.sampleCount)
        else { return nil }
    }

    private mutating func readSymbols(_ bytes: [UInt8]) -> Bool {
        let span = bytes.span
        var at = 0
        guard let count = Varint.read(span, at: &at), count <= UInt64(bytes.count) else { return false }
        dictionary.symbols.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let length = Varint.read(span, at: &at), length <= UInt64(bytes.count - at) else { return false }
            dictionary.symbols.append(Bytes.string(span.extracting(at..<(at + Int(length)))))
            at += Int(length)
        }
        return true
    }

    /// Offsets and sizes of pages; the first series of each.
    private mutating func readPageTable(_ table: [UInt8], version: UInt16) -> [Int]? {
        var firstOfPage: [Int] = []
        let entry = BlockFormat.pageEntrySize(version: version)
        for at in stride(from: 0, to: table.count - entry + 1, by: entry) {
            guard let offset = Int(exactly: Bytes.load64(table.span, at: at)) else { return nil }
            pageOffsets.append(offset)
            firstOfPage.append(Int(Bytes.load32(table.span, at: at + 8)))
            pageSizes.append(Int(Bytes.load32(table.span, at: at + 12)))
            storedSizes.append(version == 1 ? pageSizes[pageSizes.count - 1] : Int(Bytes.load32(table.span, at: at + 16)))
        }
        return firstOfPage
    }

    private mutating func readPostings(_ bytes: [UInt8], seriesCount: Int) -> Bool {
        let span = bytes.span
        var at = 0
        let symbolCount = UInt64(dictionary.symbols.count)
        guard let count = Varint.read(span, at: &at), count <= UInt64(bytes.count) else { return false }
        dictionary.pairs.reserveCapacity(Int(count))
        postingEnds.reserveCapacity(Int(count))
        postings.reserveCapacity(bytes.count)
        for _ in 0..<count {
            guard let name = Varint.read(span, at: &at), let value = Varint.read(span, at: &at), let length = Varint.read(span, at: &at),
                name < symbolCount, value < symbolCount, length <= UInt64(seriesCount)
            else { return false }
            let key = name << 32 | value
            if let last = dictionary.pairs.last, last >= key { return false }
            dictionary.pairs.append(key)
            var last: UInt64 = 0
            for _ in 0..<length {
                guard let step = Varint.read(span, at: &at), step < UInt64(seriesCount) else { return false }
                last += step
                guard last < UInt64(seriesCount) else { return false }
                postings.append(UInt32(last))
            }
            postingEnds.append(UInt32(postings.count))
        }
        return true
    }

    private mutating func readSeries(_ bytes: [UInt8], seriesCount: Int, _ firstOfPage: [Int]) -> Bool {
        let span = bytes.span
        var at = 0
        var page = -1
        var offset = 0
        guard seriesCount <= bytes.count else { return false }
        pairStarts.reserveCapacity(seriesCount + 1)
        for id in 0..<seriesCount {
            guard let pairCount = Varint.read(span, at: &at), pairCount <= 10_000 else { return false }
            // Which pairs they are stands in the postings as well.
            for _ in 0..<(2 * pairCount) { guard Varint.read(span, at: &at) != nil else { return false } }
            guard let column = Varint.read(span, at: &at).flatMap({ UInt32(exactly: $0) }),
                let count = Varint.read(span, at: &at).flatMap({ UInt32(exactly: $0) }),
                let size = Varint.read(span, at: &at).flatMap({ UInt32(exactly: $0) })
            else { return false }
            if page + 1 < firstOfPage.count, firstOfPage[page + 1] == id {
                page += 1
                offset = 0
            }
            guard page >= 0, offset + Int(size) <= pageSizes[page] else { return false }
            pairStarts.append(pairStarts[id] + UInt32(pairCount))
            columnOfSeries.append(column)
            samplesOfSeries.append(count)
            chunkOffset.append(UInt32(offset))
            chunkSize.append(size)
            pageOfSeries.append(UInt32(page))
            offset += Int(size)
        }
        return joinPairs()
    }

    /// Gives each series its pairs and identity, from the lists of series by pair: these ascend, so a series' pairs do.
    private mutating func joinPairs() -> Bool {
        guard postings.count == Int(pairStarts[pairStarts.count - 1]) else { return false }
        let hashes = dictionary.symbols.map { SeriesIdentity.symbolHash($0) }
        pairs = [UInt32](repeating: 0, count: postings.count)
        identities = [SeriesIdentity](repeating: .empty, count: columnOfSeries.count)
        var ends = Array(pairStarts.dropLast())
        var start = 0
        for pair in dictionary.pairs.indices {
            let key = dictionary.pairs[pair]
            let name = hashes[Int(key >> 32)]
            let value = hashes[Int(key & 0xffff_ffff)]
            for at in start..<Int(postingEnds[pair]) {
                let id = Int(postings[at])
                guard ends[id] < pairStarts[id + 1] else { return false }
                pairs[Int(ends[id])] = UInt32(pair)
                ends[id] += 1
                identities[id].add(name: name, value: value)
            }
            start = Int(postingEnds[pair])
        }
        return true
    }

    private mutating func readTimes(_ bytes: [UInt8], samples: Int) -> Bool {
        var at = 0
        guard let count = Varint.read(bytes.span, at: &at), count <= UInt64(bytes.count) else { return false }
        var run: [UInt64] = []
        for _ in 0..<count {
            var column: [Int64] = []
            guard let length = Varint.read(bytes.span, at: &at), length <= UInt64(samples),
                IntegerColumn.decode(bytes.span, at: &at, count: Int(length), into: &column, run: &run)
            else { return false }
            columns.append(column)
        }
        return columnOfSeries.allSatisfy { Int($0) < columns.count }
    }
}
