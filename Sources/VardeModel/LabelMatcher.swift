/// One condition of a selector, as `{name op "value"}` states it. Regular expressions are RE2, anchored at both ends.
package struct LabelMatcher: Hashable, Sendable {
    package enum Operator: String, Sendable, Hashable {
        case equal = "="
        case notEqual = "!="
        case matches = "=~"
        case notMatches = "!~"
    }

    package var name: String
    package var operation: Operator
    package var value: String

    package init(_ name: String, _ operation: Operator, _ value: String) {
        self.name = name
        self.operation = operation
        self.value = value
    }
}

extension LabelMatcher: CustomStringConvertible {
    package var description: String {
        (name.isClassicLabelName ? name : name.quoted) + operation.rawValue + value.quoted
    }
}
