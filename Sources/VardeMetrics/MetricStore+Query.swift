import Synchronization
import VardeCompression
import VardeDisk
package import VardeModel

extension MetricStore: SeriesSource {
    package func select(_ request: SeriesRequest) throws -> any SeriesSelection {
        let matchers = try request.matchers.map { try LabelPredicate($0) }
        return try snapshot(matchers, request)
    }

    /// What a query sees: the matching series of every part, joined by identity. Later changes to the store do not touch it.
    private func snapshot(_ matchers: [LabelPredicate], _ request: SeriesRequest) throws -> StoreSelection {
        var selection = StoreSelection()
        // Head, heads being written and the list of blocks are taken together: a cut in between would hide or double samples.
        let (head, frozen, blocks, tombstones) = state.withLock { state in
            (
                state.samples.isEmpty ? nil : HeadPart(table: state.table, samples: state.samples), state.frozen, state.blocks,
                state.tombstones
            )
        }
        // Parts in the order of writing, so that later ones win.
        for block in blocks.sorted(by: { $0.sequence < $1.sequence }) where block.first <= request.through && block.last >= request.from {
            let index = try block.index()
            let deleted = tombstones[block.name]
            var ids = try index.matching(matchers)
            if let deleted {
                ids = ids.filter { index.hasSample(of: $0, from: request.from, through: request.through, leaving: deleted) }
            }
            if ids.isEmpty { continue }
            let part = selection.parts.count
            selection.parts.append(.block(block, index, deleted))
            for id in ids { selection.add(index.identities[Int(id)], part: part, id: id) }
        }
        for one in frozen.map({ HeadPart(table: $0.table, samples: $0.samples) }) + (head.map { [$0] } ?? [])
        where one.samples.first <= request.through && one.samples.last >= request.from {
            let ids = try one.table.matching(matchers)
            if ids.isEmpty { continue }
            let part = selection.parts.count
            selection.parts.append(.head(one))
            for id in ids where one.samples.newest(of: id) != HeadSamples.none {
                selection.add(one.table.identity(id), part: part, id: id)
            }
        }
        selection.finish(limit: request.limit)
        return selection
    }

    package func labelNames(_ request: SeriesRequest) throws -> [String] {
        let selection = try snapshot(try request.matchers.map { try LabelPredicate($0) }, request)
        var names: Set<String> = []
        for index in 0..<selection.count { for name in selection.names(at: index) { names.insert(name) } }
        return limited(names, request.limit)
    }

    package func labelValues(of name: String, _ request: SeriesRequest) throws -> [String] {
        let selection = try snapshot(try request.matchers.map { try LabelPredicate($0) }, request)
        var values: Set<String> = []
        for index in 0..<selection.count { if let value = selection.value(of: name, at: index) { values.insert(value) } }
        return limited(values, request.limit)
    }

    private func limited(_ texts: Set<String>, _ limit: Int) -> [String] {
        let sorted = texts.sorted { $0.utf8Precedes($1) }
        return limit > 0 ? Array(sorted.prefix(limit)) : sorted
    }
}

/// A head as it was at one moment.
struct HeadPart: Sendable {
    var table: SeriesTable
    var samples: HeadSamples
}

/// Cursors of a selection, one for each part, lent to one reader at a time: neighbours in a page are read with it loaded once.
final class CursorPool: Sendable {
    struct Set: Sendable {
        var cursors: [Block.Cursor] = []
    }

    private let free = Mutex<[Set]>([])

    func take() -> Set { free.withLock { $0.popLast() } ?? Set() }

    func give(_ set: Set) { free.withLock { $0.append(set) } }
}

/// Series of a query, each with its places in the parts of the store.
struct StoreSelection: SeriesSelection {
    enum Part: Sendable {
        case block(Block, Block.Index, BlockTombstones?)
        case head(HeadPart)
    }

    var parts: [Part] = []
    private let cursors = CursorPool()
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

