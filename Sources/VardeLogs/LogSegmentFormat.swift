import VardeKernels

/// Log segments on disk, versions 1 and 2: sectioned files of kind 2, one UTC day of many streams each.
///
///     meta      = version(u16) first(i64) last(i64) entries(u64) raw bytes(u64) streams(u32) blocks(u32) runs(u32) groups(u32)
///     pages G   = block*                  of group G, each as `LogBlock` says: head, then lines
///     filter G  = tables of group G's blocks, layout and size as its record in `index` says
///     index     = raw size(u32) zstd(group* block* run*)
///     group     = first block, blocks, words a table, layout, pages' raw bytes                       varints
///     block     = offset in its pages section, head size, head raw size, lines size, lines raw size,
///                 head encoding, lines encoding, head checksum, lines checksum, entries              varints
///     run       = stream, block, first entry, entries, raw bytes, first time (zigzag), last - first  varints
///     streams   = raw size(u32) zstd(labels*)
///
/// Version 2 has blocks whose lines are templates with their variables in columns (`LogTemplates`); a segment without any is of version 1,
/// so that an older Varde reads it.
///
/// A run is what a query reads as one page: entries of one stream that follow each other in a block, ascending in time. Large streams
/// have blocks of their own, small ones share blocks. Runs are sorted by stream and first time. Times are nanoseconds.
///
/// A block's filter table has a bit for each gram of its lines (`Grams`) and each metadata pair. All tables of a group are folded to one
/// size. Layout 1: from 32 blocks on they are stored as rows, bit c of row r being bit r of block c's table, so that a needle costs a
/// short read for each of its grams, whatever the number of blocks. Layout 0: fewer tables stand one after the other (u64 words).
enum LogSegmentFormat {
    static let versions: ClosedRange<UInt16> = 1...2
    static let store = "logs"
    static let suffix = ".seg"
    /// Blocks of a group: rows of 64 bytes, tables of 8 MiB in memory while a group is written.
    static let blocksPerGroup = 512
    /// Groups of a file: with two sections each they stay below the limit of a sectioned file.
    static let maxGroups = 28
    static let leastTransposed = 32
    /// Runs of at least so many bytes of lines have blocks of their own.
    static let ownBlock = 128 << 10

    static func name(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + suffix
    }

    static func number(of name: String) -> UInt64? {
        name.hasSuffix(suffix) && name.utf8.count == 20 ? UInt64(name.dropLast(4), radix: 16) : nil
    }
}

/// Entries of one stream that follow each other in a block.
struct LogRun: Sendable, Equatable {
    /// Index in the segment's stream table.
    var stream: UInt32
    var block: UInt32
    var firstEntry: UInt32
    var count: UInt32
    var rawBytes: UInt32
    /// Nanoseconds, both inclusive.
    var first: Int64
    var last: Int64
}

/// Blocks whose pages and filters stand together.
struct LogBlockGroup: Sendable, Equatable {
    var firstBlock: Int
    var blockCount: Int
    var words: Int
    var isTransposed: Bool

    var rowBytes: Int { (blockCount + 7) / 8 }
}
