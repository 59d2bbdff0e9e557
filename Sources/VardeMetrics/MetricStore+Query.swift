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
            selection.parts.append(.block(BlockPart(block: block, index: index, deleted: deleted)))
            for id in ids { selection.add(index.identities[Int(id)], part: part, id: id) }
        }
        for one in frozen.map({ HeadPart(table: $0.table, samples: $0.samples) }) + (head.map { [$0] } ?? [])
        where one.samples.first <= request.through && one.samples.last >= request.from {
            let ids = try one.table.matching(matchers)
            if ids.isEmpty { continue }
            let part = selection.parts.count
            selection.parts.append(.head(one))
            for id in ids where one.samples.hasSamples(of: id) {
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
