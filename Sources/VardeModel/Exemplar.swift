/// One observation behind a sample, with labels that lead to it: a trace, as a rule.
package struct Exemplar: Sendable, Equatable {
    package var labels: Labels
    package var value: Double
    /// Milliseconds since the epoch, 0 where none was given.
    package var timestamp: Int64
    /// Whether the time is the observation's own, and not that of the sample it came with. Not kept in files.
    package var hasOwnTime: Bool

    package init(labels: Labels, value: Double, timestamp: Int64, hasOwnTime: Bool = true) {
        self.labels = labels
        self.value = value
        self.timestamp = timestamp
        self.hasOwnTime = hasOwnTime
    }
}
