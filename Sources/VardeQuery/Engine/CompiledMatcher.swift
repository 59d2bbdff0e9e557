package import VardeCompression
package import VardeModel

/// A label matcher with its regular expression compiled.
package struct CompiledMatcher: Sendable {
    package let matcher: LabelMatcher
    private let regex: Regex?

    package init(_ matcher: LabelMatcher) throws(Regex.SyntaxError) {
        self.matcher = matcher
        switch matcher.operation {
        case .equal, .notEqual: regex = nil
        case .matches, .notMatches: regex = try Regex(matcher.value)
        }
    }

    /// Whether a label of this value fulfils the matcher; an absent label has the empty value.
    package func matches(_ value: String) -> Bool {
        switch matcher.operation {
        case .equal: value == matcher.value
        case .notEqual: value != matcher.value
        case .matches: regex?.matchesWhole(value) ?? false
        case .notMatches: !(regex?.matchesWhole(value) ?? true)
        }
    }

    package func matches(_ labels: Labels) -> Bool { matches(labels[matcher.name] ?? "") }
}
