package import VardeModel

/// A metric family of an OpenMetrics text, with its samples in the order they were written.
package struct OpenMetricsFamily: Sendable {
    /// What the samples of a family mean.
    package enum Kind: String, Sendable, CaseIterable {
        case unknown, gauge, counter, stateset, info, histogram, gaugehistogram, summary

        /// What is appended to a family's name in the names of its samples.
        package var suffixes: [String] {
            switch self {
            case .unknown, .gauge, .stateset: [""]
            case .counter: ["_total", "_created"]
            case .info: ["_info"]
            case .histogram: ["_bucket", "_count", "_sum", "_created"]
            case .gaugehistogram: ["_bucket", "_gcount", "_gsum"]
            case .summary: ["", "_count", "_sum", "_created"]
            }
        }
    }

    package var name: String
    package var kind: Kind = .unknown
    package var help = ""
    package var unit = ""
    package var samples: [OpenMetricsSample] = []
}

/// A sample line of an OpenMetrics text.
package struct OpenMetricsSample: Sendable, Equatable {
    package var name: String
    /// Labels as written: without the metric's name, empty values kept.
    package var labels: [Label]
    package var value: Double
    package var timestamp: OpenMetricsTime?
    package var exemplar: OpenMetricsExemplar?

    /// The series' labels, the metric's name among them.
    package var series: Labels { Labels(labels + [Label(Labels.metricName, name)]) }

    /// The value of a label as written, nil where it is absent.
    package func label(_ name: String) -> String? { labels.first { $0.name.hasSameUTF8(as: name) }?.value }
}

/// An exemplar behind a sample.
package struct OpenMetricsExemplar: Sendable, Equatable {
    /// Most code points an exemplar's label names and values may have together (OpenMetrics 1.0, “Exemplars”).
    package static let maxLabelLength = 128

    package var labels: [Label]
    package var value: Double
    package var timestamp: OpenMetricsTime?

    /// Whether its labels have more code points than they may.
    var isTooLong: Bool {
        labels.reduce(0) { $0 + $1.name.unicodeScalars.count + $1.value.unicodeScalars.count } > Self.maxLabelLength
    }
}

/// Seconds since the epoch, kept to the nanosecond.
package struct OpenMetricsTime: Sendable, Equatable, Comparable {
    package var seconds: Int64
    /// Of the sign of the whole: −1.1 s is −1 and −100,000,000.
    package var nanoseconds: Int32

    package static func < (a: OpenMetricsTime, b: OpenMetricsTime) -> Bool {
        a.seconds != b.seconds ? a.seconds < b.seconds : a.nanoseconds < b.nanoseconds
    }

    /// Milliseconds since the epoch, rounded towards zero.
    package var milliseconds: Int64 { seconds &* 1000 &+ Int64(nanoseconds / 1_000_000) }
}
