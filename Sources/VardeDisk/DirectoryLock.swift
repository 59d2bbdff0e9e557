import CVardeKernels

/// Keeps a data directory to one server: a lock on the file `LOCK` in it, held for as long as this object lives.
package final class DirectoryLock: Sendable {
    /// Another process holds the directory.
    package struct Held: Error, Sendable, CustomStringConvertible {
        package var directory: String
        package var holder: String

        package var description: String {
            "the data directory \(directory) is in use by another Varde\(holder.isEmpty ? "" : " (process \(holder))"); stop it first, or choose another --data-dir"
        }
    }

    private let file: any File

    private init(file: any File) {
        self.file = file
    }

    /// Takes the lock of a directory.
    ///
    /// - Throws: `Held` where another process has it, `DiskError` where the file cannot be used.
    package static func take(directory: String, fileSystem: any FileSystem) throws -> DirectoryLock {
        let path = directory + "/LOCK"
        let file = try fileSystem.open(path, .create)
        guard try locks(file) else {
            var holder: [UInt8] = []
            try file.read(at: 0, count: 32, into: &holder)
            throw Held(directory: directory, holder: String(decoding: holder.prefix { $0 >= 48 && $0 <= 57 }, as: UTF8.self))
        }
        try file.truncate(to: 0)
        try file.write(Array("\(varde_process_id())\n".utf8).span, at: 0)
        return DirectoryLock(file: file)
    }

    private static func locks(_ file: any File) throws(DiskError) -> Bool {
        do {
            try file.lock()
            return true
        } catch {
            if error.code == 11 { return false }
            throw error
        }
    }
}
