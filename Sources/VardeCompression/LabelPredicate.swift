package import VardeModel

/// A label matcher made ready: literals stay comparisons, everything else is RE2.
package struct LabelPredicate: Sendable {
    package let matcher: LabelMatcher
    private let regex: Regex?
    /// The only values a positive matcher lets through, where they are known without trying: `=` and `=~"a|b|c"`.
    package let literals: [String]?
    private let negated: Bool
    /// Whether a series without the label passes.
    package let matchesEmpty: Bool

    /// - Throws: where the pattern is none, with RE2's reason.
    package init(_ matcher: LabelMatcher) throws(Regex.SyntaxError) {
        self.matcher = matcher
        negated = matcher.operation == .notEqual || matcher.operation == .notMatches
        switch matcher.operation {
        case .equal, .notEqual:
            regex = nil
            literals = [matcher.value]
        case .matches, .notMatches:
            // A bad pattern is refused even where its text could be taken apart.
            let compiled = try Regex(matcher.value)
            literals = Self.alternatives(matcher.value)
            regex = literals == nil ? compiled : nil
        }
        let empty = literals.map { $0.contains("") } ?? (regex?.matchesWhole("") ?? false)
        matchesEmpty = empty != negated
    }

    package var isNegated: Bool { negated }

    /// Whether a value passes; the empty text stands for an absent label.
    package func matches(_ value: String) -> Bool {
        if let literals { return literals.contains { $0.hasSameUTF8(as: value) } != negated }
        return (regex?.matchesWhole(value) ?? false) != negated
    }

    /// Whether labels pass.
    package func matches(_ labels: Labels) -> Bool { matches(labels[matcher.name] ?? "") }

    /// Branches of a pattern that is plain texts between bars, nil where it is more than that.
    private static func alternatives(_ pattern: String) -> [String]? {
        for byte in pattern.utf8 {
            switch byte {
            case UInt8(ascii: "."), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "("), UInt8(ascii: ")"),
                UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "^"), UInt8(ascii: "$"),
                UInt8(ascii: "\\"):
                return nil
            default: break
            }
        }
        return pattern.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    }
}
