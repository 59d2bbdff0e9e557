import VardeKernels
import VardeModel

/// Finds entries of a write that are there already: same time, line and metadata.
struct LogDuplicates {
    private let hash: KeyedHash
    /// Times of the write up to the newest that may be stored.
    private let times: Set<Int64>
    let first: Int64
    let last: Int64
    /// Entries of the write at those times. Against these the stored ones are held, of which there may be many more at one time.
    private let wanted: Set<LogEntryKey>
    private var found: Set<LogEntryKey> = []

    /// - Parameter through: newest stored time; entries after it cannot be there.
    init(_ columns: LogColumns, through newest: Int64, hash: KeyedHash) {
        self.hash = hash
        times = Set(columns.timestamps.lazy.filter { $0 <= newest })
        first = times.min() ?? .max
        last = times.max() ?? .min
        var wanted: Set<LogEntryKey> = []
        if !times.isEmpty {
            var hasher = LogEntryHasher(hash, columns)
            for i in columns.timestamps.indices where columns.timestamps[i] <= newest { wanted.insert(hasher.key(i, of: columns)) }
        }
        self.wanted = wanted
    }

    /// Whether entries of this range of times could be the same as some of the write's.
    func concerns(_ first: Int64, _ last: Int64) -> Bool { first <= self.last && last >= self.first }

    /// Whether any of these times is one of the write's.
    func hasTime(of stored: [Int64]) -> Bool { stored.contains { $0 >= first && $0 <= last && times.contains($0) } }

    /// Notes stored entries that are the same as some of the write's.
    mutating func note(_ stored: LogColumns) {
        var hasher = LogEntryHasher(hash, stored)
        for i in stored.timestamps.indices {
            let time = stored.timestamps[i]
            guard time >= first, time <= last, times.contains(time) else { continue }
            let key = hasher.key(i, of: stored)
            if wanted.contains(key) { found.insert(key) }
        }
    }

    mutating func note(_ page: LogHeadPage) throws(LogStoreError) {
        guard concerns(page.first, page.last) else { return }
        var stored = LogColumns()
        try page.readHead(into: &stored)
        guard hasTime(of: stored.timestamps) else { return }
        try page.read(into: &stored)
        note(stored)
    }

    mutating func note(_ segment: LogSegment, id: UInt32) throws {
        guard concerns(segment.first, segment.last) else { return }
        for index in segment.runs(of: id) {
            let run = segment.runs[index]
            guard concerns(run.first, run.last) else { continue }
            var stored = LogColumns()
            try segment.readHead(block: Int(run.block), into: &stored)
            let range = Int(run.firstEntry)..<Int(run.firstEntry + run.count)
            guard hasTime(of: Array(stored.timestamps[range])) else { continue }
            try segment.readLines(block: Int(run.block), into: &stored)
            var own = LogColumns()
            own.append(stored, range)
            note(own)
        }
    }

    mutating func formUnion(_ other: LogDuplicates) { found.formUnion(other.found) }

    /// Places of the entries that are new, nil where all are; of equal entries within the write the first counts.
    static func newEntries(_ columns: LogColumns, stored: Set<LogEntryKey>, hash: KeyedHash) -> [Int]? {
        if stored.isEmpty, columns.strictlyAscends { return nil }
        var hasher = LogEntryHasher(hash, columns)
        let ascends = columns.ascends
        var kept: [Int] = []
        var dropped = false
        var seen: Set<LogEntryKey> = []
        for i in columns.timestamps.indices {
            let time = columns.timestamps[i]
            // In ascending columns, equal times are neighbours: an entry alone at its time needs no look-up.
            let before = i > 0 && columns.timestamps[i - 1] == time
            let after = i + 1 < columns.count && columns.timestamps[i + 1] == time
            if ascends, !before { seen.removeAll(keepingCapacity: true) }
            if ascends, !before, !after, stored.isEmpty {
                kept.append(i)
                continue
            }
            let key = hasher.key(i, of: columns)
            if stored.contains(key) || !seen.insert(key).inserted { dropped = true } else { kept.append(i) }
        }
        return dropped ? kept : nil
    }

    var keys: Set<LogEntryKey> { found }
}
