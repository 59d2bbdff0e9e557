import CoreMetrics
import Synchronization
import VardeWire

/// The server's own metrics, in Prometheus' text format at `/metrics`.
///
/// Counters and histograms are kept here; what the stores count is asked of them when the page is made.
final class SelfMetrics: Sendable {
    private struct Key: Hashable {
        var name: String
        var labels: [String: String]
    }

    private struct Histogram {
        var buckets = [Int](repeating: 0, count: SelfMetrics.bounds.count)
        var count = 0
        var sum = 0.0
    }

    private struct State {
        var counters: [Key: Double] = [:]
        var gauges: [Key: Double] = [:]
        var histograms: [Key: Histogram] = [:]
        var collectors: [@Sendable (inout Page) -> Void] = []
    }

    /// Upper bounds of request durations, in seconds.
    static let bounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    /// Distinct label sets kept; more are counted together, so that nobody can grow this without bound.
    private static let maxKeys = 5_000

    private let state = Mutex(State())

    init() {}

    func count(_ name: String, _ labels: [String: String] = [:], by value: Double = 1) {
        state.withLock { state in
            let key = Key(name: name, labels: labels)
            if state.counters[key] == nil, state.counters.count >= Self.maxKeys { return }
            state.counters[key, default: 0] += value
        }
    }

    /// Counters of one name with their labels.
    func counters(_ name: String) -> [(labels: [String: String], value: Double)] {
        state.withLock { state in
            state.counters.filter { $0.key.name == name }.map { ($0.key.labels, $0.value) }
        }
    }

    func set(_ name: String, _ labels: [String: String], to value: Double) {
        state.withLock { state in
            let key = Key(name: name, labels: labels)
            if state.gauges[key] == nil, state.gauges.count >= Self.maxKeys { return }
            state.gauges[key] = value
        }
    }

    func observe(_ name: String, _ labels: [String: String], _ value: Double) {
        state.withLock { state in
            let key = Key(name: name, labels: labels)
            if state.histograms[key] == nil, state.histograms.count >= Self.maxKeys { return }
            for (index, bound) in Self.bounds.enumerated() where value <= bound {
                state.histograms[key, default: Histogram()].buckets[index] += 1
            }
            state.histograms[key, default: Histogram()].count += 1
            state.histograms[key, default: Histogram()].sum += value
        }
    }

    func request(route: String, method: String, status: Int, seconds: Double) {
        // Methods are the sender's words: unknown ones are counted together.
        let method = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"].contains(method) ? method : "other"
        count("varde_http_requests_total", ["route": route, "method": method, "status": String(status)])
        observe("varde_http_request_duration_seconds", ["route": route], seconds)
    }

    /// Adds what is asked each time the page is made.
    func collect(_ collector: @escaping @Sendable (inout Page) -> Void) { state.withLock { $0.collectors.append(collector) } }

    /// A page of families in the making.
    struct Page {
        struct Family {
            var type: String
            var lines: [(suffix: String, labels: [(String, String)], value: Double)] = []
        }

        private(set) var families: [String: Family] = [:]

        mutating func add(_ name: String, _ type: String, _ labels: [(String, String)] = [], _ value: Double, suffix: String = "") {
            families[name, default: Family(type: type)].lines.append((suffix, labels, value))
        }

        mutating func counter(_ name: String, _ labels: [(String, String)] = [], _ value: some BinaryInteger) {
            add(name, "counter", labels, Double(value))
        }
        mutating func gauge(_ name: String, _ labels: [(String, String)] = [], _ value: Double) { add(name, "gauge", labels, value) }

        func text() -> [UInt8] {
            var out: [UInt8] = []
            for (name, family) in families.sorted(by: { $0.key < $1.key }) {
                let help = SelfMetricsHelp.text(name)
                if !help.isEmpty { out += "# HELP \(name) \(help)\n".utf8 }
                out += "# TYPE \(name) \(family.type)\n".utf8
                for (suffix, labels, value) in family.lines {
                    out += (name + suffix).utf8
                    if !labels.isEmpty {
                        out.append(UInt8(ascii: "{"))
                        out +=
                            labels.map {
                                "\($0.0)=\"\($0.1.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n"))\""
                            }.joined(separator: ",").utf8
                        out.append(UInt8(ascii: "}"))
                    }
                    out.append(32)
                    SampleText.append(value, to: &out)
                    out.append(10)
                }
            }
            return out
        }
    }

    /// The whole page as text.
    func text() -> [UInt8] { page().text() }

    /// The whole page.
    func page() -> Page {
        let (counters, gauges, histograms, collectors) = state.withLock { ($0.counters, $0.gauges, $0.histograms, $0.collectors) }
        var page = Page()
        func sorted(_ labels: [String: String]) -> [(String, String)] { labels.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
        for (key, value) in counters.sorted(by: { $0.key.labels.description < $1.key.labels.description }) {
            page.add(key.name, "counter", sorted(key.labels), value)
        }
        for (key, value) in gauges { page.add(key.name, "gauge", sorted(key.labels), value) }
        for (key, histogram) in histograms {
            let labels = sorted(key.labels)
            for (index, bound) in Self.bounds.enumerated() {
                page.add(
                    key.name, "histogram", labels + [("le", SampleText.text(bound))], Double(histogram.buckets[index]), suffix: "_bucket")
            }
            page.add(key.name, "histogram", labels + [("le", "+Inf")], Double(histogram.count), suffix: "_bucket")
            page.add(key.name, "histogram", labels, histogram.sum, suffix: "_sum")
            page.add(key.name, "histogram", labels, Double(histogram.count), suffix: "_count")
        }
        for collector in collectors { collector(&page) }
        return page
    }
}
