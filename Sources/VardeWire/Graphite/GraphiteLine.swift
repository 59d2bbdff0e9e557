import VardeKernels
package import VardeModel

/// A line of Graphite's plaintext protocol: `servers.web1.load;dc=oslo 1.5 1700000000`.
///
/// The path is the metric's name, with underscores for what a classic name may not hold (its dots among it); tags are labels. A time
/// of −1, `N` or none is that of arrival.
package struct GraphiteLine: Sendable, Equatable {
    package var labels: Labels
    package var value: Double
    /// Milliseconds; nil for that of arrival.
    package var timestamp: Int64?

    /// Tags of one line.
    private static let maxTags = 128

    /// Reads a line without its end.
    ///
    /// - Parameter extra: labels a line has where it has no tag of the name.
    /// - Throws: in words without the line itself.
    package init(_ line: Span<UInt8>, extra: [Label] = []) throws(WireError) {
        guard UTF8Check.isValid(line) else { throw WireError("bytes that are not UTF-8") }
        let parts = Bytes.string(line).split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" })
        guard parts.count == 2 || parts.count == 3 else { throw WireError("a line is PATH VALUE TIME") }
        guard let value = DecimalParser.double(parts[1].utf8Span.span), !value.isNaN else { throw WireError("the value is not a number") }
        self.value = value
        timestamp = parts.count == 2 || parts[2] == "N" ? nil : try Self.time(parts[2])
        labels = try Self.labels(parts[0], extra)
    }

    private static func time(_ text: Substring) throws(WireError) -> Int64? {
        guard let seconds = DecimalParser.double(text.utf8Span.span), seconds.isFinite, abs(seconds) < 1e12 else {
            throw WireError("the time is not in seconds")
        }
        return seconds == -1 ? nil : Int64((seconds * 1000).rounded())
    }

    private static func labels(_ series: Substring, _ extra: [Label]) throws(WireError) -> Labels {
        let parts = series.split(separator: ";", maxSplits: maxTags + 1, omittingEmptySubsequences: false)
        guard let path = parts.first, !path.isEmpty, parts.count <= maxTags + 1 else {
            throw WireError(parts.count > maxTags + 1 ? "more than \(maxTags) tags" : "the path is missing")
        }
        var labels = Labels(extra)
        labels.set(Labels.metricName, to: InfluxLines.escaped(String(path), allowsColon: true))
        for tag in parts.dropFirst() {
            let pair = tag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, !pair[0].isEmpty else { throw WireError("a tag is not NAME=VALUE") }
            let name = InfluxLines.escaped(String(pair[0]), allowsColon: false)
            if name != Labels.metricName, !pair[1].isEmpty { labels.set(name, to: String(pair[1])) }
        }
        return labels
    }
}
