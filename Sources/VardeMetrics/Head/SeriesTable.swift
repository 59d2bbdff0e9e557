import VardeKernels
import VardeModel

/// The series the head knows: labels as numbers of pairs of interned symbols, and lists of series for each pair.
///
/// What is kept by series lies in slabs, so that adding to a table a query holds on to copies one slab and not all of them.
struct SeriesTable: SeriesIndex {
    /// Labels and identities of up to `slabSize` series.
    private struct Slab {
        /// Pairs of the series end to end, each series' in the order of label names.
        var pairs: [UInt32] = []
        /// Where each series' pairs end.
        var ends: [UInt32] = []
        var identities: [SeriesIdentity] = []
    }

    private static let slabBits = 13
    static let slabSize = 1 << slabBits
    private static let none = UInt32.max

    /// Interned strings.
    private(set) var symbols: [String] = []
    private var symbolHashes: [KeyedHash.Value] = []
    private var symbolSlots = HashSlots()
    /// Symbol of the label that holds a metric's name.
    private var metricName = none
    private var slabs: [Slab] = []
    private(set) var count = 0
    private var identitySlots = HashSlots()
    /// Distinct labels: symbols of name and value in one key; their series, the first by itself, as most labels of a cardinality
    /// explosion have no other.
    private(set) var pairKeys: [UInt64] = []
    private var pairSlots = HashSlots()
    private var firstOfPair: [UInt32] = []
    private var seriesOfPair: [[UInt32]] = []
    /// Pairs of each name, in the order they came.
    private var pairsOfName: [UInt32: [UInt32]] = [:]
    private var countOfMetric: [UInt32: Int] = [:]
    /// Labels of the series added last, and their pairs: the next has most of them as well.
    private var latest: (labels: [Label], pairs: [UInt32]) = ([], [])
    /// Name of the metric looked up last and its symbol: series come metric by metric.
    private var latestMetric: (name: String, symbol: UInt32) = ("", none)

    private static func hash(ofPair key: UInt64) -> UInt64 {
        let product = (key ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: 0xC2B2_AE3D_27D4_EB4F)
        return product.high ^ product.low
    }

    /// Number of the symbol with these bytes, added where it is new.
    mutating func intern(_ bytes: Span<UInt8>) -> UInt32 {
        let hash = SeriesIdentity.symbolHash(bytes)
        if let known = symbolSlots.find(hash.low, { symbolHashes[Int($0)] == hash }) { return known }
        let id = UInt32(symbols.count)
        symbols.append(Bytes.string(bytes))
        symbolHashes.append(hash)
        symbolSlots.insert(hash.low, id)
        if metricName == Self.none, symbols[Int(id)].hasSameUTF8(as: Labels.metricName) { metricName = id }
        return id
    }

    func symbol(_ text: String) -> UInt32? {
        let hash = SeriesIdentity.symbolHash(text)
        return symbolSlots.find(hash.low) { symbolHashes[Int($0)] == hash }
    }

    /// Number of a label by its symbols, added where it is new.
    mutating func pair(_ name: UInt32, _ value: UInt32) -> UInt32 {
        let key = UInt64(name) << 32 | UInt64(value)
        let hash = Self.hash(ofPair: key)
        if let known = pairSlots.find(hash, { pairKeys[Int($0)] == key }) { return known }
        let pair = UInt32(pairKeys.count)
        pairKeys.append(key)
        firstOfPair.append(Self.none)
        seriesOfPair.append([])
        pairsOfName[name, default: []].append(pair)
        pairSlots.insert(hash, pair)
        return pair
    }

    /// The series' number, nil where it is not known.
    func find(_ identity: SeriesIdentity) -> UInt32? {
        identitySlots.find(identity.low) { self.identity($0) == identity }
    }

    @inline(__always)
    func identity(_ id: UInt32) -> SeriesIdentity { slabs[Int(id) >> Self.slabBits].identities[Int(id) & (Self.slabSize - 1)] }

