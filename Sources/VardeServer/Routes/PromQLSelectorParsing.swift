import VardeCompression
import VardeModel
import VardeQuery

extension PromQLEngine {
    /// Matchers of a text that is a plain series selector.
    static func matchers(ofSelector text: String) throws(QueryError) -> [LabelMatcher] {
        do throws(PromQLParseError) {
            return try PromQLParser.parseSelector(text)
        } catch {
            throw error.queryError
        }
    }
}

extension LabelMatcher {
    /// Whether a series without the label matches; a pattern that cannot be read was refused when it was parsed.
    var matchesEmpty: Bool { (try? LabelPredicate(self))?.matchesEmpty ?? false }
}
