import CVardeKernels

/// CRC-32C (Castagnoli), the checksum of every section, page and log record on disk.
package enum CRC32C {
    /// Checksum of `bytes`, going on from `seed`, the checksum of what came before.
    package static func checksum(_ bytes: Span<UInt8>, seed: UInt32 = 0) -> UInt32 {
        varde_crc32c(seed, bytes)
    }
}