    /// Identity of a series by its pairs.
    func identity(ofPairs pairs: [UInt32]) -> SeriesIdentity {
        var identity = SeriesIdentity.empty
        for pair in pairs {
            let key = pairKeys[Int(pair)]
            identity.add(name: symbolHashes[Int(key >> 32)], value: symbolHashes[Int(key & 0xffff_ffff)])
        }
        return identity
    }

    /// Adds a series that is not known yet.
    mutating func add(_ labels: Labels, identity: SeriesIdentity) -> UInt32 {
        var pairs: [UInt32] = []
        pairs.reserveCapacity(labels.count)
        for (place, label) in labels.all.enumerated() {
            if place < latest.labels.count, latest.labels[place] == label {
                pairs.append(latest.pairs[place])
                continue
            }
            let name = label.name.utf8Span
            let value = label.value.utf8Span
            let symbols = (intern(name.span), intern(value.span))
            pairs.append(pair(symbols.0, symbols.1))
        }
        latest = (labels.all, pairs)
        return add(pairs, identity: identity)
    }

    /// Adds a series that is not known yet by its pairs, sorted by name.
    mutating func add(_ pairs: [UInt32], identity: SeriesIdentity) -> UInt32 {
        let id = UInt32(count)
        for pair in pairs {
            let at = Int(pair)
            if firstOfPair[at] == Self.none {
                firstOfPair[at] = id
            } else {
                if seriesOfPair[at].isEmpty { seriesOfPair[at].append(firstOfPair[at]) }
                seriesOfPair[at].append(id)
            }
            let key = pairKeys[at]
            if UInt32(key >> 32) == metricName { countOfMetric[UInt32(key & 0xffff_ffff), default: 0] += 1 }
        }
        if count & (Self.slabSize - 1) == 0 {
            slabs.append(Slab())
            slabs[slabs.count - 1].ends.reserveCapacity(Self.slabSize)
            slabs[slabs.count - 1].identities.reserveCapacity(Self.slabSize)
        }
        let slab = slabs.count - 1
        slabs[slab].pairs.append(contentsOf: pairs)
        slabs[slab].ends.append(UInt32(slabs[slab].pairs.count))
        slabs[slab].identities.append(identity)
        count += 1
        identitySlots.insert(identity.low, id)
        return id
    }

    /// Number of series with a metric name.
    mutating func count(ofMetric name: String) -> Int {
        if latestMetric.symbol == Self.none || !latestMetric.name.hasSameUTF8(as: name) {
            guard let symbol = symbol(name) else { return 0 }
            latestMetric = (name, symbol)
        }
        return countOfMetric[latestMetric.symbol] ?? 0
    }

    /// Pairs of a series, in the order of label names; their symbols: `pairKeys`.
    @inline(__always)
    func pairs(_ id: UInt32) -> ArraySlice<UInt32> {
        let slab = Int(id) >> Self.slabBits
        let position = Int(id) & (Self.slabSize - 1)
        let start = position == 0 ? 0 : Int(slabs[slab].ends[position - 1])
        return slabs[slab].pairs[start..<Int(slabs[slab].ends[position])]
    }

    func labels(_ id: UInt32) -> Labels {
        let all = pairs(id)
        var labels: [Label] = []
        labels.reserveCapacity(all.count)
        for pair in all {
            let key = pairKeys[Int(pair)]
            labels.append(Label(symbols[Int(key >> 32)], symbols[Int(key & 0xffff_ffff)]))
        }
        return Labels(sortedUnchecked: labels)
    }

    /// Names of a series' labels.
    func names(_ id: UInt32) -> [String] { pairs(id).map { symbols[Int(pairKeys[Int($0)] >> 32)] } }

