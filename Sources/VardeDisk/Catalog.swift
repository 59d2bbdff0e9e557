import GRDB

/// What is live in a data directory, kept in SQLite: files appear and disappear in transactions, so no half of a change is ever seen.
package final class Catalog: Sendable {
    /// A live file.
    package struct Entry: Sendable, Equatable {
        /// Name below the store's directory.
        package var name: String
        /// `metrics` or `logs`.
        package var store: String
        /// First and last time in it, in the store's unit, both inclusive.
        package var first: Int64
        package var last: Int64
        package var bytes: Int
        /// Samples or lines.
        package var items: Int
        /// 0 as cut from the head, then one more with each compaction.
        package var level: Int

        package init(name: String, store: String, first: Int64, last: Int64, bytes: Int, items: Int, level: Int) {
            self.name = name
            self.store = store
            self.first = first
            self.last = last
            self.bytes = bytes
            self.items = items
            self.level = level
        }

        init(row: Row) {
            self.init(
                name: row["name"], store: row["store"], first: row["first"], last: row["last"], bytes: row["bytes"], items: row["items"],
                level: row["level"])
        }
    }

    /// Name of the file in a data directory.
    package static let name = "catalog.sqlite"

    let database: DatabaseQueue
    let isInMemory: Bool
    let texts: SealedTexts

    /// Opens or makes the catalog at a path; nil keeps it in memory, for tests.
    ///
    /// - Parameter texts: how what may hold words of data (values of settings, payloads of jobs) stands on disk.
    package init(path: String?, texts: SealedTexts = .plain) throws {
        isInMemory = path == nil
        self.texts = texts
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            // A commit is on the device before it returns.
            try database.execute(sql: "PRAGMA synchronous = FULL")
            // What is removed is overwritten, not only given free.
            try database.execute(sql: "PRAGMA secure_delete = ON")
            if path != nil { try database.execute(sql: "PRAGMA journal_mode = WAL") }
        }
        database = try path.map { try DatabaseQueue(path: $0, configuration: configuration) } ?? DatabaseQueue(configuration: configuration)
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 files") { database in
            try database.execute(
                sql: """
                    CREATE TABLE file (
                        name TEXT NOT NULL, store TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, bytes INTEGER NOT NULL,
                        items INTEGER NOT NULL, level INTEGER NOT NULL, PRIMARY KEY (store, name)
                    ) STRICT;
                    CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
                    """)
        }
        migrator.registerMigration("2 jobs") { database in
            try database.execute(
                sql: """
                    CREATE TABLE job (
                        kind TEXT NOT NULL, name TEXT NOT NULL, step TEXT NOT NULL, payload TEXT NOT NULL, UNIQUE (kind, name)
                    ) STRICT;
                    """)
        }
        // A catalog written by a newer Varde is left alone.
        if try database.read({ try migrator.hasBeenSuperseded($0) }) {
            throw DiskError(damaged: path ?? "", "the catalog was written by a newer Varde")
        }
        try migrator.migrate(database)
    }

    /// Names of stores that have live files.
    package func stores() throws -> [String] {
        try database.read { try String.fetchAll($0, sql: "SELECT DISTINCT store FROM file ORDER BY store") }
    }

    /// Live files of a store, by first time.
    package func files(of store: String) throws -> [Entry] {
        try database.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM file WHERE store = ? ORDER BY first, name", arguments: [store])
                .map(Entry.init(row:))
        }
    }

    /// Makes files live and others dead in one step that survives a crash wholly or not at all, with settings that go with it.
    package func change(add: [Entry], remove: [(store: String, name: String)], settings: [(name: String, value: String)] = []) throws {
        try write { database in
            for entry in add {
                try database.execute(
                    sql: "INSERT OR REPLACE INTO file (name, store, first, last, bytes, items, level) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    arguments: [entry.name, entry.store, entry.first, entry.last, entry.bytes, entry.items, entry.level])
            }
            for (store, name) in remove {
                try database.execute(sql: "DELETE FROM file WHERE store = ? AND name = ?", arguments: [store, name])
            }
            for (name, value) in settings {
                try database.execute(
                    sql: "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)",
                    arguments: [name, try texts.stored(value)])
            }
        }
    }

    package func setting(_ name: String) throws -> String? {
        try database.read { database in
            try String.fetchOne(database, sql: "SELECT value FROM setting WHERE name = ?", arguments: [name]).map { try texts.text($0) }
        }
    }

    /// Settings whose names begin with a text, by the rest of their names.
    package func settings(prefix: String) throws -> [(name: String, value: String)] {
        try database.read { database in
            try Row.fetchAll(
                database, sql: "SELECT name, value FROM setting WHERE substr(name, 1, ?) = ?", arguments: [prefix.count, prefix]
            )
            .map { (String(($0["name"] as String).dropFirst(prefix.count)), try texts.text($0["value"])) }
        }
    }

    package func removeSetting(_ name: String) throws {
        try write { try $0.execute(sql: "DELETE FROM setting WHERE name = ?", arguments: [name]) }
    }

    /// Takes what was removed from the catalog out of its files as well: nothing of it is left in free pages or in the journal.
    package func forgetRemoved() throws {
        let isBusy = try database.writeWithoutTransaction { database in
            try Int.fetchOne(database, sql: "PRAGMA wal_checkpoint(TRUNCATE)") ?? 0
        }
        // A backup that reads meanwhile keeps the journal: it is tried again.
        if isBusy != 0 { throw DiskError(.truncate, "catalog", code: 16) }
    }

    /// Whether SQLite finds its own file sound; what it says where it does not.
    package func integrityProblems() throws -> [String] {
        try database.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }.filter { $0 != "ok" }
    }
}
