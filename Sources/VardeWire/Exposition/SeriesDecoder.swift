import VardeKernels
import VardeModel

/// Decodes the series of one body to labels. What a series has in common with the one before it, which as a rule is most of it, is taken
/// from there: only values that differ become texts.
package struct SeriesDecoder {
    /// A label of the series before: where it and its value begin in the body, where the value ends, and its place among the labels.
    private struct Token {
        var start: Int
        var valueStart: Int
        var valueEnd: Int
        var place: Int
    }

    private var isKnown = false
    private var name = 0..<0
    private var tokens: [Token] = []
    private var sorted: [Label] = []

    package init() {}

    /// Labels of the series at a range of the body; every call is of the same body.
    ///
    /// - Throws: in words, with the column in the series' own bytes.
    mutating func labels(_ body: Span<UInt8>, _ series: Range<Int>) throws(ExpositionParser.Fault) -> Labels {
        if isKnown, takeOver(body, series) { return Labels(sortedUnchecked: sorted) }
        var reader = SeriesReader()
        let labels = try reader.read(body.extracting(series))
        note(body, series, labels)
        return labels
    }

    /// Makes the series at hand the known one where its labels are named as those of the one before; what is known is void where not.
    private mutating func takeOver(_ body: Span<UInt8>, _ series: Range<Int>) -> Bool {
        isKnown = false
        var at = series.lowerBound + name.count
        guard at <= series.upperBound, tokens.isEmpty == (at == series.upperBound) else { return false }
        guard Self.same(body, series.lowerBound, name.lowerBound, name.count) else { return false }
        name = series.lowerBound..<at
        for index in tokens.indices {
            let token = tokens[index]
            let head = token.valueStart - token.start
            // The brace or comma before it, the label's name, the equals sign and the quote.
            guard at + head < series.upperBound, Self.same(body, at, token.start, head) else { return false }
            let valueStart = at + head
            var end = valueStart
            while end < series.upperBound, body[end] != UInt8(ascii: "\""), body[end] != UInt8(ascii: "\\") { end &+= 1 }
            guard end < series.upperBound, body[end] == UInt8(ascii: "\""), end > valueStart else { return false }
            let count = end - valueStart
            if count != token.valueEnd - token.valueStart || !Self.same(body, valueStart, token.valueStart, count) {
                let value = body.extracting(valueStart..<end)
                guard UTF8Check.isValid(value) else { return false }
                sorted[token.place].value = Bytes.string(value)
            }
            tokens[index] = Token(start: at, valueStart: valueStart, valueEnd: end, place: token.place)
            at = end + 1
        }
        if !tokens.isEmpty {
            guard at + 1 == series.upperBound, body[at] == UInt8(ascii: "}") else { return false }
        }
        isKnown = true
        return true
    }

    /// Remembers a series that is written in the plainest way: a name, and labels without blanks, escapes, quoted names or empty values.
    private mutating func note(_ body: Span<UInt8>, _ series: Range<Int>, _ labels: Labels) {
        tokens.removeAll(keepingCapacity: true)
        sorted = labels.all
        var at = series.lowerBound
        while at < series.upperBound, body[at] != UInt8(ascii: "{"), body[at] > 32 { at &+= 1 }
        name = series.lowerBound..<at
        guard !name.isEmpty else { return }
        while at < series.upperBound, body[at] != UInt8(ascii: "}") {
            let start = at
            at &+= 1
            let nameStart = at
            while at < series.upperBound, body[at] != UInt8(ascii: "="), body[at] != UInt8(ascii: "\"") { at &+= 1 }
            let nameEnd = at
            guard at + 1 < series.upperBound, body[at] == UInt8(ascii: "="), body[at + 1] == UInt8(ascii: "\"") else { return }
            at += 2
            let valueStart = at
            while at < series.upperBound, body[at] != UInt8(ascii: "\""), body[at] != UInt8(ascii: "\\") { at &+= 1 }
            guard at < series.upperBound, body[at] == UInt8(ascii: "\"") else { return }
            let label = Bytes.string(body.extracting(nameStart..<nameEnd))
            guard let place = sorted.firstIndex(where: { $0.name.hasSameUTF8(as: label) }) else { return }
            tokens.append(Token(start: start, valueStart: valueStart, valueEnd: at, place: place))
            at &+= 1
        }
        isKnown = tokens.count + 1 == sorted.count && (at == series.upperBound || at + 1 == series.upperBound)
    }

    private static func same(_ body: Span<UInt8>, _ a: Int, _ b: Int, _ count: Int) -> Bool {
        var done = 0
        while done &+ 8 <= count {
            if Bytes.load64(body, at: a &+ done) != Bytes.load64(body, at: b &+ done) { return false }
            done &+= 8
        }
        while done < count {
            if body[a &+ done] != body[b &+ done] { return false }
            done &+= 1
        }
        return true
    }
}
