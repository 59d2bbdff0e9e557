import VardeDisk
import VardeModel

/// The series of several blocks as those of one, in the order of their labels; what is deleted is left out.
struct BlockMerge {
    let dictionary: LabelDictionary
    private let blocks: [Block]
    private let indexes: [Block.Index]
    private let tombstones: [BlockTombstones?]
    /// What number each block's pairs have in the dictionary.
    private let numbers: [[UInt32]]
    private var cursors: [Block.Cursor]
    private var positions: [UInt32]
    /// Labels of each block's series at its position, empty behind the last.
    private var current: [[UInt32]]

    /// - Parameter tombstones: what of each block is deleted.
    init(_ blocks: [Block], leaving tombstones: [BlockTombstones?]) throws {
        self.blocks = blocks
        self.tombstones = tombstones
        // Indexes of blocks that are about to go are not kept with them.
        indexes = try blocks.map { try $0.indexOnce() }
        var numbers: [[UInt32]] = []
        dictionary = LabelDictionary(merging: indexes.map(\.dictionary), numbers: &numbers)
        self.numbers = numbers
        cursors = blocks.map { _ in Block.Cursor() }
        positions = blocks.map { _ in 0 }
        current = blocks.map { _ in [] }
        for part in blocks.indices { readLabels(part) }
    }

    private mutating func readLabels(_ part: Int) {
        current[part].removeAll(keepingCapacity: true)
        guard Int(positions[part]) < blocks[part].seriesCount else { return }
        for pair in indexes[part].pairs(positions[part]) { current[part].append(numbers[part][Int(pair)]) }
    }

    /// The next series with samples left: its pairs, and its samples in the place of those in `samples`; nil behind the last.
    mutating func next(into samples: inout SampleColumns) throws -> [UInt32]? {
        while true {
            var first: Int?
            for part in blocks.indices where Int(positions[part]) < blocks[part].seriesCount {
                if first.map({ current[part].lexicographicallyPrecedes(current[$0]) }) ?? true { first = part }
            }
            guard let first else { return nil }
            let pairs = current[first]
            var runs: [SampleColumns] = []
            for part in blocks.indices where Int(positions[part]) < blocks[part].seriesCount && current[part] == pairs {
                var run = SampleColumns()
                try blocks[part].read(positions[part], in: indexes[part], from: .min, through: .max, cursor: &cursors[part], into: &run)
                tombstones[part]?.remove(from: &run, behind: 0, of: positions[part])
                if run.count > 0 { runs.append(run) }
                positions[part] += 1
                readLabels(part)
            }
            if runs.isEmpty { continue }
            samples.removeAll()
            SampleMerge.merge(runs, into: &samples)
            return pairs
        }
    }
}
