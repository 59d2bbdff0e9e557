import VardeModel

/// Samples since the last cut. The newest lie in the order they came, chained by series: appending touches the end of one array and
/// nothing else. Once they are many they are settled: laid out series by series, so that a query reads each in one stretch.
///
/// Those that are chained lie in slabs: a full slab never changes again, so a query that holds on to the samples makes the next append
/// copy the open slab at most.
struct HeadSamples {
    /// No sample before.
    static let none = UInt32.max

    /// Sixteen bytes, so that no sample lies in two lines of the cache.
    struct Sample {
        var value: Double
        /// Milliseconds since `base`; `far` where that does not fit.
        var offset: Int32
        /// The sample of the same series that came before.
        var previous: UInt32
    }

    private static let slabBits = 15
    private static let slabSize = 1 << slabBits
    private static let slabMask = slabSize - 1
    private static let far = Int32.min

    /// Chained samples are settled when there are so many of them, and so many a series as well: a stretch costs a few bytes a series.
    private let settledAtLeast: Int
    private static let settledAtLeastOfSeries = 16
    /// So many settled stretches of the same kind become one, where that has no more samples than `joinedAtMost`: a query reads each
    /// series in each stretch.
    private static let joined = 4
    private static let joinedAtMost = 1 << 21

    private var settled: [SettledSamples] = []
    private var settledCount = 0
    private var full: [[Sample]] = []
    private var open: [Sample] = []
    /// Time of the first sample.
    private var base: Int64 = 0
    /// Times too far from `base`, by number of the chained sample.
    private var farTimes: [UInt32: Int64] = [:]
    /// Newest chained sample of each series.
    private var newest: [UInt32] = []
    /// Histograms by number of the chained sample.
    private var histograms: [UInt32: NativeHistogram] = [:]
    /// A bit for each series whose samples do not all go strictly forward in time, or are not all floats.
    private var irregular: [UInt64] = []
    private var areAllIrregular = false
    private(set) var first = Int64.max
    private(set) var last = Int64.min

    init(settledAtLeast: Int = 1 << 18) { self.settledAtLeast = settledAtLeast }

    var count: Int { settledCount + chainedCount }
    var chainedCount: Int { full.count << Self.slabBits + open.count }
    /// Chained samples a series there ever was a sample of has, about.
    var averageChain: Int { chainedCount / max(1, newest.count) }
    var isEmpty: Bool { count == 0 }

    /// Appends a sample. `isLater` says that the series has none at this time or after it.
    @inline(__always)
    mutating func append(series: UInt32, _ timestamp: Int64, _ value: Double, isLater: Bool) {
        let number = UInt32(truncatingIfNeeded: chainedCount)
        while newest.count <= Int(series) { newest.append(Self.none) }
        if number == 0 { base = timestamp }
        let (distance, overflow) = timestamp.subtractingReportingOverflow(base)
        var offset = Int32(truncatingIfNeeded: distance)
        if overflow || Int64(offset) != distance || offset == Self.far {
            offset = Self.far
            farTimes[number] = timestamp
        }
        open.append(Sample(value: value, offset: offset, previous: newest[Int(series)]))
        newest[Int(series)] = number
        if !isLater { markIrregular(series) }
        if timestamp < first { first = timestamp }
        if timestamp > last { last = timestamp }
        if open.count == Self.slabSize { closeSlab() }
    }

    @inline(never)
    private mutating func closeSlab() {
        full.append(open)
        open = []
        let chained = chainedCount
        if chained >= settledAtLeast, chained >= newest.count * Self.settledAtLeastOfSeries {
            settle()
        } else {
            open.reserveCapacity(Self.slabSize)
        }
    }

    private mutating func settle() {
        settled.append(SettledSamples(self, newest: newest))
        settledCount += chainedCount
        joinSettled()
        full = []
        open.reserveCapacity(Self.slabSize)
        farTimes = [:]
        histograms = [:]
        newest = [UInt32](repeating: Self.none, count: newest.count)
    }

    /// Joins the newest stretches once they are `joined`, each as large as the newest or smaller than two of it.
    private mutating func joinSettled() {
        let own = settled.suffix(Self.joined)
        guard own.count == Self.joined, let newest = own.last, own.allSatisfy({ $0.count < 2 * newest.count }),
            own.reduce(0, { $0 + $1.count }) <= Self.joinedAtMost
        else { return }
        let whole = SettledSamples(joining: own)
        settled.removeLast(Self.joined)
        settled.append(whole)
    }

    mutating func append(series: UInt32, _ timestamp: Int64, _ histogram: NativeHistogram) {
        histograms[UInt32(chainedCount)] = histogram
        append(series: series, timestamp, 0, isLater: false)
    }

    @inline(never)
    private mutating func markIrregular(_ series: UInt32) {
        let word = Int(series) >> 6
        while irregular.count <= word { irregular.append(0) }
        irregular[word] |= 1 << UInt64(series & 63)
    }

    /// From here on nothing is known of the order of samples.
    mutating func forgetOrder() { areAllIrregular = true }

