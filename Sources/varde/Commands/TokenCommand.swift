import ArgumentParser
import VardeServer

/// `varde token`: credentials for the server.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make tokens for clients.", subcommands: [TokenNewCommand.self])
}

/// A role by its name.
struct RoleArgument: ExpressibleByArgument {
    let role: Role

    init?(argument: String) {
        guard let role = Role(rawValue: argument) else { return nil }
        self.role = role
    }

    static var allValueStrings: [String] { Role.allCases.map(\.rawValue) }
}

/// `varde token new`: prints a secret once, and what the configuration keeps of it.
struct TokenNewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make a token. The secret goes to standard output, once; the configuration lines to standard error.")

    @Argument(help: "A name for it: who or what will use it. It stands in the audit log.")
    var name: String

    @Option(name: .long, parsing: .upToNextOption, help: "What it may do: write, read, privacy, admin.")
    var role: [RoleArgument]

    func validate() throws {
        if name.isEmpty || name.contains(where: { $0.isNewline || $0 == "\"" || $0 == "\\" }) {
            throw ValidationError("the name must be a non-empty text of one line without quotes")
        }
        if role.isEmpty { throw ValidationError("give at least one --role") }
    }

    func run() {
        let secret = TokenSecret.generate()
        Terminal.complain(
            """
            Add this to the configuration; the secret itself is shown this once and stored nowhere:

            server:
              auth:
                tokens:
                  - name: "\(name)"
                    roles: [\(role.map(\.role.rawValue).joined(separator: ", "))]
                    hash: \(TokenSecret.stored(secret))

            """)
        Terminal.write(secret + "\n")
    }
}
