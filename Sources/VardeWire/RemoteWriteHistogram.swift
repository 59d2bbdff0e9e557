import VardeKernels
import VardeModel

/// `prometheus.Histogram` of remote write: a native histogram, integer or float, exponential or with custom buckets.
enum RemoteWriteHistogram {
    static func decode(
        _ range: Range<Int>, _ bytes: Span<UInt8>
    ) throws(ProtobufReader.Fault) -> (timestamp: Int64, histogram: NativeHistogram) {
        var reader = ProtobufReader(range)
        var histogram = NativeHistogram()
        var timestamp: Int64 = 0
        var positiveDeltas: [Int64] = []
        var negativeDeltas: [Int64] = []
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(bytes)
            switch (field, type) {
            case (1, 0): histogram.count = Double(try reader.varint(bytes))
            case (2, 1): histogram.count = Double(bitPattern: try reader.fixed64(bytes))
            case (3, 1): histogram.sum = Double(bitPattern: try reader.fixed64(bytes))
            case (4, 0): histogram.schema = Int32(truncatingIfNeeded: zigzag(try reader.varint(bytes)))
            case (5, 1): histogram.zeroThreshold = Double(bitPattern: try reader.fixed64(bytes))
            case (6, 0): histogram.zeroCount = Double(try reader.varint(bytes))
            case (7, 1): histogram.zeroCount = Double(bitPattern: try reader.fixed64(bytes))
            case (8, 2): histogram.negativeSpans.append(try span(try reader.delimited(bytes), bytes))
            case (9, 2): try integers(try reader.delimited(bytes), bytes, into: &negativeDeltas)
            case (10, 2): try doubles(try reader.delimited(bytes), bytes, into: &histogram.negativeBuckets)
            case (11, 2): histogram.positiveSpans.append(try span(try reader.delimited(bytes), bytes))
            case (12, 2): try integers(try reader.delimited(bytes), bytes, into: &positiveDeltas)
            case (13, 2): try doubles(try reader.delimited(bytes), bytes, into: &histogram.positiveBuckets)
            case (14, 0): histogram.counterResetHint = .init(rawValue: UInt8(truncatingIfNeeded: try reader.varint(bytes))) ?? .unknown
            case (15, 0): timestamp = Int64(bitPattern: try reader.varint(bytes))
            case (16, 2): try doubles(try reader.delimited(bytes), bytes, into: &histogram.customBounds)
            default: try reader.skip(type, bytes)
            }
        }
        if !positiveDeltas.isEmpty { histogram.positiveBuckets = absolute(positiveDeltas) }
        if !negativeDeltas.isEmpty { histogram.negativeBuckets = absolute(negativeDeltas) }
        return (timestamp, histogram)
    }

    private static func zigzag(_ value: UInt64) -> Int64 { Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }

    /// Integer buckets are sent as differences, each from the one before.
    private static func absolute(_ deltas: [Int64]) -> [Double] {
        var sum: Int64 = 0
        return deltas.map { delta in
            sum &+= delta
            return Double(sum)
        }
    }

    private static func span(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(ProtobufReader.Fault) -> NativeHistogram.BucketSpan {
        var reader = ProtobufReader(range)
        var span = NativeHistogram.BucketSpan(offset: 0, length: 0)
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(bytes)
            switch (field, type) {
            case (1, 0): span.offset = Int32(truncatingIfNeeded: zigzag(try reader.varint(bytes)))
            case (2, 0): span.length = UInt32(truncatingIfNeeded: try reader.varint(bytes))
            default: try reader.skip(type, bytes)
            }
        }
        return span
    }

    private static func integers(_ range: Range<Int>, _ bytes: Span<UInt8>, into out: inout [Int64]) throws(ProtobufReader.Fault) {
        var reader = ProtobufReader(range)
        while !reader.isAtEnd { out.append(zigzag(try reader.varint(bytes))) }
    }

    private static func doubles(_ range: Range<Int>, _ bytes: Span<UInt8>, into out: inout [Double]) throws(ProtobufReader.Fault) {
        var reader = ProtobufReader(range)
        while !reader.isAtEnd { out.append(Double(bitPattern: try reader.fixed64(bytes))) }
    }
}
