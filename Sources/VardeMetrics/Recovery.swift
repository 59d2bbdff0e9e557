import VardeKernels
import VardeModel

/// Rebuilds the head from the log, a record at a time: it never holds more than the head itself.
struct Recovery {
    var state = MetricStore.State()
    private let options: MetricStoreOptions
    /// By number of a series in the log: what it is here, `UInt32.max` where it is not defined, and the last value the log gave it.
    private var known = NumberedSlots<(series: UInt32, bits: UInt64)>(empty: (.max, 0))
    /// By numbers of symbols and pairs in the log: what they are here, `UInt32.max` where they are not defined.
    private var symbols = NumberedSlots<UInt32>(empty: .max)
    private var pairs = NumberedSlots<UInt32>(empty: .max)
    private var scratch: [UInt32] = []
    private var nextSequence: UInt64?
    private(set) var unreadable = 0

    init(options: MetricStoreOptions) {
        self.options = options
    }

    mutating func replay(kind: UInt8, _ bytes: Span<UInt8>) {
        switch kind {
        case MetricLogRecord.definitions:
            if !replayDefinitions(bytes) { unreadable += 1 }
        case MetricLogRecord.series:
            if !replaySeries(bytes) { unreadable += 1 }
        case MetricLogRecord.samples:
            if !replaySamples(bytes) { unreadable += 1 }
        case MetricLogRecord.exemplars: break  // Kept by the exemplar store; here for who passes them on.
        default: unreadable += 1
        }
    }

    /// Where a record is missing, the values known of series are no longer those the writer took differences from.
    private mutating func expect(_ sequence: UInt64) {
        if let nextSequence, sequence != nextSequence {
            known.removeAll()
            symbols.removeAll()
            pairs.removeAll()
            if sequence != 0 { unreadable += 1 }
        }
        nextSequence = sequence + 1
    }

    /// Symbols, pairs and series, each told by its number in the log: a text is looked up once a stretch, not once a series.
    private mutating func replayDefinitions(_ bytes: Span<UInt8>) -> Bool {
        var at = 0
        guard let sequence = Varint.read(bytes, at: &at) else { return false }
        expect(sequence)
        guard let symbolCount = Varint.read(bytes, at: &at) else { return false }
        var number: Int64 = 0
        for _ in 0..<symbolCount {
            guard let text = MetricLogRecord.symbol(bytes, at: &at, &number) else { return false }
            symbols[Int(number)] = state.table.intern(bytes.extracting(text))
        }
        guard let pairCount = Varint.read(bytes, at: &at) else { return false }
        number = 0
        for _ in 0..<pairCount {
            guard let step = Varint.read(bytes, at: &at), let name = Varint.read(bytes, at: &at), let value = Varint.read(bytes, at: &at),
                name < MetricLogRecord.maxSymbolNumber, value < MetricLogRecord.maxSymbolNumber, symbols[Int(name)] != .max,
                symbols[Int(value)] != .max
            else { return false }
            number &+= Varint.unzigzag(step)
            guard number >= 0, number < Int64(MetricLogRecord.maxSymbolNumber) else { return false }
            pairs[Int(number)] = state.table.pair(symbols[Int(name)], symbols[Int(value)])
        }
        return replaySeries(bytes, at: &at)
    }

    /// The series of a record of definitions.
    private mutating func replaySeries(_ bytes: Span<UInt8>, at: inout Int) -> Bool {
        guard let count = Varint.read(bytes, at: &at) else { return false }
        var number: Int64 = 0
        for _ in 0..<count {
            guard let step = Varint.read(bytes, at: &at), let labels = Varint.read(bytes, at: &at), labels <= MetricLogRecord.maxLabels
            else { return false }
            number &+= Varint.unzigzag(step)
            guard number >= 0, number < Int64(MetricLogRecord.maxSeriesNumber) else { return false }
            scratch.removeAll(keepingCapacity: true)
            for _ in 0..<labels {
                guard let pair = Varint.read(bytes, at: &at), pair < MetricLogRecord.maxSymbolNumber, pairs[Int(pair)] != .max else {
                    return false
                }
                scratch.append(pairs[Int(pair)])
            }
            let identity = state.table.identity(ofPairs: scratch)
            known[Int(number)] = (state.table.find(identity) ?? state.addSeries(scratch, identity), 0)
        }
        return true
    }

    /// A series' definition of version 1.
    private mutating func replaySeries(_ bytes: Span<UInt8>) -> Bool {
        var at = 0
        guard let sequence = Varint.read(bytes, at: &at) else { return false }
        expect(sequence)
        guard let (number, labels) = MetricLogRecord.decodeSeries(bytes) else { return false }
        let identity = SeriesIdentity(labels)
        known[Int(number)] = (state.table.find(identity) ?? state.addSeries(labels, identity), 0)
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
            let (series, last) = known[Int(number)]
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
                known[Int(number)] = (series, bits)
                state.samples.append(series: series, time, Double(bitPattern: bits), isLater: time > state.edges[Int(series)].newestTime)
                state.edges[Int(series)].note(time, bits)
            }
        }
        return !isLost
    }

    func finish(now: Int64) -> MetricStore.State {
        var state = state
        if !state.samples.isEmpty { state.headSince = now }
        state.latestAppend = now
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
