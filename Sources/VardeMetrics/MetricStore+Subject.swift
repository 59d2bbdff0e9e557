import Synchronization
import VardeDisk
import VardeKernels
package import VardeModel

extension MetricStore {
    /// Labels of series with samples in whose name or value one of the texts stands, each once.
    ///
    /// Complexity: O(distinct label values) of head and blocks; series are not walked.
    package func labels(holding texts: [String]) throws -> [Label] {
        let needles = texts.map { Array($0.utf8) }
        func holds(_ value: String) -> Bool {
            let bytes = value.utf8Span.span
            return needles.contains { SubstringSearch.firstOffset(of: $0.span, in: bytes) != nil }
        }
        let (tables, blocks) = state.withLock { ($0.frozen.map(\.table) + [$0.table], $0.blocks) }
        var found: Set<Label> = []
        for table in tables { found.formUnion(table.labels(where: holds)) }
        for block in blocks {
            let dictionary = try block.indexOnce().dictionary
            let isHolding = dictionary.symbols.map(holds)
            guard isHolding.contains(true) else { continue }
            for pair in dictionary.pairs where isHolding[Int(pair & 0xffff_ffff)] || isHolding[Int(pair >> 32)] {
                found.insert(Label(dictionary.symbols[Int(pair >> 32)], dictionary.symbols[Int(pair & 0xffff_ffff)]))
            }
        }
        // A series may be known and have no samples: then there is nothing of it to tell.
        return try found.sorted { ($0.name, $0.value) < ($1.name, $1.value) }.filter { label in
            try select(
                SeriesRequest(matchers: [LabelMatcher(label.name, .equal, label.value)], from: .min / 2, through: .max / 2, limit: 1)
            ).count > 0
        }
    }

    /// Deletes all series in a label's name or value of which one of the texts stands, from answers at once and durably. Files hold them until
    /// `purge`.
    ///
    /// - Returns: how many series there were.
    package func delete(holding texts: [String]) throws -> Int {
        var series: Set<Labels> = []
        let labels = try labels(holding: texts)
        for label in labels {
            let found = try select(
                SeriesRequest(matchers: [LabelMatcher(label.name, .equal, label.value)], from: .min / 2, through: .max / 2))
            for index in 0..<found.count { series.insert(found.labels(at: index)) }
        }
        for label in labels { _ = try delete([LabelMatcher(label.name, .equal, label.value)], from: .min / 2, through: .max / 2) }
        return series.count
    }

    /// Takes everything deleted out of every file: blocks are written anew, the write-ahead log is emptied into blocks.
    package func purge() throws {
        try maintenance.withLock { _ in
            // Also where the head is empty: the log may hold labels of what was deleted, or segments a crash left behind.
            try cutHead()
            try retryFrozen()
        }
        try cleanTombstones()
        try maintenance.withLock { _ in
            let live = Set(try catalog.files(of: Self.storeName).map(\.name))
            for name in try fileSystem.list(directory + "/blocks") {
                guard name.hasSuffix(".block") && !live.contains(name) || name.hasSuffix(fileSystem.temporarySuffix) else { continue }
                try fileSystem.remove(directory + "/blocks/" + name)
            }
            try fileSystem.syncDirectory(directory + "/blocks")
        }
    }
}
