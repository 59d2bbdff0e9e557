import VardeModel

/// Samples since the last cut, in the order they came, chained by series: appending touches the end of one array and nothing else.
///
/// They lie in slabs: a full slab never changes again, so a query that holds on to the samples makes the next append copy the open
/// slab at most.
struct HeadSamples {
    /// No sample before.
    static let none = UInt32.max

    /// Sixteen bytes, so that no sample lies in two lines of the cache.
    fileprivate struct Sample {
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

    private var full: [[Sample]] = []
    private var open: [Sample] = []
    /// Time of the first sample.
    private var base: Int64 = 0
    /// Times too far from `base`, by sample number.
    private var farTimes: [UInt32: Int64] = [:]
    /// Newest sample of each series.
    private var newest: [UInt32] = []
    /// Histograms by sample number.
    private var histograms: [UInt32: NativeHistogram] = [:]
    /// A bit for each series whose samples do not all go strictly forward in time, or are not all floats.
    private var irregular: [UInt64] = []
    private var areAllIrregular = false
    private(set) var first = Int64.max
    private(set) var last = Int64.min

    var count: Int { full.count << Self.slabBits + open.count }
    /// Samples a series there ever was a sample of has, about.
    var averageCount: Int { count / max(1, newest.count) }
    var isEmpty: Bool { full.isEmpty && open.isEmpty }

    /// Appends a sample. `isLater` says that the series has none at this time or after it.
    @inline(__always)
    mutating func append(series: UInt32, _ timestamp: Int64, _ value: Double, isLater: Bool) {
        let number = UInt32(truncatingIfNeeded: count)
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
        open.reserveCapacity(Self.slabSize)
    }

    mutating func append(series: UInt32, _ timestamp: Int64, _ histogram: NativeHistogram) {
        histograms[UInt32(count)] = histogram
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
    fileprivate func sample(_ number: UInt32) -> Sample {
        let slab = Int(number) >> Self.slabBits
        let position = Int(number) & Self.slabMask
        return slab == full.count ? open[position] : full[slab][position]
    }

    @inline(__always)
    fileprivate func time(_ number: UInt32, _ offset: Int32) -> Int64 {
        offset == Self.far ? farTimes[number] ?? 0 : base + Int64(offset)
    }

    @inline(__always)
    func newest(of series: UInt32) -> UInt32 { Int(series) < newest.count ? newest[Int(series)] : Self.none }

    /// The histogram a series' newest sample is, where it has this time.
    func newestHistogram(of series: UInt32, at time: Int64) -> NativeHistogram? {
        let number = newest(of: series)
        return number != Self.none && self.time(number, sample(number).offset) == time ? histograms[number] : nil
    }

    /// Each number `group` gives for a timestamp, once, ascending.
    func groups(of group: (Int64) -> Int64) -> [Int64] {
        if isEmpty { return [] }
        if group(first) == group(last) { return [group(first)] }
        var found: Set<Int64> = []
        var latest: Int64?
        for number in 0..<UInt32(count) {
            let group = group(time(number, sample(number).offset))
            if group != latest { found.insert(group) }
            latest = group
        }
        return found.sorted()
    }

    /// Appends a series' samples in the range to `columns`, ascending, each timestamp once: of several samples the last to come stands.
    func read(series: UInt32, from: Int64, through: Int64, into columns: inout SampleColumns) {
        guard !isIrregular(series), columns.histograms.isEmpty, columns.startTimestamps.isEmpty else {
            return readSorting(series: series, from: from, through: through, into: &columns)
        }
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

    private func readSorting(series: UInt32, from: Int64, through: Int64, into columns: inout SampleColumns) {
        var at = newest(of: series)
        var found: [(number: UInt32, time: Int64, value: Double)] = []
        while at != Self.none {
            let sample = sample(at)
            let time = time(at, sample.offset)
            if time >= from, time <= through { found.append((at, time, sample.value)) }
            at = sample.previous
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

// MARK: - Several series at once

extension HeadSamples {
    /// Samples of some series that are not irregular, each in a stretch of its own, ascending.
    struct Runs {
        /// Chains followed side by side at most.
        static let mostChains = 64

        /// Where each chain is, and how many samples it gave.
        private var at: [UInt32] = []
        private var counts: [Int] = []
        /// Room for so many samples a chain.
        private var room = 128
        private var times: [Int64] = []
        private var values: [Double] = []

        func append(_ run: Int, to columns: inout SampleColumns) {
            let range = run * room..<(run * room + counts[run])
            columns.timestamps.append(contentsOf: times[range])
            columns.values.append(contentsOf: values[range])
        }

        /// Reads the series whose newest samples are given, neighbours in the head beside each other.
        mutating func fill(_ newest: [UInt32], of samples: HeadSamples, times range: ClosedRange<Int64>) {
            at = newest
            counts = [Int](repeating: 0, count: newest.count)
            if times.count < newest.count * room { reserve(newest.count * room) }
            while Self.follow(samples, range, room: room, &at, &counts, &times, &values) { widen() }
            for run in at.indices {
                let own = run * room..<(run * room + counts[run])
                times[own].reverse()
                values[own].reverse()
            }
        }

        /// Follows the chains side by side, newest sample first, until one has no room left; whether that is so.
        private static func follow(
            _ samples: HeadSamples, _ range: ClosedRange<Int64>, room: Int, _ places: inout [UInt32], _ lengths: inout [Int],
            _ timeColumn: inout [Int64], _ valueColumn: inout [Double]
        ) -> Bool {
            var at = places.mutableSpan
            var counts = lengths.mutableSpan
            var times = timeColumn.mutableSpan
            var values = valueColumn.mutableSpan
            var isOpen = true
            while isOpen {
                isOpen = false
                for run in at.indices {
                    let number = at[run]
                    if number == HeadSamples.none { continue }
                    let sample = samples.sample(number)
                    let time = samples.time(number, sample.offset)
                    if range.contains(time) {
                        let count = counts[run]
                        if count == room { return true }
                        times[run * room + count] = time
                        values[run * room + count] = sample.value
                        counts[run] = count + 1
                    }
                    at[run] = time < range.lowerBound ? HeadSamples.none : sample.previous
                    isOpen = true
                }
            }
            return false
        }

        private mutating func reserve(_ count: Int) {
            times.append(contentsOf: repeatElement(0, count: count - times.count))
            values.append(contentsOf: repeatElement(0, count: count - values.count))
        }

        private mutating func widen() {
            let old = room
            room *= 2
            reserve(at.count * room)
            // From the last on, so that nothing is overwritten before it is moved.
            for run in at.indices.reversed() {
                for place in (0..<counts[run]).reversed() {
                    times[run * room + place] = times[run * old + place]
                    values[run * room + place] = values[run * old + place]
                }
            }
        }
    }
}
