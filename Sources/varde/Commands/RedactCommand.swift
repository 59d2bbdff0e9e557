import ArgumentParser
import VardeKernels
import VardeModel
import VardePrivacy
import VardeServer

/// `varde redact`: what the redactor makes of lines, without a server and without storing anything.
struct RedactCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redact", abstract: "Show lines as they would be stored, or with --report what would be found in them.",
        discussion: "Pseudonyms shown here are made with a key of the moment: they hold within one run, and are not those of the server.")

    @Option(name: .long, help: "Configuration whose privacy policies apply (default: the embedded ones).")
    var config: String?

    @Option(name: .shortAndLong, help: "A label of the stream, as name=value: policies go by labels.")
    var label: [LabelArgument] = []

    @Flag(name: .long, help: "Count what is found, by type, instead of printing lines.")
    var report = false

    @Flag(name: .long, help: "The report as JSON.")
    var json = false

    @Argument(help: "The file; standard input without it or for “-”.")
    var file: String?

    func run() throws {
        let configuration = try config.map { try ConfigurationFile.read($0) } ?? .embedded
        let redactor = try RedactionPolicies.preview(configuration)
        let input = try InputArgument.open(file)
        var session = redactor.session(for: Labels(label.map(\.label)))
        var state = StreamState()
        var pending: [UInt8] = []
        var out: [UInt8] = []
        var chunk: [UInt8] = []
        while true {
            try InputArgument.reading(InputArgument.name(file)) { () throws(InputFile.Failure) in
                try input.read(upTo: 1 << 16, into: &chunk)
            }
            pending += chunk
            var start = 0
            while start < pending.count {
                guard let end = pending[start...].firstIndex(of: 10) ?? (chunk.isEmpty ? pending.count : nil) else { break }
                let line = Array(pending[start..<end])
                var redacted: [UInt8] = []
                switch session.redact(line.span, into: &redacted, state: &state) {
                case .unchanged: out += line
                default: out += redacted
                }
                out.append(10)
                start = end + 1
            }
            pending.removeFirst(min(start, pending.count))
            if !report { Terminal.write(bytes: out) }
            out.removeAll(keepingCapacity: true)
            if chunk.isEmpty { break }
        }
        if report { printReport(session.takeCounts()) }
    }

    private func printReport(_ counts: RedactionCounts) {
        let found =
            PersonalDataType.allCases.filter { $0 != .own }.map { ($0.configurationName, counts[$0]) }
            + counts.own.map { ($0.key.lowercased(), $0.value) }
        let rows = found.filter { $0.1 > 0 }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
        if json {
            let types = rows.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",")
            Terminal.write(
                "{\"lines\":\(counts.lines),\"redactedLines\":\(counts.redactedLines),\"quarantinedLines\":\(counts.quarantinedLines),\"types\":{\(types)}}\n"
            )
            return
        }
        var table = Table(["COUNT", "TYPE"], rightAligned: [0])
        table.rows = rows.map { [String($0.1), $0.0] }
        Terminal.write(table.render(on: .standardOutput))
        Terminal.write("\(counts.lines) lines, \(counts.redactedLines) of them changed, \(counts.quarantinedLines) withheld\n")
    }
}
