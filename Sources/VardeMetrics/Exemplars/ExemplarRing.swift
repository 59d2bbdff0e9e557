import VardeModel

/// The newest exemplars of all series in memory; when it is full, the oldest taken goes, whatever its series.
///
/// Invariant: `order` holds the number of a series once for each of its exemplars, in the order they were taken, and a series is
/// known exactly as long as it has one.
struct ExemplarRing: Sendable {
    let capacity: Int
    private(set) var series: [Labels: [Exemplar]] = [:]
    private var order: [Labels] = []
    /// Where the oldest stands in `order`, once that is full.
    private var oldest = 0

    init(capacity: Int) {
        precondition(capacity >= 0, "a ring of exemplars has room for none or more")
        self.capacity = capacity
    }

    var count: Int { order.count }

    /// Why an exemplar is not taken; `duplicate` is no fault.
    enum Refusal: String, Sendable {
        case duplicate
        case outOfOrder = "out_of_order"
        case labelsTooLong = "labels_too_long"
        /// The log did not take it: so it is not held either.
        case notLogged = "not_logged"
    }

    /// Characters the labels of an exemplar may have together, as OpenMetrics says.
    static let maxLabelCharacters = 128

    /// Why an exemplar is not to be taken: it repeats the newest of its series, is older than that, or says too much; nil where it is.
    func refusal(of exemplar: Exemplar, to labels: Labels) -> Refusal? {
        if exemplar.labels.reduce(0, { $0 + $1.name.unicodeScalars.count + $1.value.unicodeScalars.count }) > Self.maxLabelCharacters {
            return .labelsTooLong
        }
        if let newest = series[labels]?.last {
            // One without a time of its own comes again with every scrape, at another time.
            let isSameTime = newest.timestamp == exemplar.timestamp || !exemplar.hasOwnTime
            if isSameTime, newest.value.bitPattern == exemplar.value.bitPattern, newest.labels == exemplar.labels { return .duplicate }
            if exemplar.timestamp < newest.timestamp { return .outOfOrder }
            // The same observation at the same time under another value is an older one than the one known.
            if exemplar.timestamp == newest.timestamp, exemplar.value <= newest.value, exemplar.labels == newest.labels {
                return .outOfOrder
            }
        }
        return nil
    }

    /// Takes an exemplar that is not refused.
    mutating func add(_ exemplar: Exemplar, to labels: Labels) {
        if capacity == 0 { return }
        if order.count == capacity {
            forgetFirst(of: order[oldest])
            order[oldest] = labels
            oldest = (oldest + 1) % capacity
        } else {
            order.append(labels)
        }
        series[labels, default: []].append(exemplar)
    }

    /// Forgets exemplars; how many there were.
    mutating func remove(where test: (Labels, Exemplar) -> Bool) -> Int {
        var kept = ExemplarRing(capacity: capacity)
        forEach { labels, exemplar in
            if !test(labels, exemplar) { kept.add(exemplar, to: labels) }
        }
        defer { self = kept }
        return count - kept.count
    }

    private mutating func forgetFirst(of labels: Labels) {
        guard let at = series.index(forKey: labels) else { preconditionFailure("a series in the order of exemplars has some") }
        if series.values[at].count == 1 { series.remove(at: at) } else { series.values[at].removeFirst() }
    }

    /// All exemplars, the oldest taken first.
    func forEach(_ body: (Labels, Exemplar) throws -> Void) rethrows {
        var next: [Labels: Int] = [:]
        for step in 0..<order.count {
            let labels = order[(oldest + step) % order.count]
            let index = next[labels, default: 0]
            next[labels] = index + 1
            if let exemplar = series[labels]?[index] { try body(labels, exemplar) }
        }
    }
}
