import Foundation

/// One contestant's figures over one corpus.
struct MetricsResult {
    var name: String
    var samplesPerSecond = 0.0
    var cpuPerMillion = 0.0
    /// What sending cost here, of the same processors.
    var sendingPerMillion = 0.0
    var peakMemory = 0
    var bytesPerSample = 0.0
    /// Milliseconds of each query's first run.
    var queries: [Double] = []
    /// Milliseconds of each query when all have been asked: the median of five.
    var again: [Double] = []
}

enum MetricsRun {
    /// Ingests, lets the server come to rest, asks the queries, stops cleanly and measures the disk.
    ///
    /// The server stays for `hold` seconds after the queries, for a profiler.
    static func run(_ contestant: Contestant, _ corpus: MetricsCorpus, hold: UInt32) throws -> MetricsResult {
        var result = MetricsResult(name: contestant.name)
        try contestant.start()
        // Nothing of ours stays behind, whatever goes wrong.
        defer { contestant.kill(SIGKILL) }
        let before = Clock.ownCPU()
        let seconds = try send(corpus, to: contestant)
        result.sendingPerMillion = (Clock.ownCPU() - before) / Double(corpus.samples) * 1e6
        result.samplesPerSecond = Double(corpus.samples) / seconds
        result.cpuPerMillion = contestant.cpuSeconds / Double(corpus.samples) * 1e6
        result.peakMemory = contestant.peakMemory
        contestant.rest()
        let asked = try Connection(port: contestant.port)
        let from = max(corpus.start, corpus.end - 9_000_000) / 1000
        func milliseconds(_ query: String) throws -> Double {
            let began = Clock.seconds()
            let path = "/api/v1/query_range?query=\(escape(query))&start=\(from)&end=\(corpus.end / 1000)&step=60"
            // As dashboards ask.
            let answer = try asked.request("GET", path, headers: [("Accept-Encoding", "gzip")])
            return answer.status == 200 ? (Clock.seconds() - began) * 1000 : .nan
        }
        result.queries = try corpus.queries.map(milliseconds)
        result.again = try corpus.queries.map { query in try median((0..<5).map { _ in try milliseconds(query) }) }
        if hold > 0 {
            print("\(contestant.name) stays on port \(contestant.port) for \(hold) s")
            sleep(hold)
        }
        // A clean stop writes out what is in memory; what is on disk then is what the data takes.
        contestant.kill(SIGTERM)
        result.bytesPerSample = Double(contestant.diskBytes) / Double(corpus.samples)
        return result
    }

    /// Ingests and kills: how long until it is ready again, and what it acknowledged and lost.
    static func runKilled(_ contestant: Contestant, _ corpus: MetricsCorpus) throws -> (ready: Double, lost: Int) {
        try contestant.start()
        defer { contestant.kill(SIGKILL) }
        _ = try send(corpus, to: contestant)
        contestant.kill(SIGKILL)
        let ready = try contestant.start()
        return (ready, corpus.samples - (try count(contestant, corpus)))
    }

    /// Sends the corpus over all connections; the seconds it took.
    private static func send(_ corpus: MetricsCorpus, to contestant: Contestant) throws -> Double {
        let begin = Clock.seconds()
        let port = contestant.port
        let writePath = contestant.writePath
        let connections = try (corpus.bodies.first ?? []).map { _ in try Connection(port: port) }
        for stretch in corpus.bodies {
            do {
                try Senders.run(stretch.count) { index in
                    for body in stretch[index] {
                        let answer = try connections[index].request("POST", writePath, headers: RemoteWriteBody.headers, body: body)
                        if answer.status / 100 != 2 {
                            throw Connection.Failure(description: "\(answer.status): \(String(decoding: answer.body, as: UTF8.self))")
                        }
                    }
                }
            } catch {
                throw Connection.Failure(description: "\(contestant.name): \(error)")
            }
        }
        return Clock.seconds() - begin
    }

    /// Samples the server has over the corpus' time, by its own count: name by name, as functions drop names.
    private static func count(_ contestant: Contestant, _ corpus: MetricsCorpus) throws -> Int {
        let connection = try Connection(port: contestant.port)
        let range = (corpus.end - corpus.start) / 1000 + 60
        let times = "start=\(corpus.start / 1000)&end=\(corpus.end / 1000)"
        let names = try connection.request("GET", "/api/v1/label/__name__/values?match[]=\(escape(corpus.selector))&\(times)")
        var total = 0
        for match in String(decoding: names.body, as: UTF8.self).matches(of: #/"([a-zA-Z_:][a-zA-Z0-9_:]*)"/#) {
            let selector = corpus.selector.replacingOccurrences(of: "}", with: ",__name__=\"\(match.1)\"}")
            let query = escape("sum(count_over_time(\(selector)[\(range)s]))")
            let answer = try connection.request("GET", "/api/v1/query?query=\(query)&time=\(corpus.end / 1000)")
            let text = String(decoding: answer.body, as: UTF8.self)
            total += text.firstMatch(of: #/"value":\[[0-9.]+,"([0-9]+)"\]/#).flatMap { Int($0.1) } ?? 0
        }
        return total
    }

    static func escape(_ text: String) -> String { text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text }
}
