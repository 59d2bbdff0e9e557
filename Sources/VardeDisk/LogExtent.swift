import VardeKernels

/// Which segments a log has, in a file beside them, version 1: only so can a segment be missed that was the first or the last.
///
///     file = "VRDE" version(u16) zero(u16) first(u64) last(u64) end(u64) checksum(u32)      36 bytes
///
/// All integers are little-endian; the checksum is CRC-32C over the bytes before. Every segment from `first` through `last` is on disk;
/// where the log has none, `last` is less than `first`. The last one is `end` bytes long at least; 0 where the log was not closed.
///
/// A segment is made before the file names it, and removed after the file does not name it any more: a crash in between leaves one too
/// many, never one too few.
struct LogExtent: Equatable, Sendable {
    static let name = "extent"
    private static let magic: [UInt8] = Array("VRDE".utf8)
    private static let version: UInt16 = 1
    private static let size = 36

    var first: UInt64
    var last: UInt64
    var end: UInt64 = 0

    static func path(in directory: String) -> String { directory + "/" + name }

    /// What a log's directory says; nil where it has no such file.
    ///
    /// - Throws: `DiskError`, with code 0 where the bytes are not what was written.
    static func read(in directory: String, fileSystem: any FileSystem) throws(DiskError) -> LogExtent? {
        let path = path(in: directory)
        let bytes: [UInt8]
        do throws(DiskError) {
            bytes = try fileSystem.read(path)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
        guard bytes.count == size, Array(bytes[0..<4]) == magic,
            CRC32C.checksum(bytes.span.extracting(0..<32)) == Bytes.load32(bytes.span, at: 32)
        else { throw DiskError(damaged: path, "the list of the log's segments does not match its checksum") }
        let found = UInt16(bytes[4]) | UInt16(bytes[5]) << 8
        guard found == version else {
            throw DiskError(damaged: path, "version \(found) is not known to this Varde (it knows \(version))")
        }
        return LogExtent(
            first: Bytes.load64(bytes.span, at: 8), last: Bytes.load64(bytes.span, at: 16), end: Bytes.load64(bytes.span, at: 24))
    }

    func write(in directory: String, fileSystem: any FileSystem) throws(DiskError) {
        var bytes = Self.magic
        bytes += [UInt8(truncatingIfNeeded: Self.version), UInt8(Self.version >> 8), 0, 0]
        Bytes.append64(first, to: &bytes)
        Bytes.append64(last, to: &bytes)
        Bytes.append64(end, to: &bytes)
        Bytes.append32(CRC32C.checksum(bytes.span), to: &bytes)
        try fileSystem.writeAtomically(bytes.span, to: Self.path(in: directory))
    }

    /// Stretches of segments that should be there and are not.
    ///
    /// - Parameter present: numbers of the segments on disk, ascending.
    func missing(from present: [UInt64]) -> [ClosedRange<UInt64>] {
        var missing: [ClosedRange<UInt64>] = []
        var next = first
        for number in present where number >= first && number <= last {
            if number > next { missing.append(next...(number - 1)) }
            next = number + 1
        }
        if next <= last { missing.append(next...last) }
        return missing
    }
}
