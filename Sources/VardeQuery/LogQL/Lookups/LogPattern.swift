internal import VardeKernels

/// Lines alike but for some places, counted over time.
package struct LogPattern: Sendable, Equatable {
    /// What the lines have in common, with `<_>` where they differ: a pattern as the filter `|>` takes it.
    package var pattern: String
    /// Level of the lines, `unknown` where none is said.
    package var level: String
    /// Start of a step in seconds with its number of lines; steps without any are left out.
    package var samples: [(time: Int64, count: Int)]

    package var total: Int { samples.reduce(0) { $0 + $1.count } }

    package static func == (a: LogPattern, b: LogPattern) -> Bool {
        a.pattern == b.pattern && a.level == b.level && a.samples.elementsEqual(b.samples) { $0 == $1 }
    }
}

/// Finds the templates lines were written from, one pass, line after line.
///
/// A line is cut into tokens: words and what stands between them. Lines with as many tokens and the same first words are compared with
/// the templates known so far; one that has most of its words in common is widened where the line differs, else the line begins a
/// template of its own. Words with a digit in them differ so often that they say nothing about which template a line belongs to.
struct LogTemplates {
    /// Templates at most: lines that fit none of them are not counted from then on.
    static let maxTemplates = 300
    /// Tokens of a line that are looked at: longer lines are cut, and their template ends in a wildcard.
    static let maxTokens = 160
    /// Words at the start of a line that must be the same.
    private static let prefixWords = 2
    /// Part of the words that must be the same.
    private static let similarity = 0.5

    private struct Template {
        /// Token by token; nil where lines differ.
        var tokens: [[UInt8]?]
        var isCut: Bool
        var counts: [Int: Int] = [:]
    }

    private var templates: [Template] = []
    private var index: [[UInt8]: [Int]] = [:]

    /// Counts a line in a step.
    mutating func add(_ line: Span<UInt8>, step: Int, count: Int = 1) {
        let (ranges, isCut) = Self.tokens(line)
        if ranges.isEmpty { return }
        let key = Self.key(line, ranges, isCut)
        var best: (template: Int, score: Double)?
        for candidate in index[key] ?? [] {
            let score = Self.score(templates[candidate].tokens, line, ranges)
            if score >= Self.similarity, score > best?.score ?? -1 { best = (candidate, score) }
        }
        if let best {
            for (place, range) in ranges.enumerated() {
                guard let token = templates[best.template].tokens[place] else { continue }
                if !line.extracting(range).isEqual(token) { templates[best.template].tokens[place] = nil }
            }
            templates[best.template].counts[step, default: 0] += count
            return
        }
        if templates.count >= Self.maxTemplates { return }
        index[key, default: []].append(templates.count)
        templates.append(Template(tokens: ranges.map { Bytes.array(line.extracting($0)) }, isCut: isCut, counts: [step: count]))
    }

    /// Patterns with their counts by step; templates that became the same are one.
    func patterns() -> [(pattern: String, counts: [Int: Int])] {
        var merged: [String: [Int: Int]] = [:]
        for template in templates {
            merged[Self.text(template.tokens, template.isCut), default: [:]].merge(template.counts, uniquingKeysWith: +)
        }
        return merged.map { ($0.key, $0.value) }
    }

    private static func text(_ tokens: [[UInt8]?], _ isCut: Bool) -> String {
        let wildcard = Array("<_>".utf8)
        var text: [UInt8] = []
        var isOpen = false
        for token in tokens + (isCut ? [nil] : []) {
            guard let token else {
                if !isOpen { text += wildcard }
                isOpen = true
                continue
            }
            isOpen = false
            text += token
        }
        return String(decoding: text, as: UTF8.self)
    }

    // MARK: Tokens

    /// A run of letters, digits and what joins them in numbers, times, addresses and identifiers.
    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "%"), UInt8(ascii: "+"), 0x80...:
            true
        default: false
        }
    }

    /// Words and, each for itself, runs of blanks and other characters. A colon or slash inside a number or address belongs to it.
    private static func tokens(_ line: Span<UInt8>) -> (ranges: [Range<Int>], isCut: Bool) {
        var ranges: [Range<Int>] = []
        var i = 0
        while i < line.count {
            if ranges.count == maxTokens { return (ranges, true) }
            let start = i
            if isWord(line[i]) {
                var digits = false
                while i < line.count {
                    if isWord(line[i]) {
                        digits = digits || LogQLUnits.isDigit(line[i])
                    } else if digits, line[i] == UInt8(ascii: ":"), i + 1 < line.count, isWord(line[i + 1]) {
                        // As in a time or an address.
                    } else {
                        break
                    }
                    i += 1
                }
            } else if line[i] == 32 {
                while i < line.count, line[i] == 32 { i += 1 }
            } else {
                i += 1
            }
            ranges.append(start..<i)
        }
        return (ranges, false)
    }

    private static func hasDigit(_ bytes: Span<UInt8>) -> Bool {
        for i in bytes.indices where LogQLUnits.isDigit(bytes[i]) { return true }
        return false
    }

    /// What lines of one template share for certain: the number of tokens and the first words that are no variables.
    private static func key(_ line: Span<UInt8>, _ ranges: [Range<Int>], _ isCut: Bool) -> [UInt8] {
        var key: [UInt8] = [UInt8(truncatingIfNeeded: ranges.count), isCut ? 1 : 0]
        var words = 0
        for range in ranges where words < prefixWords && isWord(line[range.lowerBound]) {
            words += 1
            let word = line.extracting(range)
            if hasDigit(word) { key.append(0) } else { for i in word.indices { key.append(word[i]) } }
            key.append(10)
        }
        return key
    }

    /// The part of the tokens that counts and is the same: words without digits, and what is between words. Places that are already
    /// wild count half, so that a template does not swallow what it was widened for.
    private static func score(_ tokens: [[UInt8]?], _ line: Span<UInt8>, _ ranges: [Range<Int>]) -> Double {
        var same = 0.0
        var all = 0.0
        for (place, range) in ranges.enumerated() {
            let word = line.extracting(range)
            if isWord(word[0]) {
                if hasDigit(word) { continue }
                all += 1
                guard let token = tokens[place] else {
                    same += 0.5
                    continue
                }
                if word.isEqual(token) { same += 1 }
            } else if let token = tokens[place], !word.isEqual(token) {
                return -1
            }
        }
        return all == 0 ? 1 : same / all
    }
}
