import CVardeKernels

/// Lines as templates with their variables in columns: what stays the same is written once, numbers take the bits they need.
///
/// `words` are descriptions and texts, for a general compressor to go on with; `numbers` are packed bits, which none makes smaller.
package enum LineTemplates {
    /// Bytes `decode` likes to have behind the text: with them it copies whole words.
    static let slack = 64

    /// Splits lines; false where it does not pay: text that repeats little. Complexity: O(bytes), 2 ns each.
    package static func encode(_ text: Span<UInt8>, lineEnds: Span<UInt32>, words: inout [UInt8], numbers: inout [UInt8]) -> Bool {
        // What needs more room than this does not pay.
        let capacity = text.count / 2 + 4096
        words = [UInt8](repeating: 0, count: capacity)
        numbers = [UInt8](repeating: 0, count: capacity)
        var sizes: [Int64] = [0, 0]
        var wordSpan = words.mutableSpan
        var numberSpan = numbers.mutableSpan
        var sizeSpan = sizes.mutableSpan
        guard varde_templates_encode(text, lineEnds, &wordSpan, &numberSpan, &sizeSpan) == 0 else { return false }
        words.removeLast(capacity - Int(sizes[0]))
        numbers.removeLast(capacity - Int(sizes[1]))
        return true
    }

    /// Replaces `text` and `lineEnds` by the lines, `kept` by their numbers: all of them, or those of templates that may hold what is
    /// asked for. `size` is that of the whole text in bytes. False where the bytes make no sense.
    package static func decode(
        words: Span<UInt8>, numbers: Span<UInt8>, lineCount: Int, size: Int, needles: LineNeedles, into text: inout [UInt8],
        lineEnds: inout [UInt32], kept: inout [UInt32]
    ) -> Bool {
        resize(&text, to: size + slack, with: 0)
        resize(&lineEnds, to: lineCount, with: 0)
        resize(&kept, to: lineCount, with: 0)
        var output = text.mutableSpan
        var ends = lineEnds.mutableSpan
        var places = kept.mutableSpan
        let found = Int(
            varde_templates_decode(
                words, numbers, needles.bytes.span, needles.marks.span, needles.names.span, needles.nameEnds.span, needles.bounds.span,
                &output, &ends, &places, lineCount))
        guard found >= 0 else { return false }
        lineEnds.removeLast(lineCount - found)
        kept.removeLast(lineCount - found)
        let end = Int(lineEnds.last ?? 0)
        guard end <= size else { return false }
        text.removeLast(text.count - end)
        return true
    }

    private static func resize<Element>(_ array: inout [Element], to count: Int, with element: Element) {
        if array.count < count {
            array.append(contentsOf: repeatElement(element, count: count - array.count))
        } else {
            array.removeLast(array.count - count)
        }
    }
}

/// What lines must hold, as `LineTemplates` asks for it: one byte string of each group, and numbers within bounds.
package struct LineNeedles: Sendable {
    let bytes: [UInt8]
    /// Pairs: where a needle ends, and its group.
    let marks: [UInt32]
    private(set) var names: [UInt8] = []
    /// Where each name ends.
    private(set) var nameEnds: [UInt32] = []
    /// Pairs: lowest and highest.
    private(set) var bounds: [Double] = []
    private var numbers: [(name: String, bounds: ClosedRange<Double>)] = []

    package static let none = LineNeedles([])

    /// Groups with an empty alternative ask for nothing.
    ///
    /// - Parameter numbers: labels a line's JSON must give it, as LogQL's json parser names them, with the numbers they may be.
    package init(_ groups: [[[UInt8]]], numbers: [(name: String, bounds: ClosedRange<Double>)] = []) {
        var bytes: [UInt8] = []
        var marks: [UInt32] = []
        for (number, group) in groups.enumerated() where !group.isEmpty && !group.contains(where: \.isEmpty) {
            for needle in group {
                bytes += needle
                marks += [UInt32(bytes.count), UInt32(number)]
            }
        }
        self.bytes = bytes
        self.marks = marks
        set(numbers)
    }

    private mutating func set(_ all: [(name: String, bounds: ClosedRange<Double>)]) {
        numbers = all
        names = []
        nameEnds = []
        bounds = []
        for item in all {
            names += Array(item.name.utf8)
            nameEnds.append(UInt32(names.count))
            bounds += [item.bounds.lowerBound, item.bounds.upperBound]
        }
    }

    /// The same without numbers for lines that have labels of these names from elsewhere.
    package func withoutNumbers(where isKnown: (String) -> Bool) -> LineNeedles {
        guard numbers.contains(where: { isKnown($0.name) }) else { return self }
        var own = self
        own.set(numbers.filter { !isKnown($0.name) })
        return own
    }
}
