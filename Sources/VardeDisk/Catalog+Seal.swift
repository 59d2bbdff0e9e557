import GRDB
import VardeKernels

/// SQLite has no checksums: a flipped bit in a name or a number of the catalog would be believed. So every change ends by writing a
/// checksum of all that the catalog says, in the same transaction.
extension Catalog {
    static let sealName = "seal"

    /// Changes the catalog, and seals it.
    func write(_ body: (Database) throws -> Void) throws {
        try database.write { database in
            try body(database)
            try database.execute(
                sql: "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)",
                arguments: [Self.sealName, try Self.checksum(of: database)])
        }
        // What is committed goes to the sealed file itself: SQLite takes a damaged log for one that ends there. Beside readers only
        // a part of it does, at the next change the rest.
        if !isInMemory { _ = try? database.writeWithoutTransaction { try $0.checkpoint(.truncate) } }
    }

    /// What is wrong with the seal of a database; nil where it holds, or where there is none.
    static func sealProblem(of database: Database) throws -> String? {
        guard let seal = try String.fetchOne(database, sql: "SELECT value FROM setting WHERE name = ?", arguments: [sealName]) else {
            // A name that was damaged: every catalog that says anything has a seal.
            let isEmpty = try Row.fetchOne(database, sql: "SELECT 1 FROM setting UNION ALL SELECT 1 FROM file LIMIT 1") == nil
            return isEmpty ? nil : "the catalog has no seal"
        }
        return try seal == checksum(of: database) ? nil : "the catalog does not match its seal"
    }

    /// What is wrong with the tables themselves: a flipped bit in their definitions is in no row.
    static func schemaProblem(of database: Database) throws -> String? {
        let query = "SELECT name || ' ' || coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
        let expected = try Catalog(path: nil).database.read { try String.fetchAll($0, sql: query) }
        return try String.fetchAll(database, sql: query) == expected ? nil : "the definitions of the catalog's tables were changed"
    }

    /// CRC-32C over all rows, in order.
    private static func checksum(of database: Database) throws -> String {
        var checksum: UInt32 = 0
        var bytes: [UInt8] = []
        for query in [
            "SELECT * FROM file ORDER BY store, name", "SELECT * FROM setting WHERE name <> '\(sealName)' ORDER BY name",
            "SELECT * FROM job ORDER BY kind, name",
        ] {
            let rows = try Row.fetchCursor(database, sql: query)
            while let row = try rows.next() {
                bytes.removeAll(keepingCapacity: true)
                for (column, value) in row {
                    bytes += column.utf8
                    bytes += "=\(value)\n".utf8
                }
                checksum = CRC32C.checksum(bytes.span, seed: checksum)
            }
        }
        return String(checksum, radix: 16)
    }
}