    /// Whether a series' samples must be sorted, or have histograms among them.
    func isIrregular(_ series: UInt32) -> Bool {
        if areAllIrregular { return true }
        let word = Int(series) >> 6
        return word < irregular.count && irregular[word] >> UInt64(series & 63) & 1 == 1
    }

    @inline(__always)
    func sample(_ number: UInt32) -> Sample {
        let slab = Int(number) >> Self.slabBits
        let position = Int(number) & Self.slabMask
        return slab == full.count ? open[position] : full[slab][position]
    }

    @inline(__always)
    func time(_ number: UInt32, _ offset: Int32) -> Int64 {
        offset == Self.far ? farTimes[number] ?? 0 : base + Int64(offset)
    }

    /// Number of a series' newest chained sample, `none` where none is chained.
    @inline(__always)
    func newest(of series: UInt32) -> UInt32 { Int(series) < newest.count ? newest[Int(series)] : Self.none }

    func hasSamples(of series: UInt32) -> Bool {
        newest(of: series) != Self.none || settled.contains { !$0.range(of: series).isEmpty }
    }

    /// The histogram a series' newest sample is, where it has this time.
    func newestHistogram(of series: UInt32, at time: Int64) -> NativeHistogram? {
        let number = newest(of: series)
        if number != Self.none { return self.time(number, sample(number).offset) == time ? histograms[number] : nil }
        for one in settled.reversed() {
            guard let position = one.range(of: series).last else { continue }
            return one.times[position] == time ? one.histograms[position] : nil
        }
        return nil
    }

    /// The histograms among a series' chained samples, by their distance from the newest.
    func chainedHistograms(of series: UInt32) -> [Int: NativeHistogram] {
        if histograms.isEmpty || !isIrregular(series) { return [:] }
        var found: [Int: NativeHistogram] = [:]
        var at = newest(of: series)
        var distance = 0
        while at != Self.none {
            if let histogram = histograms[at] { found[distance] = histogram }
            at = sample(at).previous
            distance += 1
        }
        return found
    }

    /// Each number `group` gives for a timestamp, once, ascending.
    func groups(of group: (Int64) -> Int64) -> [Int64] {
        if isEmpty { return [] }
        if group(first) == group(last) { return [group(first)] }
        var found: Set<Int64> = []
        var latest: Int64?
        func note(_ time: Int64) {
            let group = group(time)
            if group != latest { found.insert(group) }
            latest = group
        }
        for one in settled { for time in one.times { note(time) } }
        for number in 0..<UInt32(chainedCount) { note(time(number, sample(number).offset)) }
        return found.sorted()
    }

    /// Appends a series' samples in the range to `columns`, ascending, each timestamp once: of several samples the last to come stands.
    func read(series: UInt32, from: Int64, through: Int64, into columns: inout SampleColumns) {
        if !isPlain(series, columns) { return readSorting(series: series, from: from, through: through, into: &columns) }
        readSettled(series: series, from: from, through: through, into: &columns)
        // The chain goes strictly back in time: taken as it is and turned around.
        let start = columns.count
        var at = newest(of: series)
        while at != Self.none {
            let sample = sample(at)
            let time = time(at, sample.offset)
            if time < from { break }
            if time <= through {
                columns.timestamps.append(time)
                columns.values.append(sample.value)
            }
            at = sample.previous
        }
        columns.timestamps[start...].reverse()
        columns.values[start...].reverse()
    }

    /// Whether a series' samples can be appended to the columns as they lie.
    func isPlain(_ series: UInt32, _ columns: SampleColumns) -> Bool {
        columns.histograms.isEmpty && columns.startTimestamps.isEmpty && !isIrregular(series)
    }

    /// Appends those of a regular series' samples that are settled.
    func readSettled(series: UInt32, from: Int64, through: Int64, into columns: inout SampleColumns) {
        for at in settled.indices where settled[at].first <= through && settled[at].last >= from {
            settled[at].read(series: series, from: from, through: through, into: &columns)
        }
    }

    private func readSorting(series: UInt32, from: Int64, through: Int64, into columns: inout SampleColumns) {
        var found: [(time: Int64, order: Int, value: Double, histogram: NativeHistogram?)] = []
        var order = 0
        func note(_ time: Int64, _ value: Double, _ histogram: NativeHistogram?) {
            if time >= from, time <= through { found.append((time, order, value, histogram)) }
            order += 1
        }
        for one in settled {
            for position in one.range(of: series) { note(one.times[position], one.values[position], one.histograms[position]) }
        }
        var chain: [UInt32] = []
        var at = newest(of: series)
        while at != Self.none {
            chain.append(at)
            at = sample(at).previous
        }
        for number in chain.reversed() {
            let sample = sample(number)
            note(time(number, sample.offset), sample.value, histograms[number])
        }
        found.sort { a, b in a.time == b.time ? a.order < b.order : a.time < b.time }
        for (position, sample) in found.enumerated() {
            if position + 1 < found.count, found[position + 1].time == sample.time { continue }
            if let histogram = sample.histogram {
                columns.append(sample.time, histogram)
            } else {
                columns.append(sample.time, sample.value)
            }
        }
    }
}
