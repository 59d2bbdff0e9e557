import VardeCompression
import VardeModel

/// What matching needs of a part of the store, be it the head or a block.
protocol SeriesIndex {
    /// Numbers of all series, ascending.
    func allSeries() throws -> [UInt32]
    /// Series with this label, ascending.
    func series(name: String, value: String) throws -> [UInt32]
    /// Every value of a label.
    func values(of name: String) throws -> [String]
}

extension SeriesIndex {
    /// Series that pass every matcher, ascending. No matcher lets all through.
    func matching(_ matchers: [LabelPredicate]) throws -> [UInt32] {
        var result: [UInt32]?
        func narrow(_ list: [UInt32]) { result = result.map { PostingSets.intersection($0, list) } ?? list }
        // Those that name what they want come first: they cut down what the others have to look at.
        for matcher in matchers where !matcher.matchesEmpty {
            if result?.isEmpty == true { return [] }
            if !matcher.isNegated, let literals = matcher.literals {
                narrow(try PostingSets.union(literals.map { try series(name: matcher.matcher.name, value: $0) }))
            } else {
                let values = try values(of: matcher.matcher.name).filter { matcher.matches($0) }
                narrow(try PostingSets.union(values.map { try series(name: matcher.matcher.name, value: $0) }))
            }
        }
        // Those a series without the label passes take away the ones whose value does not.
        for matcher in matchers where matcher.matchesEmpty {
            if result?.isEmpty == true { return [] }
            let excluded = try values(of: matcher.matcher.name).filter { !matcher.matches($0) }
            let lists = try excluded.map { try series(name: matcher.matcher.name, value: $0) }
            result = PostingSets.subtracting(try result ?? allSeries(), PostingSets.union(lists))
        }
        return try result ?? allSeries()
    }
}
