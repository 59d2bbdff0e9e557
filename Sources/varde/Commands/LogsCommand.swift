import ArgumentParser
import Foundation
import VardeModel

/// `varde logs`: LogQL against a server.
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Read log lines by LogQL; metric queries over logs print like `varde query`.")

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case lines, raw, json, table, chart
    }

    @Argument(help: "The query, such as '{app=\"nginx\"} |= \"GET\"'.")
    var query: String

    @Option(name: .long, help: "From so long ago.")
    var since: DurationArgument = DurationArgument(milliseconds: 3_600_000)

    @Option(name: .long, help: "First moment, instead of --since.")
    var start: TimeArgument?

    @Option(name: .long, help: "End (default: now).")
    var end: TimeArgument?

    @Option(name: .shortAndLong, help: "At most so many lines.")
    var limit: Int = 100

    @Flag(name: .shortAndLong, help: "Go on printing lines as they come.")
    var follow = false

    @Option(name: .long, help: "With so many lines before and after each, of the same stream, within a day.")
    var around: Int = 0

    @Flag(name: .long, help: "The oldest lines of the range instead of the newest.")
    var forward = false

    @Option(name: .long, help: "Distance of the steps of a metric query.")
    var step: DurationArgument?

    @Option(name: .shortAndLong, help: "How to print: lines with time and labels, raw lines, json, table, or a chart of a metric query.")
    var output: Format = .lines

    @OptionGroup var options: ServerOptions

    func validate() throws {
        guard (0...LogContext.most).contains(around) else { throw ValidationError("--around takes 0 to \(LogContext.most) lines") }
        guard around == 0 || !follow else { throw ValidationError("--around goes with lines that are there, not with --follow") }
    }

    func run() async throws {
        let connection = try ServerConnection(options)
        let terminal = Terminal.standardOutput
        let last = end?.secondsSinceEpoch ?? Date().timeIntervalSince1970 + (follow ? 0 : 1)
        let first = start?.secondsSinceEpoch ?? last - Double(since.milliseconds) / 1000
        guard first <= last else { throw CommandFailure("the range ends before it starts") }
        var parameters = [
            ("query", query), ("start", String(Int64(first * 1e9))), ("end", String(Int64(last * 1e9))), ("limit", String(limit)),
            ("direction", forward ? "forward" : "backward"),
        ]
        if let step { parameters.append(("step", String(format: "%.3f", Double(step.milliseconds) / 1000))) }
        let body = try await connection.get(
            "/loki/api/v1/query_range", parameters, headers: around > 0 ? LogContext.byStream : [], explaining: query)
        var shown: [QueryData.Stream] = []
        if output == .json, !follow, around == 0 {
            Terminal.write(String(decoding: body, as: UTF8.self) + "\n")
        } else {
            let response = try connection.decode(PrometheusResponse<QueryData>.self, from: body)
            guard let result = response.data?.result else { throw CommandFailure("the server's answer holds no data") }
            switch result {
            case .streams(let streams) where around > 0:
                try await print(LogContext(connection: connection, count: around).groups(around: streams), on: terminal)
            case .streams(let streams):
                shown = streams
                print(streams, on: terminal)
            default:
                if around > 0 { throw CommandFailure("--around prints lines: a metric query has none") }
                if follow { throw CommandFailure("--follow prints lines: a metric query has none") }
                let text =
                    output == .chart
                    ? try QueryRendering.chart(result, start: first, end: last, on: terminal) : QueryRendering.table(result, on: terminal)
                Terminal.write(text)
            }
        }
        if follow {
            let following = LogFollow(
                connection: connection, query: query, show: { print($0, on: terminal) }, tell: { Terminal.complain("varde: \($0)") })
            try await following.run(after: shown, from: Int64(last * 1e9))
        }
    }

    /// Oldest first, as a reader of a log expects.
    private func print(_ streams: [QueryData.Stream], on terminal: Terminal) {
        let all = streams.flatMap { stream in stream.values.map { (labels: stream.stream, entry: $0) } }
            .sorted { $0.entry.nanoseconds < $1.entry.nanoseconds }
        if output == .json {
            for (labels, entry) in all { Terminal.write(Self.json(entry, labels) + "\n") }
            return
        }
        if output == .table {
            var table = Table(["TIME", "STREAM", "LINE"])
            table.rows = all.map { [Self.time($0.entry.nanoseconds), describe($0.labels), $0.entry.line] }
            return Terminal.write(table.render(on: terminal))
        }
        for (labels, entry) in all { Terminal.write(text(of: entry, labels: labels, on: terminal) + "\n") }
    }

    /// Groups of lines with a rule between them, what was found marked as `grep` marks it.
    private func print(_ groups: [LogContext.Group], on terminal: Terminal) {
        if output == .table {
            var table = Table(["", "TIME", "STREAM", "LINE"])
            for group in groups {
                table.rows += group.lines.map {
                    [$0.isMatch ? ">" : "", Self.time($0.entry.nanoseconds), describe(group.labels), $0.entry.line]
                }
            }
            return Terminal.write(table.render(on: terminal))
        }
        for (number, group) in groups.enumerated() {
            if number > 0, output != .json { Terminal.write(terminal.paint("--", .grey) + "\n") }
            for line in group.lines {
                let text =
                    output == .json
                    ? Self.json(line.entry, group.labels, isMatch: line.isMatch)
                    : (line.isMatch ? "> " : "  ") + text(of: line.entry, labels: group.labels, on: terminal)
                Terminal.write(text + "\n")
            }
        }
    }

    /// A line as an object of its own, as it is printed while following and with lines around it.
    private static func json(_ entry: QueryData.Entry, _ labels: [String: String], isMatch: Bool? = nil) -> String {
        struct Line: Encodable {
            var timestamp: String
            var labels: [String: String]
            var line: String
            var match: Bool?
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes = try? encoder.encode(Line(timestamp: String(entry.nanoseconds), labels: labels, line: entry.line, match: isMatch))
        return String(decoding: bytes ?? Data(), as: UTF8.self)
    }

    private func text(of entry: QueryData.Entry, labels: [String: String], on terminal: Terminal) -> String {
        if output == .raw { return entry.line }
        let line = Self.colour(of: labels, line: entry.line).map { terminal.paint(entry.line, $0) } ?? entry.line
        return "\(terminal.paint(Self.time(entry.nanoseconds), .grey)) \(terminal.paint(describe(labels), .cyan)) \(line)"
    }

    /// By the `level` label, or where there is none by the word in the line.
    private static func colour(of labels: [String: String], line: String) -> Colour? {
        let level = (labels["level"] ?? labels["detected_level"] ?? labels["severity"] ?? "").lowercased()
        switch level {
        case "error", "err", "critical", "fatal", "crit", "alert", "emerg": return .red
        case "warn", "warning": return .yellow
        case "debug", "trace": return .grey
        case "": return line.contains("ERROR") ? .red : line.contains("WARN") ? .yellow : nil
        default: return nil
        }
    }

    private static func time(_ nanoseconds: Int64) -> String {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.dateFormat = "yyyy-MM-dd HH:mm:ss.SSS"
        return format.string(from: Date(timeIntervalSince1970: Double(nanoseconds) / 1e9))
    }
}
