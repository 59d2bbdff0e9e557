package import VardeModel

/// Gathers lines by the streams they belong to.
package struct LogStreamWriters: Sendable {
    /// Streams one batch may have; more are refused.
    package static let maxStreams = 10_000

    private var writers: [LogColumnsWriter] = []
    private var streams: [Labels] = []
    private var places: [Labels: Int] = [:]

    package init() {}

    /// Adds a line.
    ///
    /// - Parameter time: nanoseconds.
    /// - Throws: where there are too many streams, or the line has no label.
    package mutating func append(_ labels: Labels, _ time: Int64, _ line: Span<UInt8>, _ metadata: Labels) throws(WireError) {
        if labels.isEmpty { throw WireError("the line has no label") }
        let place: Int
        if let known = places[labels] {
            place = known
        } else {
            if streams.count >= Self.maxStreams { throw WireError("the request has more than \(Self.maxStreams) streams") }
            place = streams.count
            places[labels] = place
            streams.append(labels)
            writers.append(LogColumnsWriter())
        }
        writers[place].append(time, line, metadata)
    }

    /// One write a stream, in the order streams came.
    package var writes: [LogStreamWrite] { zip(streams, writers).map { LogStreamWrite(labels: $0, entries: $1.columns) } }
    /// Lines whose bytes were no UTF-8.
    package var repairedLines: Int { writers.reduce(0) { $0 + $1.repairedLines } }
}
