import VardeKernels

/// Writes a file of sections under a temporary name; `finish` makes it appear whole.
package final class SectionedFileWriter {
    private let path: String
    private let fileSystem: any FileSystem
    private let file: any File
    private var offset: Int
    private var buffer: [UInt8] = []
    private var entries: [(name: String, offset: Int, size: Int, checksum: UInt32)] = []
    private var open: (name: String, offset: Int, checksum: UInt32)?

    /// Bytes gathered before they are written.
    private static let bufferSize = 1 << 20

    /// - Parameter day: the day (since 1970) all its content is of; nil where it is of none.
    package init(path: String, kind: SectionedFileFormat.Kind, day: Int?, fileSystem: any FileSystem) throws(DiskError) {
        self.path = path
        self.fileSystem = fileSystem
        let temporary = path + fileSystem.temporarySuffix
        file = if let day { try fileSystem.open(temporary, .create, day: day) } else { try fileSystem.open(temporary, .create) }
        try file.truncate(to: 0)
        buffer = SectionedFileFormat.magic
        buffer += [UInt8(truncatingIfNeeded: SectionedFileFormat.version), UInt8(SectionedFileFormat.version >> 8)]
        buffer += [UInt8(truncatingIfNeeded: kind.rawValue), UInt8(kind.rawValue >> 8)]
        offset = 0
    }

    /// Where the next byte of the open section goes, from the section's start.
    package var sectionOffset: Int { offset + buffer.count - (open?.offset ?? 0) }

    /// Begins a section; the one before is closed.
    package func begin(_ name: String) {
        close()
        precondition(entries.count < SectionedFileFormat.maxSections && name.utf8.count < 256)
        open = (name, offset + buffer.count, 0)
    }

    /// Adds bytes to the open section.
    package func append(_ bytes: Span<UInt8>) throws(DiskError) {
        guard let section = open else { preconditionFailure("no section is open") }
        open = (section.name, section.offset, CRC32C.checksum(bytes, seed: section.checksum))
        Bytes.append(bytes, to: &buffer)
        if buffer.count >= Self.bufferSize { try flush() }
    }

    /// A whole section at once.
    package func section(_ name: String, _ bytes: Span<UInt8>) throws(DiskError) {
        begin(name)
        try append(bytes)
    }

    private func close() {
        guard let section = open else { return }
        entries.append((section.name, section.offset, offset + buffer.count - section.offset, section.checksum))
        open = nil
    }

    private func flush() throws(DiskError) {
        let bytes = buffer
        try file.write(bytes.span, at: offset)
        offset += bytes.count
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes the footer, syncs and renames; the size of the file.
    package func finish() throws(DiskError) -> Int {
        close()
        let footerOffset = offset + buffer.count
        var footer: [UInt8] = []
        Bytes.append32(UInt32(entries.count), to: &footer)
        for entry in entries {
            footer.append(UInt8(entry.name.utf8.count))
            footer += entry.name.utf8
            Bytes.append64(UInt64(entry.offset), to: &footer)
            Bytes.append64(UInt64(entry.size), to: &footer)
            Bytes.append32(entry.checksum, to: &footer)
        }
        buffer += footer
        Bytes.append64(UInt64(footerOffset), to: &buffer)
        Bytes.append32(UInt32(footer.count), to: &buffer)
        Bytes.append32(CRC32C.checksum(footer.span), to: &buffer)
        buffer += SectionedFileFormat.magic
        try flush()
        try file.sync()
        try fileSystem.rename(path + fileSystem.temporarySuffix, to: path)
        try fileSystem.syncDirectory(fileSystem.parent(of: path))
        return offset
    }

    /// Gives up: nothing of the file remains.
    package func abandon() {
        try? fileSystem.remove(path + fileSystem.temporarySuffix)
    }
}
