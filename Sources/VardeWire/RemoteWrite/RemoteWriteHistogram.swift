import VardeKernels
import VardeModel

/// `prometheus.Histogram` of remote write: a native histogram, integer or float, exponential or with custom buckets.
enum RemoteWriteHistogram {
    /// The histogram with its timestamp, the start timestamp that 2.0 knows (both ms, the latter 0 where there is none), and what it
    /// contradicts itself in, nil where nothing.
    static func decode(
        _ range: Range<Int>, _ bytes: Span<UInt8>
    ) throws(ProtobufReader.Fault) -> (timestamp: Int64, histogram: NativeHistogram, start: Int64, complaint: String?) {
        var reader = ProtobufReader(range)
        var histogram = NativeHistogram()
        var timestamp: Int64 = 0
        var start: Int64 = 0
        var isInteger = false
        var positiveDeltas: [Int64] = []
        var negativeDeltas: [Int64] = []
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(bytes)
            switch (field, type) {
            case (1, 0):
                histogram.count = Double(try reader.varint(bytes))
                isInteger = true
            case (2, 1): histogram.count = Double(bitPattern: try reader.fixed64(bytes))
            case (3, 1): histogram.sum = Double(bitPattern: try reader.fixed64(bytes))
            case (4, 0): histogram.schema = Int32(truncatingIfNeeded: HistogramFields.zigzag(try reader.varint(bytes)))
            case (5, 1): histogram.zeroThreshold = Double(bitPattern: try reader.fixed64(bytes))
            case (6, 0): histogram.zeroCount = Double(try reader.varint(bytes))
            case (7, 1): histogram.zeroCount = Double(bitPattern: try reader.fixed64(bytes))
            case (8, 2): histogram.negativeSpans.append(try HistogramFields.span(try reader.delimited(bytes), bytes))
            case (9, 2): try HistogramFields.integers(try reader.delimited(bytes), bytes, into: &negativeDeltas)
            case (9, 0): negativeDeltas.append(HistogramFields.zigzag(try reader.varint(bytes)))
            case (12, 0): positiveDeltas.append(HistogramFields.zigzag(try reader.varint(bytes)))
            case (10, 2): try HistogramFields.doubles(try reader.delimited(bytes), bytes, into: &histogram.negativeBuckets)
            case (11, 2): histogram.positiveSpans.append(try HistogramFields.span(try reader.delimited(bytes), bytes))
            case (12, 2): try HistogramFields.integers(try reader.delimited(bytes), bytes, into: &positiveDeltas)
            case (13, 2): try HistogramFields.doubles(try reader.delimited(bytes), bytes, into: &histogram.positiveBuckets)
            case (14, 0): histogram.counterResetHint = .init(rawValue: UInt8(truncatingIfNeeded: try reader.varint(bytes))) ?? .unknown
            case (15, 0): timestamp = Int64(bitPattern: try reader.varint(bytes))
            case (16, 2): try HistogramFields.doubles(try reader.delimited(bytes), bytes, into: &histogram.customBounds)
            case (17, 0): start = Int64(bitPattern: try reader.varint(bytes))
            default: try reader.skip(type, bytes)
            }
        }
        if !positiveDeltas.isEmpty { histogram.positiveBuckets = HistogramFields.absolute(positiveDeltas) }
        if !negativeDeltas.isEmpty { histogram.negativeBuckets = HistogramFields.absolute(negativeDeltas) }
        let storable = HistogramLayout.storable(histogram)
        return (timestamp, storable, start, storable.complaint ?? (isInteger ? HistogramFields.countComplaint(storable) : nil))
    }
}
