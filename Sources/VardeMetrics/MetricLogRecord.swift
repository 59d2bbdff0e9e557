import VardeKernels
import VardeModel

/// Records of the metrics log, version 2.
///
///     definitions  kind 3: sequence(varint) symbols(varint) symbol×symbols pairs(varint) pair×pairs series(varint) series×series
///       symbol     = number difference(zigzag varint) length(varint) bytes
///       pair       = number difference(zigzag varint) name symbol(varint) value symbol(varint)
///       series     = number difference(zigzag varint) labels(varint) pair(varint)×labels
///     samples      kind 2: count(varint) sequence(varint) sample×count
///       sample     = number difference(zigzag varint) time difference(zigzag varint) value
///       value      = control(u8) bytes: 0x00–0x88 for a float: low nibble the count of zero bytes at the end of the XOR with the series'
///                    last value in this log, high nibble the count of bytes that follow; 0xff for a histogram: length(varint)
///                    HistogramColumn
///     exemplars    kind 4, only while they are passed on, for who reads the log alone: (series(varint) exemplar)× to the end, the
///                    exemplar as behind the series in `ExemplarLogRecord`
///     series       kind 1, of version 1, read only: sequence(varint) number(varint) labels(varint) (length(varint) name length(varint)
///                    value)×labels
///
/// Differences are from the one before in the record. Symbols, pairs and series are defined anew in each stretch of the log that may be
/// replayed by itself, and a series' last value starts from zero at its definition. Records are numbered from 0 at each start of the
/// store: where a number is missing, a record was lost, and what differs from values before it is not believed until its series is
/// defined again.
enum MetricLogRecord {
    static let series: UInt8 = 1
    static let samples: UInt8 = 2
    static let definitions: UInt8 = 3
    static let exemplars: UInt8 = 4
    /// Control byte of a histogram.
    static let histogramControl: UInt8 = 0xff

    /// Bounds of what recovery believes a record.
    static let maxSeriesNumber: UInt64 = 1 << 28
    static let maxSymbolNumber: UInt64 = 1 << 28
    static let maxLabels: UInt64 = 10_000
    /// A record of definitions is closed once it is larger.
    static let definitionsSize = 1 << 20

    /// What of a record is text, for auditors: symbols as they were defined, labels of version 1.
    static func texts(kind: UInt8, _ bytes: Span<UInt8>) -> [String] {
        switch kind {
        case series: return decodeSeries(bytes).map { ["series \($0.number) \($0.labels)"] } ?? []
        case definitions:
            var at = 0
            var texts: [String] = []
            guard Varint.read(bytes, at: &at) != nil, let symbols = Varint.read(bytes, at: &at) else { return [] }
            var number: Int64 = 0
            for _ in 0..<symbols {
                guard let symbol = symbol(bytes, at: &at, &number) else { break }
                texts.append("symbol \(number) \(Bytes.string(bytes.extracting(symbol)).quoted)")
            }
            return texts
        case exemplars: return decodeExemplars(bytes).map { "exemplar of series \($0.series) \($0.exemplar.labels)" }
        default: return []
        }
    }

    /// Number and range of the bytes of a symbol's definition, nil where the bytes are none.
    @inline(__always)
    static func symbol(_ bytes: Span<UInt8>, at: inout Int, _ number: inout Int64) -> Range<Int>? {
        guard let step = Varint.read(bytes, at: &at), let length = Varint.read(bytes, at: &at), length <= UInt64(bytes.count - at) else {
            return nil
        }
        number &+= Varint.unzigzag(step)
        guard number >= 0, number < Int64(maxSymbolNumber) else { return nil }
        defer { at += Int(length) }
        return at..<(at + Int(length))
    }

    /// Number and labels of a series' definition of version 1, nil where the bytes are none.
    static func decodeSeries(_ bytes: Span<UInt8>) -> (number: UInt64, labels: Labels)? {
        var at = 0
        guard Varint.read(bytes, at: &at) != nil, let number = Varint.read(bytes, at: &at), number < maxSeriesNumber,
            let count = Varint.read(bytes, at: &at), count <= maxLabels
        else { return nil }
        var labels: [Label] = []
        for _ in 0..<count {
            var texts: [String] = []
            for _ in 0..<2 {
                guard let length = Varint.read(bytes, at: &at), length <= UInt64(bytes.count - at) else { return nil }
                texts.append(Bytes.string(bytes.extracting(at..<(at + Int(length)))))
                at += Int(length)
            }
            labels.append(Label(texts[0], texts[1]))
        }
        return at == bytes.count ? (number, Labels(labels)) : nil
    }

    /// Exemplars with the numbers of their series; what comes behind bytes that are none is left out.
    static func decodeExemplars(_ bytes: Span<UInt8>) -> [(series: UInt64, exemplar: Exemplar)] {
        var at = 0
        var all: [(series: UInt64, exemplar: Exemplar)] = []
        while at < bytes.count, let number = Varint.read(bytes, at: &at), number < maxSeriesNumber,
            let exemplar = ExemplarLogRecord.exemplar(bytes, at: &at)
        { all.append((number, exemplar)) }
        return all
    }

    /// The bits of a value, nil where the bytes are none.
    @inline(__always)
    static func readValue(_ bytes: Span<UInt8>, at: inout Int, last: UInt64) -> UInt64? {
        guard at < bytes.count else { return nil }
        let control = bytes[at]
        at += 1
        if control == 0 { return last }
        let count = Int(control >> 4)
        let trailing = Int(control & 15)
        guard count + trailing <= 8, at + count <= bytes.count else { return nil }
        var xor: UInt64 = 0
        if at + 8 <= bytes.count {
            xor = Bytes.load64(bytes, at: at)
            if count < 8 { xor &= (1 &<< UInt64(8 &* count)) &- 1 }
            xor = count == 0 ? 0 : xor << UInt64(8 &* trailing)
        } else {
            for i in 0..<count { xor |= UInt64(bytes[at + i]) << UInt64(8 * (i + trailing)) }
        }
        at += count
        return last ^ xor
    }
}
