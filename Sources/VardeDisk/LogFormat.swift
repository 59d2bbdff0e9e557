/// The write-ahead log on disk, version 1.
///
///     segment   = header record*                      file name: 16 hexadecimal digits of its number, ".wal"
///     header    = "VRDW" version(u16) zero(u16) number(u64)                       16 bytes
///     record    = length(u32) checksum(u32) kind(u8) payload                      length: bytes of the payload
///
/// All integers are little-endian. The checksum is CRC-32C over kind and payload. A record is whole or it is not there: at the end of
/// the last segment a torn one is cut off; anywhere else a record that does not check is damage, reported with its place.
package enum LogFormat {
    static let magic: [UInt8] = Array("VRDW".utf8)
    static let version: UInt16 = 1
    static let headerSize = 16
    static let recordHeaderSize = 9
    /// Longest payload of a record: what one request may hold after decompression, with room for framing.
    static let maxPayload = 128 << 20
    /// A segment is closed once it is larger: small enough to be replayed and removed by parts, large enough to be few.
    package static let segmentSize = 64 << 20
    static let suffix = ".wal"

    static func name(of segment: UInt64) -> String {
        let digits = String(segment, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + suffix
    }

    package static func segment(of name: String) -> UInt64? {
        name.hasSuffix(suffix) && name.utf8.count == 20 ? UInt64(name.dropLast(4), radix: 16) : nil
    }
}
