import ArgumentParser
import Foundation
import VardeKernels
import VardeModel

/// `varde push`: send lines to a server.
struct PushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Send logs to a server.", subcommands: [PushLogsCommand.self])
}

/// `varde push logs`: lines from a file or standard input, in batches, retried until they are acknowledged.
struct PushLogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Ship lines from a file or standard input.",
        discussion: """
            A line counts as shipped once the server has synced it to disk; a batch that has to be sent again is stored once. Lines the \
            server will not take (too long, no JSON) are named and counted, all others are shipped, and the exit code is then 1. With \
            --json, each line is an object: time, message and label fields are found by the server.
            """
    )

    /// Refused lines that are named; more are only counted.
    private static let maxNamed = 10

    @Option(name: .shortAndLong, help: "A label of the stream, as name=value. Give it several times for several.")
    var label: [LabelArgument] = []

    @Flag(name: .long, help: "Lines are JSON objects (NDJSON).")
    var json = false

    @Option(name: .long, help: "Try a batch so often before giving up.")
    var retries: Int = 10

    @Argument(help: "The file; standard input without it or for “-”.")
    var file: String?

    @OptionGroup var options: ServerOptions

    func validate() throws {
        if label.isEmpty { throw ValidationError("give the stream at least one --label name=value") }
        guard (0...1_000).contains(retries) else { throw ValidationError("--retries is 0 to 1000") }
    }

    func run() async throws {
        let connection = try ServerConnection(options)
        let input = try InputArgument.open(file)
        let name = InputArgument.name(file)
        let size = try? input.status()
        var batches = LineBatches(input)
        var push = LinePush(connection, labels: label.map { ($0.label.name, $0.label.value) }, isJSON: json, retries: retries)
        var bar = ProgressBar(total: size?.isRegular == true ? size?.size ?? 0 : 0)
        let isWatched = TerminalSize(of: 2) != nil
        push.onRetry = { if isWatched { Terminal.complain("varde: \($0.prefix { $0 != "\n" }); trying again") } }
        var named = 0
        func report(_ fault: LinePush.Fault) {
            named += 1
            if named > Self.maxNamed { return }
            bar.clear()
            Terminal.complain("varde: \(name):\(fault.line.map { "\($0): " } ?? " ")\(fault.reason)")
        }
        do {
            while let batch = try InputArgument.reading(name, { () throws(InputFile.Failure) in try batches.next() }) {
                for fault in try await push.send(batch) { report(fault) }
                bar.show(batches.position)
                for (line, bytes) in batches.leftOut {
                    push.note(refused: 1)
                    report(LinePush.Fault(line: line, reason: "\(bytes) bytes are more than a line may have"))
                }
                batches.leftOut = []
            }
            for (line, bytes) in batches.leftOut {
                push.note(refused: 1)
                report(LinePush.Fault(line: line, reason: "\(bytes) bytes are more than a line may have"))
            }
        } catch {
            bar.clear()
            if push.shipped > 0 { Terminal.complain("varde: \(push.shipped) lines of \(name) are stored, then:") }
            throw error
        }
        bar.clear()
        guard push.refused > 0 else { return }
        throw CommandFailure("\(name): \(push.refused) of \(push.shipped + push.refused) lines were refused, all others are stored")
    }
}
