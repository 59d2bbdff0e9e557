/// Where a JSON document has its time, its message and its labels. Names reach into objects by dots: `host.name` is found as a member
/// of that name as well as inside the object `host`. The first name of a list that a document has counts.
package struct LogFieldNames: Sendable, Equatable {
    package var time: [String]
    /// Where none is given or found, the whole document is the line.
    package var message: [String]
    /// Members that are stream labels.
    package var labels: [String]

    package init(time: [String] = ["@timestamp", "time", "timestamp", "ts"], message: [String] = [], labels: [String] = []) {
        self.time = time
        self.message = message
        self.labels = labels
    }
}
