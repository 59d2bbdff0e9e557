internal import VardeKernels

/// Where each step's window lies among a series' samples, and how far it is from its edges.
///
/// Series scraped together have the same timestamps, so a plan made for one serves those that follow.
struct WindowPlan: Sendable {
    private var times: [Int64] = []
    private(set) var lows: [Int32] = []
    private(set) var highs: [Int32] = []
    /// Seconds from the window's start to its first sample, as far as a rate is stretched there.
    private(set) var toStart: [Double] = []
    /// Seconds from its last sample to its end, likewise.
    private(set) var toEnd: [Double] = []
    /// Seconds from its first to its last sample.
    private(set) var sampled: [Double] = []
    /// What a window's difference becomes a rate or an increase by, where nothing but the window's edges bounds it.
    private(set) var factors: [Double] = []
    /// A counter whose first value is at least its difference divided by this cannot have begun within `toStart`; somewhat too small, so
    /// that who is near the bound is looked at exactly.
    private(set) var safeShares: [Double] = []
    /// Where windows begin or end among the samples, ascending: no window holds a part of what lies between two of these.
    private(set) var edges: [Int32] = []
    /// For each step the positions in `edges` of its window's ends; made with them when they are first asked for.
    private(set) var firstEdges: [Int32] = []
    private(set) var lastEdges: [Int32] = []
    /// Seconds of each sample from the first on; of each window their mean and the sum of their squared distances from it. Made when they
    /// are first asked for.
    private(set) var seconds: [Double] = []
    private(set) var means: [Double] = []
    private(set) var spreads: [Double] = []

    var firstTime: Int64 { times.first ?? 0 }

    /// Whether this is the plan of a series with these times.
    func isPlan(of wanted: [Int64]) -> Bool { !lows.isEmpty && ColumnCounts.areEqual(times.span, wanted.span) }

    /// Makes the plan one for these times. `perSecond` is what differences are divided by.
    mutating func make(_ wanted: [Int64], _ windows: RangeWindows, perSecond: Double) {
        times = wanted
        edges.removeAll(keepingCapacity: true)
        seconds.removeAll(keepingCapacity: true)
        let count = windows.grid.count
        if lows.count != count {
            for path in [\WindowPlan.lows, \.highs] { self[keyPath: path] = Array(repeating: 0, count: count) }
            for path in [\WindowPlan.toStart, \.toEnd, \.sampled, \.factors, \.safeShares] {
                self[keyPath: path] = Array(repeating: 0, count: count)
            }
        }
        let span = wanted.span
        var low = 0
        var high = 0
        for step in 0..<count {
            let end = windows.end(step)
            let start = end - windows.range
            RangeEvaluation.advance(&low, &high, span, start, end)
            lows[step] = Int32(low)
            highs[step] = Int32(high)
            if high - low < 2 { continue }
            let length = Double(span[high - 1] - span[low]) / 1000
            let average = length / Double(high - 1 - low)
            let threshold = average * 1.1
            let before = Double(span[low] - start) / 1000
            let after = Double(end - span[high - 1]) / 1000
            let stretchedBefore = before >= threshold ? average / 2 : before
            let stretchedAfter = after >= threshold ? average / 2 : after
            toStart[step] = stretchedBefore
            toEnd[step] = stretchedAfter
            sampled[step] = length
            factors[step] = (length + stretchedBefore + stretchedAfter) / length / perSecond
            safeShares[step] = length / stretchedBefore * 0.999999
        }
    }

    /// Cuts the samples at the ends of all windows.
    mutating func prepareEdges() {
        if !edges.isEmpty { return }
        firstEdges.removeAll(keepingCapacity: true)
        lastEdges.removeAll(keepingCapacity: true)
        // Both ends ascend from step to step, and each is one of the edges.
        var low = 0
        var high = 0
        while low < lows.count || high < highs.count {
            let nextHigh = high < highs.count ? highs[high] : .max
            let edge = low < lows.count ? min(lows[low], nextHigh) : nextHigh
            let place = Int32(edges.count)
            edges.append(edge)
            while low < lows.count, lows[low] == edge {
                firstEdges.append(place)
                low += 1
            }
            while high < highs.count, highs[high] == edge {
                lastEdges.append(place)
                high += 1
            }
        }
    }

    /// Makes what a line through the samples of each window needs to know of their times.
    mutating func prepareLines() {
        if !seconds.isEmpty { return }
        for time in times { seconds.append(Double(time - firstTime) / 1000) }
        means.removeAll(keepingCapacity: true)
        spreads.removeAll(keepingCapacity: true)
        for step in lows.indices {
            let own = Int(lows[step])..<Int(highs[step])
            var sum = 0.0
            for at in own { sum += seconds[at] }
            let mean = sum / Double(max(own.count, 1))
            var spread = 0.0
            for at in own { spread += (seconds[at] - mean) * (seconds[at] - mean) }
            means.append(mean)
            spreads.append(spread)
        }
    }
}

/// The plans of the series before: those of one host share their times, and hosts take turns where series are in the order of labels.
struct WindowPlans: Sendable {
    private static let most = 64
    /// Bytes that all of them take at most, but for two.
    private static let mostBytes = 1 << 20

    /// The plan that was asked for last.
    var current = WindowPlan()
    /// The others; the place of `current` holds an empty one.
    private var others: [WindowPlan] = []
    private var place = 0
    private var placeOfKey: [Int64: Int] = [:]
    private var keyOfPlace: [Int64] = []

    /// Makes `current` the plan of these times. `perSecond` is what differences are divided by, always the same.
    mutating func prepare(_ times: [Int64], _ windows: RangeWindows, perSecond: Double = 1) {
        if current.isPlan(of: times) { return }
        let key = (times.first ?? 0) &* 31 &+ Int64(times.count)
        let wanted: Int
        if let known = placeOfKey[key] {
            wanted = known
        } else if others.count < max(2, min(Self.most, Self.mostBytes / (times.count * 8 + windows.grid.count * 64 + 1))) {
            wanted = others.count
            others.append(WindowPlan())
            keyOfPlace.append(key)
        } else {
            // Those of the longest ago go round and round: where there are more than fit, none of them is met again anyway.
            wanted = (place + 1) % others.count
            placeOfKey[keyOfPlace[wanted]] = nil
            keyOfPlace[wanted] = key
        }
        placeOfKey[key] = wanted
        if wanted != place {
            swap(&current, &others[place])
            swap(&current, &others[wanted])
            place = wanted
            if current.isPlan(of: times) { return }
        }
        current.make(times, windows, perSecond: perSecond)
    }
}
