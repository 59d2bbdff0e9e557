import Synchronization
import VardeCompression
import VardeDisk
import VardeKernels
import VardeModel

/// An open block. Its index is read when the first query needs it; samples are read by page.
///
/// The file stays readable for as long as someone holds the block, also after it is removed from the store.
final class Block: Sendable {
    let name: String
    let first: Int64
    let last: Int64
    let samples: Int
    let seriesCount: Int
    /// Order of writing: of two samples with one timestamp the one of the higher sequence stands.
    let sequence: UInt64
    let level: Int
    let size: Int
    let version: UInt16
    let file: SectionedFile
    private let pages: SectionedFile.Section
    private let loaded = Mutex<Index?>(nil)

    init(path: String, name: String, level: Int, fileSystem: any FileSystem) throws {
        self.name = name
        self.level = level
        file = try SectionedFile(path: path, fileSystem: fileSystem)
        guard file.kind == .metricsBlock else { throw DiskError(damaged: path, "not a metrics block") }
        size = file.size
        pages = try file.section("pages")
        let meta = try file.read("meta")
        guard meta.count >= 38 else { throw DiskError(damaged: path, "the block's description is cut off") }
        let span = meta.span
        first = Int64(bitPattern: Bytes.load64(span, at: 0))
        last = Int64(bitPattern: Bytes.load64(span, at: 8))
        samples = Int(Bytes.load64(span, at: 16))
        seriesCount = Int(Bytes.load32(span, at: 24))
        sequence = Bytes.load64(span, at: 28)
        version = UInt16(meta[36]) | UInt16(meta[37]) << 8
        guard version >= BlockFormat.oldestVersion, version <= BlockFormat.version else {
            throw DiskError(damaged: path, "block version \(version) is not known to this Varde")
        }
    }

    /// The index, read on first use.
    func index() throws -> Index {
        if let index = loaded.withLock({ $0 }) { return index }
        let index = try Index(of: self)
        loaded.withLock { $0 = index }
        return index
    }

    /// The index, not kept where no query has read it yet.
    func indexOnce() throws -> Index { try loaded.withLock { $0 } ?? Index(of: self) }

    func decompressed(_ name: String) throws(DiskError) -> [UInt8] {
        let bytes = try file.read(name)
        guard bytes.count >= 4 else { throw DiskError(damaged: file.path, "the section “\(name)” is cut off") }
        var out: [UInt8] = []
        let size = Int(Bytes.load32(bytes.span, at: 0))
        do throws(DecompressionError) {
            try Zstd.decompress(bytes.span.extracting(4..<bytes.count), size: size, into: &out)
        } catch {
            throw DiskError(damaged: file.path, "the section “\(name)” does not decompress")
        }
        return out
    }

    /// What reading needs from series to series: the page read last, and decoding's scratch.
    struct Cursor: Sendable {
        fileprivate var page = -1
        /// Sequence of the block the page is of.
        fileprivate var owner: UInt64 = 0
        fileprivate var bytes: [UInt8] = []
        /// Where the page's chunks begin in `bytes`.
        fileprivate var start = 0
        fileprivate var values: [Double] = []
        fileprivate var scratch = ValueColumn.Scratch()
    }

    /// Appends a series' samples in the range, ascending; with `staleMarkersOnly` any number may stand for another float.
    func read(
        _ id: UInt32, in index: Index, from: Int64, through: Int64, staleMarkersOnly: Bool = false, cursor: inout Cursor,
        into columns: inout SampleColumns
    ) throws(DiskError) {
        // Threads share the columns: none of them is taken hold of.
        let column = Int(index.columnOfSeries[Int(id)])
        let length = index.columns[column].count
        let wanted = TimeColumn.positions(index.columns[column], in: 0..<length, from: from, through: through)
        if wanted.isEmpty { return }
        let page = Int(index.pageOfSeries[Int(id)])
        if cursor.page != page || cursor.owner != sequence { try load(page, of: index, into: &cursor) }
        let start = cursor.start + Int(index.chunkOffset[Int(id)])
        let end = start + Int(index.chunkSize[Int(id)])
        let bytes = cursor.bytes
        let chunk = bytes.span.extracting(0..<end)
        // The cursor's storage is taken out while it is filled, so that nothing is copied.
        var values: [Double] = []
        var scratch = ValueColumn.Scratch()
        swap(&values, &cursor.values)
        swap(&scratch, &cursor.scratch)
        defer {
            swap(&values, &cursor.values)
            swap(&scratch, &cursor.scratch)
        }
        var at = start
        // Worded only where it is thrown: this runs once a series.
        func damaged() -> DiskError { DiskError(damaged: file.path, "the chunk of series \(id) makes no sense") }
        let isRead = ValueColumn.decode(
            chunk, at: &at, count: length, staleMarkersOnly: staleMarkersOnly, into: &values, scratch: &scratch)
        guard isRead else { throw damaged() }
        if at == end {
            if columns.histograms.isEmpty {
                columns.timestamps.append(copying: wanted, of: index.columns[column])
                columns.values.append(copying: wanted, of: values)
                if !columns.startTimestamps.isEmpty { columns.startTimestamps.append(contentsOf: repeatElement(0, count: wanted.count)) }
            } else {
                for i in wanted { columns.append(index.columns[column][i], values[i]) }
            }
            return
        }
        var histograms: [Int: NativeHistogram] = [:]
        guard let count = Varint.read(chunk, at: &at), count <= UInt64(length) else { throw damaged() }
        for _ in 0..<count {
            guard let position = Varint.read(chunk, at: &at), let histogram = HistogramColumn.decode(chunk, at: &at) else {
                throw damaged()
            }
            histograms[Int(position)] = histogram
        }
        for i in wanted {
            let time = index.columns[column][i]
            if let histogram = histograms[i] { columns.append(time, histogram) } else { columns.append(time, values[i]) }
        }
    }

    /// Reads and verifies a page.
    private func load(_ page: Int, of index: Index, into cursor: inout Cursor) throws(DiskError) {
        var bytes: [UInt8] = []
        swap(&bytes, &cursor.bytes)
        cursor.page = -1
        let stored = index.storedSizes[page]
        try file.readPart(of: pages, at: index.pageOffsets[page], count: stored + 4, into: &bytes)
        guard CRC32C.checksum(bytes.span.extracting(4..<(stored + 4))) == Bytes.load32(bytes.span, at: 0) else {
            throw DiskError(damaged: file.path, "the page at byte \(pages.offset + index.pageOffsets[page]) does not match its checksum")
        }
        cursor.start = 4
        if stored != index.pageSizes[page] {
            var unpacked: [UInt8] = []
            do throws(DecompressionError) {
                try Zstd.decompress(bytes.span.extracting(4..<(stored + 4)), size: index.pageSizes[page], into: &unpacked)
            } catch {
                throw DiskError(damaged: file.path, "the page at byte \(pages.offset + index.pageOffsets[page]) does not decompress")
            }
            bytes = unpacked
            cursor.start = 0
        }
        swap(&bytes, &cursor.bytes)
        cursor.page = page
        cursor.owner = sequence
    }

    func verify() -> [String] { file.verify() }
}
