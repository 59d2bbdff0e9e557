package import VardeDisk
import VardeKernels

/// How far tailed files were read, on disk, version 1.
///
///     file     = "VRDI" version(u16) zero(u16) checksum(u32) sources(varint) text* marks(varint) mark*
///     mark     = text(path) device(u64) inode(u64) offset(varint) inside(u8) print delivery
///     delivery = 0(u8) | 1(u8) end(varint) time(u64) last(u8) inside(u8) print
///     print    = length(varint) checksum(u32)            text = length(varint) bytes
///
/// All integers are little-endian. The checksum is CRC-32C over all behind it. The file is written whole and put in place by renaming.
package enum FileMarksFile {
    static let magic: [UInt8] = Array("VRDI".utf8)
    static let version: UInt8 = 1
    static let name = "positions"
    /// Bounds of what a file is believed.
    fileprivate static let maxCount: UInt64 = 1 << 20

    /// What is kept: the sources that were looked for before, by name, and the marks.
    package struct Content: Sendable, Equatable {
        package var sources: [String] = []
        package var marks: [FileMark] = []

        package init(sources: [String] = [], marks: [FileMark] = []) {
            self.sources = sources
            self.marks = marks
        }
    }

    /// Whether a path is that of such a file.
    package static func isFile(_ path: String) -> Bool { path.hasSuffix("/" + DataBackup.tailed + "/" + name) }

    /// Every text of the file: for `varde check data --dump`.
    ///
    /// - Throws: `DiskError` where the file is not what was written.
    package static func dump(path: String, fileSystem: any FileSystem, _ print: (String) -> Void) throws(DiskError) {
        let content = try decode(try fileSystem.read(path), path: path)
        for source in content.sources { print("source \(source.replacing("\n", with: " "))") }
        for mark in content.marks { print("file \(mark.path) read to \(mark.offset)") }
    }

    package static func encode(_ content: Content) -> [UInt8] {
        var body: [UInt8] = []
        Varint.append(UInt64(content.sources.count), to: &body)
        for source in content.sources { SealedBytes.append(source, to: &body) }
        Varint.append(UInt64(content.marks.count), to: &body)
        for mark in content.marks {
            SealedBytes.append(mark.path, to: &body)
            Bytes.append64(UInt64(bitPattern: mark.identity.device), to: &body)
            Bytes.append64(UInt64(bitPattern: mark.identity.inode), to: &body)
            Varint.append(UInt64(mark.offset), to: &body)
            body.append(mark.isInside ? 1 : 0)
            append(mark.print, to: &body)
            guard let delivery = mark.delivery else {
                body.append(0)
                continue
            }
            body.append(1)
            Varint.append(UInt64(delivery.end), to: &body)
            Bytes.append64(UInt64(bitPattern: delivery.time), to: &body)
            body.append(delivery.isLast ? 1 : 0)
            body.append(delivery.endsInside ? 1 : 0)
            append(delivery.print, to: &body)
        }
        return SealedBytes.seal(body, magic: magic, version: version)
    }

    private static func append(_ print: FileMark.Fingerprint, to out: inout [UInt8]) {
        Varint.append(UInt64(print.length), to: &out)
        Bytes.append32(print.checksum, to: &out)
    }

    /// - Throws: `DiskError` naming the file where it is not what was written.
    package static func decode(_ bytes: [UInt8], path: String) throws(DiskError) -> Content {
        var reader = try SealedBytes.open(bytes, magic: magic, version: version, kind: "a file of file positions", path: path)
        guard let content = reader.content(bytes.span) else { throw DiskError(damaged: path, "the content cannot be understood") }
        return content
    }
}

extension SealedReader {
    fileprivate mutating func content(_ bytes: Span<UInt8>) -> FileMarksFile.Content? {
        var content = FileMarksFile.Content()
        guard let sources = number(bytes), sources <= FileMarksFile.maxCount else { return nil }
        for _ in 0..<sources {
            guard let source = text(bytes) else { return nil }
            content.sources.append(source)
        }
        guard let marks = number(bytes), marks <= FileMarksFile.maxCount else { return nil }
        for _ in 0..<marks {
            guard let mark = mark(bytes) else { return nil }
            content.marks.append(mark)
        }
        return at == bytes.count ? content : nil
    }

    private mutating func mark(_ bytes: Span<UInt8>) -> FileMark? {
        guard let path = text(bytes), let device = fixed(bytes), let inode = fixed(bytes), let offset = number(bytes),
            let isInside = byte(bytes), let print = print(bytes), let hasDelivery = byte(bytes)
        else { return nil }
        var mark = FileMark(
            identity: InputFile.Identity(device: Int64(bitPattern: device), inode: Int64(bitPattern: inode)), path: path)
        mark.offset = Int(offset)
        mark.isInside = isInside == 1
        mark.print = print
        if hasDelivery == 1 {
            guard let end = number(bytes), let time = fixed(bytes), let isLast = byte(bytes), let inside = byte(bytes),
                let print = self.print(bytes), end >= offset
            else { return nil }
            mark.delivery = FileMark.Delivery(
                end: Int(end), time: Int64(bitPattern: time), isLast: isLast == 1, endsInside: inside == 1, print: print)
        }
        return mark
    }

    private mutating func print(_ bytes: Span<UInt8>) -> FileMark.Fingerprint? {
        guard let length = number(bytes), length <= UInt64(FileMark.Fingerprint.longest), bytes.count - at >= 4 else { return nil }
        defer { at += 4 }
        return FileMark.Fingerprint(length: Int(length), checksum: Bytes.load32(bytes, at: at))
    }
}
