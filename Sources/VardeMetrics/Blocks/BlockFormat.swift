/// A metrics block, version 1: the samples of one UTC day or a part of it, in the sections of a `SectionedFile`.
///
///     meta      = first(i64) last(i64) samples(u64) series(u32) sequence(u64) version(u16)
///     symbols   = size(u32) zstd( count(varint) (length(varint) bytes)×count )             sorted by bytes
///     series    = size(u32) zstd( series× )                                               sorted by labels
///       series  = pairs(varint) (name(varint) value(varint))×pairs column(varint) samples(varint) size(varint)
///     times     = size(u32) zstd( column count(varint) (count(varint) IntegerColumn)× )
///     postings  = size(u32) zstd( pair count(varint) (name(varint) value(varint) count(varint) difference(varint)×count)× )
///     pages     = (checksum(u32) chunk×)×
///     pagetable = (offset(u64) first series(u32) size(u32))×pages
///     chunk     = ValueColumn, then for series with histograms: count(varint) (index(varint) histogram)×
///
/// Timestamps are stored once for all series that share them: `column` says which. A series' chunk follows that of the series before,
/// within pages of about 32 KiB of whole chunks, each page with its CRC-32C; `size` is the chunk's bytes.
enum BlockFormat {
    static let version: UInt16 = 1
    /// Chunks are gathered to pages of at least so many bytes: small enough to read for one series, large enough to read for all.
    static let pageSize = 32 << 10
    static let compressionLevel = 3
    static let pageEntrySize = 16
    /// Milliseconds of the range one block stays within.
    static let day: Int64 = 86_400_000
}
