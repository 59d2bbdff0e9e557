import ArgumentParser
import Foundation

/// `varde keys`: the epochs of the keys pseudonyms are made with.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "List, rotate or destroy the keys of pseudonyms, and those of sealed files.",
        discussion: "The keys themselves are never shown. The token needs the role privacy.",
        subcommands: [KeysListCommand.self, KeysRotateCommand.self, KeysDestroyCommand.self, KeysStorageCommand.self],
        defaultSubcommand: KeysListCommand.self)
}

struct KeysListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Print the epochs and what became of their keys.")

    @OptionGroup var options: ServerOptions

    private struct Answer: Decodable {
        struct Epoch: Decodable {
            var epoch: Int
            var from: String
            var state: String
            var destroyed: String?
        }
        var data: [Epoch]
    }

    func run() async throws {
        let connection = try ServerConnection(options)
        let epochs = try connection.decode(Answer.self, from: try await connection.get("/api/v1/privacy/keys")).data
        var table = Table(["EPOCH", "FROM", "STATE", "DESTROYED"])
        table.rows = epochs.map { ["k\($0.epoch)", $0.from, $0.state, $0.destroyed ?? ""] }
        Terminal.write(table.render(on: .standardOutput))
    }
}

struct KeysRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Begin a new epoch now: from here on the same value has another pseudonym.")

    @OptionGroup var options: ServerOptions

    func run() async throws {
        Terminal.write(bytes: try await ServerConnection(options).postForm("/api/v1/privacy/keys/rotate", []))
        Terminal.write("\n")
    }
}

struct KeysDestroyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destroy", abstract: "Destroy the key of an epoch for good, and print the signed receipt.",
        discussion: "Pseudonyms of the epoch can never be linked to a person again: nobody is found, handed out or erased by them.")

    @Argument(help: "The epoch's number, as `varde keys list` prints it.")
    var epoch: Int

    @Flag(name: .long, help: "Do it: without this the command only says what would happen.")
    var yes = false

    @OptionGroup var options: ServerOptions

    func run() async throws {
        guard yes else {
            throw ValidationError("this cannot be undone: nobody is found by pseudonyms of epoch k\(epoch) any more; repeat it with --yes")
        }
        Terminal.write(bytes: try await ServerConnection(options).postForm("/api/v1/privacy/keys/\(epoch)/destroy", []))
    }
}
