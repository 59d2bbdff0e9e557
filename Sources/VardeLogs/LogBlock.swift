import VardeCompression
import VardeKernels
import VardeModel

/// What is needed to read a block's bytes: sizes, encodings and checksums of its two parts.
struct LogBlockInfo: Sendable, Equatable {
    /// Size of each part as stored and before compression, in bytes.
    var headSize: Int
    var headRawSize: Int
    var linesSize: Int
    var linesRawSize: Int
    var headEncoding: LogEncoding
    var linesEncoding: LogEncoding
    var headChecksum: UInt32
    var linesChecksum: UInt32
    var entryCount: Int

    var size: Int { headSize + linesSize }
}

/// How a part of a block is stored.
enum LogEncoding: UInt8, Sendable {
    case raw = 0
    case lz4 = 1
    case zstd = 2
    /// Lines alone: templates with their variables in columns (`LogTemplates`).
    case templates = 3
}

/// How hard to compress.
struct LogCompression: Sendable {
    var encoding: LogEncoding
    var level: Int

    static let fresh = LogCompression(encoding: .templates, level: 1)
    static let compacted = LogCompression(encoding: .templates, level: 6)
}

/// Entries stored and compressed together: a part with times, line lengths and metadata, and a part with the lines.
///
///     head  = flags(u8) count(varint) scale(u8) first(zigzag varint) steps(packed zigzag, count - 1) lengths(packed, count)
///             [indices(packed, count) sets(varint) labels*]                 where flag 1 is set: structured metadata
///
/// Times are divided by the scale (1, 1,000, 1,000,000 or 1,000,000,000 ns) that divides them all. Both parts are compressed where
/// that makes them smaller, and have a checksum each (CRC-32C of the bytes as stored), so that times are read without the lines.
struct LogBlock: Sendable {
    var info: LogBlockInfo
    /// Both parts, the head first.
    var bytes: [UInt8]

    private static let scales: [Int64] = [1, 1_000, 1_000_000, 1_000_000_000]
    private static let hasMetadata: UInt8 = 1
    /// Most entries of a block, so that a damaged count allocates little.
    static let maxEntries = 1 << 26

    init(info: LogBlockInfo, bytes: [UInt8]) {
        self.info = info
        self.bytes = bytes
    }

    /// Encodes entries as they stand.
    init(_ columns: LogColumns, _ compression: LogCompression) {
        let head = Self.head(of: columns)
        let (headEncoding, headBytes) = Self.compressed(head, compression)
        let (linesEncoding, lineBytes) =
            compression.encoding == .templates
            ? LogTemplates.encode(columns, compression) ?? Self.compressed(columns.lineBytes, compression)
            : Self.compressed(columns.lineBytes, compression)
        info = LogBlockInfo(
            headSize: headBytes.count, headRawSize: head.count, linesSize: lineBytes.count, linesRawSize: columns.lineBytes.count,
            headEncoding: headEncoding, linesEncoding: linesEncoding, headChecksum: CRC32C.checksum(headBytes.span),
            linesChecksum: CRC32C.checksum(lineBytes.span), entryCount: columns.count)
        bytes = headBytes
        bytes.reserveCapacity(info.size)
        bytes.append(contentsOf: lineBytes)
    }

    static func compressed(_ bytes: [UInt8], _ compression: LogCompression) -> (LogEncoding, [UInt8]) {
        guard bytes.count >= 64 else { return (.raw, bytes) }
        var output: [UInt8] = []
        switch compression.encoding {
        case .raw: return (.raw, bytes)
        case .lz4: LZ4.compress(bytes.span, into: &output)
        case .zstd, .templates: Zstd.compress(bytes.span, level: compression.level, into: &output)
        }
        let encoding = compression.encoding == .lz4 ? LogEncoding.lz4 : .zstd
        // Room for the worst case was made; only what is used is kept.
        return output.count < bytes.count ? (encoding, Bytes.array(output.span)) : (.raw, bytes)
    }

    /// The first part before compression.
    static func head(of columns: LogColumns) -> [UInt8] {
        let count = columns.count
        let metadata = columns.metadataIndices.contains { $0 != 0 }
        var head: [UInt8] = [metadata ? hasMetadata : 0]
        LogBytes.append(varint: UInt64(count), to: &head)
        let scaleIndex = scales.lastIndex { scale in columns.timestamps.allSatisfy { $0 % scale == 0 } } ?? 0
        head.append(UInt8(scaleIndex))
        let scale = scales[scaleIndex]
        var values: [UInt64] = []
        values.reserveCapacity(count)
        if count > 0 {
            LogBytes.append(varint: LogBytes.zigzag(columns.timestamps[0] / scale), to: &head)
            for i in 1..<max(count, 1) {
                values.append(LogBytes.zigzag(columns.timestamps[i] / scale &- columns.timestamps[i - 1] / scale))
            }
            LogIntegerPacking.append(values, to: &head)
        }
        values.removeAll(keepingCapacity: true)
        var before: UInt32 = 0
        for end in columns.lineEnds {
            values.append(UInt64(end - before))
            before = end
        }
        LogIntegerPacking.append(values, to: &head)
        if metadata {
            LogIntegerPacking.append(columns.metadataIndices.map(UInt64.init), to: &head)
            LogBytes.append(varint: UInt64(columns.metadataSets.count), to: &head)
            for set in columns.metadataSets { LogBytes.append(labels: set, to: &head) }
        }
        return head
    }