    /// Symbol of the series' value of a label, nil where it has none.
    func valueSymbol(_ id: UInt32, name: UInt32) -> UInt32? {
        for pair in pairs(id) {
            let key = pairKeys[Int(pair)]
            if UInt32(key >> 32) == name { return UInt32(key & 0xffff_ffff) }
        }
        return nil
    }

    func allSeries() -> [UInt32] { Array(0..<UInt32(count)) }

    func series(name: String, value: String) -> [UInt32] {
        guard let name = symbol(name), let value = symbol(value) else { return [] }
        let key = UInt64(name) << 32 | UInt64(value)
        guard let pair = pairSlots.find(Self.hash(ofPair: key), { pairKeys[Int($0)] == key }), firstOfPair[Int(pair)] != Self.none else {
            return []
        }
        return seriesOfPair[Int(pair)].isEmpty ? [firstOfPair[Int(pair)]] : seriesOfPair[Int(pair)]
    }

    func values(of name: String) -> [String] {
        guard let name = symbol(name) else { return [] }
        return (pairsOfName[name] ?? []).map { symbols[Int(pairKeys[Int($0)] & 0xffff_ffff)] }
    }

    /// Labels whose value passes a test.
    func labels(where test: (String) -> Bool) -> [Label] {
        let passes = symbols.map(test)
        guard passes.contains(true) else { return [] }
        return pairKeys.filter { passes[Int($0 & 0xffff_ffff)] || passes[Int($0 >> 32)] }.map {
            Label(symbols[Int($0 >> 32)], symbols[Int($0 & 0xffff_ffff)])
        }
    }

    /// For `status/tsdb`: counts by metric name, of values by label name, of series by label pair; the largest first.
    func top(_ limit: Int) -> (byMetric: [(String, Int)], byLabel: [(String, Int)], byPair: [(String, Int)]) {
        func largest(_ counts: [(String, Int)]) -> [(String, Int)] {
            Array(counts.sorted { $0.1 == $1.1 ? $0.0 < $1.0 : $0.1 > $1.1 }.prefix(limit))
        }
        // Labels are named only once the largest are known: there may be millions.
        let pairs = pairKeys.indices.map { ($0, max(1, seriesOfPair[$0].count)) }.sorted { $0.1 > $1.1 }.prefix(limit)
        return (
            largest(countOfMetric.map { (symbols[Int($0.key)], $0.value) }),
            largest(pairsOfName.map { (symbols[Int($0.key)], $0.value.count) }),
            largest(pairs.map { ("\(symbols[Int(pairKeys[$0.0] >> 32)])=\(symbols[Int(pairKeys[$0.0] & 0xffff_ffff)])", $0.1) })
        )
    }

    /// Number of distinct label pairs.
    var pairCount: Int { pairKeys.count }

    /// A table of the series `keep` lets through, with the new number of each old one (nil for those left out).
    func compacted(keeping keep: (UInt32) -> Bool) -> (table: SeriesTable, moved: [UInt32?]) {
        var table = SeriesTable()
        var moved: [UInt32?] = []
        moved.reserveCapacity(count)
        var movedPairs = [UInt32](repeating: Self.none, count: pairKeys.count)
        var kept: [UInt32] = []
        for id in 0..<UInt32(count) {
            guard keep(id) else {
                moved.append(nil)
                continue
            }
            kept.removeAll(keepingCapacity: true)
            for pair in pairs(id) {
                if movedPairs[Int(pair)] == Self.none {
                    let key = pairKeys[Int(pair)]
                    let name = symbols[Int(key >> 32)].utf8Span
                    let value = symbols[Int(key & 0xffff_ffff)].utf8Span
                    let numbers = (table.intern(name.span), table.intern(value.span))
                    movedPairs[Int(pair)] = table.pair(numbers.0, numbers.1)
                }
                kept.append(movedPairs[Int(pair)])
            }
            moved.append(table.add(kept, identity: identity(id)))
        }
        return (table, moved)
    }
}
