import ArgumentParser
import Foundation
import Synchronization
import VardeModel
import VardeServer

/// `varde subject`: what is stored of a person. Identifiers come from standard input or a file, never from the command line, which
/// every user of the machine can read.
struct SubjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subject", abstract: "Find, hand out or erase what is stored of a person.",
        discussion: """
            Identifiers (fødselsnummer, e-mail, phone, account …) are read from standard input or a file, one a line. The server turns \
            them into the pseudonyms of every key epoch and looks for those; the identifiers themselves are not kept. The token needs \
            the role privacy.
            """,
        subcommands: [
            SubjectFindCommand.self, SubjectExportCommand.self, SubjectEraseCommand.self, SubjectStatusCommand.self,
            SubjectVerifyCommand.self,
        ])
}

/// Where identifiers are read from.
struct SubjectInput: ParsableArguments {
    @Argument(help: "File of identifiers, one a line (default: standard input).")
    var file: String?

    func body() throws -> Data {
        if let file {
            guard let data = FileManager.default.contents(atPath: file) else { throw CommandFailure("cannot read \(file)") }
            return data
        }
        if isatty(STDIN_FILENO) == 1 { Terminal.complain("identifiers, one a line; end with Ctrl-D:") }
        return FileHandle.standardInput.readDataToEndOfFile()
    }
}

/// A range of time for looking.
struct SubjectRange: ParsableArguments {
    @Option(name: .long, help: "First moment (default: everything).")
    var start: TimeArgument?

    @Option(name: .long, help: "End.")
    var end: TimeArgument?

    var parameters: [(String, String)] {
        [("start", start), ("end", end)].compactMap { name, time in
            time.map { (name, String(Int64($0.secondsSinceEpoch * 1e9))) }
        }
    }
}

/// What finding and exporting have in common: whom, when, and where to ask.
struct SubjectLookup: ParsableArguments {
    @OptionGroup var input: SubjectInput
    @OptionGroup var range: SubjectRange
    @OptionGroup var options: ServerOptions

    /// What is said where not everything could be looked for.
    static let incomplete =
        "not all that is stored could be looked for: “lost_epochs_before” says which pseudonyms have no keys any more, “raw_streams” which streams keep raw text"

    /// Bytes of the answer's end that are looked at.
    private static let maxSummary = 64 << 10

    /// Asks one of the endpoints below `subject` and prints its answer as it comes.
    ///
    /// - Throws: also where it is not whole, which its last line tells.
    func run(_ endpoint: String) async throws {
        let end = Mutex<[UInt8]>([])
        try await ServerConnection(options).postStreaming(
            "/api/v1/privacy/subject/\(endpoint)", range.parameters, body: input.body(), contentType: "text/plain"
        ) { part in
            Terminal.write(bytes: part)
            end.withLock { $0 = ($0 + part).suffix(Self.maxSummary) }
        }
        let last = end.withLock { $0 }.split(separator: UInt8(ascii: "\n")).last.map { String(decoding: $0, as: UTF8.self) }
        guard last?.hasPrefix("{\"kind\":\"summary\",") == true else {
            throw CommandFailure("what was printed is not whole: the summary at its end is missing")
        }
        if last?.contains("\"complete\":false") == true { throw CommandFailure(Self.incomplete) }
    }
}

struct SubjectFindCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find", abstract: "Say where a person is: streams and series with counts, as JSON Lines.")

    @OptionGroup var lookup: SubjectLookup

    func run() async throws { try await lookup.run("find") }
}

struct SubjectExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Hand out every line and sample of a person as JSON Lines; third parties stay pseudonyms.")

    @OptionGroup var lookup: SubjectLookup

    func run() async throws { try await lookup.run("export") }
}

