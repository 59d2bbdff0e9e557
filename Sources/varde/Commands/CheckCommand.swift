import ArgumentParser
import VardeServer

/// `varde check`: what can be found wrong before or without a running server.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check a configuration, rule files or a data directory.",
        subcommands: [CheckConfigCommand.self, CheckRulesCommand.self, CheckDataCommand.self])
}

/// `varde check config`: reads a configuration as the server would.
struct CheckConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Say whether a configuration can be used, and what in it has no effect.")

    @Argument(help: "The file.")
    var file: String

    func run() throws {
        let configuration = try ConfigurationFile.read(file)
        try ConfigurationCheck.run(configuration)
        for warning in configuration.warnings + ConfigurationCheck.warnings(configuration) { Terminal.complain("warning: \(warning)") }
        Terminal.write("\(file): valid, \(configuration.scrapeConfigs.count) scrape jobs\n")
    }
}
