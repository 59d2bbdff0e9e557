/// Immutable files of blocks and segments, version 1.
///
///     file    = magic(4) version(u16) kind(u16) section* footer trailer
///     section = bytes, anywhere in the file, not overlapping
///     footer  = count(u32) entry*
///     entry   = name length(u8) name offset(u64) size(u64) checksum(u32)
///     trailer = footer offset(u64) footer size(u32) footer checksum(u32) magic(4)
///
/// Integers are little-endian, checksums CRC-32C. `kind` says what the sections mean: 1 metrics block (`.block`), 2 log segment (`.seg`),
/// 3 deletions from metrics blocks (`tombstones`). A section of pages carries a checksum for each page in its own directory, so that pages
/// are verified one at a time as they are read; its checksum in the footer serves `varde check data`. A file is written under a temporary
/// name, synced and renamed: it is whole or absent.
package enum SectionedFileFormat {
    static let magic: [UInt8] = Array("VRDF".utf8)
    static let version: UInt16 = 1
    static let headerSize = 8
    static let trailerSize = 20
    /// More sections than any kind of file has.
    static let maxSections = 64

    package enum Kind: UInt16, Sendable {
        case metricsBlock = 1
        case logSegment = 2
        case metricsTombstones = 3

        /// The store whose files are of this kind, as the catalog names it.
        package var store: String {
            switch self {
            case .metricsBlock, .metricsTombstones: "metrics"
            case .logSegment: "logs"
            }
        }

        /// What names of files of this kind end with.
        var suffix: String {
            switch self {
            case .metricsBlock: ".block"
            case .logSegment: ".seg"
            case .metricsTombstones: "tombstones"
            }
        }

        /// Whether a path is named as files of these kinds are.
        static func isNamedAsOne(_ path: String) -> Bool {
            [Kind.metricsBlock, .logSegment].contains { path.hasSuffix($0.suffix) } || path.hasSuffix("/" + Kind.metricsTombstones.suffix)
        }

        /// Whether the catalog names each file of this kind.
        package var isListed: Bool { self != .metricsTombstones }
    }
}
