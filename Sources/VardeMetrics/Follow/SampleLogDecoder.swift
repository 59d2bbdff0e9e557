import VardeKernels
import VardeModel

/// Understands the metrics log record by record, as `Recovery` does, and keeps of each series only what its reader makes of its labels.
struct SampleLogDecoder {
    /// Series the reader does not want.
    private static let unwanted = UInt32.max - 1

    /// By number of a series in the log: what it is here, `UInt32.max` where it is not defined, and the last value the log gave it.
    private var known = NumberedSlots<(series: UInt32, bits: UInt64)>(empty: (.max, 0))
    private var nextSequence: UInt64?
    private var definitions = DefinitionReader()
    private let takesExemplars: Bool
    private let prepare: @Sendable (Labels) -> [UInt8]?
    /// What `prepare` made of the series, one after the other, and where each ends.
    private var texts: [UInt8] = []
    private var ends: [UInt32] = []
    /// Samples of series the reader does not want.
    private(set) var unwantedSamples = 0
    /// Samples that cannot be understood because a record before them is missing or damaged.
    private(set) var lostSamples = 0

    init(takesExemplars: Bool, prepare: @escaping @Sendable (Labels) -> [UInt8]?) {
        self.takesExemplars = takesExemplars
        self.prepare = prepare
    }

    func text(of series: UInt32) -> ArraySlice<UInt8> {
        let start = series == 0 ? 0 : Int(ends[Int(series) - 1])
        return texts[start..<Int(ends[Int(series)])]
    }

    /// Forgets all series: a stretch begins that defines them anew.
    mutating func startStretch() {
        known.removeAll()
        texts.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        definitions.forget()
        nextSequence = nil
    }

    /// Takes a record; its samples go to `samples` where there is such.
    mutating func take(kind: UInt8, _ bytes: Span<UInt8>, into samples: inout LoggedSamples, emits: Bool) {
        switch kind {
        case MetricLogRecord.definitions: define(bytes)
        case MetricLogRecord.series: defineOne(bytes)
        case MetricLogRecord.samples: read(bytes, into: &samples, emits: emits)
        case MetricLogRecord.exemplars where takesExemplars && emits:
            for (number, exemplar) in MetricLogRecord.decodeExemplars(bytes) {
                let series = known[Int(number)].series
                if series < Self.unwanted { samples.exemplars.append((series, exemplar)) }
            }
        default: break
        }
    }

    /// Where a record is missing, the values known of series are no longer those the writer took differences from.
    private mutating func expect(_ sequence: UInt64) {
        if let nextSequence, sequence != nextSequence {
            known.removeAll()
            definitions.forget()
        }
        nextSequence = sequence + 1
    }

    private mutating func define(_ bytes: Span<UInt8>) {
        var at = 0
        guard let sequence = Varint.read(bytes, at: &at) else { return }
        expect(sequence)
        var defined: [(number: Int, labels: Labels)] = []
        _ = definitions.read(bytes, at: at) { defined.append(($0, $1)) }
        for (number, labels) in defined { define(number, labels) }
    }

    /// A series' definition of version 1.
    private mutating func defineOne(_ bytes: Span<UInt8>) {
        var at = 0
        guard let sequence = Varint.read(bytes, at: &at), let (number, labels) = MetricLogRecord.decodeSeries(bytes) else { return }
        expect(sequence)
        define(Int(number), labels)
    }

    private mutating func define(_ number: Int, _ labels: Labels) {
        guard let text = prepare(labels) else {
            known[number] = (Self.unwanted, 0)
            return
        }
        known[number] = (UInt32(ends.count), 0)
        texts += text
        ends.append(UInt32(truncatingIfNeeded: texts.count))
    }

    private mutating func read(_ bytes: Span<UInt8>, into samples: inout LoggedSamples, emits: Bool) {
        var at = 0
        guard let count = Varint.read(bytes, at: &at), let sequence = Varint.read(bytes, at: &at) else { return }
        expect(sequence)
        var number: Int64 = 0
        var time: Int64 = 0
        for done in 0..<count {
            guard let numberStep = Varint.read(bytes, at: &at), let timeStep = Varint.read(bytes, at: &at), at < bytes.count else {
                return lose(Int(count - done), emits)
            }
            number &+= Varint.unzigzag(numberStep)
            time &+= Varint.unzigzag(timeStep)
            let (series, last) = known[Int(clamping: number)]
            if bytes[at] == MetricLogRecord.histogramControl {
                at += 1
                guard Varint.read(bytes, at: &at) != nil, let histogram = HistogramColumn.decode(bytes, at: &at) else {
                    return lose(Int(count - done), emits)
                }
                if note(series, emits) { samples.append(series, time, histogram) }
            } else {
                guard let bits = MetricLogRecord.readValue(bytes, at: &at, last: last) else { return lose(Int(count - done), emits) }
                if series != .max { known[Int(number)] = (series, bits) }
                if note(series, emits) { samples.append(series, time, Double(bitPattern: bits)) }
            }
        }
    }

    private mutating func lose(_ count: Int, _ emits: Bool) { if emits { lostSamples += count } }

    /// Whether a sample goes on; counts it where it does not.
    @inline(__always)
    private mutating func note(_ series: UInt32, _ emits: Bool) -> Bool {
        guard emits else { return false }
        if series < Self.unwanted { return true }
        if series == .max { lostSamples += 1 } else { unwantedSamples += 1 }
        return false
    }
}
