package import VardeModel

/// What Loki's API asks of logs beside queries: which streams, labels and fields there are, how much, and what lines look like.
///
/// Times are nanoseconds; ranges are `[start, end)`. Calls block; run them on a thread that may.
package struct LogLookups: Sendable {
    package var source: any LogSource
    package var options: LogQLOptions

    package init(source: any LogSource, options: LogQLOptions = LogQLOptions()) {
        self.source = source
        self.options = options
    }

    var threads: Int { options.threads > 0 ? options.threads : ProcessorCount.online }

    /// Label sets of streams that match one of the selectors, each once, sorted.
    package func series(_ selectors: [[LabelMatcher]], start: Int64, end: Int64) throws(QueryError) -> [Labels] {
        var found: Set<Labels> = []
        for matchers in selectors {
            let streams = try Self.reading { try source.streams(LogRequest(matchers: matchers, start: start, end: end)) }
            for stream in streams { found.insert(stream.labels) }
        }
        return found.sorted()
    }

    /// Names of stream labels, sorted.
    package func labelNames(_ matchers: [LabelMatcher], start: Int64, end: Int64) throws(QueryError) -> [String] {
        try Self.reading { try source.labelNames(LogRequest(matchers: matchers, start: start, end: end)) }
            .sorted { $0.utf8Precedes($1) }
    }

    /// Values of a stream label, sorted.
    package func labelValues(
        of name: String, _ matchers: [LabelMatcher], start: Int64, end: Int64
    ) throws(QueryError) -> [String] {
        try Self.reading { try source.labelValues(of: name, LogRequest(matchers: matchers, start: start, end: end)) }
            .sorted { $0.utf8Precedes($1) }
    }

    /// Stream labels worth offering as a filter, with how many values each has; sorted by name.
    ///
    /// A label whose values are all numbers or UUIDs is left out, except where its name is known to be a place lines come from.
    package func detectedLabels(
        _ matchers: [LabelMatcher], start: Int64, end: Int64
    ) throws(QueryError) -> [(label: String, cardinality: Int)] {
        var values: [String: Set<String>] = [:]
        for stream in try series([matchers], start: start, end: end) {
            for label in stream { values[label.name, default: []].insert(label.value) }
        }
        return values.filter { Self.places.contains($0.key) || !Self.areIdentifiers($0.value) }
            .map { (label: $0.key, cardinality: $0.value.count) }
            .sorted { $0.label.utf8Precedes($1.label) }
    }

    private static let places: Set<String> = ["cluster", "namespace", "instance", "pod"]

    /// Whether all values are numbers or UUIDs; 0 and 1 alone are a switch.
    private static func areIdentifiers(_ values: Set<String>) -> Bool {
        if values.isSubset(of: ["0", "1"]) { return false }
        return values.allSatisfy { LogQLUnits.goFloat($0) != nil || $0.isUUID }
    }

    /// Runs a read of the store, its errors made those of a query.
    static func reading<Value>(_ body: () throws -> Value) throws(QueryError) -> Value {
        do {
            return try body()
        } catch let error as QueryError {
            throw error
        } catch {
            throw QueryError(.internal, "\(error)")
        }
    }
}

extension String {
    /// Whether this is a UUID: 32 hexadecimal digits, plain, with dashes after 8, 12, 16 and 20, in braces, or as a URN.
    fileprivate var isUUID: Bool {
        var text = self[...]
        if text.lowercased().hasPrefix("urn:uuid:") { text = text.dropFirst(9) }
        if text.hasPrefix("{"), text.hasSuffix("}") { text = text.dropFirst().dropLast() }
        let bytes = Array(text.utf8)
        guard bytes.count == 32 || bytes.count == 36 else { return false }
        let dashes = bytes.count == 36 ? [8, 13, 18, 23] : []
        for (place, byte) in bytes.enumerated() {
            if dashes.contains(place) {
                if byte != UInt8(ascii: "-") { return false }
            } else {
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
                    break
                default: return false
                }
            }
        }
        return true
    }
}
