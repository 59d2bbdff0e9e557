import VardeCompression
import VardeDisk
import VardeKernels
import VardeModel

/// Writes a block from series that come in the order of their labels.
final class BlockWriter {
    private let file: SectionedFileWriter
    private let dictionary: LabelDictionary
    private var index = BlockIndexBytes()
    private var timeColumns: [UInt8] = []
    private var columnOf: [ColumnKey: UInt32] = [:]
    private var page: [UInt8] = []
    private var packed: [UInt8] = []
    private var pageFirst: UInt32 = 0
    private var pageTable: [UInt8] = []
    private var first = Int64.max
    private var last = Int64.min
    private(set) var sampleCount = 0
    private let sequence: UInt64
    private var encodedTimes: [UInt8] = []
    private var latestTimes: [Int64] = []
    private var latestColumn: UInt32 = 0

    private struct ColumnKey: Hashable {
        var hash: KeyedHash.Value
        var count: Int
    }

    private let hash = KeyedHash()

    /// - Parameters:
    ///   - day: of all samples that will come, days since 1970.
    ///   - dictionary: of all labels that may come; those of no series are left out.
    init(path: String, sequence: UInt64, day: Int64, dictionary: LabelDictionary, fileSystem: any FileSystem) throws(DiskError) {
        self.sequence = sequence
        self.dictionary = dictionary
        file = try SectionedFileWriter(path: path, kind: .metricsBlock, day: Int(day), fileSystem: fileSystem)
        file.begin("pages")
    }

    var seriesCount: Int { index.count }

    /// Adds a series by its labels' pairs, ascending; it comes after the series before. A series without samples is left out.
    func add(_ pairs: [UInt32], _ samples: SampleColumns) throws(DiskError) {
        guard samples.count > 0 else { return }
        let start = page.count
        ValueColumn.encode(samples.values, to: &page)
        if !samples.histograms.isEmpty {
            let present = samples.histograms.indices.filter { samples.histograms[$0] != nil }
            Varint.append(UInt64(present.count), to: &page)
            for index in present {
                Varint.append(UInt64(index), to: &page)
                if let histogram = samples.histograms[index] { HistogramColumn.encode(histogram, to: &page) }
            }
        }
        index.add(pairs, column: timeColumn(samples.timestamps), samples: samples.count, size: page.count - start)
        first = min(first, samples.timestamps[0])
        last = max(last, samples.timestamps[samples.count - 1])
        sampleCount += samples.count
        if page.count >= BlockFormat.pageSize { try finishPage() }
    }

    /// Number of the column with these timestamps, added where no series before had them.
    private func timeColumn(_ timestamps: [Int64]) -> UInt32 {
        // Neighbours are mostly of one scrape.
        if timestamps == latestTimes { return latestColumn }
        encodedTimes.removeAll(keepingCapacity: true)
        Varint.append(UInt64(timestamps.count), to: &encodedTimes)
        IntegerColumn.encode(timestamps, to: &encodedTimes)
        let key = ColumnKey(hash: hash(encodedTimes.span), count: encodedTimes.count)
        latestTimes = timestamps
        latestColumn = columnOf[key] ?? UInt32(columnOf.count)
        if Int(latestColumn) == columnOf.count {
            columnOf[key] = latestColumn
            timeColumns += encodedTimes
        }
        return latestColumn
    }

    private func finishPage() throws(DiskError) {
        if page.isEmpty { return }
        Zstd.compress(page.span, level: BlockFormat.compressionLevel, into: &packed)
        let isPacked = packed.count < page.count - page.count / BlockFormat.worthwhileSaving
        let stored = isPacked ? packed : page
        var checksum: [UInt8] = []
        Bytes.append32(CRC32C.checksum(stored.span), to: &checksum)
        Bytes.append64(UInt64(file.sectionOffset), to: &pageTable)
        Bytes.append32(pageFirst, to: &pageTable)
        Bytes.append32(UInt32(page.count), to: &pageTable)
        Bytes.append32(UInt32(stored.count), to: &pageTable)
        try file.append(checksum.span)
        try file.append(stored.span)
        page.removeAll(keepingCapacity: true)
        pageFirst = UInt32(index.count)
    }

    /// Writes the index and makes the file appear; nil (and no file) where there was no sample.
    func finish() throws(DiskError) -> (first: Int64, last: Int64, bytes: Int)? {
        guard sampleCount > 0 else {
            file.abandon()
            return nil
        }
        try finishPage()
        let table = pageTable
        try file.section("pagetable", table.span)
        let dictionary = index.finish(dictionary)
        try compressedSection("symbols", BlockIndexBytes.symbols(dictionary))
        try compressedSection("series", index.series(dictionary))
        var times: [UInt8] = []
        Varint.append(UInt64(columnOf.count), to: &times)
        try compressedSection("times", times + timeColumns)
        timeColumns = []
        try compressedSection("postings", index.postings(dictionary))
        var meta: [UInt8] = []
        Bytes.append64(UInt64(bitPattern: first), to: &meta)
        Bytes.append64(UInt64(bitPattern: last), to: &meta)
        Bytes.append64(UInt64(sampleCount), to: &meta)
        Bytes.append32(UInt32(index.count), to: &meta)
        Bytes.append64(sequence, to: &meta)
        meta += [UInt8(truncatingIfNeeded: BlockFormat.version), UInt8(BlockFormat.version >> 8)]
        try file.section("meta", meta.span)
        return (first, last, try file.finish())
    }

    private func compressedSection(_ name: String, _ bytes: [UInt8]) throws(DiskError) {
        var packed: [UInt8] = []
        Zstd.compress(bytes.span, level: BlockFormat.compressionLevel, into: &packed)
        var size: [UInt8] = []
        Bytes.append32(UInt32(bytes.count), to: &size)
        file.begin(name)
        try file.append(size.span)
        try file.append(packed.span)
    }

    func abandon() { file.abandon() }
}
