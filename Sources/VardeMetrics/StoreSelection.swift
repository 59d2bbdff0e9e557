import VardeModel

/// A head as it was at one moment. An object, as is a block's part: readers take it up once a series, and its arrays are not counted then.
final class HeadPart: Sendable {
    let table: SeriesTable
    let samples: HeadSamples

    init(table: SeriesTable, samples: HeadSamples) {
        self.table = table
        self.samples = samples
    }
}

/// A block with its index, and what is deleted of it.
final class BlockPart: Sendable {
    let block: Block
    let index: Block.Index
    let deleted: BlockTombstones?

    init(block: Block, index: Block.Index, deleted: BlockTombstones?) {
        self.block = block
        self.index = index
        self.deleted = deleted
    }
}

/// Series of a query, each with its places in the parts of the store.
struct StoreSelection: SeriesSelection {
    enum Part: Sendable {
        case block(BlockPart)
        case head(HeadPart)
    }

    var parts: [Part] = []
    /// Identities of the series, and where they are found by them: the latter only once a second part has come.
    private var identities: [SeriesIdentity] = []
    private var slots = HashSlots()
    private var isIndexed = false
    /// First place of each series, and those of series with more than one.
    private var firstPlace: [(part: Int, id: UInt32)] = []
    /// Last place of each series in `later`, and the one before it there; `none` where there is no more.
    private var latest: [UInt32] = []
    private var later: [(part: Int, id: UInt32, before: UInt32)] = []

    private static let none = UInt32.max

    mutating func add(_ identity: SeriesIdentity, part: Int, id: UInt32) {
        // A part has each series once: they are told apart only when there is another part.
        if part > 0 {
            if !isIndexed { indexIdentities() }
            if let index = slots.find(identity.low, { identities[Int($0)] == identity }) {
                later.append((part, id, latest[Int(index)]))
                latest[Int(index)] = UInt32(later.count - 1)
                return
            }
        }
        identities.append(identity)
        firstPlace.append((part, id))
        latest.append(Self.none)
        if isIndexed { slots.insert(identity.low, UInt32(identities.count - 1)) }
    }

    private mutating func indexIdentities() {
        isIndexed = true
        slots.reserve(identities.count)
        for index in identities.indices { slots.insert(identities[index].low, UInt32(index)) }
    }

    mutating func finish(limit: Int) {
        slots = HashSlots()
        identities = []
        if limit > 0, firstPlace.count > limit { firstPlace.removeLast(firstPlace.count - limit) }
    }

    /// The only place of a series, nil where it has several.
    func onlyPlace(of index: Int) -> (part: Int, id: UInt32)? { latest[index] == Self.none ? firstPlace[index] : nil }

    /// The number of a series in a part, nil where the part has none of it.
    func number(of index: Int, in part: Int) -> UInt32? {
        var at = latest[index]
        while at != Self.none {
            if later[Int(at)].part == part { return later[Int(at)].id }
            at = later[Int(at)].before
        }
        return firstPlace[index].part == part ? firstPlace[index].id : nil
    }

    /// Fills in the places of a series, in the order of writing.
    func places(of index: Int, into places: inout [(part: Int, id: UInt32)]) {
        places.removeAll(keepingCapacity: true)
        var at = latest[index]
        while at != Self.none {
            places.append((later[Int(at)].part, later[Int(at)].id))
            at = later[Int(at)].before
        }
        places.append(firstPlace[index])
        places.reverse()
    }

    var count: Int { firstPlace.count }

    func labels(at index: Int) -> Labels {
        let (part, id) = firstPlace[index]
        return switch parts[part] {
        case .block(let one): one.index.labels(id)
        case .head(let head): head.table.labels(id)
        }
    }

    func name(at index: Int) -> String { value(of: Labels.metricName, at: index) ?? "" }

    func namesakes() -> [UInt32] { Namesakes.numbers(identities(without: [Labels.metricName])) }

    private func identity(at index: Int) -> SeriesIdentity {
        let (part, id) = firstPlace[index]
        return switch parts[part] {
        case .block(let one): one.index.identities[Int(id)]
        case .head(let head): head.table.identity(id)
        }
    }

