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
    /// Queries of the comparison; each is asked once, over the last 2.5 h at 60 s (or what there is).
    var queries: [String]
    /// Selects all series of the corpus and nothing a server says of itself.
    var selector: String

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
                        body.append(encodedLabels: labels[current], [(fleet.advance(current), time)])
                    }
                    let packed = body.compressed()
                    for byte in packed { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
                    bodies[bodies.count - 1][connection].append(packed)
                    index += batch
                }
            }
        }
        return MetricsCorpus(
            bodies: bodies, samples: series * steps, start: start, end: end + interval, hash: hash, queries: fleetQueries,
            selector: #"{__name__=~"app_.+|http_.+|node_.+|process_resident_memory_bytes",region=~".+"}"#)
    }

    private static let fleetQueries = [
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
        #"count({__name__=~".+"})"#,
        #"sum by (region) (increase(app_errors_total[1h]))"#,
        #"max_over_time(sum(rate(http_requests_total[5m]))[30m:1m])"#,
        #"stddev by (job) (node_load1)"#,
        #"sum by (instance) (rate(node_cpu_seconds_total[5m]))"#,
        #"sum by (region) (irate(app_errors_total[5m]))"#,
        #"max by (region) (stddev_over_time(app_workers_busy[1h]))"#,
        #"sum by (region) (predict_linear(process_resident_memory_bytes[1h], 3600))"#,
        #"max by (region) (quantile_over_time(0.9, app_workers_busy[1h]))"#,
        #"count(rate(http_requests_total[5m]) > 1)"#,
    ]
}
