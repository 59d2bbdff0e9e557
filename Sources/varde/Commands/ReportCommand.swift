import ArgumentParser
import Foundation

/// `varde report`: what an authority or a customer asks for, from the running server.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Report where data is, what is done with it, and how that is known.",
        discussion: """
            residency: where data lies, where it may be sent and from where it may be read. art30: the record of processing of GDPR \
            article 30, from the configuration in force. evidence: what shows that it is so: retention, redaction, keys, audit log, \
            erasures. The token needs the role privacy.
            """)

    enum Kind: String, ExpressibleByArgument, CaseIterable { case residency, art30, evidence }
    enum Format: String, ExpressibleByArgument, CaseIterable { case markdown, json }
    enum Language: String, ExpressibleByArgument, CaseIterable { case nb, en }

    @Argument(help: "Which report.")
    var kind: Kind

    @Option(name: .shortAndLong, help: "markdown to be read, json for programs.")
    var output: Format = .markdown

    @Option(name: .long, help: "Language of the Markdown: nb or en.")
    var language: Language = .en

    @OptionGroup var options: ServerOptions

    func run() async throws {
        let report = try await ServerConnection(options).get(
            "/api/v1/privacy/reports/\(kind.rawValue)", [("format", output.rawValue), ("language", language.rawValue)])
        Terminal.write(bytes: report)
        if output == .json { Terminal.write("\n") }
    }
}
