import VardeModel
import VardeQuery

extension PromQLEngine {
    /// Matchers of a text that is a plain series selector.
    static func matchers(ofSelector text: String) throws(QueryError) -> [LabelMatcher] {
        guard case .selector(let selector) = try parse(text) else {
            throw QueryError(.badData, "1:1: parse error: expected a series selector")
        }
        return selector.matchers
    }
}
