import VardeKernels
import VardeModel

/// Rebuilds the head from the log, a record at a time: it never holds more than the head itself.
struct Recovery {
    var state = MetricStore.State()
    private let options: MetricStoreOptions
    /// Series numbers of the log and what they are here, with the last value the log gave each.
    private var known: [UInt32: (series: UInt32, bits: UInt64)] = [:]
    private(set) var unreadable = 0

    init(options: MetricStoreOptions) {
        self.options = options
    }

    mutating func replay(kind: UInt8, _ bytes: Span<UInt8>) {
        switch kind {
        case MetricLogRecord.series:
            guard let (number, labels) = MetricLogRecord.decodeSeries(bytes) else { return unreadable += 1 }
            known[number] = (state.series(of: labels), 0)
        case MetricLogRecord.samples:
            if !replaySamples(bytes) { unreadable += 1 }
        default: unreadable += 1
        }
    }

    private mutating func replaySamples(_ bytes: Span<UInt8>) -> Bool {
        var at = 0
        guard let count = Varint.read(bytes, at: &at) else { return false }
        var number: Int64 = 0
        var time: Int64 = 0
        for _ in 0..<count {
            guard let numberStep = Varint.read(bytes, at: &at), let timeStep = Varint.read(bytes, at: &at), at < bytes.count else {
                return false
            }
            number &+= Varint.unzigzag(numberStep)
            time &+= Varint.unzigzag(timeStep)
            guard let key = UInt32(exactly: number), let (series, last) = known[key] else { return false }
            if bytes[at] == 0xff {
                at += 1
                guard let length = Varint.read(bytes, at: &at), length <= UInt64(bytes.count - at),
                    let histogram = HistogramColumn.decode(bytes, at: &at)
                else { return false }
                state.samples.append(series: series, time, histogram)
                state.note(series, time, 0)
            } else {
                guard let bits = MetricLogRecord.readValue(bytes, at: &at, last: last) else { return false }
                known[key] = (series, bits)
                state.samples.append(series: series, time, Double(bitPattern: bits))
                state.note(series, time, bits)
            }
        }
        return true
    }

    func finish(now: Int64) -> MetricStore.State {
        var state = state
        if !state.samples.isEmpty { state.headSince = now }
        return state
    }
}

extension MetricStore.State {
    /// Number of a series, added where it is new.
    mutating func series(of labels: Labels) -> UInt32 {
        let identity = SeriesIdentity(labels)
        return table.find(identity) ?? addSeries(labels, identity)
    }

    mutating func addSeries(_ labels: Labels, _ identity: SeriesIdentity) -> UInt32 {
        let id = table.add(labels, identity: identity)
        newestTimes.append(.min)
        newestBits.append(0)
        logEpochs.append(0)
        loggedBits.append(0)
        return id
    }

    /// Remembers a series' newest sample.
    @inline(__always)
    mutating func note(_ series: UInt32, _ time: Int64, _ bits: UInt64) {
        if time >= newestTimes[Int(series)] {
            newestTimes[Int(series)] = time
            newestBits[Int(series)] = bits
        }
    }
}
