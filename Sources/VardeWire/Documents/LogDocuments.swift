import VardeKernels
package import VardeModel

/// Gathers JSON documents by the streams their labels make.
package struct LogDocuments {
    private let names: LogFieldNames
    private let stream: [Label]
    /// Time of the next document without one, in nanoseconds.
    private var nextTime: Int64
    private var writers = LogStreamWriters()

    /// - Parameters:
    ///   - stream: labels all documents have.
    ///   - now: nanoseconds, for documents that say no time; each such follows the one before by a nanosecond.
    package init(names: LogFieldNames, stream: Labels, now: Int64) {
        self.names = names
        self.stream = Array(stream)
        nextTime = now
    }

    /// Adds one document: its message is the line and the rest its metadata, or the line is the document as it came.
    ///
    /// - Parameter check: called with labels, time and length of line; what it answers is why the document is not added.
    /// - Returns: that reason, nil where the document was added.
    @discardableResult
    package mutating func add(
        _ bytes: Span<UInt8>, labels more: [Label] = [], check: (Labels, Int64, Int) -> String? = { _, _, _ in nil }
    ) throws(WireError) -> String? {
        let document = try LogDocument(bytes, names)
        var all = document.labels + more + stream
        // Given more than once, what the request says stands.
        var seen: Set<String> = []
        all = all.reversed().filter { seen.insert($0.name).inserted }
        let labels = Labels(all)
        if labels.isEmpty { throw WireError("the document needs at least one label: ?app=name, X-Varde-Labels or a label field") }
        let time = document.time ?? nextTime
        let line = document.message ?? Bytes.array(bytes)
        if let reason = check(labels, time, line.count) { return reason }
        try writers.append(labels, time, line.span, document.message == nil ? .empty : Labels(document.metadata))
        if document.time == nil { nextTime += 1 }
        return nil
    }

    /// Adds a line that is no document.
    package mutating func addLine(_ line: Span<UInt8>) throws(WireError) {
        try writers.append(Labels(stream), nextTime, line, .empty)
        nextTime += 1
    }

    package var writes: [LogStreamWrite] { writers.writes }
    package var repairedLines: Int { writers.repairedLines }
}