    func names(at index: Int) -> [String] {
        let (part, id) = firstPlace[index]
        return switch parts[part] {
        case .block(let one): one.index.names(id)
        case .head(let head): head.table.names(id)
        }
    }

    func value(of name: String, at index: Int) -> String? {
        let (part, id) = firstPlace[index]
        switch parts[part] {
        case .block(let one):
            guard let symbol = one.index.symbol(name), let value = one.index.valueSymbol(id, name: symbol) else { return nil }
            return one.index.dictionary.symbols[Int(value)]
        case .head(let head):
            guard let symbol = head.table.symbol(name), let value = head.table.valueSymbol(id, name: symbol) else { return nil }
            return head.table.symbols[Int(value)]
        }
    }

    func readSamples(at index: Int, from: Int64, through: Int64, into columns: inout SampleColumns) throws {
        var reader = StoreReader(self, from: from, through: through)
        try reader.read(at: index, into: &columns)
    }

    func reader(from: Int64, through: Int64, staleMarkersOnly: Bool) -> any SeriesReader {
        StoreReader(self, from: from, through: through, staleMarkersOnly: staleMarkersOnly)
    }

    func groups(by names: [String], without: Bool) -> (groupOfSeries: [UInt32], groups: [Labels]) {
        if without { return groupsByLabels(names) }
        // The same symbols make the same group: labels are built once a combination, not once a series.
        var groupOfSymbols: [[UInt32]: UInt32] = [:]
        var groupOfLabels: [Labels: UInt32] = [:]
        var groups: [Labels] = []
        var groupOfSeries: [UInt32] = []
        groupOfSeries.reserveCapacity(count)
        let nameSymbols: [[UInt32?]] = parts.map { part in
            names.map { name in
                switch part {
                case .block(let one): one.index.symbol(name)
                case .head(let head): head.table.symbol(name)
                }
            }
        }
        var key: [UInt32] = []
        for position in 0..<count {
            let (part, id) = firstPlace[position]
            key.removeAll(keepingCapacity: true)
            key.append(UInt32(part))
            for symbol in nameSymbols[part] { key.append(symbol.flatMap { valueSymbol(part, id, $0) }.map { $0 + 1 } ?? 0) }
            if let group = groupOfSymbols[key] {
                groupOfSeries.append(group)
                continue
            }
            let labels = labels(at: position).keeping(names)
            let group: UInt32
            if let known = groupOfLabels[labels] {
                group = known
            } else {
                group = UInt32(groups.count)
                groups.append(labels)
                groupOfLabels[labels] = group
            }
            groupOfSymbols[key] = group
            groupOfSeries.append(group)
        }
        return (groupOfSeries, groups)
    }

    private func valueSymbol(_ part: Int, _ id: UInt32, _ name: UInt32) -> UInt32? {
        switch parts[part] {
        case .block(let one): one.index.valueSymbol(id, name: name)
        case .head(let head): head.table.valueSymbol(id, name: name)
        }
    }

    private func groupsByLabels(_ names: [String]) -> (groupOfSeries: [UInt32], groups: [Labels]) {
        let dropped = names + [Labels.metricName]
        var ids: [SeriesIdentity: UInt32] = [:]
        var groups: [Labels] = []
        var groupOfSeries: [UInt32] = []
        groupOfSeries.reserveCapacity(count)
        for (index, identity) in identities(without: dropped).enumerated() {
            let id = ids[identity] ?? UInt32(groups.count)
            if Int(id) == groups.count {
                ids[identity] = id
                groups.append(labels(at: index).removing(dropped))
            }
            groupOfSeries.append(id)
        }
        return (groupOfSeries, groups)
    }

    /// What the identities would be without some labels: one is the sum of what each label adds, so that can be taken away again.
    private func identities(without names: [String]) -> [SeriesIdentity] {
        let (groupOfSeries, groups) = groups(by: names, without: false)
        let shares = groups.map { SeriesIdentity($0) }
        return (0..<count).map { identity(at: $0).without(shares[Int(groupOfSeries[$0])]) }
    }
}
