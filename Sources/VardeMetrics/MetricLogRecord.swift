import VardeKernels
import VardeModel

/// Records of the metrics log, version 1.
///
///     series    kind 1: sequence(varint) number(varint) labels(varint) (length(varint) name length(varint) value)×labels
///     samples   kind 2: count(varint) sequence(varint) sample×count
///     sample    = number difference(zigzag varint) time difference(zigzag varint) value
///     value     = control(u8) bytes: 0x00–0x88 for a float: low nibble the count of zero bytes at the end of the XOR with the series' last
///                 value in this log, high nibble the count of bytes that follow; 0xff for a histogram: length(varint) HistogramColumn
///
/// Differences are from the sample before in the record. A series is defined anew in each stretch of the log that may be replayed by
/// itself, and its last value starts from zero there. Records are numbered from 0 at each start of the store: where a number is
/// missing, a record was lost, and what differs from values before it is not believed until its series is defined again.
enum MetricLogRecord {
    static let series: UInt8 = 1
    static let samples: UInt8 = 2
    /// Control byte of a histogram.
    static let histogramControl: UInt8 = 0xff

    /// Bounds of what recovery believes a record.
    static let maxSeriesNumber: UInt64 = 1 << 28
    static let maxLabels: UInt64 = 10_000

    static func encodeSeries(_ number: UInt32, _ labels: Labels, sequence: UInt32) -> [UInt8] {
        var out: [UInt8] = []
        Varint.append(UInt64(sequence), to: &out)
        Varint.append(UInt64(number), to: &out)
        Varint.append(UInt64(labels.count), to: &out)
        for label in labels {
            for text in [label.name, label.value] {
                Varint.append(UInt64(text.utf8.count), to: &out)
                out += text.utf8
            }
        }
        return out
    }

    /// Number and labels of a series' definition, nil where the bytes are none.
    static func decodeSeries(_ bytes: Span<UInt8>) -> (number: UInt64, labels: Labels)? {
        var at = 0
        guard Varint.read(bytes, at: &at) != nil, let number = Varint.read(bytes, at: &at), number < maxSeriesNumber,
            let count = Varint.read(bytes, at: &at), count <= maxLabels
        else { return nil }
        var texts: [String] = []
        for _ in 0..<(2 * count) {
            guard let length = Varint.read(bytes, at: &at), length <= UInt64(bytes.count - at) else { return nil }
            texts.append(Bytes.string(bytes.extracting(at..<(at + Int(length)))))
            at += Int(length)
        }
        let labels = stride(from: 0, to: texts.count, by: 2).map { Label(texts[$0], texts[$0 + 1]) }
        return at == bytes.count ? (number, Labels(sortedUnchecked: labels)) : nil
    }

    /// The bits of a value, nil where the bytes are none.
    static func readValue(_ bytes: Span<UInt8>, at: inout Int, last: UInt64) -> UInt64? {
        guard at < bytes.count else { return nil }
        let control = bytes[at]
        at += 1
        let count = Int(control >> 4)
        let trailing = Int(control & 15)
        guard count + trailing <= 8, at + count <= bytes.count else { return nil }
        var xor: UInt64 = 0
        for i in 0..<count { xor |= UInt64(bytes[at + i]) << UInt64(8 * (i + trailing)) }
        at += count
        return last ^ xor
    }
}
