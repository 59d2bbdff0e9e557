import VardeDisk
import VardeKernels

/// The deletions of a store's blocks on disk, version 1: the file `tombstones` beside the blocks, replaced whole at each change.
///
///     file   = a SectionedFile of kind 3 with the section "tombstones"
///     section = version(u16) blocks(varint) block×
///     block  = length(varint) name spans(varint) span×
///     span   = from(zigzag varint) through(zigzag varint) series(varint) difference(varint)×series
///
/// Series are the block's own numbers, so nothing of a deletion's selector, which may name a person, comes to the disk. The file is
/// beside the catalog and not in it: deleted samples stay deleted where the catalog is lost. That it is there is in the catalog: where it
/// is gone, what was deleted would come back unseen.
enum TombstonesFile {
    static let name = "tombstones"
    /// As the catalog names it.
    static let expected = MetricStore.storeName + "/" + name
    private static let section = "tombstones"
    private static let version: UInt8 = 1
    /// Bounds of what a reader believes.
    private static let maxName: UInt64 = 255

    /// Puts the deletions in the place of those there; without any the file goes.
    static func write(_ all: [String: BlockTombstones], to path: String, fileSystem: any FileSystem) throws(DiskError) {
        if all.isEmpty {
            if !fileSystem.exists(path) { return }
            try fileSystem.remove(path)
            return try fileSystem.syncDirectory(fileSystem.parent(of: path))
        }
        let bytes = encode(all)
        let writer = try SectionedFileWriter(path: path, kind: .metricsTombstones, day: nil, fileSystem: fileSystem)
        do throws(DiskError) {
            try writer.section(section, bytes.span)
            _ = try writer.finish()
        } catch {
            writer.abandon()
            throw error
        }
    }

    /// The deletions in a file; none where there is no file.
    ///
    /// - Throws: `DiskError` with code 0 where the bytes are not what was written.
    static func read(_ path: String, fileSystem: any FileSystem) throws(DiskError) -> [String: BlockTombstones] {
        guard fileSystem.exists(path) else { return [:] }
        let file = try SectionedFile(path: path, fileSystem: fileSystem)
        let bytes = try file.read(section)
        guard file.kind == .metricsTombstones, let all = decode(bytes.span) else {
            throw DiskError(damaged: path, "the deletions make no sense")
        }
        return all
    }

    private static func encode(_ all: [String: BlockTombstones]) -> [UInt8] {
        var out: [UInt8] = [version, 0]
        Varint.append(UInt64(all.count), to: &out)
        for (name, tombstones) in all.sorted(by: { $0.key < $1.key }) {
            Varint.append(UInt64(name.utf8.count), to: &out)
            out += name.utf8
            Varint.append(UInt64(tombstones.spans.count), to: &out)
            for span in tombstones.spans {
                Varint.append(Varint.zigzag(span.from), to: &out)
                Varint.append(Varint.zigzag(span.through), to: &out)
                Varint.append(UInt64(span.series.count), to: &out)
                var last: UInt32 = 0
                for series in span.series {
                    Varint.append(UInt64(series - last), to: &out)
                    last = series
                }
            }
        }
        return out
    }

    /// Deletions by block, nil where the bytes are none.
    static func decode(_ bytes: Span<UInt8>) -> [String: BlockTombstones]? {
        guard bytes.count >= 2, bytes[0] == version, bytes[1] == 0 else { return nil }
        var at = 2
        guard let blocks = Varint.read(bytes, at: &at) else { return nil }
        var all: [String: BlockTombstones] = [:]
        for _ in 0..<blocks {
            guard let length = Varint.read(bytes, at: &at), length <= maxName, at + Int(length) <= bytes.count else { return nil }
            let name = Bytes.string(bytes.extracting(at..<(at + Int(length))))
            at += Int(length)
            guard let spans = Varint.read(bytes, at: &at) else { return nil }
            var tombstones = BlockTombstones()
            for _ in 0..<spans {
                guard let from = Varint.read(bytes, at: &at), let through = Varint.read(bytes, at: &at),
                    let count = Varint.read(bytes, at: &at), count <= UInt64(bytes.count - at)
                else { return nil }
                var series: [UInt32] = []
                series.reserveCapacity(Int(count))
                var last: UInt64 = 0
                for position in 0..<count {
                    guard let step = Varint.read(bytes, at: &at), position == 0 || step > 0, step <= UInt64(UInt32.max) else { return nil }
                    last += step
                    guard last <= UInt64(UInt32.max) else { return nil }
                    series.append(UInt32(last))
                }
                tombstones.add(.init(from: Varint.unzigzag(from), through: Varint.unzigzag(through), series: series))
            }
            all[name] = tombstones
        }
        return at == bytes.count ? all : nil
    }
}
