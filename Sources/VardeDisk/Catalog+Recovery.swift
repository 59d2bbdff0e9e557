import GRDB

extension Catalog {
    /// What the catalog and the files on disk say of each other.
    package struct Audit: Sendable, Equatable {
        /// Names in the catalog without a file.
        package var missing: [String] = []
        /// Files the catalog does not name.
        package var orphans: [String] = []
        /// Names whose files are not as long as the catalog says.
        package var misfits: [String] = []

        init(_ entries: [Entry], files: [String: Int]) {
            let named = Set(entries.map(\.name))
            missing = entries.map(\.name).filter { files[$0] == nil }
            orphans = files.keys.filter { !named.contains($0) }.sorted()
            misfits = entries.filter { files[$0.name] != nil && files[$0.name] != $0.bytes }.map(\.name)
        }
    }

    /// Compares the catalog with the files of a store.
    ///
    /// - Parameter files: names and sizes in bytes of the files on disk.
    package func audit(store: String, files: [String: Int]) throws -> Audit { Audit(try self.files(of: store), files: files) }

    /// The entries of a catalog that may be in use, read without opening it for writing; nil where a database is no catalog.
    static func entries(inDatabaseAt path: String) throws -> [Entry]? {
        try SQLiteFile.reader(path).read { database in
            guard try path.hasSuffix("/" + name) || database.tableExists("file") && database.tableExists("setting") else { return nil }
            if let problem = try schemaProblem(of: database) { throw DiskError(damaged: path, problem) }
            return try Row.fetchAll(database, sql: "SELECT * FROM file ORDER BY store, first, name").map(Entry.init(row:))
        }
    }

    /// What is wrong with what a catalog says, though SQLite can read it; nil where nothing is, or the database is no catalog.
    static func sealProblem(inDatabaseAt path: String) throws -> String? {
        try SQLiteFile.reader(path).read { database in
            guard try database.tableExists("file"), try database.tableExists("setting"), try database.tableExists("job") else { return nil }
            return try sealProblem(of: database)
        }
    }

    /// Whether an error says that the disk is full.
    static func isFull(_ error: any Error) -> Bool {
        (error as? DatabaseError)?.resultCode == .SQLITE_FULL || (error as? DiskError)?.isNoSpace == true
    }

    /// What it means that a catalog is gone.
    package static let lost =
        "the next start makes it anew from the files; what it alone knew is lost: legal holds set over HTTP, erasures asked for and not done, how far remote_write and loki_write came"

    /// Opens the catalog; one SQLite cannot read is set aside under another name and begun anew.
    ///
    /// An empty catalog is filled from the files' own descriptions by the stores when they open.
    /// - Returns: the catalog, and in words what was wrong with the one set aside.
    package static func openSettingAsideDamaged(
        path: String, fileSystem: any FileSystem, texts: SealedTexts = .plain
    ) throws -> (catalog: Catalog, damage: [String]) {
        do {
            let catalog = try Catalog(path: path, texts: texts)
            var problems = try catalog.integrityProblems()
            // A name or a number that is not what was written would be believed.
            if problems.isEmpty, let problem = try catalog.database.read({ try schemaProblem(of: $0) ?? sealProblem(of: $0) }) {
                problems.append(problem)
            }
            guard problems.isEmpty else { return try setAside(path, problems, fileSystem, texts) }
            try catalog.sealTexts()
            return (catalog, [])
        } catch let error as DatabaseError
            where [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_MISMATCH].contains(error.resultCode)
        {
            // The last two: a table or a column that has another name than was written.
            return try setAside(path, [error.message ?? "\(error)"], fileSystem, texts)
        }
    }

    private static func setAside(
        _ path: String, _ problems: [String], _ fileSystem: any FileSystem, _ texts: SealedTexts
    ) throws -> (catalog: Catalog, damage: [String]) {
        let kept = fileSystem.nameForDamaged(path)
        for suffix in ["", "-wal", "-shm"] where fileSystem.exists(path + suffix) {
            try fileSystem.rename(path + suffix, to: kept + suffix)
        }
        try fileSystem.syncDirectory(fileSystem.parent(of: path))
        let damage = problems.map { "\(path): \($0); kept as \(kept); \(lost)" }
        return (try Catalog(path: path, texts: texts), damage)
    }
}
