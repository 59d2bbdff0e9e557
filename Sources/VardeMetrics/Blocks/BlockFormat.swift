/// A metrics block, version 2: the samples of one UTC day or a part of it, in the sections of a `SectionedFile`.
///
///     meta      = first(i64) last(i64) samples(u64) series(u32) sequence(u64) version(u16)
///     symbols   = size(u32) zstd( count(varint) (length(varint) bytes)×count )             sorted by bytes
///     series    = size(u32) zstd( series× )                                               sorted by labels
///       series  = pairs(varint) (name(varint) value(varint))×pairs column(varint) samples(varint) size(varint)
///     times     = size(u32) zstd( column count(varint) (count(varint) IntegerColumn)× )
///     postings  = size(u32) zstd( pair count(varint) (name(varint) value(varint) count(varint) difference(varint)×count)× )
///     pages     = (checksum(u32) page)×
///     pagetable = (offset(u64) first series(u32) size(u32) stored size(u32))×pages         version 1: without stored size
///     page      = chunk×, as they are where the stored size is the size, else as a zstd frame
///     chunk     = ValueColumn, then for series with histograms: count(varint) (index(varint) histogram)×
///
/// Timestamps are stored once for all series that share them: `column` says which. A series' chunk follows that of the series before,
/// within pages of about 32 KiB of whole chunks, each page with its CRC-32C over what is stored; `size` is the chunk's bytes. Packed
/// values do not compress, but short chunks are mostly headers that repeat.
enum BlockFormat {
    static let version: UInt16 = 2
    static let oldestVersion: UInt16 = 1
    /// Chunks are gathered to pages of at least so many bytes: small enough to read for one series, large enough to read for all.
    static let pageSize = 32 << 10
    static let compressionLevel = 3
    /// Bytes of an entry of the page table.
    static func pageEntrySize(version: UInt16) -> Int { version == 1 ? 16 : 20 }
    /// A page is compressed where that takes off at least one part in so many.
    static let worthwhileSaving = 12
    /// Milliseconds of the range one block stays within.
    static let day: Int64 = 86_400_000
}
