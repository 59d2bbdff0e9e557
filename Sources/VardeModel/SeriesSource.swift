/// What a selector asks of a metrics store.
package struct SeriesRequest: Sendable {
    package var matchers: [LabelMatcher]
    /// First and last millisecond, both inclusive.
    package var from: Int64
    package var through: Int64
    /// At most so many series; 0 for no limit.
    package var limit: Int

    package init(matchers: [LabelMatcher], from: Int64, through: Int64, limit: Int = 0) {
        self.matchers = matchers
        self.from = from
        self.through = through
        self.limit = limit
    }
}

/// Where queries read series from: the store, a test's arrays, or several of them joined.
///
/// Calls block on disk; run them on a thread that may block. All are safe to call from several threads at once.
package protocol SeriesSource: Sendable {
    /// The series that match and have samples in (or near) the range, in no particular order, each label set once.
    func select(_ request: SeriesRequest) throws -> any SeriesSelection
    /// Label names of matching series, sorted by bytes, each once.
    func labelNames(_ request: SeriesRequest) throws -> [String]
    /// Values of one label over matching series, sorted by bytes, each once.
    func labelValues(of name: String, _ request: SeriesRequest) throws -> [String]
}

/// Matching series, read one at a time by index. Safe to read from several threads at once.
package protocol SeriesSelection: Sendable {
    var count: Int { get }
    func labels(at index: Int) -> Labels
    /// The metric's name, empty where a series has none.
    func name(at index: Int) -> String
    /// For each series the number, from 1, of those it is the same as but for its name, 0 where there are none; empty where that is so of
    /// all.
    func namesakes() -> [UInt32]
    /// Appends the samples of one series with `from <= t <= through` (ms), ascending, merged and free of duplicates.
    func readSamples(at index: Int, from: Int64, through: Int64, into columns: inout SampleColumns) throws
    /// Reads many series for one thread, samples with `from <= t <= through` (ms).
    ///
    /// - Parameter staleMarkersOnly: any number may stand for a float that is no stale marker, where that saves work.
    func reader(from: Int64, through: Int64, staleMarkersOnly: Bool) -> any SeriesReader
    /// For each series the number of its group when grouped by (or without) `labels`, and each group's labels.
    ///
    /// A store may answer from symbol ids; the default goes over the labels.
    func groups(by labels: [String], without: Bool) -> (groupOfSeries: [UInt32], groups: [Labels])
}

/// Things that are the same as others.
package enum Namesakes {
    /// For each key the number, from 1, of the keys it is equal to, 0 where it is alone; empty where all are.
    package static func numbers<Key: Hashable>(_ keys: some Collection<Key>) -> [UInt32] {
        // Where a key was first seen, until it comes again: then the number of both, negative.
        var seen: [Key: Int] = [:]
        seen.reserveCapacity(keys.count)
        var numbers: [UInt32] = []
        var last = 0
        for (place, key) in keys.enumerated() {
            guard let before = seen.updateValue(place, forKey: key) else { continue }
            if numbers.isEmpty { numbers = Array(repeating: 0, count: keys.count) }
            if before >= 0 {
                last += 1
                numbers[before] = UInt32(last)
            }
            let number = before >= 0 ? last : -before
            numbers[place] = UInt32(number)
            seen[key] = -number
        }
        return numbers
    }
}

/// Reads the same stretch of time of many series, for one thread. Series are read fastest in ascending order of index.
package protocol SeriesReader {
    /// Appends the samples of one series as `SeriesSelection.readSamples` does.
    mutating func read(at index: Int, into columns: inout SampleColumns) throws
}

/// Reads each series by itself.
private struct SingleSeriesReader<Selection: SeriesSelection>: SeriesReader {
    let selection: Selection
    let from: Int64
    let through: Int64

    func read(at index: Int, into columns: inout SampleColumns) throws {
        try selection.readSamples(at: index, from: from, through: through, into: &columns)
    }
}

extension SeriesSelection {
    package func name(at index: Int) -> String { labels(at: index).name }

    package func namesakes() -> [UInt32] { Namesakes.numbers((0..<count).lazy.map { labels(at: $0).removing([Labels.metricName]) }) }

    package func reader(from: Int64, through: Int64) -> any SeriesReader {
        reader(from: from, through: through, staleMarkersOnly: false)
    }

    package func reader(from: Int64, through: Int64, staleMarkersOnly: Bool) -> any SeriesReader {
        SingleSeriesReader(selection: self, from: from, through: through)
    }

    package func groups(by names: [String], without: Bool) -> (groupOfSeries: [UInt32], groups: [Labels]) {
        var ids: [Labels: UInt32] = [:]
        var groups: [Labels] = []
        var groupOfSeries: [UInt32] = []
        groupOfSeries.reserveCapacity(count)
        let dropped = without ? names + [Labels.metricName] : []
        for index in 0..<count {
            let all = labels(at: index)
            let key = without ? all.removing(dropped) : all.keeping(names)
            if let id = ids[key] {
                groupOfSeries.append(id)
            } else {
                let id = UInt32(groups.count)
                ids[key] = id
                groups.append(key)
                groupOfSeries.append(id)
            }
        }
        return (groupOfSeries, groups)
    }
}
