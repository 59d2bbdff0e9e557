import VardeKernels

/// The write-ahead log on disk, version 1.
///
///     segment = header record*                    file name: 16 hexadecimal digits of its number, ".wal"
///     header  = "VRDW" version(u16) flags(u16) number(u64) before(u64) salt(u32) checksum(u32)    32 bytes
///     record  = length(u32) checksum(u32) frame(u32) kind(u8) payload                             13 bytes and the payload
///
/// All integers are little-endian. The header's checksum is CRC-32C over its first 28 bytes. `before` is how many bytes of the segment
/// numbered one less belong to the log: what lies behind them there was torn by a crash or failed to sync, and was never acknowledged,
/// or was written again here. So a segment is never mended in place. It is 0 where there is no such segment.
///
/// A record's `checksum` is CRC-32C over kind and payload; `frame` is CRC-32C over length and checksum, going on from the segment's
/// `salt`. With the frame sound, the length can be trusted, and a damaged payload costs one record; without it the next sound frame is
/// searched for. The salt is chosen at random each time a log is opened, so nothing a client sends can look like a frame.
///
/// Bit 0 of `flags` says that a `LogExtent` is beside the segments, and that behind what was acknowledged stands a mark: a record of kind
/// 255 without a payload, which belongs to no part of the log and is overwritten by the next record. What does not check before a mark was
/// acknowledged and is damaged; what does not check without one behind it was torn.
package enum LogFormat {
    static let magic: [UInt8] = Array("VRDW".utf8)
    static let version: UInt16 = 1
    static let headerSize = 32
    static let recordHeaderSize = 13
    /// Longest payload of a record: what one request may hold after decompression, with room for framing.
    static let maxPayload = 128 << 20
    /// A segment is closed once it is larger: small enough to be replayed and removed by parts, large enough to be few.
    package static let segmentSize = 64 << 20
    static let suffix = ".wal"
    /// Kind of the record that marks the end of what was acknowledged.
    static let markKind: UInt8 = 255

    static func name(of segment: UInt64) -> String {
        let digits = String(segment, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + suffix
    }

    package static func segment(of name: String) -> UInt64? {
        name.hasSuffix(suffix) && name.utf8.count == 20 ? UInt64(name.dropLast(4), radix: 16) : nil
    }

    /// The bytes of a record before its payload.
    static func recordHeader(kind: UInt8, _ payload: Span<UInt8>, salt: UInt32) -> [UInt8] {
        var header: [UInt8] = [kind]
        header.reserveCapacity(recordHeaderSize)
        let checksum = CRC32C.checksum(payload, seed: CRC32C.checksum(header.span))
        header.removeAll(keepingCapacity: true)
        Bytes.append32(UInt32(payload.count), to: &header)
        Bytes.append32(checksum, to: &header)
        Bytes.append32(CRC32C.checksum(header.span, seed: salt), to: &header)
        header.append(kind)
        return header
    }

    /// What a segment says of itself.
    struct Header: Equatable {
        var number: UInt64
        var before: UInt64
        var salt: UInt32
        /// Whether the log has an extent and marks; one that was written before there were any has not.
        var isMarked: Bool

        var bytes: [UInt8] {
            var bytes = LogFormat.magic
            bytes += [UInt8(truncatingIfNeeded: LogFormat.version), UInt8(LogFormat.version >> 8), isMarked ? 1 : 0, 0]
            Bytes.append64(number, to: &bytes)
            Bytes.append64(before, to: &bytes)
            Bytes.append32(salt, to: &bytes)
            Bytes.append32(CRC32C.checksum(bytes.span), to: &bytes)
            return bytes
        }

        /// Reads a header; nil where it is not whole or does not check.
        init?(_ bytes: Span<UInt8>) {
            guard bytes.count == LogFormat.headerSize, CRC32C.checksum(bytes.extracting(0..<28)) == Bytes.load32(bytes, at: 28) else {
                return nil
            }
            number = Bytes.load64(bytes, at: 8)
            before = Bytes.load64(bytes, at: 16)
            salt = Bytes.load32(bytes, at: 24)
            isMarked = bytes[6] & 1 == 1
        }

        init(number: UInt64, before: UInt64, salt: UInt32, isMarked: Bool = true) {
            self.isMarked = isMarked
            self.number = number
            self.before = before
            self.salt = salt
        }
    }
}
