import VardeKernels

/// What OpenMetrics demands of a line that begins with `#`, as Prometheus demands it of what it scrapes.
enum OpenMetricsComment {
    /// What is wrong with a line; nil where nothing is.
    ///
    /// - Parameter line: what the line was read as, nil where it says nothing.
    static func complaint(about line: ExpositionParser.Line?, _ bytes: Span<UInt8>) -> String? {
        let name: String
        switch line {
        case .help(let family, _), .type(let family, _), .unit(let family, _): name = family
        case .sample, nil: return "a line with # says HELP, TYPE or UNIT of a metric, or EOF"
        }
        // `# TYPE ` and the name.
        var end = 7
        guard bytes.count > end, bytes[1] == 32, bytes[6] == 32, bytes[end] != 32 else {
            return "one space stands on each side of HELP, TYPE and UNIT"
        }
        let isQuoted = bytes[end] == UInt8(ascii: "\"")
        if isQuoted { end += 1 }
        while end < bytes.count, bytes[end] != (isQuoted ? UInt8(ascii: "\"") : 32) {
            end += isQuoted && bytes[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        if isQuoted { end += 1 }
        guard end < bytes.count, bytes[end] == 32 else { return "nothing is said behind the name \(name.prefix(80))" }
        let text = Bytes.string(bytes.extracting((end + 1)..<bytes.count))
        switch line {
        case .type where OpenMetricsFamily.Kind(rawValue: text) == nil: return "“\(text.prefix(60))” is not a metric type"
        case .unit where !text.isEmpty && !name.hasSuffix("_" + text):
            return "\(name.prefix(80)) does not end with its unit, \(text.prefix(60))"
        default: return nil
        }
    }
}
