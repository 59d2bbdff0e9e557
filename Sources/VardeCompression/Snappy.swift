import CVardeCompression

/// Snappy's block format, as remote write and Loki push use it.
package enum Snappy {
    /// Compresses into `output`, replacing what is there.
    package static func compress(_ input: Span<UInt8>, into output: inout [UInt8]) {
        let size = fill(&output, capacity: Int(varde_snappy_bound(Int64(input.count)))) { varde_snappy_compress(input, &$0) }
        precondition(size >= 0, "snappy compression cannot fail with enough room")
    }

    /// Decompresses a body from elsewhere. A claimed size beyond `limit`, or beyond what so many input bytes can expand to
    /// (a 3-byte copy yields at most 64 bytes), is refused before anything is allocated.
    package static func decompress(_ input: Span<UInt8>, limit: Int, into output: inout [UInt8]) throws(DecompressionError) {
        let claimed = varde_snappy_claimed_size(input)
        guard claimed >= 0 else { throw .malformed(encoding: "snappy") }
        if claimed > Int64(limit) { throw .tooLarge(encoding: "snappy", limit: limit) }
        guard claimed <= Int64(input.count) * 64 else { throw .malformed(encoding: "snappy") }
        guard fill(&output, capacity: Int(claimed), { varde_snappy_decompress(input, &$0) }) == claimed else {
            throw .malformed(encoding: "snappy")
        }
    }
}
