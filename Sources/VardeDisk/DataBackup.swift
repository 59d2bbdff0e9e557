import Glibc
import VardeKernels

/// A consistent copy of a data directory, taken while a server works in it, and its way back.
///
/// Logs are copied first, then what is deleted and other files that change, then the databases as of one moment each, then the immutable
/// files, as hard links where the file system allows: what a store moves from its log to a file meanwhile is in the copy of the log, in
/// the file, or in both, and both together are read as one. A file the catalog's copy names that is gone when its turn comes (merged into
/// another), or came after it, makes the copy begin anew.
///
/// The copy is a data directory, with one more file: `BACKUP`, written last, a line for each file: checksum (CRC-32C, 8 hexadecimal
/// digits), size, path, separated by spaces. Without it a copy is unfinished.
package enum DataBackup {
    package static let manifest = "BACKUP"
    private static let lock = "LOCK"
    /// Directory of the copies made inside a data directory; left out of copies and checks.
    package static let snapshots = "snapshots"
    /// Directory of how far tailed files were read.
    package static let tailed = "tailed"
    /// Times a copy begins anew because files vanished under it.
    private static let attempts = 20

    /// Copies a data directory to a new directory; files and bytes copied.
    ///
    /// Everything acknowledged before the call is in the copy.
    /// - Parameter leavesOut: whether a path, relative to the directory, is not to be copied.
    /// - Throws: `DiskError` where a file cannot be read or written, or the target has files in it.
    package static func backup(
        _ directory: String, to target: String, fileSystem: any FileSystem, leavingOut leavesOut: (String) -> Bool = { _ in false }
    ) throws -> (files: Int, bytes: Int) {
        try requireEmpty(target, fileSystem)
        for attempt in 1... {
            do {
                return try copyOnce(directory, to: target, fileSystem, leavesOut)
            } catch let error as DiskError where error.isNotFound && attempt < attempts {
                try removeAll(in: target, fileSystem)
                // Whoever merges or deletes in a row gets ahead of itself only so far.
                usleep(UInt32(attempt) * 20_000)
            }
        }
        preconditionFailure("the last attempt returns or throws")
    }

    /// Brings a copy back as a data directory, once every file in it matches its checksum.
    ///
    /// The directory appears whole: it is made under another name and renamed.
    /// - Throws: `DiskError` where the copy is unfinished or damaged, or the directory exists and has files in it.
    package static func restore(_ backup: String, to directory: String, fileSystem: any FileSystem) throws -> (files: Int, bytes: Int) {
        let fileSystem = fileSystem.device
        let entries = try verify(backup, fileSystem: fileSystem)
        try requireEmpty(directory, fileSystem)
        let unfinished = directory + ".restoring"
        if fileSystem.exists(unfinished) { try removeAll(in: unfinished, fileSystem) }
        try fileSystem.makeDirectories(unfinished)
        for entry in entries {
            let path = unfinished + "/" + entry.path
            try fileSystem.makeDirectories(fileSystem.parent(of: path))
            try fileSystem.copy(backup + "/" + entry.path, to: path)
        }
        try syncDirectories(of: entries.map { unfinished + "/" + $0.path }, fileSystem)
        if fileSystem.exists(directory) { try fileSystem.remove(directory) }
        try fileSystem.rename(unfinished, to: directory)
        try fileSystem.syncDirectory(fileSystem.parent(of: directory))
        return (entries.count, entries.reduce(0) { $0 + $1.size })
    }

    /// A line of the manifest.
    package struct Entry: Sendable, Equatable {
        package var path: String
        package var size: Int
        package var checksum: UInt32
    }

    /// Reads every file of a copy against the manifest; its entries.
    ///
    /// - Throws: `DiskError` that names the first file that is not as it was written.
    package static func verify(_ backup: String, fileSystem: any FileSystem) throws(DiskError) -> [Entry] {
        let fileSystem = fileSystem.device
        let path = backup + "/" + manifest
        guard fileSystem.exists(path) else { throw DiskError(damaged: backup, "no finished backup: the file \(manifest) is missing") }
        var entries: [Entry] = []
        for line in String(decoding: try fileSystem.read(path), as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 2)
            guard parts.count == 3, let checksum = UInt32(parts[0], radix: 16), let size = Int(parts[1]) else {
                throw DiskError(damaged: path, "the line “\(line)” makes no sense")
            }
            entries.append(Entry(path: String(parts[2]), size: size, checksum: checksum))
        }
        for entry in entries {
            // A manifest is data: it must not lead out of the directory.
            guard !entry.path.split(separator: "/").contains("..") else {
                throw DiskError(damaged: path, "the path “\(entry.path)” leads out")
            }
            guard try fileSystem.checksum(of: backup + "/" + entry.path) == (entry.size, entry.checksum) else {
                throw DiskError(damaged: backup + "/" + entry.path, "the file is not as it was when the backup was made")
            }
        }
        return entries
    }

    private static func copyOnce(
        _ directory: String, to target: String, _ fileSystem: any FileSystem, _ leavesOut: (String) -> Bool
    ) throws -> (files: Int, bytes: Int) {
        // What is sealed is copied as it is, and looked into for what it is only.
        let device = fileSystem.device
        try device.makeDirectories(target)
        var copied: Set<String> = []
        /// Paths that are left, relative to the directory.
        func left() throws(DiskError) -> [String] {
            try fileSystem.walk(directory).map { String($0.dropFirst(directory.count + 1)) }.filter { path in
                !copied.contains(path) && path != lock && path != manifest && !path.hasSuffix(fileSystem.temporarySuffix)
                    && !SQLiteFile.isCompanion(path) && !path.hasPrefix(snapshots + "/") && !leavesOut(path)
            }
        }
        func prepare(_ path: String) throws(DiskError) -> String {
            copied.insert(path)
            let other = target + "/" + path
            try fileSystem.makeDirectories(fileSystem.parent(of: other))
            return other
        }
        // How far tailed files were read comes before the lines: a line may be in a copy twice, but none is left out.
        for path in try left() where path.hasPrefix(tailed + "/") { try device.copy(directory + "/" + path, to: prepare(path)) }
        // What a log says of its segments comes before them: there may be more than it says, never fewer.
        var extents: [(log: String, extent: LogExtent)] = []
        for path in try left() where path.hasSuffix("/" + LogExtent.name) {
            let log = fileSystem.parent(of: path)
            if let extent = try? LogExtent.read(in: directory + "/" + log, fileSystem: fileSystem) { extents.append((log, extent)) }
            try device.copy(directory + "/" + path, to: prepare(path))
        }
        for path in try left() where LogFormat.segment(of: fileSystem.name(of: path)) != nil {
            try device.copy(directory + "/" + path, to: prepare(path))
        }
        for (log, extent) in extents {
            let numbers = try fileSystem.list(target + "/" + log).compactMap(LogFormat.segment).sorted()
            if extent.missing(from: numbers).isEmpty { continue }
            let now = try LogExtent.read(in: directory + "/" + log, fileSystem: fileSystem)
            if now?.first != extent.first { throw DiskError(.open, LogExtent.path(in: log), code: 2) }
        }
        // Before the databases: a block they name has its deletions in this copy, or is gone and the copy begins anew. And so everything
        // else they name without a table.
        for path in try left() where !SQLiteFile.isNamedAsOne(path) {
            // Log segments begun since are left out: the copy of the log ends where it did.
            if LogFormat.segment(of: fileSystem.name(of: path)) != nil { continue }
            guard let kind = try kind(directory + "/" + path, fileSystem) else {
                try device.copy(directory + "/" + path, to: prepare(path))
                continue
            }
            if !kind.isListed { try place(directory + "/" + path, at: prepare(path), device) }
        }
        var listed: [Catalog.Entry] = []
        for path in try left() where SQLiteFile.isNamedAsOne(path) {
            let other = try prepare(path)
            try SQLiteFile.copy(directory + "/" + path, to: other)
            try device.open(other, .write).sync()
            listed += try Catalog.entries(inDatabaseAt: other) ?? []
            for name in try Catalog.expected(inDatabaseAt: other) where !copied.contains(name) {
                if fileSystem.exists(directory + "/" + name) {
                    // Made since.
                    try device.copy(directory + "/" + name, to: prepare(name))
                } else if try !Catalog.expected(inDatabaseAt: directory + "/" + path).contains(name) {
                    // Removed since.
                    throw DiskError(.open, name, code: 2)
                }
            }
            for suffix in ["-wal", "-shm", "-journal"] where fileSystem.exists(other + suffix) { try fileSystem.remove(other + suffix) }
        }
        var present: [String: Set<String>] = [:]
        for path in try left() {
            guard let kind = try kind(directory + "/" + path, fileSystem) else { continue }
            present[kind.store, default: []].insert(fileSystem.name(of: path))
            try place(directory + "/" + path, at: prepare(path), device)
        }
        for entry in listed where present[entry.store]?.contains(entry.name) != true {
            throw DiskError(.open, entry.name, code: 2)
        }
        return try finish(target, copied.sorted(), device)
    }

    /// What kind of immutable file a path is; nil for others.
    private static func kind(_ path: String, _ fileSystem: any FileSystem) throws(DiskError) -> SectionedFileFormat.Kind? {
        if SQLiteFile.isInItsHands(path) { return nil }
        guard try SectionedFile.isOne(path, fileSystem: fileSystem) else { return nil }
        return try SectionedFile(path: path, fileSystem: fileSystem).kind
    }

    /// Writes the list of a copy anew once files in it were changed, none of which may be open any more.
    ///
    /// - Parameter name: of a file of the directory that is not to be in it.
    package static func finishAgain(_ target: String, fileSystem: any FileSystem, leavingOut name: String) throws {
        var paths: [String] = []
        for path in try fileSystem.walk(target).map({ String($0.dropFirst(target.count + 1)) }) where path != name && path != manifest {
            if SQLiteFile.isCompanion(path) || path.hasSuffix(fileSystem.temporarySuffix) {
                try fileSystem.remove(target + "/" + path)
            } else {
                paths.append(path)
            }
        }
        _ = try finish(target, paths, fileSystem)
    }

    private static func place(_ path: String, at other: String, _ fileSystem: any FileSystem) throws(DiskError) {
        do throws(DiskError) {
            return try fileSystem.link(path, to: other)
        } catch {
            // Another file system, or one without links.
            if error.isNotFound { throw error }
        }
        try fileSystem.copy(path, to: other)
    }

    private static func finish(
        _ target: String, _ paths: [String], _ fileSystem: any FileSystem
    ) throws(DiskError) -> (files: Int, bytes: Int) {
        var text = ""
        var bytes = 0
        for path in paths {
            let (size, checksum) = try fileSystem.checksum(of: target + "/" + path)
            let digits = String(checksum, radix: 16)
            text += String(repeating: "0", count: 8 - digits.count) + digits + " \(size) \(path)\n"
            bytes += size
        }
        try syncDirectories(of: paths.map { target + "/" + $0 }, fileSystem)
        try fileSystem.writeAtomically(Array(text.utf8).span, to: target + "/" + manifest)
        return (paths.count, bytes)
    }

    private static func syncDirectories(of paths: [String], _ fileSystem: any FileSystem) throws(DiskError) {
        for directory in Set(paths.map { fileSystem.parent(of: $0) }).sorted() { try fileSystem.syncDirectory(directory) }
    }

    private static func requireEmpty(_ directory: String, _ fileSystem: any FileSystem) throws(DiskError) {
        guard fileSystem.exists(directory) else { return }
        if try !fileSystem.list(directory).isEmpty { throw DiskError(damaged: directory, "is not empty; choose a new directory") }
    }

    private static func removeAll(in directory: String, _ fileSystem: any FileSystem) throws(DiskError) {
        for path in try fileSystem.walk(directory) { try fileSystem.remove(path) }
    }
}
