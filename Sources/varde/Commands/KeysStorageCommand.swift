import ArgumentParser

/// `varde keys storage`: the keys files of the data directory are sealed under, by day.
struct KeysStorageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storage", abstract: "List or destroy the keys files are sealed under, by day (storage.encryption).",
        subcommands: [KeysStorageListCommand.self, KeysStorageDestroyCommand.self], defaultSubcommand: KeysStorageListCommand.self)
}

struct KeysStorageListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Print the days and what became of their keys.")

    @OptionGroup var options: ServerOptions

    private struct Answer: Decodable {
        struct Entry: Decodable {
            var day: String
            var files: Int
            var state: String
            var destroyed: String?
        }
        var data: [Entry]
    }

    func run() async throws {
        let connection = try ServerConnection(options)
        let entries = try connection.decode(Answer.self, from: try await connection.get("/api/v1/privacy/storage-keys")).data
        var table = Table(["DAY", "FILES", "STATE", "DESTROYED"])
        table.rows = entries.map { [$0.day, String($0.files), $0.state, $0.destroyed ?? ""] }
        Terminal.write(table.render(on: .standardOutput))
    }
}

struct KeysStorageDestroyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destroy", abstract: "Destroy the keys of a day for good, with what is stored of it, and print the signed receipt.",
        discussion: """
            Metrics and logs of the day are gone, here and in every backup and snapshot: their files cannot be opened any more. Copies of \
            the key file made elsewhere are not reached.
            """)

    @Argument(help: "The day in UTC, as 2026-11-26.")
    var day: String

    @Flag(name: .long, help: "Do it: without this the command only says what would happen.")
    var yes = false

    @OptionGroup var options: ServerOptions

    func run() async throws {
        guard yes else { throw ValidationError("this cannot be undone: all metrics and logs of \(day) are lost; repeat it with --yes") }
        Terminal.write(bytes: try await ServerConnection(options).postForm("/api/v1/privacy/storage-keys/\(day)/destroy", []))
    }
}
