import ArgumentParser
import Foundation
import Logging
import VardeKernels
import VardeServer

/// `varde serve`: the server.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the server until SIGTERM or Ctrl-C.",
        discussion:
            "SIGHUP or POST /-/reload reads the configuration again. Without --config the server scrapes itself and takes what is sent to it."
    )

    @Option(name: .long, help: "Configuration file: a superset of prometheus.yml.")
    var config: String?

    @Option(name: .long, help: "Directory of everything that is stored; made where it is absent.")
    var dataDir: String = "data"

    @Option(name: .long, help: "HOST:PORT to listen on (default: server.listen of the configuration, else 127.0.0.1:4747).")
    var listen: String?

    @Option(name: .long, help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: LogLevelArgument = .info

    func run() async throws {
        let level = logLevel.level
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let logger = Logger(label: "varde")
        let configuration = try config.map { try ConfigurationFile.read($0) } ?? .embedded
        for warning in configuration.warnings { logger.warning("\(warning)") }
        ProcessMemory.tune()
        if configuration.privacy.enabled { ProcessMemory.beginWiping() }
        ProcessFiles.raiseLimit()
        let server = try VardeServer(
            VardeServer.Settings(
                configuration: configuration, dataDirectory: dataDir, listen: listen ?? configuration.server.listen ?? "127.0.0.1:4747"),
            logger: logger)
        try await server.run()
    }
}

/// How much the server says.
enum LogLevelArgument: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, notice, warning, error, critical

    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}

/// A configuration file.
enum ConfigurationFile {
    /// - Throws: its first fault, with file, line and column.
    static func read(_ path: String) throws -> Configuration {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw CommandFailure("\(path): cannot be read: \((error as NSError).localizedDescription)")
        }
        return try Configuration(parsing: text, file: path)
    }
}
