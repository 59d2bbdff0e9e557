import Foundation

/// Many series over many hours, folded by one query: the memory that takes. The corpus is too large to be kept, so each stretch of it is
/// made while the server waits; the seconds of taking it in mean nothing here.
struct WideRun {
    var series = 100_000
    var hours = 6
    var connections = 8

    private static let interval: Int64 = 15_000
    /// Scrapes made at a time.
    private static let stretch = 40
    private static let batch = 500
    private static let query = #"sum by (job) (rate({__name__=~".+"}[5m]))"#

    struct Result {
        /// Bytes: the most while samples came in, and what the query added at its peak to what there was before.
        var ingestPeak = 0
        var added: [Int] = []
        var seconds: [Double] = []
        var points: [Int] = []
    }

    /// Seconds between the steps that are asked for.
    static let steps = [15, 60]

    func run(_ contestant: Contestant, end: Int64) throws -> Result {
        try contestant.start()
        // Nothing of ours stays behind, whatever goes wrong.
        defer { contestant.kill(SIGKILL) }
        var result = Result()
        let count = hours * 3_600_000 / Int(Self.interval)
        let start = end - Int64(count) * Self.interval
        var fleet = Fleet(seriesCount: series, seed: 3)
        let labels = fleet.series.map { RemoteWriteBody.encode($0.labels) }
        let port = contestant.port
        let path = contestant.writePath
        let links = try (0..<connections).map { _ in try Connection(port: port) }
        for from in stride(from: 0, to: count, by: Self.stretch) {
            let bodies = bodies(of: &fleet, labels, from..<min(from + Self.stretch, count), start)
            try Senders.run(connections) { index in
                for body in bodies[index] {
                    let answer = try links[index].request("POST", path, headers: RemoteWriteBody.headers, body: body)
                    if answer.status / 100 != 2 {
                        throw Connection.Failure(description: "\(answer.status): \(String(decoding: answer.body, as: UTF8.self))")
                    }
                }
            }
        }
        result.ingestPeak = contestant.peakMemory
        let asked = try Connection(port: port)
        for step in Self.steps {
            // What came in is written out first, and memory that was used for it given back.
            sleep(10)
            let before = contestant.memory
            contestant.forgetPeak()
            let began = Clock.seconds()
            let text = "query=\(MetricsRun.escape(Self.query))&start=\(start / 1000)&end=\(end / 1000)&step=\(step)"
            let answer = try asked.request("GET", "/api/v1/query_range?\(text)")
            result.seconds.append(answer.status == 200 ? Clock.seconds() - began : .nan)
            result.added.append(max(0, contestant.peakMemory - before))
            result.points.append(String(decoding: answer.body, as: UTF8.self).split(separator: "],[").count)
        }
        return result
    }

    /// A stretch of scrapes by connection; a series' samples stand together.
    private func bodies(of fleet: inout Fleet, _ labels: [[UInt8]], _ scrapes: Range<Int>, _ start: Int64) -> [[[UInt8]]] {
        var bodies: [[[UInt8]]] = Array(repeating: [], count: connections)
        for first in stride(from: 0, to: series, by: Self.batch) {
            var body = RemoteWriteBody()
            for index in first..<min(first + Self.batch, series) {
                let host = fleet.series[index].host
                let samples = scrapes.map { step in
                    (fleet.advance(index), fleet.timestamp(host: host, step: step, start: start, interval: Self.interval))
                }
                body.append(encodedLabels: labels[index], samples)
            }
            bodies[first / Self.batch % connections].append(body.compressed())
        }
        return bodies
    }
}
