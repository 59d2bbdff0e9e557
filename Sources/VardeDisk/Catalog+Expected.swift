import GRDB

/// Files that are in no table of the catalog and are there all the same: that one of them is gone is noticed by this list alone. A file
/// is named once it is on the device and until before it is removed, so that a crash in between leaves one that is not named.
extension Catalog {
    private static let expected = "expected."
    /// What is said of a file that is named and not there.
    package static let missingReason = "the file is missing or empty, though the catalog names it"

    /// Names files that are there, by paths relative to the data directory.
    package func expect(_ paths: [String]) throws {
        let known = Set(try settings(prefix: Self.expected).map(\.name))
        let new = paths.filter { !known.contains($0) }
        if new.isEmpty { return }
        try change(add: [], remove: [], settings: new.map { (Self.expected + $0, "") })
    }

    /// Names every file with a suffix there is in a folder of the data directory.
    package func expectAll(in folder: String, suffix: String, of directory: String, fileSystem: any FileSystem) throws {
        let names = (try? fileSystem.list(directory + "/" + folder)) ?? []
        try expect(names.filter { $0.hasSuffix(suffix) }.sorted().map { folder + "/" + $0 })
    }

    /// Files that are about to be removed, or whose absence is known.
    package func expectNoMore(_ path: String) throws {
        if try setting(Self.expected + path) != nil { try removeSetting(Self.expected + path) }
    }

    /// Files that are named and not in a data directory, or empty.
    package func missing(in directory: String, fileSystem: any FileSystem) throws -> [String] {
        Self.missing(try settings(prefix: Self.expected).map(\.name), in: directory, fileSystem)
    }

    /// As `missing`, of a catalog that may be in use, read without opening it for writing; none where a database is no catalog.
    static func missing(inDatabaseAt path: String, directory: String, fileSystem: any FileSystem) throws -> [String] {
        let gone = missing(try expected(inDatabaseAt: path), in: directory, fileSystem)
        if gone.isEmpty { return [] }
        // What was removed in between is not named any more.
        let named = Set(try expected(inDatabaseAt: path))
        return gone.filter(named.contains)
    }

    /// Files that a catalog which may be in use names.
    static func expected(inDatabaseAt path: String) throws -> [String] {
        try SQLiteFile.reader(path).read { database in
            guard try database.tableExists("file"), try database.tableExists("setting") else { return [] }
            return try String.fetchAll(
                database, sql: "SELECT substr(name, ?) FROM setting WHERE substr(name, 1, ?) = ? ORDER BY name",
                arguments: [expected.count + 1, expected.count, expected])
        }
    }

    private static func missing(_ paths: [String], in directory: String, _ fileSystem: any FileSystem) -> [String] {
        paths.filter { name in
            do {
                return try fileSystem.open(directory + "/" + name, .read).size() == 0
            } catch let error as DiskError {
                // What cannot be opened for another reason is told where it is read.
                return error.isNotFound
            } catch {
                return false
            }
        }
    }
}
