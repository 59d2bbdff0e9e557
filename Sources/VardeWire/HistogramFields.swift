import VardeKernels
import VardeModel

/// Parts of native histograms as protobuf has them, in remote write and in exposition alike.
enum HistogramFields {
    static func zigzag(_ value: UInt64) -> Int64 { Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }

    /// Integer buckets are sent as differences, each from the one before.
    static func absolute(_ deltas: [Int64]) -> [Double] {
        var sum: Int64 = 0
        return deltas.map { delta in
            sum &+= delta
            return Double(sum)
        }
    }

    static func span(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(ProtobufReader.Fault) -> NativeHistogram.BucketSpan {
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

    /// Packed zigzag integers.
    static func integers(_ range: Range<Int>, _ bytes: Span<UInt8>, into out: inout [Int64]) throws(ProtobufReader.Fault) {
        var reader = ProtobufReader(range)
        while !reader.isAtEnd { out.append(zigzag(try reader.varint(bytes))) }
    }

    /// Packed doubles.
    static func doubles(_ range: Range<Int>, _ bytes: Span<UInt8>, into out: inout [Double]) throws(ProtobufReader.Fault) {
        var reader = ProtobufReader(range)
        while !reader.isAtEnd { out.append(Double(bitPattern: try reader.fixed64(bytes))) }
    }

    /// `google.protobuf.Timestamp` in milliseconds.
    static func time(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(ProtobufReader.Fault) -> Int64 {
        var reader = ProtobufReader(range)
        var milliseconds: Int64 = 0
        while !reader.isAtEnd {
            let (field, type) = try reader.tag(bytes)
            switch (field, type) {
            case (1, 0): milliseconds &+= Int64(bitPattern: try reader.varint(bytes)) &* 1000
            case (2, 0): milliseconds &+= Int64(bitPattern: try reader.varint(bytes)) / 1_000_000
            default: try reader.skip(type, bytes)
            }
        }
        return milliseconds
    }

    /// Whole counts add up (Prometheus native histogram specification, “Data model”): the count is that of all buckets, or more where
    /// observations of NaN, which are in no bucket, make the sum NaN. Fractions may miss each other by rounding.
    static func countComplaint(_ histogram: NativeHistogram) -> String? {
        let buckets = histogram.positiveBuckets.reduce(0, +) + histogram.negativeBuckets.reduce(0, +) + histogram.zeroCount
        if histogram.sum.isNaN ? buckets <= histogram.count : buckets == histogram.count { return nil }
        return "the buckets hold \(buckets) observations, the count is \(histogram.count)"
    }
}
