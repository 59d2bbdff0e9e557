import VardeKernels
import VardeModel

/// OpenMetrics 1.0 text, read strictly: what the specification calls invalid is refused, with line and column.
///
/// A scrape is read by `ExpositionParser`, which is laxer and faster; this one judges exporters.
package struct OpenMetricsParser {
    private var families: [OpenMetricsFamily] = []
    /// Every name a family has laid claim to, with and without its suffixes.
    private var claimed: Set<String> = []
    private var current: OpenMetricsFamily?
    private var said: Set<String> = []
    private var groups = OpenMetricsGroups()
    private var line = 0

    private init() {}

    /// The families of a whole text.
    ///
    /// - Throws: the first fault, of a line or of a family as a whole (then the line after it).
    package static func parse(_ bytes: Span<UInt8>) throws(ExpositionParser.Fault) -> [OpenMetricsFamily] {
        var parser = OpenMetricsParser()
        guard UTF8Check.isValid(bytes) else { throw parser.fault("the text is not valid UTF-8") }
        var at = 0
        var ended = false
        while at < bytes.count {
            var end = at
            while end < bytes.count, bytes[end] != 10 { end += 1 }
            parser.line += 1
            if ended { throw parser.fault("text after # EOF") }
            ended = try parser.read(at..<end, bytes)
            at = end + 1
        }
        guard ended else { throw parser.fault("the text does not end with # EOF") }
        return parser.families
    }

    private func fault(_ message: String) -> ExpositionParser.Fault { .init(line: max(line, 1), column: 1, message: message) }

    /// Reads a line; true where it is `# EOF`.
    private mutating func read(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(ExpositionParser.Fault) -> Bool {
        guard !range.isEmpty else { throw fault("a blank line") }
        var reader = OpenMetricsLine(range, number: line)
        if bytes[range.lowerBound] == UInt8(ascii: "#") {
            if range.count == 5, Bytes.string(bytes.extracting(range)) == "# EOF" {
                try finish()
                return true
            }
            let (keyword, name, text) = try reader.metadata(bytes)
            try metadata(keyword, name, text)
        } else {
            try sample(try reader.sample(bytes))
        }
        return false
    }

    private mutating func metadata(_ keyword: String, _ name: String, _ text: String) throws(ExpositionParser.Fault) {
        if current?.name != name {
            try finish()
            begin(name)
        } else if current?.samples.isEmpty == false {
            throw fault("\(keyword) of \(name) after its samples")
        }
        guard said.insert(keyword).inserted else { throw fault("\(keyword) of \(name) is given twice") }
        switch keyword {
        case "TYPE":
            guard let kind = OpenMetricsFamily.Kind(rawValue: text) else { throw fault("“\(text.prefix(60))” is not a metric type") }
            current?.kind = kind
        case "UNIT": current?.unit = text
        default: current?.help = ExpositionEscapes.unescape(Array(text.utf8).span)
        }
    }

    private mutating func begin(_ name: String) {
        current = OpenMetricsFamily(name: name)
        said = []
        groups = OpenMetricsGroups()
    }

    private mutating func sample(_ sample: OpenMetricsSample) throws(ExpositionParser.Fault) {
        if let family = current, family.kind.suffixes.contains(where: { sample.name == family.name + $0 }) {
            if let complaint = OpenMetricsRules.complaint(about: sample, in: family) { throw fault(complaint) }
            if let complaint = groups.complaint(adding: sample, of: family) { throw fault(complaint) }
        } else {
            // A family of its own, of which nothing was said.
            try finish()
            begin(sample.name)
            let family = OpenMetricsFamily(name: sample.name)
            if let complaint = OpenMetricsRules.complaint(about: sample, in: family) { throw fault(complaint) }
            if let complaint = groups.complaint(adding: sample, of: family) { throw fault(complaint) }
        }
        current?.samples.append(sample)
    }

    /// Checks the current family as a whole and puts it with the others.
    private mutating func finish() throws(ExpositionParser.Fault) {
        guard let family = current else { return }
        for suffix in Set(family.kind.suffixes + [""]) where !claimed.insert(family.name + suffix).inserted {
            throw fault("the name \(family.name + suffix) clashes with that of another family")
        }
        if !family.unit.isEmpty {
            guard family.name.hasSuffix("_" + family.unit) else { throw fault("\(family.name) does not end with its unit, \(family.unit)") }
            guard family.kind != .info, family.kind != .stateset else { throw fault("\(family.name): \(family.kind.rawValue) has no unit") }
        }
        if family.kind == .histogram || family.kind == .gaugehistogram, let complaint = OpenMetricsBuckets.complaint(about: family) {
            throw fault("\(family.name): \(complaint)")
        }
        families.append(family)
        current = nil
    }
}
