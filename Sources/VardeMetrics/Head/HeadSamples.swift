import VardeModel

/// Samples since the last cut, in the order they came, chained by series: appending touches four arrays at their ends and nothing else.
///
/// They lie in slabs: a full slab never changes again, so a query that holds on to the samples makes the next append copy the open
/// slab at most.
struct HeadSamples {
    /// No sample before.
    static let none = UInt32.max

    private struct Slab {
        var timestamps: [Int64] = []
        var values: [Double] = []
        /// The sample of the same series that came before.
        var previous: [UInt32] = []
    }

    private static let slabBits = 15
    private static let slabSize = 1 << slabBits
    private static let slabMask = slabSize - 1

    private var full: [Slab] = []
    private var open = Slab()
    /// Newest sample of each series.
    private var newest: [UInt32] = []
    /// Histograms by sample number.
    private var histograms: [UInt32: NativeHistogram] = [:]
    private(set) var first = Int64.max
    private(set) var last = Int64.min

    var count: Int { full.count << Self.slabBits + open.timestamps.count }
    var isEmpty: Bool { full.isEmpty && open.timestamps.isEmpty }

    @inline(__always)
    mutating func append(series: UInt32, _ timestamp: Int64, _ value: Double) {
        let number = UInt32(truncatingIfNeeded: count)
        while newest.count <= Int(series) { newest.append(Self.none) }
        open.timestamps.append(timestamp)
        open.values.append(value)
        open.previous.append(newest[Int(series)])
        newest[Int(series)] = number
        if timestamp < first { first = timestamp }
        if timestamp > last { last = timestamp }
        if open.timestamps.count == Self.slabSize { closeSlab() }
    }

    @inline(never)
    private mutating func closeSlab() {
        full.append(open)
        open = Slab()
        open.timestamps.reserveCapacity(Self.slabSize)
        open.values.reserveCapacity(Self.slabSize)
        open.previous.reserveCapacity(Self.slabSize)
    }

    mutating func append(series: UInt32, _ timestamp: Int64, _ histogram: NativeHistogram) {
        histograms[UInt32(count)] = histogram
        append(series: series, timestamp, 0)
    }

    @inline(__always)
    private func sample(_ number: UInt32) -> (timestamp: Int64, value: Double, previous: UInt32) {
        let slab = Int(number) >> Self.slabBits
        let position = Int(number) & Self.slabMask
        if slab == full.count { return (open.timestamps[position], open.values[position], open.previous[position]) }
        return (full[slab].timestamps[position], full[slab].values[position], full[slab].previous[position])
    }

    @inline(__always)
    func newest(of series: UInt32) -> UInt32 { Int(series) < newest.count ? newest[Int(series)] : Self.none }

    /// The histogram a series' newest sample is, where it has this time.
    func newestHistogram(of series: UInt32, at time: Int64) -> NativeHistogram? {
        let number = newest(of: series)
        return number != Self.none && sample(number).timestamp == time ? histograms[number] : nil
    }

    /// Each number `group` gives for a timestamp, once, ascending.
    func groups(of group: (Int64) -> Int64) -> [Int64] {
        if isEmpty { return [] }
        if group(first) == group(last) { return [group(first)] }
        var found: Set<Int64> = []
        for slab in full + [open] {
            var latest: Int64?
            for time in slab.timestamps {
                let number = group(time)
                if number != latest { found.insert(number) }
                latest = number
            }
        }
        return found.sorted()
    }

    /// Appends a series' samples in the range to `columns`, ascending, each timestamp once: of several samples the last to come stands.
    func read(series: UInt32, from: Int64, through: Int64, into columns: inout SampleColumns) {
        let start = columns.count
        guard histograms.isEmpty, columns.histograms.isEmpty, columns.startTimestamps.isEmpty else {
            return readSorting(series: series, from: from, through: through, into: &columns)
        }
        // Nearly always the chain goes strictly back in time: taken as it is and turned around.
        var at = newest(of: series)
        var later = Int64.max
        while at != Self.none {
            let (time, value, previous) = sample(at)
            if time >= later {
                columns.timestamps.removeLast(columns.timestamps.count - start)
                columns.values.removeLast(columns.values.count - start)
                return readSorting(series: series, from: from, through: through, into: &columns)
            }
            later = time
            if time >= from, time <= through {
                columns.timestamps.append(time)
                columns.values.append(value)
            }
            at = previous
        }
        columns.timestamps[start...].reverse()
        columns.values[start...].reverse()
    }

    private func readSorting(series: UInt32, from: Int64, through: Int64, into columns: inout SampleColumns) {
        var at = newest(of: series)
        var found: [(number: UInt32, time: Int64, value: Double)] = []
        while at != Self.none {
            let (time, value, previous) = sample(at)
            if time >= from, time <= through { found.append((at, time, value)) }
            at = previous
        }
        found.sort { a, b in a.time == b.time ? a.number < b.number : a.time < b.time }
        for (position, sample) in found.enumerated() {
            if position + 1 < found.count, found[position + 1].time == sample.time { continue }
            if let histogram = histograms[sample.number] {
                columns.append(sample.time, histogram)
            } else {
                columns.append(sample.time, sample.value)
            }
        }
    }
}
