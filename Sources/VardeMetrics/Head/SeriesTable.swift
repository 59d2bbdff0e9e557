import VardeKernels
import VardeModel

/// The series the head knows: labels as numbers of interned symbols, and lists of series for each label.
struct SeriesTable: SeriesIndex {
    /// Interned strings.
    private(set) var symbols: [String] = []
    private var symbolHashes: [KeyedHash.Value] = []
    private var symbolOf: [String: UInt32] = [:]
    /// Names and values of all series end to end, as symbols.
    private var pairs: [UInt32] = []
    /// Where each series' pairs begin; one more entry than series.
    private var pairStarts: [UInt32] = [0]
    private(set) var identities: [SeriesIdentity] = []
    private var byIdentity: [SeriesIdentity: UInt32] = [:]
    /// Series by name and value, packed into one key.
    private var postings: [UInt64: [UInt32]] = [:]
    /// Values of each name, in the order they came.
    private var valuesOfName: [UInt32: [UInt32]] = [:]
    private(set) var countOfMetric: [UInt32: Int] = [:]
    private var metricNameSymbol: UInt32?

    var count: Int { identities.count }

    private mutating func intern(_ text: String) -> UInt32 {
        if let known = symbolOf[text], symbols[Int(known)].hasSameUTF8(as: text) { return known }
        let id = UInt32(symbols.count)
        symbols.append(text)
        symbolHashes.append(SeriesIdentity.symbolHash(text))
        symbolOf[text] = id
        return id
    }

    /// The series' number, nil where it is not known.
    func find(_ identity: SeriesIdentity) -> UInt32? { byIdentity[identity] }

    /// Adds a series that is not known yet.
    mutating func add(_ labels: Labels, identity: SeriesIdentity) -> UInt32 {
        let id = UInt32(identities.count)
        for label in labels {
            let name = intern(label.name)
            let value = intern(label.value)
            pairs.append(name)
            pairs.append(value)
            let key = UInt64(name) << 32 | UInt64(value)
            if postings[key]?.append(id) == nil {
                postings[key] = [id]
                valuesOfName[name, default: []].append(value)
            }
            if label.name == Labels.metricName {
                metricNameSymbol = name
                countOfMetric[value, default: 0] += 1
            }
        }
        pairStarts.append(UInt32(pairs.count))
        identities.append(identity)
        byIdentity[identity] = id
        return id
    }

    /// Number of series with a metric name.
    func count(ofMetric name: String) -> Int { symbolOf[name].flatMap { countOfMetric[$0] } ?? 0 }

    /// Symbols of a series' labels, name and value in turn.
    func symbolPairs(_ id: UInt32) -> ArraySlice<UInt32> { pairs[Int(pairStarts[Int(id)])..<Int(pairStarts[Int(id) + 1])] }

    func labels(_ id: UInt32) -> Labels {
        var labels: [Label] = []
        let all = symbolPairs(id)
        labels.reserveCapacity(all.count / 2)
        var i = all.startIndex
        while i < all.endIndex {
            labels.append(Label(symbols[Int(all[i])], symbols[Int(all[i + 1])]))
            i += 2
        }
        return Labels(sortedUnchecked: labels)
    }

    /// Symbol of the series' value of a label, nil where it has none.
    func valueSymbol(_ id: UInt32, name: UInt32) -> UInt32? {
        let all = symbolPairs(id)
        var i = all.startIndex
        while i < all.endIndex {
            if all[i] == name { return all[i + 1] }
            i += 2
        }
        return nil
    }

    func symbol(_ text: String) -> UInt32? { symbolOf[text] }

    func allSeries() -> [UInt32] { Array(0..<UInt32(count)) }

    func series(name: String, value: String) -> [UInt32] {
        guard let name = symbolOf[name], let value = symbolOf[value] else { return [] }
        return postings[UInt64(name) << 32 | UInt64(value)] ?? []
    }

    func values(of name: String) -> [String] {
        guard let name = symbolOf[name] else { return [] }
        return (valuesOfName[name] ?? []).map { symbols[Int($0)] }
    }

    /// For `status/tsdb`: counts by metric name, of values by label name, of series by label pair; the largest first.
    func top(_ limit: Int) -> (byMetric: [(String, Int)], byLabel: [(String, Int)], byPair: [(String, Int)]) {
        func largest(_ counts: [(String, Int)]) -> [(String, Int)] {
            Array(counts.sorted { $0.1 == $1.1 ? $0.0 < $1.0 : $0.1 > $1.1 }.prefix(limit))
        }
        return (
            largest(countOfMetric.map { (symbols[Int($0.key)], $0.value) }),
            largest(valuesOfName.map { (symbols[Int($0.key)], $0.value.count) }),
            largest(postings.map { ("\(symbols[Int($0.key >> 32)])=\(symbols[Int($0.key & 0xffff_ffff)])", $0.value.count) })
        )
    }

    /// Number of distinct label pairs.
    var pairCount: Int { postings.count }

    /// A table of the series `keep` lets through, with the new number of each old one (nil for those left out).
    func compacted(keeping keep: (UInt32) -> Bool) -> (table: SeriesTable, moved: [UInt32?]) {
        var table = SeriesTable()
        var moved: [UInt32?] = []
        moved.reserveCapacity(count)
        for id in 0..<UInt32(count) { moved.append(keep(id) ? table.add(labels(id), identity: identities[Int(id)]) : nil) }
        return (table, moved)
    }
}
