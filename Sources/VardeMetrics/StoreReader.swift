import VardeModel

/// Reads series of a selection for one thread: neighbours in a page are read with it loaded once, and samples of the head some series
/// ahead where series are read in their order.
struct StoreReader: SeriesReader {
    private let selection: StoreSelection
    private let from: Int64
    private let through: Int64
    private let staleMarkersOnly: Bool
    private var cursors: [Block.Cursor]
    /// One for each part, nil until a head is read.
    private var ahead: [HeadReadAhead?]
    private var last = -2
    private var places: [(part: Int, id: UInt32)] = []

    init(_ selection: StoreSelection, from: Int64, through: Int64, staleMarkersOnly: Bool = false) {
        self.selection = selection
        self.from = from
        self.through = through
        self.staleMarkersOnly = staleMarkersOnly
        cursors = Array(repeating: Block.Cursor(), count: selection.parts.count)
        ahead = Array(repeating: nil, count: selection.parts.count)
    }

    mutating func read(at index: Int, into columns: inout SampleColumns) throws {
        let start = columns.count
        try readParts(of: index, into: &columns)
        // What senders say of resets may be wrong once samples are lost or come late: as Prometheus, which gives no more back.
        if !columns.histograms.isEmpty { columns.forgetResetHints(from: start) }
        last = index
    }

    private mutating func readParts(of index: Int, into columns: inout SampleColumns) throws {
        if let place = selection.onlyPlace(of: index) { return try read(place, of: index, into: &columns) }
        let start = columns.count
        selection.places(of: index, into: &places)
        // Parts mostly follow each other in time: they are read one behind the other, and merged only where they overlap.
        var isAscending = true
        for place in places {
            let before = columns.count
            try read(place, of: index, into: &columns)
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
            try read(place, of: index, into: &run)
            if run.count > 0 { runs.append(run) }
        }
        SampleMerge.merge(runs, into: &columns)
    }

    private mutating func read(_ place: (part: Int, id: UInt32), of index: Int, into columns: inout SampleColumns) throws {
        switch selection.parts[place.part] {
        case .block(let one):
            let start = columns.count
            try one.block.read(
                place.id, in: one.index, from: from, through: through, staleMarkersOnly: staleMarkersOnly, cursor: &cursors[place.part],
                into: &columns)
            one.deleted?.remove(from: &columns, behind: start, of: place.id)
        case .head(let head):
            let isPlain = head.samples.isPlain(place.id, columns)
            let isAhead = ahead[place.part]?.range.contains(index) ?? false
            if isPlain, isAhead || index == last + 1 {
                let others = ahead[place.part] ?? HeadReadAhead()
                if !isAhead {
                    ahead[place.part] = others
                    others.fill(selection, head.samples, part: place.part, from: index, times: from...max(from, through))
                }
                head.samples.readSettled(series: place.id, from: from, through: through, into: &columns)
                others.append(index, to: &columns)
            } else {
                head.samples.read(series: place.id, from: from, through: through, into: &columns)
            }
        }
    }
}

/// Samples a head has chained of the next series of a selection.
///
/// They lie scattered in the order they came: series are read in the order of their numbers, in which neighbours mostly came together,
/// and several side by side, so that the waits for memory overlap.
private final class HeadReadAhead {
    /// Samples that are read ahead, about.
    private static let mostSamples = 100_000

    /// Positions in the selection that are read.
    private(set) var range = 0..<0
    /// The run of each position, -1 where the series has none.
    private var runOfPosition: [Int] = []
    private var runs = HeadSamples.Runs()

    func fill(_ selection: StoreSelection, _ samples: HeadSamples, part: Int, from index: Int, times: ClosedRange<Int64>) {
        let width = max(1, min(HeadSamples.Runs.mostChains, Self.mostSamples / max(1, samples.averageChain)))
        range = index..<min(selection.count, index + width)
        var wanted: [(number: UInt32, position: Int)] = []
        for position in range {
            if let number = selection.number(of: position, in: part), !samples.isIrregular(number) { wanted.append((number, position)) }
        }
        wanted.sort { $0.number < $1.number }
        runOfPosition = Array(repeating: -1, count: range.count)
        for (run, one) in wanted.enumerated() { runOfPosition[one.position - range.lowerBound] = run }
        runs.fill(wanted.map { samples.newest(of: $0.number) }, of: samples, times: times)
    }

    func append(_ index: Int, to columns: inout SampleColumns) {
        let run = runOfPosition[index - range.lowerBound]
        if run >= 0 { runs.append(run, to: &columns) }
    }
}
