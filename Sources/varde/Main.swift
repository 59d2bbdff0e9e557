import ArgumentParser
import Foundation
import VardeKernels
import VardeServer

/// The program. Exit codes: 0 done, 1 failed, 2 wrong usage.
struct Varde: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "varde", abstract: "Metrics and logs, kept safe on one server.", version: "varde \(BuildInfo.summary)",
        subcommands: [
            ServeCommand.self, QueryCommand.self, LogsCommand.self, LabelsCommand.self, SeriesCommand.self, TargetsCommand.self,
            PushCommand.self, RedactCommand.self, CheckCommand.self, TestCommand.self, BackupCommand.self, RestoreCommand.self,
            SubjectCommand.self, KeysCommand.self, ReportCommand.self, AuditCommand.self, TokenCommand.self, PingCommand.self,
        ])
}

@main
enum Program {
    static func main() async {
        do {
            var command = try Varde.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let code as ExitCode {
            // What there is to say was said.
            exit(code.rawValue)
        } catch let failure as ServerConnection.Refusal {
            fail(failure.description)
        } catch let failure as CommandFailure {
            fail(failure.description)
        } catch let failure as ConfigurationError {
            fail("\(failure)")
        } catch let failure as VardeServer.StartError {
            fail("\(failure)")
        } catch {
            // Usage, help and version are the parser's; anything else is said as it is.
            if Varde.exitCode(for: error) == .success { Varde.exit(withError: error) }
            let text = Varde.fullMessage(for: error)
            if Varde.exitCode(for: error) == .validationFailure { fail(text.isEmpty ? "\(error)" : text, code: 2) }
            fail("\(error)")
        }
    }

    private static func fail(_ text: String, code: Int32 = 1) -> Never {
        Terminal.complain(text.hasPrefix("Error:") ? text : "varde: \(text)")
        exit(code)
    }
}
