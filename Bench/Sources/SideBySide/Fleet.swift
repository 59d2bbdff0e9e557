import Foundation

/// A reproducible generator (SplitMix64).
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A Poisson number by Knuth's method for small means, by the normal approximation for others.
    mutating func poisson(_ mean: Double) -> Double {
        if mean > 30 {
            var sum = 0.0
            for _ in 0..<12 { sum += unit() }
            return max(0, (mean + (sum - 6) * mean.squareRoot()).rounded())
        }
        let limit = exp(-mean)
        var product = unit()
        var count = 0.0
        while product > limit {
            product *= unit()
            count += 1
        }
        return count
    }
}

/// A synthetic fleet: hosts that expose the mix of series real ones do, each scrape with one timestamp per host.
struct Fleet {
    /// How a series' value moves from scrape to scrape.
    enum Kind {
        case constant(Double)
        case idleCounter(chance: Double)
        case bucket(mean: Double)
        case poissonCounter(mean: Double)
        case bytesCounter(mean: Double)
        case cpuSeconds(share: Double)
        case pages(Double)
        case smallGauge(Double)
        case decimalGauge(Double)
        case noise
    }

    struct Series {
        var labels: [(String, String)]
        var kind: Kind
        var value: Double
        var host: Int
    }

    private(set) var series: [Series] = []
    private var generator: Generator
    /// Offset of each host's scrape within the interval, in milliseconds.
    private var offsets: [Int64] = []

    static let seriesPerHost = 500

    init(seriesCount: Int, seed: UInt64) {
        generator = Generator(state: seed)
        series.reserveCapacity(seriesCount)
        let hosts = (seriesCount + Self.seriesPerHost - 1) / Self.seriesPerHost
        for host in 0..<hosts {
            offsets.append(Int64(generator.next() % 15_000))
            for index in 0..<min(Self.seriesPerHost, seriesCount - host * Self.seriesPerHost) { addSeries(host: host, index: index) }
        }
    }

    private mutating func addSeries(host: Int, index: Int) {
        let job = ["api", "betaling", "sok", "varsel", "arkiv"][host % 5]
        let base = [
            ("instance", "10.1.\(host / 250).\(host % 250):8080"), ("job", job),
            ("region", ["oslo", "bergen", "trondheim", "tromso"][host % 4]),
        ]
        func make(_ name: String, _ extra: [(String, String)], _ kind: Kind, _ start: Double) {
            let labels = ([("__name__", name)] + base + extra).sorted { $0.0 < $1.0 }
            series.append(Series(labels: labels, kind: kind, value: start, host: host))
        }
        let path = "/api/v1/\(["kunde", "ordre", "vare", "betaling", "sok", "bruker", "rapport", "status"][index / 5 % 8])"
        let start = Double(generator.next() % 1_000_000)
        // Weights of the classes, per hundred series: constants 35, idle 15, buckets 10, Poisson 12, bytes 8, cpu 8, pages 5, small 4,
        // decimal 2, noise 1.
        switch index % 100 {
        case 0..<35:
            make(
                "app_config_value", [("key", "k\(index)")], .constant(Double(index % 7 == 0 ? index : index % 3)),
                Double(index % 7 == 0 ? index : index % 3))
        case 35..<50:
            make(
                "app_errors_total", [("code", "\(500 + index % 15)"), ("path", path), ("n", "\(index / 100)")], .idleCounter(chance: 0.004),
                start)
        case 50..<60:
            let bounds = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"]
            make(
                "http_request_duration_seconds_bucket", [("le", bounds[index % 10]), ("path", path), ("n", "\(index / 100)")],
                .bucket(mean: 0.3 * Double(index % 10 + 1)), start)
        case 60..<72:
            make(
                "http_requests_total",
                [("code", "\(200 + index % 4)"), ("method", index % 2 == 0 ? "GET" : "POST"), ("path", path), ("n", "\(index)")],
                .poissonCounter(mean: 12), start)
        case 72..<80:
            make(
                "node_network_receive_bytes_total", [("device", "eth\(index % 8)"), ("n", "\(index / 100)")], .bytesCounter(mean: 150_000),
                start * 1000)
        case 80..<88:
            make(
                "node_cpu_seconds_total",
                [("cpu", "\(index % 8)"), ("mode", ["user", "system", "idle", "iowait"][index % 4]), ("n", "\(index / 100)")],
                .cpuSeconds(share: 0.3), start)
        case 88..<93: make("process_resident_memory_bytes", [("n", "\(index)")], .pages(300), 4096 * 50_000)
        case 93..<97: make("app_workers_busy", [("pool", "p\(index)")], .smallGauge(8), 8)
        case 97..<99: make("node_load1", [("n", "\(index)")], .decimalGauge(2), 1.5)
        default: make("app_score", [("n", "\(index)")], .noise, 0.5)
        }
    }

    /// Millisecond timestamp of a host's scrape number `step`.
    func timestamp(host: Int, step: Int, start: Int64, interval: Int64) -> Int64 {
        start + Int64(step) * interval + offsets[host] * interval / 15_000
    }

    /// Moves a series by one scrape and returns its value.
    mutating func advance(_ index: Int) -> Double {
        var value = series[index].value
        switch series[index].kind {
        case .constant(let constant): value = constant
        case .idleCounter(let chance): if generator.unit() < chance { value += 1 }
        case .bucket(let mean), .poissonCounter(let mean): value += generator.poisson(mean)
        case .bytesCounter(let mean): value += (generator.unit() * 2 * mean).rounded()
        case .cpuSeconds(let share): value = ((value + generator.unit() * 15 * share) * 100).rounded() / 100
        case .pages(let spread): value = max(4096, value + ((generator.unit() - 0.5) * spread).rounded() * 4096)
        case .smallGauge(let top): value = (generator.unit() < 0.3) ? (generator.unit() * top).rounded() : value
        case .decimalGauge(let middle): value = ((value * 0.9 + middle * 0.1 + (generator.unit() - 0.5) * 0.4) * 100).rounded() / 100
        case .noise: value = generator.unit()
        }
        series[index].value = value
        return value
    }
}

extension Fleet {
    /// One scrape of the whole fleet as one target's page, family by family; values move with each.
    mutating func page() -> [UInt8] {
        let names = series.map { one in one.labels.first { $0.0 == "__name__" }?.1 ?? "" }
        var text = ""
        var family = ""
        for index in series.indices.sorted(by: { (names[$0], $0) < (names[$1], $1) }) {
            let value = advance(index)
            if names[index] != family {
                family = names[index]
                text += "# HELP \(family) What a service of the fleet says.\n# TYPE \(family) gauge\n"
            }
            let own = series[index].labels.filter { !["__name__", "instance", "job"].contains($0.0) } + [("host", "\(series[index].host)")]
            let number = Int64(exactly: value).map { "\($0)" } ?? "\(value)"
            text += "\(family){\(own.map { "\($0.0)=\"\($0.1)\"" }.joined(separator: ","))} \(number)\n"
        }
        return Array(text.utf8)
    }
}
