/// How a file is opened.
package enum OpenMode: Sendable {
    case read
    /// Reads and writes; the file exists.
    case write
    /// Reads and writes; made where it is absent.
    case create
    /// Reads and writes; fails where it exists.
    case createNew
}

/// An open file. Positions are explicit, so one file may be used from several threads. Closed when the last reference goes.
package protocol File: AnyObject, Sendable {
    /// Bytes in the file.
    func size() throws(DiskError) -> Int
    /// Replaces `output` by up to `count` bytes from `offset`; fewer only at the end of the file.
    func read(at offset: Int, count: Int, into output: inout [UInt8]) throws(DiskError)
    /// Writes all bytes. What of it a crash leaves is undefined until `sync` has returned.
    func write(_ bytes: Span<UInt8>, at offset: Int) throws(DiskError)
    /// Returns once the file's content and size are on the device (`fdatasync`).
    func sync() throws(DiskError)
    func truncate(to size: Int) throws(DiskError)
    /// Takes the file's exclusive lock, or throws at once where another process has it. Released when the file is closed.
    func lock() throws(DiskError)
}

/// Files as the rest of the house sees them: the real ones, ones in memory for tests, and ones that fail on purpose.
package protocol FileSystem: Sendable {
    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File
    /// As `open`, for content that is of a day (days since 1970): where files are sealed, the keys of a day are destroyed together.
    func open(_ path: String, _ mode: OpenMode, day: Int) throws(DiskError) -> any File
    /// Names in a directory, in no order.
    func list(_ directory: String) throws(DiskError) -> [String]
    /// Removes a file or an empty directory.
    func remove(_ path: String) throws(DiskError)
    /// Puts a file in the place of another in one step; durable after `syncDirectory`.
    func rename(_ path: String, to other: String) throws(DiskError)
    /// A second name for the same file; the content is shared, not copied.
    func link(_ path: String, to other: String) throws(DiskError)
    /// Makes a directory; an existing one is no error. Its parent exists.
    func makeDirectory(_ path: String) throws(DiskError)
    /// Returns once renames, creations and removals in the directory are on the device.
    func syncDirectory(_ path: String) throws(DiskError)
    /// Bytes of a file.
    func size(of path: String) throws(DiskError) -> Int
    /// Bytes that may still be written.
    func freeBytes(at path: String) throws(DiskError) -> Int
    /// Whether what is added to a file stands on the device as it does in new files; where not, a new one is better begun.
    func takesMore(_ path: String) throws(DiskError) -> Bool
    /// The files as the device has them, what is sealed as it is: for copies, and for what is no data.
    var device: any FileSystem { get }
}

extension FileSystem {
    package func open(_ path: String, _ mode: OpenMode, day: Int) throws(DiskError) -> any File { try open(path, mode) }
    package func takesMore(_ path: String) throws(DiskError) -> Bool { true }
    package var device: any FileSystem { self }

    package func exists(_ path: String) -> Bool { (try? size(of: path)) != nil }

    /// Makes a directory and those above it. Once this returns, those that were made survive a power cut.
    package func makeDirectories(_ path: String) throws(DiskError) {
        var prefix = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            let above = prefix.isEmpty ? "/" : prefix
            prefix += "/" + part
            if exists(prefix) { continue }
            try makeDirectory(prefix)
            try syncDirectory(above)
        }
    }

    /// The whole file.
    package func read(_ path: String) throws(DiskError) -> [UInt8] {
        let file = try open(path, .read)
        var bytes: [UInt8] = []
        try file.read(at: 0, count: try file.size(), into: &bytes)
        return bytes
    }

    /// After a crash at any moment the path holds either what it held before or all of `bytes`; once this returns, `bytes`.
    package func writeAtomically(_ bytes: Span<UInt8>, to path: String) throws(DiskError) {
        let temporary = path + temporarySuffix
        do throws(DiskError) {
            let file = try open(temporary, .create)
            try file.truncate(to: 0)
            try file.write(bytes, at: 0)
            try file.sync()
            try rename(temporary, to: path)
        } catch {
            try? remove(temporary)
            throw error
        }
        try syncDirectory(parent(of: path))
    }

    /// What names of unfinished files end with; such files are removed at start.
    package var temporarySuffix: String { ".tmp" }

    package func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The last part of a path.
    package func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }

    /// A name under which a damaged file can be kept beside its place.
    package func nameForDamaged(_ path: String) -> String {
        var number = 1
        while exists("\(path)\(damagedMark)\(number)") { number += 1 }
        return "\(path)\(damagedMark)\(number)"
    }

    /// What tells such names from others.
    package var damagedMark: String { ".damaged-" }

    /// Removes unfinished files a crash left in a directory.
    package func removeTemporaries(in directory: String) throws(DiskError) {
        for name in try list(directory) where name.hasSuffix(temporarySuffix) { try remove(directory + "/" + name) }
    }
}
