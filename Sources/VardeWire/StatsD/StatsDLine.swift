import VardeKernels
package import VardeModel

/// A line of StatsD: `name:value|type|@rate|#tag:value,…`, with what DogStatsD (several values, tags, times), Telegraf (`name,tag=value`)
/// and Graphite (`name;tag=value`) added to it.
package struct StatsDLine: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case counter = "c"
        case gauge = "g"
        /// Milliseconds, which become seconds.
        case timing = "ms"
        /// `h` and `d`.
        case histogram = "h"
        case set = "s"
    }

    package enum Value: Sendable, Equatable {
        case number(Double)
        /// A gauge's number with its sign before it: a difference to what the gauge was.
        case change(Double)
        /// Member of a set.
        case member(String)
    }

    package var kind: Kind
    /// Name and tags as written: the same for the same series of one sender.
    package var series: String
    package var values: [Value]
    /// Share of what happened that was sent, above 0 up to 1.
    package var rate = 1.0

    /// Bytes of name and tags, and values of a line.
    private static let maxSeries = 8_192
    private static let maxValues = 1_024

    /// Reads a line without its end; nil where it is an event or a service check, which are no metrics.
    ///
    /// - Throws: in words without the line itself.
    package init?(_ line: Span<UInt8>) throws(WireError) {
        guard UTF8Check.isValid(line) else { throw WireError("bytes that are not UTF-8") }
        let text = Bytes.string(line)
        if text.hasPrefix("_e{") || text.hasPrefix("_sc|") { return nil }
        let parts = text.split(separator: "|", omittingEmptySubsequences: false)
        guard parts.count >= 2 else { throw WireError("the type is missing") }
        // Names may hold colons where tags follow the name; values begin behind the first colon otherwise.
        guard let colon = parts[0].firstIndex(of: ":"), colon > parts[0].startIndex else { throw WireError("a line is NAME:VALUE|TYPE") }
        guard let kind = Kind(rawValue: parts[1] == "d" ? "h" : String(parts[1])) else {
            throw WireError("the type is none of c, g, ms, h, d, s")
        }
        self.kind = kind
        var tags: Substring = ""
        for part in parts.dropFirst(2) {
            if part.hasPrefix("#") {
                tags = part.dropFirst()
            } else if part.hasPrefix("@") {
                guard let share = DecimalParser.double(part.dropFirst().utf8Span.span), share > 0, share <= 1 else {
                    throw WireError("the sample rate is not above 0 and up to 1")
                }
                rate = share
            }
        }
        series = tags.isEmpty ? String(parts[0][..<colon]) : parts[0][..<colon] + "|#" + tags
        guard series.utf8.count <= Self.maxSeries else { throw WireError("name and tags take more than \(Self.maxSeries) bytes") }
        values = try Self.values(parts[0][parts[0].index(after: colon)...], kind)
    }

    private static func values(_ text: Substring, _ kind: Kind) throws(WireError) -> [Value] {
        if kind == .set { return [.member(String(text))] }
        let words = text.split(separator: ":", maxSplits: maxValues, omittingEmptySubsequences: false)
        guard words.count <= maxValues else { throw WireError("more than \(maxValues) values") }
        var values: [Value] = []
        for word in words {
            guard let number = DecimalParser.double(word.utf8Span.span), number.isFinite else {
                throw WireError("the value is not a number")
            }
            values.append(kind == .gauge && (word.hasPrefix("+") || word.hasPrefix("-")) ? .change(number) : .number(number))
        }
        return values
    }

    /// The labels of a series as written, with `extra` where it has no tag of the name. Tags without a value are `true`.
    package static func labels(_ series: String, extra: [Label] = []) -> Labels {
        var labels = Labels(extra)
        var rest = series[...]
        func tag(_ text: Substring, _ sign: Character) {
            let pair = text.split(separator: sign, maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = pair.first, !first.isEmpty else { return }
            let name = InfluxLines.escaped(String(first), allowsColon: false)
            let value = pair.count == 2 ? String(pair[1]) : "true"
            if name != Labels.metricName, !value.isEmpty { labels.set(name, to: value) }
        }
        if let hash = rest.firstRange(of: "|#") {
            for one in rest[hash.upperBound...].split(separator: ",") { tag(one, ":") }
            rest = rest[..<hash.lowerBound]
        }
        if let sign = rest.firstIndex(where: { $0 == "," || $0 == ";" }) {
            for one in rest[rest.index(after: sign)...].split(separator: rest[sign]) { tag(one, "=") }
            rest = rest[..<sign]
        }
        labels.set(Labels.metricName, to: InfluxLines.escaped(String(rest), allowsColon: true))
        return labels
    }
}
