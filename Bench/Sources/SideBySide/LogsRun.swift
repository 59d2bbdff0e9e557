import Foundation

/// Log lines of a small fleet, as Loki push bodies (JSON), the same bytes for each contestant.
struct LogsCorpus {
    var bodies: [[[UInt8]]]
    var lines = 0
    /// Bytes of the lines alone.
    var rawBytes = 0
    var start: Int64
    var end: Int64
    /// A word that stands in one line only, and a part of it.
    static let needle = "kvittering7f3a9c51e0"
    static let part = "tering7f3a9c5"

    static func make(megabytes: Int, streams: Int, connections: Int, end: Int64, seed: UInt64) -> LogsCorpus {
        var generator = Generator(state: seed)
        let perLine: Int64 = 400_000
        let expected = Int64(megabytes) * 1_000_000 / 170
        var corpus = LogsCorpus(bodies: Array(repeating: [], count: connections), start: end - expected * perLine, end: end)
        var time = corpus.start
        var needlePlaced = false
        while corpus.rawBytes < megabytes * 1_000_000 {
            let connection = Int(generator.next() % UInt64(connections))
            var body = "{\"streams\":["
            for part in 0..<3 {
                let stream = (Int(generator.next() % UInt64(streams)) / connections) * connections + connection
                body += part == 0 ? "" : ","
                body += "{\"stream\":{\"app\":\"app\(stream % 10)\",\"instance\":\"i\(stream)\",\"env\":\"prod\"},\"values\":["
                for index in 0..<600 {
                    time += perLine
                    var line = Self.line(&generator, kind: stream % 3)
                    if !needlePlaced, corpus.rawBytes > megabytes * 500_000 {
                        line += " ref=\(needle)"
                        needlePlaced = true
                    }
                    corpus.rawBytes += line.utf8.count
                    corpus.lines += 1
                    body += (index == 0 ? "" : ",") + "[\"\(time)\",\"\(line.replacingOccurrences(of: "\"", with: "\\\""))\"]"
                }
                body += "]}"
            }
            corpus.bodies[connection].append(Array((body + "]}").utf8))
        }
        corpus.end = time + 1
        return corpus
    }

    private static func line(_ g: inout Generator, kind: Int) -> String {
        let hex = String(g.next(), radix: 16)
        let path = ["kunde", "ordre", "vare", "betaling", "sok"][Int(g.next() % 5)]
        let code = [200, 200, 200, 200, 201, 204, 304, 404, 500][Int(g.next() % 9)]
        let milliseconds = g.next() % 900
        switch kind {
        case 0:
            return
                "10.0.\(g.next() % 250).\(g.next() % 250) - - [23/Nov/2026:10:\(10 + g.next() % 50):\(10 + g.next() % 50) +0000] \"GET /api/v1/\(path)/\(g.next() % 100_000) HTTP/1.1\" \(code) \(g.next() % 20_000) \"-\" \"Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0\" \(milliseconds)"
        case 1:
            let level = code == 500 ? "error" : "info"
            return
                "{\"level\":\"\(level)\",\"msg\":\"request completed\",\"path\":\"/api/v1/\(path)\",\"status\":\(code),\"duration_ms\":\(milliseconds),\"trace_id\":\"\(hex)\",\"customer\":\"user\(g.next() % 5_000)@example.no\"}"
        default:
            let level = code == 500 ? "ERROR" : "INFO"
            return
                "\(level) [worker-\(g.next() % 16)] no.example.\(path).Service - processed order=\(g.next() % 1_000_000) items=\(g.next() % 30) took=\(milliseconds)ms queue=\(g.next() % 100) trace=\(hex)"
        }
    }
}

/// One contestant's figures over the log corpus.
struct LogsResult {
    var name: String
    var megabytesPerSecond = 0.0
    var cpuPerMillionLines = 0.0
    var peakMemory = 0
    var diskShare = 0.0
    /// Milliseconds by name of the query; NaN where it was refused, or did not find the one line that it is to find.
    var queries: [String: Double] = [:]
    /// Bytes of the answer by name of the query.
    var answers: [String: Int] = [:]
}

enum LogsRun {
    /// What is asked, by name: a path with parameters, in which {start} and {end} stand for nanoseconds.
    typealias Query = (name: String, path: String)

    static let queries: [Query] = [
        ("needle", "{env=\"prod\"} |= \"\(LogsCorpus.needle)\""),
        ("part of a word", "{env=\"prod\"} |= \"\(LogsCorpus.part)\""),
        ("count by app", "sum by (app) (count_over_time({env=\"prod\"}[1m]))"),
        ("json filter", "{app=\"app1\"} | json | status >= 500 | duration_ms > 890"),
        ("regex count", "sum(count_over_time({env=\"prod\"} |~ \"ERROR.*took=8[0-9]{2}ms\" [1m]))"),
    ].map { ($0.0, "/loki/api/v1/query_range?query=\(MetricsRun.escape($0.1))&start={start}&end={end}&step=60&limit=100") }

    static func queries(file: String) throws -> [Query] {
        try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map { line in
            let parts = line.split(separator: "\t", maxSplits: 1)
            guard parts.count == 2 else { throw Connection.Failure(description: "\(file): a line needs a name, a tab and a path: \(line)") }
            return (String(parts[0]), String(parts[1]))
        }
    }

    static func run(_ contestant: Contestant, _ corpus: LogsCorpus, _ queries: [Query]) throws -> LogsResult {
        var result = LogsResult(name: contestant.name)
        try contestant.start()
        // Nothing of ours stays behind, whatever goes wrong.
        defer { contestant.kill(SIGKILL) }
        let begin = Clock.seconds()
        let port = contestant.port
        let writePath = contestant.writePath
        do {
            try Senders.run(corpus.bodies.count) { index in
                let connection = try Connection(port: port)
                for body in corpus.bodies[index] {
                    let answer = try connection.request(
                        "POST", writePath, headers: [("Content-Type", "application/json")], body: body)
                    if answer.status / 100 != 2 {
                        throw Connection.Failure(
                            description: "\(answer.status): \(String(decoding: answer.body.prefix(300), as: UTF8.self))")
                    }
                }
            }
        } catch {
            throw Connection.Failure(description: "\(contestant.name): \(error)")
        }
        let seconds = Clock.seconds() - begin
        result.megabytesPerSecond = Double(corpus.rawBytes) / seconds / 1e6
        result.cpuPerMillionLines = contestant.cpuSeconds / Double(corpus.lines) * 1e6
        result.peakMemory = contestant.peakMemory
        let connection = try Connection(port: contestant.port)
        for (name, path) in queries {
            let filled = path.replacingOccurrences(of: "{start}", with: String(corpus.start))
                .replacingOccurrences(of: "{end}", with: String(corpus.end))
            let isNeedle = name == "needle" || name == "part of a word"
            // Some servers show what they have taken only after a while.
            let patience = Clock.seconds() + (isNeedle ? 10 : 0)
            while true {
                let began = Clock.seconds()
                let answer = try connection.request("GET", filled)
                let taken = (Clock.seconds() - began) * 1000
                let isGood = answer.status == 200 && (!isNeedle || String(decoding: answer.body, as: UTF8.self).contains(LogsCorpus.needle))
                result.queries[name] = isGood ? taken : .nan
                result.answers[name] = answer.body.count
                if isGood || Clock.seconds() > patience { break }
                usleep(200_000)
            }
        }
        contestant.kill(SIGTERM)
        result.diskShare = Double(contestant.diskBytes) / Double(corpus.rawBytes)
        return result
    }
}
