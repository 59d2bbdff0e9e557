import ArgumentParser

/// `varde ping`: whether a server is ready, for health checks of containers.
struct PingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "ping", abstract: "Exit 0 if the server is ready to answer.")

    @OptionGroup var options: ServerOptions

    func run() async throws {
        _ = try await ServerConnection(options).get("/-/ready")
        Terminal.write("ready\n")
    }
}
