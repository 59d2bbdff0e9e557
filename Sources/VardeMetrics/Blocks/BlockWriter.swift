import VardeCompression
import VardeDisk
import VardeKernels
import VardeModel

/// Writes a block from series that come in the order of their labels.
final class BlockWriter {
    private let file: SectionedFileWriter
    private var symbolOf: [String: UInt32] = [:]
    private var symbols: [String] = []
    private var series: [UInt8] = []
    private var seriesPairs: [[UInt32]] = []
    private var seriesTail: [(column: UInt32, samples: Int, size: Int)] = []
    private var timeColumns: [UInt8] = []
    private var columnOf: [ColumnKey: UInt32] = [:]
    private var page: [UInt8] = []
    private var pageFirst: UInt32 = 0
    private var pageTable: [UInt8] = []
    private var first = Int64.max
    private var last = Int64.min
    private(set) var sampleCount = 0
    private let sequence: UInt64

    private struct ColumnKey: Hashable {
        var hash: KeyedHash.Value
        var count: Int
    }

    private let hash = KeyedHash()

    init(path: String, sequence: UInt64, fileSystem: any FileSystem) throws(DiskError) {
        self.sequence = sequence
        file = try SectionedFileWriter(path: path, kind: .metricsBlock, fileSystem: fileSystem)
        file.begin("pages")
    }

    var seriesCount: Int { seriesPairs.count }

    /// Adds a series; its labels come after those of the series before. A series without samples is left out.
    func add(_ labels: Labels, _ samples: SampleColumns) throws(DiskError) {
        guard samples.count > 0 else { return }
        var pairs: [UInt32] = []
        for label in labels {
            pairs.append(intern(label.name))
            pairs.append(intern(label.value))
        }
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
        seriesPairs.append(pairs)
        seriesTail.append((timeColumn(samples.timestamps), samples.count, page.count - start))
        first = min(first, samples.timestamps[0])
        last = max(last, samples.timestamps[samples.count - 1])
        sampleCount += samples.count
        if page.count >= BlockFormat.pageSize { try finishPage() }
    }

    private func intern(_ text: String) -> UInt32 {
        if let known = symbolOf[text], symbols[Int(known)].hasSameUTF8(as: text) { return known }
        symbolOf[text] = UInt32(symbols.count)
        symbols.append(text)
        return UInt32(symbols.count - 1)
    }

    /// Number of the column with these timestamps, added where no series before had them.
    private func timeColumn(_ timestamps: [Int64]) -> UInt32 {
        var encoded: [UInt8] = []
        Varint.append(UInt64(timestamps.count), to: &encoded)
        IntegerColumn.encode(timestamps, to: &encoded)
        let key = ColumnKey(hash: hash(encoded.span), count: encoded.count)
        if let known = columnOf[key] { return known }
        let id = UInt32(columnOf.count)
        columnOf[key] = id
        timeColumns += encoded
        return id
    }

    private func finishPage() throws(DiskError) {
        if page.isEmpty { return }
        var checksum: [UInt8] = []
        Bytes.append32(CRC32C.checksum(page.span), to: &checksum)
        Bytes.append64(UInt64(file.sectionOffset), to: &pageTable)
        Bytes.append32(pageFirst, to: &pageTable)
        Bytes.append32(UInt32(page.count), to: &pageTable)
        let bytes = page
        try file.append(checksum.span)
        try file.append(bytes.span)
        page.removeAll(keepingCapacity: true)
        pageFirst = UInt32(seriesPairs.count)
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
        // Symbols sorted, so that numbers of neighbouring series are near each other; series refer to the sorted numbers.
        let order = symbols.indices.sorted { symbols[$0].utf8Precedes(symbols[$1]) }
        var rank = [UInt32](repeating: 0, count: symbols.count)
        for (position, index) in order.enumerated() { rank[index] = UInt32(position) }
        var bytes: [UInt8] = []
        Varint.append(UInt64(symbols.count), to: &bytes)
        for index in order {
            Varint.append(UInt64(symbols[index].utf8.count), to: &bytes)
            bytes += symbols[index].utf8
        }
        try compressedSection("symbols", bytes)
        bytes.removeAll()
        var postings: [UInt64: [UInt32]] = [:]
        for (id, pairs) in seriesPairs.enumerated() {
            Varint.append(UInt64(pairs.count / 2), to: &bytes)
            for i in stride(from: 0, to: pairs.count, by: 2) {
                let name = rank[Int(pairs[i])]
                let value = rank[Int(pairs[i + 1])]
                Varint.append(UInt64(name), to: &bytes)
                Varint.append(UInt64(value), to: &bytes)
                postings[UInt64(name) << 32 | UInt64(value), default: []].append(UInt32(id))
            }
            let tail = seriesTail[id]
            Varint.append(UInt64(tail.column), to: &bytes)
            Varint.append(UInt64(tail.samples), to: &bytes)
            Varint.append(UInt64(tail.size), to: &bytes)
        }
        try compressedSection("series", bytes)
        bytes.removeAll()
        Varint.append(UInt64(columnOf.count), to: &bytes)
        try compressedSection("times", bytes + timeColumns)
        bytes.removeAll()
        Varint.append(UInt64(postings.count), to: &bytes)
        for (pair, list) in postings.sorted(by: { $0.key < $1.key }) {
            Varint.append(pair >> 32, to: &bytes)
            Varint.append(pair & 0xffff_ffff, to: &bytes)
            Varint.append(UInt64(list.count), to: &bytes)
            var last: UInt32 = 0
            for id in list {
                Varint.append(UInt64(id - last), to: &bytes)
                last = id
            }
        }
        try compressedSection("postings", bytes)
        var meta: [UInt8] = []
        Bytes.append64(UInt64(bitPattern: first), to: &meta)
        Bytes.append64(UInt64(bitPattern: last), to: &meta)
        Bytes.append64(UInt64(sampleCount), to: &meta)
        Bytes.append32(UInt32(seriesPairs.count), to: &meta)
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
