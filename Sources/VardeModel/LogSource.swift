/// What a LogQL selector with its line filters asks of a log store.
package struct LogRequest: Sendable {
    package var matchers: [LabelMatcher]
    /// First nanosecond (inclusive) and end (exclusive).
    package var start: Int64
    package var end: Int64
    /// Byte strings each wanted line contains, one of each inner group at least: pages and lines that hold none may be left out, others
    /// may not.
    package var requiredSubstrings: [[[UInt8]]]
    /// Structured-metadata equalities each wanted entry fulfils.
    package var requiredMetadata: [Label]
    /// Numbers each wanted line has among the labels LogQL's json parser makes of it: lines without may be left out, unless their stream
    /// or metadata has a label of the name.
    package var requiredNumbers: [RequiredNumber]

    package init(
        matchers: [LabelMatcher], start: Int64, end: Int64, requiredSubstrings: [[[UInt8]]] = [], requiredMetadata: [Label] = [],
        requiredNumbers: [RequiredNumber] = []
    ) {
        self.matchers = matchers
        self.start = start
        self.end = end
        self.requiredSubstrings = requiredSubstrings
        self.requiredMetadata = requiredMetadata
        self.requiredNumbers = requiredNumbers
    }
}

/// A label and the numbers it may be, both ends included.
package struct RequiredNumber: Sendable, Equatable {
    package var name: String
    package var bounds: ClosedRange<Double>

    package init(name: String, bounds: ClosedRange<Double>) {
        self.name = name
        self.bounds = bounds
    }
}

/// A stream of log lines: its number in the store and its labels.
package struct LogStream: Sendable, Hashable {
    package var id: UInt64
    package var labels: Labels

    package init(id: UInt64, labels: Labels) {
        self.id = id
        self.labels = labels
    }
}

/// A run of entries of one stream that is read as a whole; entries inside ascend in time, pages of one stream may overlap.
package struct LogPageRef: Sendable, Hashable {
    /// Index in the selection's `streams`.
    package var stream: Int
    /// First and last nanosecond of its entries, both inclusive.
    package var firstTimestamp: Int64
    package var lastTimestamp: Int64
    package var entryCount: Int
    /// The lines' size before compression, in bytes.
    package var byteCount: Int
    /// The store's own handle.
    package var handle: UInt64

    package init(stream: Int, firstTimestamp: Int64, lastTimestamp: Int64, entryCount: Int, byteCount: Int, handle: UInt64) {
        self.stream = stream
        self.firstTimestamp = firstTimestamp
        self.lastTimestamp = lastTimestamp
        self.entryCount = entryCount
        self.byteCount = byteCount
        self.handle = handle
    }
}

/// Where queries read log lines from. Calls block on disk and are safe from several threads at once.
package protocol LogSource: Sendable {
    /// Matching streams with entries in the range, and the pages the filters let through.
    func select(_ request: LogRequest) throws -> any LogSelection
    /// Label sets of matching streams with entries in the range, in no particular order.
    func streams(_ request: LogRequest) throws -> [LogStream]
    func labelNames(_ request: LogRequest) throws -> [String]
    func labelValues(of name: String, _ request: LogRequest) throws -> [String]
}

/// A snapshot to read pages from: what is in it stays readable for as long as it lives.
package protocol LogSelection: Sendable {
    var streams: [LogStream] { get }
    var pages: [LogPageRef] { get }
    /// Replaces `columns` by the page's entries, all that may hold what the request requires: the caller filters by time and content.
    func read(_ page: LogPageRef, into columns: inout LogColumns) throws
    /// As `read`, where lines are not looked at: times, line ends and metadata; `lineBytes` may be empty.
    func readTimes(_ page: LogPageRef, into columns: inout LogColumns) throws
}

extension LogSelection {
    package func readTimes(_ page: LogPageRef, into columns: inout LogColumns) throws { try read(page, into: &columns) }
}
