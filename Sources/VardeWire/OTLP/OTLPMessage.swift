import VardeModel

/// Attributes of what sent something, and what it was sent through.
struct OTLPScope: Sendable {
    var name = ""
    var version = ""
    var schemaURL = ""
    var attributes: [OTLPAttribute] = []
    var droppedAttributes: Int64 = 0
}

/// `ResourceMetrics`: the metrics of one sender, scope by scope.
struct OTLPResourceMetrics: Sendable {
    var attributes: [OTLPAttribute] = []
    var scopes: [(scope: OTLPScope, metrics: [OTLPMetric])] = []
}

/// `ResourceLogs`: the log records of one sender, scope by scope.
struct OTLPResourceLogs: Sendable {
    var attributes: [OTLPAttribute] = []
    var droppedAttributes: Int64 = 0
    var scopes: [(scope: OTLPScope, records: [OTLPLogRecord])] = []
}

/// `LogRecord`. Times in nanoseconds.
struct OTLPLogRecord: Sendable {
    var time: Int64 = 0
    var observedTime: Int64 = 0
    var severityNumber: Int64 = 0
    var severityText = ""
    var body = OTLPValue.none
    var attributes: [OTLPAttribute] = []
    var droppedAttributes: Int64 = 0
    var flags: Int64 = 0
    var traceID: [UInt8] = []
    var spanID: [UInt8] = []
    var eventName = ""
}

/// `Metric` with the points of whichever kind it is of.
struct OTLPMetric: Sendable {
    enum Kind: Sendable { case none, gauge, sum, histogram, exponential, summary }
    enum Temporality: Int64, Sendable { case unspecified, delta, cumulative }

    var name = ""
    var description = ""
    var unit = ""
    var kind = Kind.none
    var temporality = Temporality.unspecified
    var isMonotonic = false
    var points: [OTLPPoint] = []
}

/// A data point of any kind. Times in nanoseconds.
struct OTLPPoint: Sendable {
    struct Buckets: Sendable {
        var offset: Int32 = 0
        var counts: [UInt64] = []
    }

    struct ExemplarPoint: Sendable {
        var attributes: [OTLPAttribute] = []
        var time: Int64 = 0
        var value = 0.0
        var traceID: [UInt8] = []
        var spanID: [UInt8] = []
    }

    /// The flag that says a point has no value: the series has ended.
    static let noRecordedValue: Int64 = 1

    var attributes: [OTLPAttribute] = []
    var start: Int64 = 0
    var time: Int64 = 0
    var flags: Int64 = 0
    var exemplars: [ExemplarPoint] = []
    /// Of a gauge or sum.
    var value = 0.0
    // Of histograms and summaries.
    var count: UInt64 = 0
    var sum: Double?
    var bounds: [Double] = []
    var bucketCounts: [UInt64] = []
    var quantiles: [(quantile: Double, value: Double)] = []
    // Of exponential histograms.
    var scale: Int32 = 0
    var zeroCount: UInt64 = 0
    var zeroThreshold = 0.0
    var positive = Buckets()
    var negative = Buckets()

    var hasNoValue: Bool { flags & Self.noRecordedValue != 0 }
}
