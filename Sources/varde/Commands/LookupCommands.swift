import ArgumentParser
import Foundation
import VardeModel

/// `varde labels`: label names, or the values of one.
struct LabelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "labels", abstract: "List label names, or the values of one label.")

    @Argument(help: "The label whose values to list; without it, names are listed.")
    var name: String?

    @Option(name: .long, parsing: .upToNextOption, help: "Only of series (or streams) that match these selectors.")
    var match: [String] = []

    @Flag(name: .long, help: "Of log streams instead of metrics.")
    var logs = false

    @Flag(name: .long, help: "Print the answer as JSON.")
    var json = false

    @OptionGroup var options: ServerOptions

    func run() async throws {
        let connection = try ServerConnection(options)
        let base = logs ? "/loki/api/v1" : "/api/v1"
        let path = name.map { "\(base)/label/\(PercentEncoding.escaped($0, blankIsPlus: false))/values" } ?? "\(base)/labels"
        let parameters = match.map { (logs ? "query" : "match[]", $0) }
        let body = try await connection.get(path, parameters)
        if json { return Terminal.write(String(decoding: body, as: UTF8.self) + "\n") }
        let response = try connection.decode(PrometheusResponse<[String]>.self, from: body)
        Terminal.write((response.data ?? []).map { $0.printable + "\n" }.joined())
    }
}

/// `varde series`: label sets of series, or which names have most of them.
struct SeriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "series", abstract: "List series that match, or with --top where the most series come from.")

    @Argument(help: "Series selectors, such as 'up{job=\"api\"}'.")
    var selectors: [String] = []

    @Flag(name: .long, help: "The metric names, labels and pairs with the most series.")
    var top = false

    @Flag(name: .long, help: "Log streams instead of series.")
    var logs = false

    @Option(name: .long, help: "At most so many.")
    var limit: Int = 1_000

    @Option(name: .long, help: "From so long ago.")
    var since: DurationArgument = DurationArgument(milliseconds: 3_600_000)

    @Flag(name: .long, help: "Print the answer as JSON.")
    var json = false

    @OptionGroup var options: ServerOptions

    func validate() throws {
        if !top, selectors.isEmpty { throw ValidationError("give at least one selector, or --top") }
    }

    private struct Status: Decodable {
        struct Count: Decodable {
            var name: String
            var value: Int
        }

        struct Head: Decodable {
            var numSeries: Int
        }

        var headStats: Head
        var seriesCountByMetricName: [Count]
        var labelValueCountByLabelName: [Count]
        var seriesCountByLabelValuePair: [Count]
    }

    func run() async throws {
        let connection = try ServerConnection(options)
        if top { return try await showTop(connection) }
        let now = Date().timeIntervalSince1970
        let first = now - Double(since.milliseconds) / 1000
        let moment: (Double) -> String = { logs ? String(Int64($0 * 1e9)) : String(format: "%.3f", $0) }
        let body = try await connection.get(
            logs ? "/loki/api/v1/series" : "/api/v1/series",
            selectors.map { ("match[]", $0) } + [("start", moment(first)), ("end", moment(now)), ("limit", String(limit))])
        if json { return Terminal.write(String(decoding: body, as: UTF8.self) + "\n") }
        let response = try connection.decode(PrometheusResponse<[[String: String]]>.self, from: body)
        Terminal.write((response.data ?? []).map(describe).sorted().map { $0 + "\n" }.joined())
    }

    private func showTop(_ connection: ServerConnection) async throws {
        let body = try await connection.get("/api/v1/status/tsdb", [("limit", String(min(limit, 20)))])
        if json { return Terminal.write(String(decoding: body, as: UTF8.self) + "\n") }
        let response = try connection.decode(PrometheusResponse<Status>.self, from: body)
        guard let status = response.data else { throw CommandFailure("the server's answer holds no data") }
        let terminal = Terminal.standardOutput
        Terminal.write("\(status.headStats.numSeries) active series\n\n")
        for (title, counts) in [
            ("METRIC NAME", status.seriesCountByMetricName), ("LABEL=VALUE", status.seriesCountByLabelValuePair),
            ("LABEL (DISTINCT VALUES)", status.labelValueCountByLabelName),
        ] {
            var table = Table(["COUNT", title], rightAligned: [0])
            table.rows = counts.map { [String($0.value), $0.name] }
            Terminal.write(table.render(on: terminal) + "\n")
        }
    }
}

/// `varde targets`: what is scraped and how it goes.
struct TargetsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "targets", abstract: "Show scrape targets and their health.")

    @Flag(name: .long, help: "Only those that are not up.")
    var failing = false

    @Flag(name: .long, help: "Print the answer as JSON.")
    var json = false

    @OptionGroup var options: ServerOptions

    private struct Targets: Decodable {
        struct Target: Decodable {
            var scrapePool: String
            var scrapeUrl: String
            var health: String
            var lastError: String
            var lastScrape: String
            var lastScrapeDuration: Double
        }

        var activeTargets: [Target]
    }

    func run() async throws {
        let connection = try ServerConnection(options)
        let body = try await connection.get("/api/v1/targets", [("state", "active")])
        if json { return Terminal.write(String(decoding: body, as: UTF8.self) + "\n") }
        let response = try connection.decode(PrometheusResponse<Targets>.self, from: body)
        let terminal = Terminal.standardOutput
        var table = Table(["HEALTH", "JOB", "URL", "TOOK", "LAST", "ERROR"], rightAligned: [3])
        for target in response.data?.activeTargets ?? [] where !failing || target.health != "up" {
            let colour: Colour = target.health == "up" ? .green : target.health == "down" ? .red : .yellow
            let took = String(format: "%.0fms", target.lastScrapeDuration * 1000)
            // Painting would count into the column's width, so all cells of the column are painted alike.
            table.rows.append([
                terminal.paint(target.health.padding(toLength: 7, withPad: " ", startingAt: 0), colour), target.scrapePool,
                target.scrapeUrl,
                took, String(target.lastScrape.prefix(19)), target.lastError,
            ])
        }
        table.headings[0] = terminal.paint("HEALTH ", .grey)
        Terminal.write(table.render(on: Terminal(width: terminal.width, height: terminal.height, usesColour: false, isInteractive: false)))
    }
}