    /// Places of a series in the order of writing.
    private func places(of index: Int) -> [(part: Int, id: UInt32)] {
        var places: [(part: Int, id: UInt32)] = []
        var at = latest[index]
        while at != Self.none {
            places.append((later[Int(at)].part, later[Int(at)].id))
            at = later[Int(at)].before
        }
        places.append(firstPlace[index])
        places.reverse()
        return places
    }

    var count: Int { firstPlace.count }

    func labels(at index: Int) -> Labels {
        let (part, id) = firstPlace[index]
        return switch parts[part] {
        case .block(_, let index, _): index.labels(id)
        case .head(let head): head.table.labels(id)
        }
    }

    func names(at index: Int) -> [String] {
        let (part, id) = firstPlace[index]
        return switch parts[part] {
        case .block(_, let index, _): index.names(id)
        case .head(let head): head.table.names(id)
        }
    }

    func value(of name: String, at index: Int) -> String? {
        let (part, id) = firstPlace[index]
        switch parts[part] {
        case .block(_, let index, _):
            guard let symbol = index.symbol(name), let value = index.valueSymbol(id, name: symbol) else { return nil }
            return index.dictionary.symbols[Int(value)]
        case .head(let head):
            guard let symbol = head.table.symbol(name), let value = head.table.valueSymbol(id, name: symbol) else { return nil }
            return head.table.symbols[Int(value)]
        }
    }

    func readSamples(at index: Int, from: Int64, through: Int64, into columns: inout SampleColumns) throws {
        var set = cursors.take()
        defer { cursors.give(set) }
        while set.cursors.count < parts.count { set.cursors.append(Block.Cursor()) }
        if latest[index] == Self.none {
            let place = firstPlace[index]
            return try read(place, from, through, &set.cursors[place.part], into: &columns)
        }
        let start = columns.count
        let places = places(of: index)
        // Parts mostly follow each other in time: they are read one behind the other, and merged only where they overlap.
        var isAscending = true
        for place in places {
            let before = columns.count
            try read(place, from, through, &set.cursors[place.part], into: &columns)
            if before > start, columns.count > before, columns.timestamps[before] <= columns.timestamps[before - 1] {
                isAscending = false
                break
            }
        }
        if isAscending { return }
        columns.truncate(to: start)
        var runs: [SampleColumns] = []
        for place in places {
            var run = SampleColumns()
            try read(place, from, through, &set.cursors[place.part], into: &run)
            if run.count > 0 { runs.append(run) }
        }
        SampleMerge.merge(runs, into: &columns)
    }

    private func read(
        _ place: (part: Int, id: UInt32), _ from: Int64, _ through: Int64, _ cursor: inout Block.Cursor, into columns: inout SampleColumns
    ) throws {
        switch parts[place.part] {
        case .block(let block, let index, let deleted):
            let start = columns.count
            try block.read(place.id, in: index, from: from, through: through, cursor: &cursor, into: &columns)
            deleted?.remove(from: &columns, behind: start, of: place.id)
        case .head(let head): head.samples.read(series: place.id, from: from, through: through, into: &columns)
        }
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
                case .block(_, let index, _): index.symbol(name)
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
        case .block(_, let index, _): index.valueSymbol(id, name: name)
        case .head(let head): head.table.valueSymbol(id, name: name)
        }
    }

    private func groupsByLabels(_ names: [String]) -> (groupOfSeries: [UInt32], groups: [Labels]) {
        var ids: [Labels: UInt32] = [:]
        var groups: [Labels] = []
        var groupOfSeries: [UInt32] = []
        let dropped = names + [Labels.metricName]
        for index in 0..<count {
            let key = labels(at: index).removing(dropped)
            let id = ids[key] ?? UInt32(groups.count)
            if Int(id) == groups.count {
                ids[key] = id
                groups.append(key)
            }
            groupOfSeries.append(id)
        }
        return (groupOfSeries, groups)
    }
}