    /// Replaces `columns` by the entries' times, line ends and metadata; the lines' bytes stay empty. `bytes` is the head as stored.
    static func readHead(_ bytes: Span<UInt8>, _ info: LogBlockInfo, into columns: inout LogColumns) throws(LogStoreError) {
        guard bytes.count == info.headSize, CRC32C.checksum(bytes) == info.headChecksum else {
            throw .damaged("a block's head does not match its checksum")
        }
        columns.removeAll()
        var head: [UInt8] = []
        try decompress(bytes, info.headEncoding, size: info.headRawSize, into: &head)
        guard parse(head.span, into: &columns), columns.count == info.entryCount else {
            throw .damaged("a block's head makes no sense")
        }
        guard Int(columns.lineEnds.last ?? 0) == info.linesRawSize else {
            throw .damaged("a block's lines are not as long as its head says")
        }
    }

    /// Fills empty `columns` from an uncompressed head; false where it makes no sense.
    static func parse(_ head: Span<UInt8>, into columns: inout LogColumns) -> Bool {
        var reader = LogByteReader()
        guard let flags = reader.byte(head), let count = reader.count(head, limit: maxEntries), let scaleIndex = reader.byte(head),
            Int(scaleIndex) < scales.count
        else { return false }
        let scale = scales[Int(scaleIndex)]
        if count > 0 {
            guard let first = reader.varint(head), let steps = LogIntegerPacking.read(count - 1, from: &reader, head) else { return false }
            columns.timestamps.reserveCapacity(count)
            var time = LogBytes.unzigzag(first)
            columns.timestamps.append(time &* scale)
            for step in steps {
                time &+= LogBytes.unzigzag(step)
                columns.timestamps.append(time &* scale)
            }
        }
        guard let lengths = LogIntegerPacking.read(count, from: &reader, head) else { return false }
        columns.lineEnds.reserveCapacity(count)
        var end: UInt64 = 0
        for length in lengths {
            end &+= length
            guard length <= UInt64(UInt32.max), end <= UInt64(UInt32.max) else { return false }
            columns.lineEnds.append(UInt32(end))
        }
        guard flags & hasMetadata != 0 else { return true }
        guard let indices = LogIntegerPacking.read(count, from: &reader, head),
            let setCount = reader.count(head, limit: head.count)
        else { return false }
        for _ in 0..<setCount {
            guard let labels = reader.labels(head) else { return false }
            columns.metadataSets.append(labels)
        }
        for index in indices {
            guard index < UInt64(setCount) else { return false }
            columns.metadataIndices.append(UInt32(index))
        }
        return true
    }

    /// Adds the lines to `columns` that `readHead` filled: all, or without such as cannot hold the needles. `bytes` is the second part as
    /// stored.
    static func readLines(
        _ bytes: Span<UInt8>, _ info: LogBlockInfo, needles: LineNeedles = .none, into columns: inout LogColumns
    ) throws(LogStoreError) {
        guard bytes.count == info.linesSize, CRC32C.checksum(bytes) == info.linesChecksum else {
            throw .damaged("a block's lines do not match their checksum")
        }
        if info.linesEncoding == .templates {
            try LogTemplates.decode(bytes, info, needles, into: &columns)
        } else {
            try decompress(bytes, info.linesEncoding, size: info.linesRawSize, into: &columns.lineBytes)
        }
    }

    static func decompress(
        _ bytes: Span<UInt8>, _ encoding: LogEncoding, size: Int, into output: inout [UInt8]
    ) throws(LogStoreError) {
        do throws(DecompressionError) {
            switch encoding {
            case .raw:
                output.removeAll(keepingCapacity: true)
                Bytes.append(bytes, to: &output)
            case .lz4: try LZ4.decompress(bytes, size: size, into: &output)
            case .zstd: try Zstd.decompress(bytes, size: size, into: &output)
            case .templates: throw .malformed(encoding: "templates")
            }
        } catch {
            throw .damaged("a block cannot be decompressed: \(error)")
        }
        guard output.count == size else { throw .damaged("a block has \(output.count) bytes where \(size) were stored") }
    }

    /// Replaces `columns` by all entries, or without such as cannot hold the needles.
    func read(into columns: inout LogColumns, needles: LineNeedles = .none) throws(LogStoreError) {
        let span = bytes.span
        try Self.readHead(span.extracting(0..<info.headSize), info, into: &columns)
        try Self.readLines(span.extracting(info.headSize..<bytes.count), info, needles: needles, into: &columns)
    }
}