struct SubjectEraseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase", abstract: "Erase everything of a person from every file, and print the signed receipt.",
        discussion: "Nothing of the person is in any answer from the moment the request is taken. All other lines stay byte for byte.")

    @OptionGroup var input: SubjectInput

    @Option(name: .long, help: "Why, for the receipt and the audit log; nothing of the person.")
    var reason: String = ""

    @Option(name: .long, help: "Write the receipt to this file as well.")
    var receipt: String?

    @Flag(name: .long, help: "Do not wait for the end: print the erasure's name for `varde subject status`.")
    var noWait = false

    @OptionGroup var options: ServerOptions

    private struct Taken: Decodable {
        struct Body: Decodable {
            var id: String
            var state: String
            var complete: Bool
            var unknownIdentifiers: [Int]

            enum CodingKeys: String, CodingKey {
                case id, state, complete
                case unknownIdentifiers = "unknown_identifiers"
            }
        }
        var data: Body
    }

    private struct Request: Encodable {
        var identifiers: [String]
        var reason: String
    }

    func run() async throws {
        let connection = try ServerConnection(options)
        guard let text = String(data: try input.body(), encoding: .utf8) else { throw CommandFailure("the identifiers are no UTF-8") }
        let request = Request(identifiers: text.split(whereSeparator: \.isNewline).map(String.init), reason: reason)
        let answer = try await connection.post(
            "/api/v1/privacy/subject/erase", [], body: try JSONEncoder().encode(request), contentType: "application/json")
        let taken = try connection.decode(Taken.self, from: answer).data
        if !taken.unknownIdentifiers.isEmpty {
            Terminal.complain(
                "note: line \(taken.unknownIdentifiers.map { String($0 + 1) }.joined(separator: ", ")) has no pseudonym: it was not searched for"
            )
        }
        if noWait { return Terminal.write(taken.id + "\n") }
        Terminal.complain("erasure \(taken.id): nothing of it is in any answer from now on")
        let signed = try await ErasureWatch(connection: connection, id: taken.id).receipt()
        if let receipt { try signed.write(to: URL(fileURLWithPath: receipt)) }
        Terminal.write(bytes: signed)
        if !taken.complete { throw CommandFailure(SubjectLookup.incomplete) }
    }
}

struct SubjectStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say how far an erasure is; its receipt once it is done.")

    @Argument(help: "The erasure's name (default: all of them).")
    var id: String?

    @OptionGroup var options: ServerOptions

    func run() async throws {
        let path = "/api/v1/privacy/erasures" + (id.map { "/" + PercentEncoding.escaped($0, blankIsPlus: false) } ?? "")
        Terminal.write(bytes: try await ServerConnection(options).get(path))
        Terminal.write("\n")
    }
}

/// Waits for an erasure's end and tells how far it is.
struct ErasureWatch {
    let connection: ServerConnection
    let id: String

    private struct Status: Decodable {
        struct Body: Decodable {
            struct Request: Decodable {
                var step: String
                var heldBy: String
                var failure: String
                var lines: Int
                var segments: Int

                enum CodingKeys: String, CodingKey {
                    case step, failure, lines, segments
                    case heldBy = "held_by"
                }
            }
            var state: String
            var request: Request?
        }
        var data: Body
    }

    /// The receipt, byte for byte as it was signed.
    func receipt() async throws -> Data {
        var said = ""
        while true {
            let status = try connection.decode(
                Status.self, from: try await connection.get("/api/v1/privacy/erasures/\(PercentEncoding.escaped(id, blankIsPlus: false))")
            ).data
            if status.state == "done" { break }
            if let request = status.request {
                var words = "\(request.step): \(request.lines) lines gone, \(request.segments) segments read"
                if !request.heldBy.isEmpty {
                    throw CommandFailure(
                        "erasure \(id) waits for a legal hold: \(request.heldBy); `varde subject status \(id)` says more later")
                }
                if !request.failure.isEmpty { words += "; tried again after: \(request.failure)" }
                if words != said { Terminal.complain(words) }
                said = words
            }
            try await Task.sleep(for: .milliseconds(300))
        }
        return try await connection.get("/api/v1/privacy/erasures/\(PercentEncoding.escaped(id, blankIsPlus: false))/receipt")
    }
}
