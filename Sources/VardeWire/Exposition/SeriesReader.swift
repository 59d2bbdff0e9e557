import VardeKernels
import VardeModel

/// Decodes the bytes of one series.
struct SeriesReader {
    var at = 0

    func fault(_ message: String) -> ExpositionParser.Fault { .init(line: 1, column: at + 1, message: message) }

    mutating func skipBlanks(_ bytes: Span<UInt8>) { while at < bytes.count, bytes[at] == 32 || bytes[at] == 9 { at += 1 } }

    mutating func read(_ bytes: Span<UInt8>) throws(ExpositionParser.Fault) -> Labels {
        var labels: [Label] = []
        labels.reserveCapacity(8)
        let start = at
        while at < bytes.count, bytes[at] != UInt8(ascii: "{"), bytes[at] != 32, bytes[at] != 9 { at += 1 }
        if at > start {
            let name = Bytes.string(bytes.extracting(start..<at))
            guard name.isClassicMetricName else {
                at = start
                throw fault("“\(name.prefix(80))” is not a metric name")
            }
            labels.append(Label(Labels.metricName, name))
        }
        skipBlanks(bytes)
        if at < bytes.count {
            at += 1
            while true {
                skipBlanks(bytes)
                guard at < bytes.count else { throw fault("the labels do not end") }
                if bytes[at] == UInt8(ascii: "}") { break }
                try label(bytes, into: &labels)
                skipBlanks(bytes)
                guard at < bytes.count else { throw fault("the labels do not end") }
                if bytes[at] == UInt8(ascii: ",") { at += 1 } else if bytes[at] != UInt8(ascii: "}") { throw fault("expected , or }") }
            }
        }
        var twice: String?
        let set = Labels(sorting: labels, twice: &twice)
        if let twice { throw fault("label \(twice) is given twice") }
        if set.name.isEmpty { throw fault("a series without a metric name") }
        return set
    }

    private mutating func label(_ bytes: Span<UInt8>, into labels: inout [Label]) throws(ExpositionParser.Fault) {
        let name: String
        if bytes[at] == UInt8(ascii: "\"") {
            name = try quoted(bytes)
            skipBlanks(bytes)
            // A quoted name without a value is the metric's own.
            if at < bytes.count, bytes[at] != UInt8(ascii: "=") {
                labels.append(Label(Labels.metricName, name))
                return
            }
        } else {
            let start = at
            while at < bytes.count, bytes[at] != UInt8(ascii: "="), bytes[at] != 32, bytes[at] != UInt8(ascii: "}"),
                bytes[at] != UInt8(ascii: ",")
            { at += 1 }
            name = Bytes.string(bytes.extracting(start..<at))
            guard name.isClassicLabelName else {
                at = start
                throw fault("“\(name.prefix(80))” is not a label name")
            }
        }
        skipBlanks(bytes)
        guard at < bytes.count, bytes[at] == UInt8(ascii: "=") else { throw fault("expected = after the label name") }
        at += 1
        skipBlanks(bytes)
        guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { throw fault("the value of \(name) is not in quotes") }
        labels.append(Label(name, try quoted(bytes)))
    }

    private mutating func quoted(_ bytes: Span<UInt8>) throws(ExpositionParser.Fault) -> String {
        at += 1
        let start = at
        while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\") { at &+= 1 }
        if at < bytes.count, bytes[at] == UInt8(ascii: "\"") {
            let text = bytes.extracting(start..<at)
            at &+= 1
            guard UTF8Check.isValid(text) else { throw fault("a quoted text is not valid UTF-8") }
            return Bytes.string(text)
        }
        var out = Bytes.array(bytes.extracting(start..<min(at, bytes.count)))
        while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
            if bytes[at] == UInt8(ascii: "\\"), at + 1 < bytes.count {
                at += 1
                switch bytes[at] {
                case UInt8(ascii: "n"): out.append(10)
                case UInt8(ascii: "\\"), UInt8(ascii: "\""): out.append(bytes[at])
                default: out += [UInt8(ascii: "\\"), bytes[at]]
                }
            } else {
                out.append(bytes[at])
            }
            at += 1
        }
        guard at < bytes.count else { throw fault("a quoted text does not end") }
        at += 1
        guard UTF8Check.isValid(out.span) else { throw fault("a quoted text is not valid UTF-8") }
        return String(decoding: out, as: UTF8.self)
    }
}
