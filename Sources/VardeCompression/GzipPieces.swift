import CVardeCompression

/// A gzip stream made piece by piece, each readable as soon as it is there (RFC 1952): for answers that are not held whole.
package struct GzipPieces: Sendable {
    private static let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
    /// An empty last block of DEFLATE.
    private static let lastBlock: [UInt8] = [3, 0]

    private var checksum: UInt32 = 0
    private var size: UInt32 = 0
    private var hasBegun = false

    package init() {}

    /// The next piece, compressed.
    package mutating func pack(_ input: Span<UInt8>, level: Int = 1) -> [UInt8] {
        var out: [UInt8] = []
        // Beyond the bound of one stream, a flush may add an empty block.
        let count = fill(&out, capacity: Int(varde_zlib_bound(Int64(input.count))) + 64) { varde_zlib_piece(input, &$0, Int32(level)) }
        precondition(count >= 0, "deflate cannot fail with enough room")
        checksum = varde_zlib_crc32(input, checksum)
        size &+= UInt32(truncatingIfNeeded: input.count)
        defer { hasBegun = true }
        return hasBegun ? out : Self.header + out
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
