import GRDB

/// SQLite databases as files of a data directory: recognised, checked and copied while others use them.
package enum SQLiteFile {
    private static let magic: [UInt8] = Array("SQLite format 3\0".utf8)

    /// Whether a file is an SQLite database, by its first bytes.
    static func isDatabase(_ path: String, fileSystem: any FileSystem) throws(DiskError) -> Bool {
        try fileSystem.prefix(of: path, count: magic.count) == magic
    }

    /// Whether a name is that of a database of ours.
    static func isNamedAsOne(_ path: String) -> Bool { path.hasSuffix(".sqlite") }

    /// Whether a name is that of a file SQLite keeps beside a database.
    static func isCompanion(_ path: String) -> Bool { path.hasSuffix("-wal") || path.hasSuffix("-shm") || path.hasSuffix("-journal") }

    /// Whether a name is that of a file SQLite works on. While this process has the database open no other descriptor of it may be closed
    /// here: with any one of them, POSIX lets go of all locks SQLite holds, and another process takes the database for unused.
    static func isInItsHands(_ path: String) -> Bool { isNamedAsOne(path) || isCompanion(path) }

    static func reader(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    /// What SQLite finds wrong with a database; empty where it is sound.
    package static func problems(_ path: String) -> [String] {
        do {
            return try reader(path).read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }.filter { $0 != "ok" }
        } catch {
            return ["\(error)"]
        }
    }

    /// Copies a database as of one moment to a new file, while others read and write it.
    static func copy(_ path: String, to other: String) throws {
        try reader(path).backup(to: DatabaseQueue(path: other))
    }
}
