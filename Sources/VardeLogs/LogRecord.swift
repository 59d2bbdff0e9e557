import VardeCompression
import VardeKernels
import VardeModel

/// Writes in the write-ahead log: records of kind 1, version 1.
///
///     payload = sequence(u64) encoding(u8) raw size(u32) body        body compressed as the encoding says
///     body    = streams(varint) stream*
///     stream  = labels head size(varint) lines size(varint) head lines       head as `LogBlock` says, neither part compressed
enum LogRecord {
    static let entries: UInt8 = 1
    private static let headerSize = 13
    /// Largest body, below the limit of the log with room to spare.
    static let maxBody = 120 << 20

    /// The payload without its sequence number, which is set once the write's turn is known.
    static func encode(_ writes: [LogStreamWrite]) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(writes.reduce(16) { $0 + $1.entries.lineBytes.count + $1.entries.count * 8 + 256 })
        LogBytes.append(varint: UInt64(writes.count), to: &body)
        for write in writes {
            LogBytes.append(labels: write.labels, to: &body)
            append(write.entries, to: &body)
        }
        var compressed: [UInt8] = []
        if body.count >= 256 { LZ4.compress(body.span, into: &compressed, acceleration: 2) }
        let pays = !compressed.isEmpty && compressed.count < body.count - body.count / 16
        var payload: [UInt8] = []
        payload.reserveCapacity(headerSize + (pays ? compressed.count : body.count))
        Bytes.append64(0, to: &payload)
        payload.append(pays ? LogEncoding.lz4.rawValue : LogEncoding.raw.rawValue)
        Bytes.append32(UInt32(body.count), to: &payload)
        payload.append(contentsOf: pays ? compressed : body)
        return payload
    }

    static func setSequence(_ sequence: UInt64, in payload: inout [UInt8]) {
        for i in 0..<8 { payload[i] = UInt8(truncatingIfNeeded: sequence >> UInt64(8 * i)) }
    }

    private static func append(_ columns: LogColumns, to body: inout [UInt8]) {
        let head = LogBlock.head(of: columns)
        LogBytes.append(varint: UInt64(head.count), to: &body)
        LogBytes.append(varint: UInt64(columns.lineBytes.count), to: &body)
        body.append(contentsOf: head)
        body.append(contentsOf: columns.lineBytes)
    }

    /// Sequence number and writes of a payload; the log has verified its checksum.
    static func decode(_ payload: Span<UInt8>) throws(LogStoreError) -> (sequence: UInt64, writes: [LogStreamWrite]) {
        let malformed = LogStoreError.damaged("a record of the write-ahead log makes no sense")
        guard payload.count >= headerSize, let encoding = LogEncoding(rawValue: payload[8]) else { throw malformed }
        let sequence = Bytes.load64(payload, at: 0)
        let size = Int(Bytes.load32(payload, at: 9))
        let stored = payload.extracting(headerSize..<payload.count)
        // A byte of LZ4 stands for 255 at most: no room is made for what cannot be there.
        guard size <= maxBody, encoding == .zstd || size <= stored.count * 255 else { throw malformed }
        var body: [UInt8] = []
        do throws(DecompressionError) {
            switch encoding {
            case .raw: body = Bytes.array(stored)
            case .lz4: try LZ4.decompress(stored, size: size, into: &body)
            case .zstd: try Zstd.decompress(stored, size: size, into: &body)
            case .templates: throw .malformed(encoding: "templates")
            }
        } catch { throw malformed }
        let bytes = body.span
        var reader = LogByteReader()
        guard let count = reader.count(bytes, limit: bytes.count) else { throw malformed }
        var writes: [LogStreamWrite] = []
        for _ in 0..<count {
            guard let labels = reader.labels(bytes), let headSize = reader.count(bytes, limit: bytes.count),
                let linesSize = reader.count(bytes, limit: bytes.count), let head = reader.bytes(headSize, bytes),
                let lines = reader.bytes(linesSize, bytes)
            else { throw malformed }
            var columns = LogColumns()
            guard LogBlock.parse(bytes.extracting(head), into: &columns), Int(columns.lineEnds.last ?? 0) == linesSize else {
                throw malformed
            }
            columns.lineBytes = Bytes.array(bytes.extracting(lines))
            writes.append(LogStreamWrite(labels: labels, entries: columns))
        }
        return (sequence, writes)
    }
}
