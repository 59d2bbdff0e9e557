import VardeModel

/// Samples since the last cut, in the order they came, chained by series: appending touches four arrays at their ends and nothing else.
struct HeadSamples {
    /// No sample before.
    static let none = UInt32.max

    private(set) var timestamps: [Int64] = []
    private(set) var values: [Double] = []
    /// The sample of the same series that came before.
    private(set) var previous: [UInt32] = []
    /// Newest sample of each series.
    private(set) var newest: [UInt32] = []
    /// Histograms by sample number.
    private(set) var histograms: [UInt32: NativeHistogram] = [:]
    private(set) var first = Int64.max
    private(set) var last = Int64.min

    var count: Int { timestamps.count }
    var isEmpty: Bool { timestamps.isEmpty }

    mutating func append(series: UInt32, _ timestamp: Int64, _ value: Double) {
        let number = UInt32(timestamps.count)
        while newest.count <= Int(series) { newest.append(Self.none) }
        timestamps.append(timestamp)
        values.append(value)
        previous.append(newest[Int(series)])
        newest[Int(series)] = number
        if timestamp < first { first = timestamp }
        if timestamp > last { last = timestamp }
    }

    mutating func append(series: UInt32, _ timestamp: Int64, _ histogram: NativeHistogram) {
        histograms[UInt32(timestamps.count)] = histogram
        append(series: series, timestamp, 0)
    }

    func newest(of series: UInt32) -> UInt32 { Int(series) < newest.count ? newest[Int(series)] : Self.none }

    /// Series numbers moved; nil drops a series that has no samples.
    mutating func renumber(_ moved: [UInt32?], count: Int) {
        var fresh = [UInt32](repeating: Self.none, count: count)
        for (old, new) in moved.enumerated() where old < newest.count {
            if let new { fresh[Int(new)] = newest[old] }
        }
        newest = fresh
    }

    /// Appends a series' samples in the range to `columns`, ascending, each timestamp once: of several samples the last to come stands.
    func read(series: UInt32, from: Int64, through: Int64, into columns: inout SampleColumns) {
        var at = newest(of: series)
        if at == Self.none { return }
        var numbers: [UInt32] = []
        var ascending = true
        var lastTime = Int64.max
        while at != Self.none {
            let time = timestamps[Int(at)]
            if time >= lastTime { ascending = false }
            lastTime = min(lastTime, time)
            if time >= from, time <= through { numbers.append(at) }
            at = previous[Int(at)]
        }
        numbers.reverse()
        if !ascending {
            numbers.sort { a, b in timestamps[Int(a)] == timestamps[Int(b)] ? a < b : timestamps[Int(a)] < timestamps[Int(b)] }
        }
        for (position, number) in numbers.enumerated() {
            let time = timestamps[Int(number)]
            if position + 1 < numbers.count, timestamps[Int(numbers[position + 1])] == time { continue }
            if let histogram = histograms[number] { columns.append(time, histogram) } else { columns.append(time, values[Int(number)]) }
        }
    }
}
