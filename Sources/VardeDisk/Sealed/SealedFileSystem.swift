import VardeKernels

/// Files sealed under keys as they are written, opened as they are read: the one room all files of a data directory go through.
///
/// What was written before sealing was switched on stays as it is and is read as it is; the new file in its place is sealed.
package struct SealedFileSystem: FileSystem {
    private let base: any FileSystem
    private let keys: StorageKeys?
    /// Whether new files are sealed; those there are can be read either way.
    private let seals: Bool
    /// Files outside are never sealed.
    private let root: String
    private let today: @Sendable () -> Int

    /// - Parameters:
    ///   - keys: nil where there are none: what is sealed cannot be read then.
    ///   - root: the data directory.
    ///   - today: the day, since 1970, logs are begun on.
    package init(
        _ base: any FileSystem, keys: StorageKeys?, seals: Bool, root: String,
        today: @escaping @Sendable () -> Int = { Int(WallClock.nanoseconds / 86_400_000_000_000) }
    ) {
        self.base = base
        self.keys = keys
        self.seals = seals && keys != nil
        self.root = root
        self.today = today
    }

    package var device: any FileSystem { base }

    package func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        // Logs are of the day they are begun on, other files of none.
        try open(path, mode, key: path.hasSuffix(LogFormat.suffix) ? Int32(clamping: today()) : StorageKeys.KeyName.standing)
    }

    package func open(_ path: String, _ mode: OpenMode, day: Int) throws(DiskError) -> any File {
        try open(path, mode, key: max(Int32(clamping: day), StorageKeys.KeyName.standing + 1))
    }

    private func open(_ path: String, _ mode: OpenMode, key day: Int32) throws(DiskError) -> any File {
        let file = try base.open(path, mode)
        let isSealing = seals && isData(path)
        let maker = isSealing ? keys.map { (keys: $0, day: day) } : nil
        if mode == .create || mode == .createNew, let maker, path.hasSuffix(temporarySuffix) {
            return SealedPagesWriter(path: path, base: file, keys: maker.keys, day: day)
        }
        let content = try Self.content(of: file, path)
        switch content {
        case .sealed(let header):
            guard let keys else {
                throw DiskError(locked: path, "the file is sealed, and there is no master key: name it by storage.encryption.key_file")
            }
            // A log that is begun anew needs no key of the old one.
            if mode == .create, path.hasSuffix(LogFormat.suffix) { break }
            let key = try keys.open(header, for: path)
            if header.layout == .pages { return try SealedPages(path: path, base: file, header: header, key: key) }
            return SealedFrames(path: path, base: file, opened: (header, key), maker: maker, isWritable: mode != .read)
        case .plain:
            if mode != .create || !path.hasSuffix(LogFormat.suffix) { return file }
        case .begun: if mode == .read { return VoidFile() }
        case .empty: break
        }
        if mode == .read || maker == nil { return file }
        return SealedFrames(path: path, base: file, opened: nil, maker: maker, isWritable: true)
    }

    private func isData(_ path: String) -> Bool {
        path.hasPrefix(root + "/") && !path.hasPrefix(root + "/" + DataBackup.snapshots + "/")
    }

    enum Content: Equatable {
        case sealed(SealedFormat.Header)
        case plain
        case empty
        /// The beginning of a header, cut off by a crash.
        case begun
    }

    static func content(of file: any File, _ path: String) throws(DiskError) -> Content {
        var bytes: [UInt8] = []
        try file.read(at: 0, count: SealedFormat.headerSize, into: &bytes)
        if let header = try SealedFormat.Header(bytes, path: path) { return .sealed(header) }
        if bytes.isEmpty { return .empty }
        return bytes.count < SealedFormat.headerSize && bytes.starts(with: SealedFormat.magic) ? .begun : .plain
    }

    package func takesMore(_ path: String) throws(DiskError) -> Bool {
        guard seals else { return true }
        return try key(of: path) != nil
    }

    /// What key a file is sealed under; nil where it is not sealed.
    package func key(of path: String) throws(DiskError) -> StorageKeys.KeyName? {
        // A database is never sealed, and not to be opened here.
        if SQLiteFile.isInItsHands(path) { return nil }
        guard case .sealed(let header) = try Self.content(of: base.open(path, .read), path) else { return nil }
        return header.key
    }

    /// Bytes of content, whoever has the key; a header that is damaged makes none of a file.
    package func size(of path: String) throws(DiskError) -> Int {
        let size = try base.size(of: path)
        if SQLiteFile.isInItsHands(path) { return size }
        // No file: a directory, or one that cannot be looked into.
        guard size > 0, let file = try? base.open(path, .read), let content = try? Self.content(of: file, path) else { return size }
        guard case .sealed(let header) = content else { return size }
        if header.layout == .pages { return SealedPages.extent(of: size, header).length }
        var index = SealedFrames.Index()
        try index.extend(in: file, header)
        return index.contentEnd + index.tail
    }

    package func list(_ directory: String) throws(DiskError) -> [String] { try base.list(directory) }
    package func remove(_ path: String) throws(DiskError) { try base.remove(path) }
    package func rename(_ path: String, to other: String) throws(DiskError) { try base.rename(path, to: other) }
    package func link(_ path: String, to other: String) throws(DiskError) { try base.link(path, to: other) }
    package func makeDirectory(_ path: String) throws(DiskError) { try base.makeDirectory(path) }
    package func syncDirectory(_ path: String) throws(DiskError) { try base.syncDirectory(path) }
    package func freeBytes(at path: String) throws(DiskError) -> Int { try base.freeBytes(at: path) }
}

/// A file whose header a crash cut off: nothing was in it.
private final class VoidFile: File {
    func size() throws(DiskError) -> Int { 0 }
    func read(at offset: Int, count: Int, into output: inout [UInt8]) throws(DiskError) { output.removeAll(keepingCapacity: true) }
    func write(_ bytes: Span<UInt8>, at offset: Int) throws(DiskError) {}
    func sync() throws(DiskError) {}
    func truncate(to size: Int) throws(DiskError) {}
    func lock() throws(DiskError) {}
}
