import VardeModel

extension RemoteWriteHistogram {
    /// A histogram as both versions write it: with whole counts as differences where all counts are whole, as floats else.
    static func encode(_ histogram: NativeHistogram, at timestamp: Int64) -> [UInt8] {
        var out: [UInt8] = []
        let counts = [histogram.count, histogram.zeroCount] + histogram.positiveBuckets + histogram.negativeBuckets
        let isWhole = counts.allSatisfy { $0 >= 0 && $0 < 9e15 && $0 == $0.rounded() }
        if isWhole {
            ProtobufWriter.integer(1, Int64(histogram.count), to: &out)
        } else {
            ProtobufWriter.double(2, histogram.count, to: &out)
        }
        ProtobufWriter.double(3, histogram.sum, to: &out)
        field(4, zigzag(Int64(histogram.schema)), to: &out)
        ProtobufWriter.double(5, histogram.zeroThreshold, to: &out)
        if isWhole {
            ProtobufWriter.integer(6, Int64(histogram.zeroCount), to: &out)
        } else {
            ProtobufWriter.double(7, histogram.zeroCount, to: &out)
        }
        spans(8, histogram.negativeSpans, to: &out)
        buckets(isWhole ? 9 : 10, histogram.negativeBuckets, isWhole, to: &out)
        spans(11, histogram.positiveSpans, to: &out)
        buckets(isWhole ? 12 : 13, histogram.positiveBuckets, isWhole, to: &out)
        ProtobufWriter.integer(14, Int64(histogram.counterResetHint.rawValue), to: &out)
        ProtobufWriter.integer(15, timestamp, to: &out)
        if !histogram.customBounds.isEmpty {
            var packed: [UInt8] = []
            for bound in histogram.customBounds { fixed(bound, to: &packed) }
            ProtobufWriter.bytes(16, packed, to: &out)
        }
        return out
    }

    private static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value << 1) ^ (value >> 63)) }

    private static func field(_ number: UInt64, _ value: UInt64, to out: inout [UInt8]) {
        ProtobufWriter.varint(number << 3, to: &out)
        ProtobufWriter.varint(value, to: &out)
    }

    private static func fixed(_ value: Double, to out: inout [UInt8]) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { out.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift)) }
    }

    private static func spans(_ number: UInt64, _ spans: [NativeHistogram.BucketSpan], to out: inout [UInt8]) {
        for span in spans {
            var one: [UInt8] = []
            field(1, zigzag(Int64(span.offset)), to: &one)
            field(2, UInt64(span.length), to: &one)
            ProtobufWriter.bytes(number, one, to: &out)
        }
    }

    /// Whole counts by their differences from bucket to bucket, others as they are; packed.
    private static func buckets(_ number: UInt64, _ counts: [Double], _ isWhole: Bool, to out: inout [UInt8]) {
        if counts.isEmpty { return }
        var packed: [UInt8] = []
        var before: Int64 = 0
        for count in counts {
            if isWhole {
                ProtobufWriter.varint(zigzag(Int64(count) - before), to: &packed)
                before = Int64(count)
            } else {
                fixed(count, to: &packed)
            }
        }
        ProtobufWriter.bytes(number, packed, to: &out)
    }
}
