import VardeKernels

/// An immutable file of sections, open for reading. The file stays readable after its name is removed, for as long as this object lives.
package final class SectionedFile: Sendable {
    package struct Section: Sendable {
        package var name: String
        package var offset: Int
        package var size: Int
        var checksum: UInt32
    }

    package let path: String
    package let kind: SectionedFileFormat.Kind
    package let size: Int
    package let sections: [Section]
    private let file: any File

    /// Opens a file and verifies its frame: header, footer, trailer.
    ///
    /// - Throws: `DiskError` with code 0 where the bytes are not such a file.
    package init(path: String, fileSystem: any FileSystem) throws(DiskError) {
        self.path = path
        file = try fileSystem.open(path, .read)
        size = try file.size()
        let smallest = SectionedFileFormat.headerSize + SectionedFileFormat.trailerSize + 4
        guard size >= smallest else { throw DiskError(damaged: path, "the file is cut off: \(size) bytes") }
        var bytes: [UInt8] = []
        try file.read(at: 0, count: SectionedFileFormat.headerSize, into: &bytes)
        guard bytes.count == SectionedFileFormat.headerSize, Array(bytes[0..<4]) == SectionedFileFormat.magic else {
            throw DiskError(damaged: path, "not a Varde data file")
        }
        let version = UInt16(bytes[4]) | UInt16(bytes[5]) << 8
        guard version == SectionedFileFormat.version else {
            throw DiskError(damaged: path, "file version \(version) is not known to this Varde (it knows \(SectionedFileFormat.version))")
        }
        guard let kind = SectionedFileFormat.Kind(rawValue: UInt16(bytes[6]) | UInt16(bytes[7]) << 8) else {
            throw DiskError(damaged: path, "unknown kind of data file")
        }
        self.kind = kind
        try file.read(at: size - SectionedFileFormat.trailerSize, count: SectionedFileFormat.trailerSize, into: &bytes)
        guard bytes.count == SectionedFileFormat.trailerSize, Array(bytes[16..<20]) == SectionedFileFormat.magic else {
            throw DiskError(damaged: path, "the file's end is missing")
        }
        let footerOffset = Bytes.load64(bytes.span, at: 0)
        let footerSize = Int(Bytes.load32(bytes.span, at: 8))
        let checksum = Bytes.load32(bytes.span, at: 12)
        guard footerOffset <= UInt64(size), Int(footerOffset) + footerSize + SectionedFileFormat.trailerSize == size else {
            throw DiskError(damaged: path, "the footer is not where the trailer says")
        }
        try file.read(at: Int(footerOffset), count: footerSize, into: &bytes)
        guard bytes.count == footerSize, CRC32C.checksum(bytes.span) == checksum else {
            throw DiskError(damaged: path, "the footer does not match its checksum")
        }
        guard let sections = Self.sections(of: bytes.span, before: Int(footerOffset)) else {
            throw DiskError(damaged: path, "the footer makes no sense")
        }
        self.sections = sections
    }

    private static func sections(of footer: Span<UInt8>, before end: Int) -> [Section]? {
        guard footer.count >= 4 else { return nil }
        let count = Int(Bytes.load32(footer, at: 0))
        guard count <= SectionedFileFormat.maxSections else { return nil }
        var sections: [Section] = []
        var at = 4
        for _ in 0..<count {
            guard at < footer.count else { return nil }
            let length = Int(footer[at])
            guard at + 1 + length + 20 <= footer.count else { return nil }
            let name = Bytes.string(footer.extracting((at + 1)..<(at + 1 + length)))
            at += 1 + length
            let offset = Bytes.load64(footer, at: at)
            let size = Bytes.load64(footer, at: at + 8)
            guard offset <= UInt64(end), size <= UInt64(end) - offset else { return nil }
            sections.append(Section(name: name, offset: Int(offset), size: Int(size), checksum: Bytes.load32(footer, at: at + 16)))
            at += 20
        }
        return sections
    }

    package func section(_ name: String) throws(DiskError) -> Section {
        guard let found = sections.first(where: { $0.name == name }) else {
            throw DiskError(damaged: path, "the section “\(name)” is missing")
        }
        return found
    }

    /// A whole section, verified.
    package func read(_ name: String) throws(DiskError) -> [UInt8] {
        let section = try section(name)
        var bytes: [UInt8] = []
        try file.read(at: section.offset, count: section.size, into: &bytes)
        guard bytes.count == section.size, CRC32C.checksum(bytes.span) == section.checksum else {
            throw DiskError(damaged: path, "the section “\(name)” does not match its checksum")
        }
        return bytes
    }

    /// Part of a section; the caller verifies it by the page's own checksum.
    package func readPart(of section: Section, at offset: Int, count: Int, into output: inout [UInt8]) throws(DiskError) {
        guard offset >= 0, count >= 0, offset + count <= section.size else {
            throw DiskError(damaged: path, "a page reaches beyond the section “\(section.name)”")
        }
        try file.read(at: section.offset + offset, count: count, into: &output)
        guard output.count == count else { throw DiskError(damaged: path, "the file is shorter than its footer says") }
    }

    /// Verifies every section; what does not check, in words.
    package func verify() -> [String] {
        sections.compactMap { section in
            do throws(DiskError) {
                try verify(section)
                return nil
            } catch {
                return "\(error)"
            }
        }
    }

    /// Reads a section by pieces of bounded size against its checksum.
    ///
    /// - Throws: `DiskError` that says which bytes do not match.
    package func verify(_ section: Section) throws(DiskError) {
        var checksum: UInt32 = 0
        var bytes: [UInt8] = []
        var at = 0
        while at < section.size {
            let count = min(1 << 20, section.size - at)
            try readPart(of: section, at: at, count: count, into: &bytes)
            checksum = CRC32C.checksum(bytes.span, seed: checksum)
            at += count
        }
        if checksum != section.checksum {
            let range = "bytes \(section.offset) to \(section.offset + section.size)"
            throw DiskError(damaged: path, "the section “\(section.name)” (\(range)) does not match its checksum")
        }
    }

    /// Whether a file begins or ends as one of sections does.
    static func isOne(_ path: String, fileSystem: any FileSystem) throws(DiskError) -> Bool {
        let file = try fileSystem.open(path, .read)
        let size = try file.size()
        let magic = SectionedFileFormat.magic
        guard size >= magic.count else { return false }
        var bytes: [UInt8] = []
        try file.read(at: 0, count: magic.count, into: &bytes)
        if bytes == magic { return true }
        try file.read(at: size - magic.count, count: magic.count, into: &bytes)
        return bytes == magic
    }
}
