internal import VardeModel

/// The steps at which series have points that are the same once their names are dropped: two of them at one step are an error.
struct NameClashes: Sendable {
    /// For each series the number of those it is the same as, 0 for none.
    private let namesakes: [UInt32]
    /// By number, a bit for each step that has a point.
    private var taken: [UInt32: [UInt64]] = [:]

    init(_ namesakes: [UInt32]) { self.namesakes = namesakes }

    /// Takes the steps of a series' points; throws where another has one there.
    mutating func add(_ kinds: [UInt8], of series: Int) throws(QueryError) {
        let number = namesakes[series]
        if number == 0 { return }
        var steps = [UInt64](repeating: 0, count: (kinds.count + 63) / 64)
        for (step, kind) in kinds.enumerated() where kind != PointKind.absent { steps[step >> 6] |= 1 << UInt64(step & 63) }
        try take(steps, number)
    }

    /// Joins what another thread met.
    mutating func merge(_ other: NameClashes) throws(QueryError) {
        for (number, steps) in other.taken { try take(steps, number) }
    }

    private mutating func take(_ steps: [UInt64], _ number: UInt32) throws(QueryError) {
        guard var known = taken[number] else {
            taken[number] = steps
            return
        }
        for (word, bits) in steps.enumerated() {
            if known[word] & bits != 0 { throw .sameLabels }
            known[word] |= bits
        }
        taken[number] = known
    }
}

extension QueryError {
    /// Two series of one step have the same labels.
    static var sameLabels: QueryError { .execution("vector cannot contain metrics with the same labelset") }
}
