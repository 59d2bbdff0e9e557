import Foundation

/// One contestant's figures over one corpus.
struct MetricsResult {
    var name: String
    var samplesPerSecond = 0.0
    var cpuPerMillion = 0.0
    var peakMemory = 0
    var bytesPerSample = 0.0
    var readyAfterKill = 0.0
    var lost = 0
    /// Milliseconds of each query's first run.
    var queries: [Double] = []
}

/// A corpus made once and replayed, byte for byte, to each contestant.
struct MetricsCorpus {
    /// Bodies of each connection in the order of time, by stretch; a series' samples all go over one connection.
    ///
    /// Connections begin a stretch together: Prometheus takes samples no older than an hour before its newest.
    var bodies: [[[[UInt8]]]]
    var samples: Int
    var start: Int64
    var end: Int64
    /// FNV-1a over all bodies: what a result is about.
    var hash: UInt64

    static func make(
        series: Int, steps: Int, interval: Int64, end: Int64, connections: Int, seed: UInt64, batch: Int = 2_000
    ) -> MetricsCorpus {
        var fleet = Fleet(seriesCount: series, seed: seed)
        let labels = fleet.series.map { RemoteWriteBody.encode($0.labels) }
        let start = end - Int64(steps) * interval
        var bodies: [[[[UInt8]]]] = []
        let stretch = max(1, Int(1_800_000 / interval))
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        let slice = (series + connections - 1) / connections
        for step in 0..<steps {
            if step % stretch == 0 { bodies.append(Array(repeating: [], count: connections)) }
            for connection in 0..<connections {
                var index = connection * slice
                let stop = min(series, index + slice)
                while index < stop {
                    var body = RemoteWriteBody()
                    for current in index..<min(stop, index + batch) {
                        let time = fleet.timestamp(host: fleet.series[current].host, step: step, start: start, interval: interval)
                        body.append(encodedLabels: labels[current], value: fleet.advance(current), timestamp: time)
                    }
                    let packed = body.compressed()
                    for byte in packed { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
                    bodies[bodies.count - 1][connection].append(packed)
                    index += batch
                }
            }
        }
        return MetricsCorpus(bodies: bodies, samples: series * steps, start: start, end: end + interval, hash: hash)
    }
}

enum MetricsRun {
    /// Queries of the comparison; each is asked once, over the last 2.5 h at 60 s (or what there is).
    static let queries = [
        #"sum by (job) (rate(http_requests_total[5m]))"#,
        #"rate(http_requests_total[5m])"#,
        #"histogram_quantile(0.99, sum by (le, path) (rate(http_request_duration_seconds_bucket[5m])))"#,
        #"avg by (region) (avg_over_time(process_resident_memory_bytes[1h]))"#,
        #"sum by (instance, mode) (rate(node_cpu_seconds_total[5m]))"#,
        #"max by (region) (max_over_time(app_workers_busy[30m]))"#,
        #"topk(5, rate(node_network_receive_bytes_total[5m]))"#,
        #"sum by (job) (rate(http_requests_total{code=~"20[12]"}[5m])) / on (job) sum by (job) (rate(http_requests_total[5m]))"#,
        #"sum(app_config_value)"#,
        #"quantile by (region) (0.9, node_load1)"#,
        #"count by (__name__) ({__name__=~".+"})"#,
    ]

    static func run(_ contestant: Contestant, _ corpus: MetricsCorpus, killAfter: Bool) throws -> MetricsResult {
        var result = MetricsResult(name: contestant.name)
        try contestant.start()
        // Nothing of ours stays behind, whatever goes wrong.
        defer { contestant.kill(SIGKILL) }
        let headers = [
            ("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"), ("X-Prometheus-Remote-Write-Version", "0.1.0"),
        ]
        let begin = Clock.seconds()
        let failures = Failures()
        let port = contestant.port
        let writePath = contestant.writePath
        let connections = try (corpus.bodies.first ?? []).map { _ in try Connection(port: port) }
        for stretch in corpus.bodies {
            DispatchQueue.concurrentPerform(iterations: stretch.count) { index in
                do {
                    for body in stretch[index] {
                        let answer = try connections[index].request("POST", writePath, headers: headers, body: body)
                        if answer.status / 100 != 2 {
                            throw Connection.Failure(description: "\(answer.status): \(String(decoding: answer.body, as: UTF8.self))")
                        }
                    }
                } catch {
                    failures.add("\(error)")
                }
            }
        }
        let seconds = Clock.seconds() - begin
        if let failure = failures.first { throw Connection.Failure(description: "\(contestant.name): \(failure)") }
        result.samplesPerSecond = Double(corpus.samples) / seconds
        result.cpuPerMillion = contestant.cpuSeconds / Double(corpus.samples) * 1e6
        result.peakMemory = contestant.peakMemory

        let asked = try Connection(port: contestant.port)
        let from = max(corpus.start, corpus.end - 9_000_000) / 1000
        for query in queries {
            let began = Clock.seconds()
            let path = "/api/v1/query_range?query=\(escape(query))&start=\(from)&end=\(corpus.end / 1000)&step=60"
            let answer = try asked.request("GET", path)
            result.queries.append(answer.status == 200 ? (Clock.seconds() - began) * 1000 : .nan)
        }
        if killAfter {
            contestant.kill(SIGKILL)
            result.readyAfterKill = try contestant.start()
            result.lost = corpus.samples - (try count(contestant, corpus))
        }
        // A clean stop writes out what is in memory; what is on disk then is what the data takes.
        contestant.kill(SIGTERM)
        result.bytesPerSample = Double(contestant.diskBytes) / Double(corpus.samples)
        return result
    }

    /// Samples the server has over the corpus' time, by its own count.
    private static func count(_ contestant: Contestant, _ corpus: MetricsCorpus) throws -> Int {
        let range = (corpus.end - corpus.start) / 1000 + 60
        let query = "sum(count_over_time({__name__=~\"app_.+|http_.+|node_.+|process_resident_memory_bytes\",region=~\".+\"}[\(range)s]))"
        let answer = try Connection(port: contestant.port).request("GET", "/api/v1/query?query=\(escape(query))&time=\(corpus.end / 1000)")
        let text = String(decoding: answer.body, as: UTF8.self)
        guard let match = text.firstMatch(of: #/"value":\[[0-9.]+,"([0-9]+)"\]/#) else { return 0 }
        return Int(match.1) ?? 0
    }

    static func escape(_ text: String) -> String { text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text }

    /// First error of several threads.
    private final class Failures: @unchecked Sendable {
        private let lock = NSLock()
        private var texts: [String] = []
        func add(_ text: String) { lock.withLock { texts.append(text) } }
        var first: String? { lock.withLock { texts.first } }
    }
}
