import GRDB

extension Catalog {
    /// Work in steps that goes on after a crash: its next step and what it needs to know are written before the step is taken.
    package struct Job: Sendable, Equatable {
        /// What does it, `erasure` say.
        package var kind: String
        /// Which one of its kind.
        package var name: String
        /// The step to be taken next.
        package var step: String
        /// What the steps know, in the kind's own form (JSON).
        package var payload: String

        package init(kind: String, name: String, step: String, payload: String) {
            self.kind = kind
            self.name = name
            self.step = step
            self.payload = payload
        }
    }

    /// Writes where a job stands, in place of what was known of it; survives a power cut once this returns.
    package func save(_ job: Job) throws {
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO job (kind, name, step, payload) VALUES (?, ?, ?, ?)
                    ON CONFLICT (kind, name) DO UPDATE SET step = excluded.step, payload = excluded.payload
                    """,
                arguments: [job.kind, job.name, job.step, try texts.stored(job.payload)])
        }
    }

    /// Jobs that are not done, oldest first.
    package func jobs(of kind: String) throws -> [Job] {
        try database.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM job WHERE kind = ? ORDER BY rowid", arguments: [kind]).map { row in
                Job(kind: row["kind"], name: row["name"], step: row["step"], payload: try texts.text(row["payload"]))
            }
        }
    }

    /// The job is done.
    package func remove(_ job: Job) throws {
        try write { database in
            try database.execute(sql: "DELETE FROM job WHERE kind = ? AND name = ?", arguments: [job.kind, job.name])
        }
    }

    /// Writes texts anew that stand in the catalog as they are, where they are to be sealed.
    func sealTexts() throws {
        let (settings, jobs) = try database.read { database in
            (
                try Row.fetchAll(database, sql: "SELECT name, value FROM setting WHERE name <> ?", arguments: [Self.sealName]).filter {
                    texts.isDue($0["value"])
                }, try Row.fetchAll(database, sql: "SELECT kind, name, payload FROM job").filter { texts.isDue($0["payload"]) }
            )
        }
        if settings.isEmpty && jobs.isEmpty { return }
        try write { database in
            for row in settings {
                try database.execute(
                    sql: "UPDATE setting SET value = ? WHERE name = ?", arguments: [try texts.stored(row["value"]), row["name"] as String])
            }
            for row in jobs {
                try database.execute(
                    sql: "UPDATE job SET payload = ? WHERE kind = ? AND name = ?",
                    arguments: [try texts.stored(row["payload"]), row["kind"] as String, row["name"] as String])
            }
        }
    }
}
