import Foundation

/// Answers of queries as tables, CSV and charts.
enum QueryRendering {
    static func table(_ result: QueryData.Result, on terminal: Terminal) -> String {
        switch result {
        case .scalar(let point): return point.text + "\n"
        case .string(_, let text): return text + "\n"
        case .vector(let series):
            if series.isEmpty { return note("no series", on: terminal) }
            var table = Table(["VALUE", "SERIES"], rightAligned: [0])
            table.rows = series.map { [$0.points.first?.text ?? "", describe($0.metric)] }
            return table.render(on: terminal)
        case .matrix(let series):
            if series.isEmpty { return note("no series", on: terminal) }
            return series.map { one in
                var table = Table(["TIME", "VALUE"], rightAligned: [1])
                table.rows = one.points.map { [time($0.time), $0.text] }
                return terminal.paint(describe(one.metric), .cyan) + "\n" + table.render(on: terminal)
            }.joined(separator: "\n")
        case .streams: return note("these are log lines: ask with `varde logs`", on: terminal)
        }
    }

    /// Columns: time, value, then every label that occurs, by RFC 4180.
    static func csv(_ result: QueryData.Result) -> String {
        let series: [(labels: [String: String], points: [QueryData.Point])] =
            switch result {
            case .scalar(let point): [([:], [point])]
            case .string(let time, let text): [([:], [QueryData.Point(time: time, text: text, value: .nan)])]
            case .vector(let all), .matrix(let all): all.map { ($0.metric, $0.points) }
            case .streams: []
            }
        let names = Set(series.flatMap { $0.labels.keys }).sorted()
        var text = (["time", "value"] + names).map(field).joined(separator: ",") + "\r\n"
        for one in series {
            for point in one.points {
                let cells = [time(point.time), point.text] + names.map { one.labels[$0] ?? "" }
                text += cells.map(field).joined(separator: ",") + "\r\n"
            }
        }
        return text
    }

    private static func field(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
    }

    static func chart(_ result: QueryData.Result, start: Double, end: Double, on terminal: Terminal) throws -> String {
        guard case .matrix(let series) = result else { throw CommandFailure("a chart needs a range: the answer is not a matrix") }
        if series.isEmpty { return note("no series", on: terminal) }
        let lines = series.map { one in
            Chart.Line(name: describe(one.metric), points: one.points.map { ($0.time, $0.value) })
        }
        return Chart(lines: lines.sorted { $0.name < $1.name }, start: start, end: end).render(on: terminal)
    }

    /// A remark for people; programs that read an empty answer get nothing.
    private static func note(_ text: String, on terminal: Terminal) -> String {
        terminal.isInteractive ? terminal.paint("(\(text))", .grey) + "\n" : ""
    }

    /// RFC 3339 in UTC with milliseconds where there are any.
    static func time(_ seconds: Double) -> String {
        let format = ISO8601DateFormatter()
        format.formatOptions = seconds == seconds.rounded() ? [.withInternetDateTime] : [.withInternetDateTime, .withFractionalSeconds]
        return format.string(from: Date(timeIntervalSince1970: seconds))
    }
}
