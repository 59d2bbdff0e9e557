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
        repeat {
            try InputArgument.reading(InputArgument.name(file)) { () throws(InputFile.Failure) in
                // Twice as much at a time of a line that does not end.
                try input.read(upTo: max(1 << 16, pending.count), into: &chunk)
            }
            pending += chunk
            let taken = Self.redact(pending.span, isLast: chunk.isEmpty, &session, &state, into: &out)
            pending.removeFirst(taken)
            if !report { Terminal.write(bytes: out) }
            out.removeAll(keepingCapacity: true)
        } while !chunk.isEmpty
        if report { printReport(session.takeCounts()) }
    }

    private static let newline: [UInt8] = [10]

    /// Redacts the lines that end in the text, where it is the last also one that does not end; returns how many bytes of it they are.
    private static func redact(
        _ text: Span<UInt8>, isLast: Bool, _ session: inout RedactionSession, _ state: inout StreamState, into out: inout [UInt8]
    ) -> Int {
        var start = 0
        var clean = 0
        while start < text.count {
            guard let end = SubstringSearch.firstOffset(of: newline.span, in: text, from: start) ?? (isLast ? text.count : nil) else {
                break
            }
            if session.redact(text, start..<end, cleanFrom: clean, into: &out, state: &state) != .unchanged { clean = end }
            start = end + 1
        }
        let taken = min(start, text.count)
        Bytes.append(text.extracting(clean..<taken), to: &out)
        if start > text.count { out.append(10) }
        return taken
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
