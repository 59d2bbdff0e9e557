import CVardeCompression

/// DEFLATE in its three containers: HTTP's `gzip` and `deflate`, and bare.
package enum Deflate {
    package enum Container: Sendable {
        case raw
        case zlib
        case gzip

        fileprivate var code: varde_zlib_container {
            switch self {
            case .raw: varde_zlib_raw
            case .zlib: varde_zlib_zlib
            case .gzip: varde_zlib_gzip
            }
        }

        fileprivate var name: String { self == .gzip ? "gzip" : "deflate" }
    }

    /// Compresses into `output`, replacing what is there.
    package static func compress(_ input: Span<UInt8>, as container: Container, level: Int = 1, into output: inout [UInt8]) {
        let size = fill(&output, capacity: Int(varde_zlib_bound(Int64(input.count)))) {
            varde_zlib_compress(input, &$0, container.code, Int32(level))
        }
        precondition(size >= 0, "deflate cannot fail with enough room")
    }

    /// Decompresses a body from elsewhere, at most `limit` bytes of it.
    package static func decompress(
        _ input: Span<UInt8>, from container: Container, limit: Int, into output: inout [UInt8]
    ) throws(DecompressionError) {
        try growing(&output, encoding: container.name, firstGuess: input.count * 4, limit: limit) {
            varde_zlib_decompress(input, &$0, container.code)
        }
    }
}
