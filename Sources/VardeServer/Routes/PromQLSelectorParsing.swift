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

extension PromQLEngine {
    /// Matchers of a selector of streams: none, for all of them, where it is empty or `{}`.
    static func matchers(ofStreams text: String) throws(QueryError) -> [LabelMatcher] {
        let compact = text.filter { $0 != " " }
        if compact.isEmpty || compact == "{}" { return [] }
        guard compact.hasPrefix("{") else { throw .badData("a selector of streams stands in braces, such as {app=\"a\"}") }
        return try matchers(ofSelector: text)
    }
}

extension LabelMatcher {
    /// Whether a series without the label matches; a pattern that cannot be read was refused when it was parsed.
    var matchesEmpty: Bool { (try? LabelPredicate(self))?.matchesEmpty ?? false }
}
