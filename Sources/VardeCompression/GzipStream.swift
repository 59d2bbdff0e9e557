import CVardeCompression

/// A part of a gzip stream, compressed without those around it: several can be made at once.
package struct GzipPiece: Sendable {
    fileprivate let bytes: [UInt8]
    fileprivate let checksum: UInt32
    fileprivate let size: Int

    package init(_ input: Span<UInt8>) {
        var out: [UInt8] = []
        let count = fill(&out, capacity: Int(varde_deflate_bound(Int64(input.count)))) { varde_deflate_text(input, &$0) }
        precondition(count >= 0, "deflate cannot fail with enough room")
        bytes = out
        checksum = varde_gzip_crc32(input, 0)
        size = input.count
    }
}

/// A gzip stream of pieces in their order, each readable as soon as it is there (RFC 1952): for answers that are not held whole.
package struct GzipStream: Sendable {
    private static let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
    /// An empty last block of DEFLATE.
    private static let lastBlock: [UInt8] = [3, 0]

    private var checksum: UInt32 = 0
    private var size: UInt32 = 0
    private var hasBegun = false

    package init() {}

    /// A stream of one piece.
    package static func whole(_ input: Span<UInt8>) -> [UInt8] {
        var stream = GzipStream()
        return stream.append(GzipPiece(input)) + stream.end()
    }

    /// The bytes of the next piece.
    package mutating func append(_ piece: GzipPiece) -> [UInt8] {
        checksum = varde_gzip_crc32_joined(checksum, piece.checksum, Int64(piece.size))
        size &+= UInt32(truncatingIfNeeded: piece.size)
        defer { hasBegun = true }
        return hasBegun ? piece.bytes : Self.header + piece.bytes
    }

    /// What ends the stream: checksum and size.
    package mutating func end() -> [UInt8] {
        var out = hasBegun ? [] : Self.header
        out += Self.lastBlock
        for number in [checksum, size] {
            for shift in stride(from: 0, to: 32, by: 8) { out.append(UInt8(truncatingIfNeeded: number >> UInt32(shift))) }
        }
        return out
    }
}
