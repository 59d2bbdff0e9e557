/// One observation behind a sample, with labels that lead to it: a trace, as a rule.
package struct Exemplar: Sendable, Equatable {
    package var labels: Labels
    package var value: Double
    /// Milliseconds since the epoch, 0 where none was given.
    package var timestamp: Int64

    package init(labels: Labels, value: Double, timestamp: Int64) {
        self.labels = labels
        self.value = value
        self.timestamp = timestamp
    }
}
