import ArgumentParser
import Foundation

/// Which server a command talks to, and as whom.
struct ServerOptions: ParsableArguments {
    @Option(name: .long, help: "Address of the server (or VARDE_SERVER).")
    var server: String = ProcessInfo.processInfo.environment["VARDE_SERVER"] ?? "http://127.0.0.1:4747"

    @Option(name: .long, help: "File that holds the token (or VARDE_TOKEN_FILE; or the token itself in VARDE_TOKEN).")
    var tokenFile: String?

    @Option(name: .long, help: "File of certificates (PEM) trusted in place of the system's (or VARDE_CA_FILE), for https.")
    var caFile: String?

    /// Texts of the trusted certificates, nil for the system's.
    func authorities() throws -> String? {
        guard let path = caFile ?? ProcessInfo.processInfo.environment["VARDE_CA_FILE"] else { return nil }
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw CommandFailure("cannot read the certificates in \(path): \(error.localizedDescription)")
        }
    }

    /// The token to send, nil for none.
    func token() throws -> String? {
        let environment = ProcessInfo.processInfo.environment
        guard let path = tokenFile ?? environment["VARDE_TOKEN_FILE"] else { return environment["VARDE_TOKEN"] }
        do {
            return try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            throw CommandFailure("cannot read the token file \(path): \(error.localizedDescription)")
        }
    }
}

/// A failure to report in one line on standard error, with exit code 1.
struct CommandFailure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}
