import VardeKernels
import VardeModel

/// Records of the metrics log, version 1.
///
///     series    kind 1: number(varint) labels(varint) (length(varint) name length(varint) value)×labels
///     samples   kind 2: count(varint) sample×count
///     sample    = number difference(zigzag varint) time difference(zigzag varint) value
///     value     = control(u8) bytes: 0x00–0x88 for a float: low nibble the count of zero bytes at the end of the XOR with the series' last
///                 value in this log, high nibble the count of bytes that follow; 0xff for a histogram: length(varint) HistogramColumn
///
/// Differences are from the sample before in the record. A series is defined anew in each stretch of the log that may be replayed by
/// itself, and its last value starts from zero there.
enum MetricLogRecord {
    static let series: UInt8 = 1
    static let samples: UInt8 = 2

    static func encodeSeries(_ number: UInt32, _ labels: Labels) -> [UInt8] {
        var out: [UInt8] = []
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

    static func decodeSeries(_ bytes: Span<UInt8>) -> (number: UInt32, labels: Labels)? {
        var at = 0
        guard let number = Varint.read(bytes, at: &at), number < UInt64(UInt32.max), let count = Varint.read(bytes, at: &at),
            count <= 10_000
        else { return nil }
        var labels: [Label] = []
        for _ in 0..<count {
            guard let name = text(bytes, &at), let value = text(bytes, &at) else { return nil }
            labels.append(Label(name, value))
        }
        return (UInt32(number), Labels(labels))
    }

    private static func text(_ bytes: Span<UInt8>, _ at: inout Int) -> String? {
        guard let length = Varint.read(bytes, at: &at), length <= UInt64(bytes.count - at) else { return nil }
        defer { at += Int(length) }
        return Bytes.string(bytes.extracting(at..<(at + Int(length))))
    }

    /// Appends a value as the bytes in which it differs from `last`.
    @inline(__always)
    static func appendValue(_ bits: UInt64, last: UInt64, to out: inout [UInt8]) {
        let xor = bits ^ last
        if xor == 0 { return out.append(0) }
        let trailing = xor.trailingZeroBitCount / 8
        let count = 8 - trailing - xor.leadingZeroBitCount / 8
        out.append(UInt8(count << 4 | trailing))
        var rest = xor >> UInt64(trailing * 8)
        for _ in 0..<count {
            out.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
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
