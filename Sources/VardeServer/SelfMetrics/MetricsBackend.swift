import CoreMetrics

/// The swift-metrics back end: what libraries measure stands on the server's own page.
final class MetricsBackend: MetricsFactory {
    private let metrics: SelfMetrics

    init(_ metrics: SelfMetrics) {
        self.metrics = metrics
    }

    private static func name(_ label: String) -> String {
        String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") ? $0 : "_" })
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        Cell(metrics, Self.name(label) + (label.hasSuffix("_total") ? "" : "_total"), dimensions)
    }

    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        Cell(metrics, Self.name(label), dimensions, aggregates: aggregate)
    }
    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { Cell(metrics, Self.name(label), dimensions) }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        Cell(metrics, Self.name(label) + "_seconds", dimensions, aggregates: true)
    }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}

    /// One metric with its labels.
    private final class Cell: CounterHandler, RecorderHandler, MeterHandler, TimerHandler {
        private let metrics: SelfMetrics
        private let name: String
        private let labels: [String: String]
        private let aggregates: Bool

        init(_ metrics: SelfMetrics, _ name: String, _ dimensions: [(String, String)], aggregates: Bool = false) {
            self.metrics = metrics
            self.name = name
            labels = Dictionary(dimensions.map { (MetricsBackend.name($0.0), $0.1) }) { $1 }
            self.aggregates = aggregates
        }

        func increment(by amount: Int64) { metrics.count(name, labels, by: Double(amount)) }
        func reset() {}
        func record(_ value: Int64) { record(Double(value)) }
        func record(_ value: Double) {
            if aggregates { metrics.observe(name, labels, value) } else { metrics.set(name, labels, to: value) }
        }
        func set(_ value: Int64) { metrics.set(name, labels, to: Double(value)) }
        func set(_ value: Double) { metrics.set(name, labels, to: value) }
        func increment(by value: Double) { metrics.count(name, labels, by: value) }
        func decrement(by value: Double) { metrics.count(name, labels, by: -value) }
        func recordNanoseconds(_ duration: Int64) { metrics.observe(name, labels, Double(duration) / 1e9) }
    }
}
