import ArgumentParser
import Foundation
import VardeModel

/// `varde query`: PromQL against a server.
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Ask a PromQL question.",
        discussion: """
            At one moment (--at, default now), or over a range as soon as --start, --since or a chart is asked for.

            Times are RFC 3339, Unix seconds, `now`, or a duration ago such as 90m.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, json, csv, chart
    }

    @Argument(help: "The expression.")
    var expression: String

    @Option(name: .long, help: "The moment to evaluate at.")
    var at: TimeArgument?

    @Option(name: .long, help: "First step of a range.")
    var start: TimeArgument?

    @Option(name: .long, help: "Last step of a range (default: now).")
    var end: TimeArgument?

    @Option(name: .long, help: "Range from so long ago until now.")
    var since: DurationArgument?

    @Option(name: .long, help: "Distance of the steps (default: a 120th of the range, at least 1s).")
    var step: DurationArgument?

    @Option(name: .shortAndLong, help: "How to print the answer.")
    var output: Format = .table

    @OptionGroup var options: ServerOptions

    func validate() throws {
        if at != nil, start != nil || end != nil || since != nil || step != nil {
            throw ValidationError("--at asks for one moment: it does not go with --start, --end, --since or --step")
        }
        if start != nil, since != nil { throw ValidationError("give --start or --since, not both") }
    }

    func run() async throws {
        let connection = try ServerConnection(options)
        let isRange = output == .chart && at == nil || start != nil || end != nil || since != nil
        let last = end?.secondsSinceEpoch ?? Date().timeIntervalSince1970
        let first = start?.secondsSinceEpoch ?? last - Double(since?.milliseconds ?? 3_600_000) / 1000
        guard !isRange || first <= last else { throw CommandFailure("the range ends before it starts") }

        var parameters = [("query", expression)]
        if isRange {
            let automatic = max(1_000, Int64(((last - first) / 120).rounded()) * 1_000)
            let milliseconds = step?.milliseconds ?? automatic
            parameters += [
                ("start", TimeArgument(secondsSinceEpoch: first).parameter), ("end", TimeArgument(secondsSinceEpoch: last).parameter),
                ("step", String(format: "%.3f", Double(milliseconds) / 1000)),
            ]
        } else if let at {
            parameters.append(("time", at.parameter))
        }
        let body = try await connection.postForm(isRange ? "/api/v1/query_range" : "/api/v1/query", parameters, explaining: expression)
        if output == .json {
            Terminal.write(String(decoding: body, as: UTF8.self) + "\n")
            return
        }
        let response = try connection.decode(PrometheusResponse<QueryData>.self, from: body)
        for warning in response.warnings ?? [] { Terminal.complain("warning: \(warning)") }
        for info in response.infos ?? [] { Terminal.complain("info: \(info)") }
        guard let result = response.data?.result else { throw CommandFailure("the server's answer holds no data") }
        let terminal = Terminal.standardOutput
        switch output {
        case .table: Terminal.write(QueryRendering.table(result, on: terminal))
        case .csv: Terminal.write(QueryRendering.csv(result))
        case .chart: Terminal.write(try QueryRendering.chart(result, start: first, end: last, on: terminal))
        case .json: break
        }
    }
}
