import CVardeCompression

/// zstd frames.
package enum Zstd {
    /// Compresses into `output`, replacing what is there.
    package static func compress(_ input: Span<UInt8>, level: Int = 1, into output: inout [UInt8]) {
        let size = fill(&output, capacity: Int(varde_zstd_bound(Int64(input.count)))) {
            varde_zstd_compress(input, &$0, Int32(level))
        }
        precondition(size >= 0, "zstd compression cannot fail with enough room")
    }

    /// Decompresses a frame of exactly `size` bytes into `output`, replacing what is there.
    package static func decompress(_ input: Span<UInt8>, size: Int, into output: inout [UInt8]) throws(DecompressionError) {
        guard fill(&output, capacity: size, { varde_zstd_decompress(input, &$0) }) == Int64(size) else {
            throw .malformed(encoding: "zstd")
        }
    }

    /// Decompresses a body from elsewhere: what its header claims is believed only up to `limit` bytes.
    package static func decompress(_ input: Span<UInt8>, limit: Int, into output: inout [UInt8]) throws(DecompressionError) {
        let claimed = varde_zstd_claimed_size(input)
        if claimed == -1 { throw .malformed(encoding: "zstd") }
        if claimed > Int64(limit) { throw .tooLarge(encoding: "zstd", limit: limit) }
        // What came from elsewhere may hold personal data: nothing of it stays here.
        defer { varde_zstd_forget() }
        let guess = min(claimed > 0 ? Int(claimed) : input.count * 4, input.count * 64)
        try growing(&output, encoding: "zstd", firstGuess: guess, limit: limit) { varde_zstd_decompress(input, &$0) }
    }
}
