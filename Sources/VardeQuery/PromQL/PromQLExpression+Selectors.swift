package import VardeModel

extension PromQLExpression {
    /// The matchers of every selector in the expression, in the order of the text.
    package var selectors: [[LabelMatcher]] {
        var found: [[LabelMatcher]] = []
        collectSelectors(into: &found)
        return found
    }

    private func collectSelectors(into found: inout [[LabelMatcher]]) {
        switch self {
        case .number, .string: break
        case .selector(let node): found.append(node.matchers)
        case .range(let node): found.append(node.selector.matchers)
        case .subquery(let node): node.expression.collectSelectors(into: &found)
        case .call(let node): for argument in node.arguments { argument.collectSelectors(into: &found) }
        case .aggregate(let node):
            node.parameter?.collectSelectors(into: &found)
            node.expression.collectSelectors(into: &found)
        case .binary(let node):
            node.left.collectSelectors(into: &found)
            node.right.collectSelectors(into: &found)
        case .unary(let node): node.expression.collectSelectors(into: &found)
        case .paren(let node): node.expression.collectSelectors(into: &found)
        }
    }
}
