import VardeKernels
import VardeModel

/// Rebuilds the head from the log, a record at a time: it never holds more than the head itself.
struct Recovery {
    var state = MetricStore.State()
    private let options: MetricStoreOptions
    /// By number of a series in the log: what it is here, `UInt32.max` where it is not defined, and the last value the log gave it.
    private var known: [(series: UInt32, bits: UInt64)] = []
    private var pairs: [UInt32] = []
    private var nextSequence: UInt64?
    private(set) var unreadable = 0

    init(options: MetricStoreOptions) {
        self.options = options
    }

    mutating func replay(kind: UInt8, _ bytes: Span<UInt8>) {
        switch kind {
        case MetricLogRecord.series:
            if !replaySeries(bytes) { unreadable += 1 }
        case MetricLogRecord.samples:
            if !replaySamples(bytes) { unreadable += 1 }
        default: unreadable += 1
        }
    }

    /// Where a record is missing, the values known of series are no longer those the writer took differences from.
    private mutating func expect(_ sequence: UInt64) {
        if let nextSequence, sequence != nextSequence {
            for number in known.indices { known[number].series = .max }
            if sequence != 0 { unreadable += 1 }
        }
        nextSequence = sequence + 1
    }

    /// Interns a series' labels as they lie in the record: no text is built for what is known already.
    private mutating func replaySeries(_ bytes: Span<UInt8>) -> Bool {
        var at = 0
        guard let sequence = Varint.read(bytes, at: &at) else { return false }
        expect(sequence)
        guard let rawNumber = Varint.read(bytes, at: &at), rawNumber < MetricLogRecord.maxSeriesNumber,
            let labels = Varint.read(bytes, at: &at), labels <= MetricLogRecord.maxLabels
        else { return false }
        pairs.removeAll(keepingCapacity: true)
        for _ in 0..<(2 * labels) {
            guard let length = Varint.read(bytes, at: &at), length <= UInt64(bytes.count - at) else { return false }
            pairs.append(state.table.intern(bytes.extracting(at..<(at + Int(length)))))
            at += Int(length)
        }
        let identity = state.table.identity(ofPairs: pairs)
        let number = Int(rawNumber)
        while known.count <= number { known.append((.max, 0)) }
        known[number] = (state.table.find(identity) ?? state.addSeries(pairs, identity), 0)
        return true
    }

    private mutating func replaySamples(_ bytes: Span<UInt8>) -> Bool {
        var at = 0
        guard let count = Varint.read(bytes, at: &at), let sequence = Varint.read(bytes, at: &at) else { return false }
        expect(sequence)
        var isLost = false
        var number: Int64 = 0
        var time: Int64 = 0
        for _ in 0..<count {
            guard let numberStep = Varint.read(bytes, at: &at), let timeStep = Varint.read(bytes, at: &at), at < bytes.count else {
                return false
            }
            number &+= Varint.unzigzag(numberStep)
            time &+= Varint.unzigzag(timeStep)
            guard number >= 0, number < Int64(MetricLogRecord.maxSeriesNumber) else { return false }
            let (series, last) = number < Int64(known.count) ? known[Int(number)] : (.max, 0)
            if series == .max { isLost = true }
            if bytes[at] == MetricLogRecord.histogramControl {
                at += 1
                guard let length = Varint.read(bytes, at: &at), length <= UInt64(bytes.count - at),
                    let histogram = HistogramColumn.decode(bytes, at: &at)
                else { return false }
                if series == .max { continue }
                state.samples.append(series: series, time, histogram)
                state.edges[Int(series)].note(time, 0, isHistogram: true)
            } else {
                guard let bits = MetricLogRecord.readValue(bytes, at: &at, last: last) else { return false }
                if series == .max { continue }
                known[Int(number)].bits = bits
                state.samples.append(series: series, time, Double(bitPattern: bits))
                state.edges[Int(series)].note(time, bits)
            }
        }
        return !isLost
    }

    func finish(now: Int64) -> MetricStore.State {
        var state = state
        if !state.samples.isEmpty { state.headSince = now }
        return state
    }
}

extension MetricStore.State {
    mutating func addSeries(_ labels: Labels, _ identity: SeriesIdentity) -> UInt32 {
        edges.append(SeriesEdge())
        return table.add(labels, identity: identity)
    }

    mutating func addSeries(_ pairs: [UInt32], _ identity: SeriesIdentity) -> UInt32 {
        edges.append(SeriesEdge())
        return table.add(pairs, identity: identity)
    }
}
