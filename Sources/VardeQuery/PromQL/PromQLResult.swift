package import VardeModel

/// A series with samples of its own times: what a range vector holds.
package struct PromQLSeries: Sendable {
    package var labels: Labels
    package var samples: SampleColumns
}

/// The answer to a PromQL query.
package struct PromQLResult: Sendable {
    package enum Value: Sendable {
        /// A number at a time (ms).
        case scalar(time: Int64, Double)
        /// A text at a time (ms).
        case string(time: Int64, String)
        /// One point a series at one step, in the order to be shown.
        case vector(StepMatrix)
        /// Points by step, series sorted by labels.
        case matrix(StepMatrix)
        /// Samples as stored, of a range vector asked for at an instant; series sorted by labels.
        case series([PromQLSeries])
    }

    package var value: Value
    /// Annotations as Prometheus words them, with positions; at most ten of each kind.
    package var warnings: [String]
    package var infos: [String]
    /// Samples read from the store, and the most held at a time.
    package var samplesRead: Int
    package var peakSamples: Int
}
