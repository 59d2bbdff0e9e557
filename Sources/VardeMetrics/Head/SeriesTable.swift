import VardeKernels
import VardeModel

/// The series the head knows: labels as numbers of interned symbols, and lists of series for each label.
///
/// What is kept by series lies in slabs, so that adding to a table a query holds on to copies one slab and not all of them.
struct SeriesTable: SeriesIndex {
    /// Labels and identities of up to `slabSize` series.
    private struct Slab {
        /// Names and values of the series end to end, as symbols.
        var pairs: [UInt32] = []
        /// Where each series' pairs end.
        var ends: [UInt32] = []
        var identities: [SeriesIdentity] = []
    }

    private static let slabBits = 13
    static let slabSize = 1 << slabBits

    /// Interned strings.
    private(set) var symbols: [String] = []
    private var symbolHashes: [KeyedHash.Value] = []
    private var symbolSlots = HashSlots()
    private var slabs: [Slab] = []
    private(set) var count = 0
    private var identitySlots = HashSlots()
    /// Distinct labels: symbols of name and value in one key; their series, the first by itself, as most labels of a cardinality
    /// explosion have no other.
    private var pairKeys: [UInt64] = []
    private var pairSlots = HashSlots()
    private var firstOfPair: [UInt32] = []
    private var seriesOfPair: [[UInt32]] = []
    /// Values of each name, in the order they came.
    private var valuesOfName: [UInt32: [UInt32]] = [:]
    private var countOfMetric: [UInt32: Int] = [:]

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
        let hashes = symbolHashes
        symbolSlots.insert(hash.low, id) { hashes[Int($0)].low }
        return id
    }

    func symbol(_ text: String) -> UInt32? {
        let hash = SeriesIdentity.symbolHash(text)
        return symbolSlots.find(hash.low) { symbolHashes[Int($0)] == hash }
    }

    /// The series' number, nil where it is not known.
    func find(_ identity: SeriesIdentity) -> UInt32? {
        identitySlots.find(identity.low) { self.identity($0) == identity }
    }

    @inline(__always)
    func identity(_ id: UInt32) -> SeriesIdentity { slabs[Int(id) >> Self.slabBits].identities[Int(id) & (Self.slabSize - 1)] }

    /// Identity of a series by its symbols, name and value in turn.
    func identity(ofPairs pairs: [UInt32]) -> SeriesIdentity {
        var identity = SeriesIdentity.empty
        for i in stride(from: 0, to: pairs.count, by: 2) {
            identity.add(name: symbolHashes[Int(pairs[i])], value: symbolHashes[Int(pairs[i + 1])])
        }
        return identity
    }

    /// Adds a series that is not known yet.
    mutating func add(_ labels: Labels, identity: SeriesIdentity) -> UInt32 {
        var pairs: [UInt32] = []
        pairs.reserveCapacity(labels.count * 2)
        for label in labels {
            let name = label.name.utf8Span
            let value = label.value.utf8Span
            pairs.append(intern(name.span))
            pairs.append(intern(value.span))
        }
        return add(pairs, identity: identity)
    }

    /// Adds a series that is not known yet by its symbols, name and value in turn, sorted by name.
    mutating func add(_ pairs: [UInt32], identity: SeriesIdentity) -> UInt32 {
        let id = UInt32(count)
        let metricName = symbol(Labels.metricName)
        for i in stride(from: 0, to: pairs.count, by: 2) {
            addPair(pairs[i], pairs[i + 1], of: id)
            if pairs[i] == metricName { countOfMetric[pairs[i + 1], default: 0] += 1 }
        }
        if count & (Self.slabSize - 1) == 0 { slabs.append(Slab()) }
        let slab = slabs.count - 1
        slabs[slab].pairs.append(contentsOf: pairs)
        slabs[slab].ends.append(UInt32(slabs[slab].pairs.count))
        slabs[slab].identities.append(identity)
        count += 1
        let known = slabs
        identitySlots.insert(identity.low, id) { known[Int($0) >> Self.slabBits].identities[Int($0) & (Self.slabSize - 1)].low }
        return id
    }

    private mutating func addPair(_ name: UInt32, _ value: UInt32, of id: UInt32) {
        let key = UInt64(name) << 32 | UInt64(value)
        let hash = Self.hash(ofPair: key)
        if let pair = pairSlots.find(hash, { pairKeys[Int($0)] == key }) {
            let at = Int(pair)
            if seriesOfPair[at].isEmpty { seriesOfPair[at] = [firstOfPair[at]] }
            seriesOfPair[at].append(id)
            return
        }
        let pair = UInt32(pairKeys.count)
        pairKeys.append(key)
        firstOfPair.append(id)
        seriesOfPair.append([])
        valuesOfName[name, default: []].append(value)
        let known = pairKeys
        pairSlots.insert(hash, pair) { Self.hash(ofPair: known[Int($0)]) }
    }

    /// Number of series with a metric name.
    func count(ofMetric name: String) -> Int { symbol(name).flatMap { countOfMetric[$0] } ?? 0 }

    /// Symbols of a series' labels, name and value in turn.
    @inline(__always)
    func symbolPairs(_ id: UInt32) -> ArraySlice<UInt32> {
        let slab = Int(id) >> Self.slabBits
        let position = Int(id) & (Self.slabSize - 1)
        let start = position == 0 ? 0 : Int(slabs[slab].ends[position - 1])
        return slabs[slab].pairs[start..<Int(slabs[slab].ends[position])]
    }

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

    func allSeries() -> [UInt32] { Array(0..<UInt32(count)) }

    func series(name: String, value: String) -> [UInt32] {
        guard let name = symbol(name), let value = symbol(value) else { return [] }
        let key = UInt64(name) << 32 | UInt64(value)
        guard let pair = pairSlots.find(Self.hash(ofPair: key), { pairKeys[Int($0)] == key }) else { return [] }
        return seriesOfPair[Int(pair)].isEmpty ? [firstOfPair[Int(pair)]] : seriesOfPair[Int(pair)]
    }

    func values(of name: String) -> [String] {
        guard let name = symbol(name) else { return [] }
        return (valuesOfName[name] ?? []).map { symbols[Int($0)] }
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
            largest(valuesOfName.map { (symbols[Int($0.key)], $0.value.count) }),
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
        for id in 0..<UInt32(count) { moved.append(keep(id) ? table.add(labels(id), identity: identity(id)) : nil) }
        return (table, moved)
    }
}
