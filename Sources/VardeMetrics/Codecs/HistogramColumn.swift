import VardeKernels
import VardeModel

/// Native histograms of a series: each with its layout, whole numbers as varints, exact in every bit.
///
///     histogram = hint(u8) schema(zigzag) threshold zero count sum spans spans buckets buckets bounds
///     number    = 0(u8) integer(zigzag varint) | 1(u8) bits(u64)
///     spans     = count(varint) (offset(zigzag) length(varint))×count
///     buckets   = count(varint) number×count
enum HistogramColumn {
    static func encode(_ histogram: NativeHistogram, to output: inout [UInt8]) {
        output.append(histogram.counterResetHint.rawValue)
        Varint.append(Varint.zigzag(Int64(histogram.schema)), to: &output)
        for value in [histogram.zeroThreshold, histogram.zeroCount, histogram.count, histogram.sum] { number(value, to: &output) }
        for spans in [histogram.positiveSpans, histogram.negativeSpans] {
            Varint.append(UInt64(spans.count), to: &output)
            for span in spans {
                Varint.append(Varint.zigzag(Int64(span.offset)), to: &output)
                Varint.append(UInt64(span.length), to: &output)
            }
        }
        for values in [histogram.positiveBuckets, histogram.negativeBuckets, histogram.customBounds] {
            Varint.append(UInt64(values.count), to: &output)
            for value in values { number(value, to: &output) }
        }
    }

    private static func number(_ value: Double, to output: inout [UInt8]) {
        if let integer = Int64(exactly: value), integer.magnitude < 1 << 53, value != 0 || value.sign == .plus {
            output.append(0)
            Varint.append(Varint.zigzag(integer), to: &output)
        } else {
            output.append(1)
            Bytes.append64(value.bitPattern, to: &output)
        }
    }

    static func decode(_ bytes: Span<UInt8>, at: inout Int) -> NativeHistogram? {
        guard at < bytes.count, let hint = NativeHistogram.CounterResetHint(rawValue: bytes[at]) else { return nil }
        at += 1
        var histogram = NativeHistogram(counterResetHint: hint)
        guard let schema = Varint.read(bytes, at: &at), let zeroThreshold = number(bytes, &at), let zeroCount = number(bytes, &at),
            let count = number(bytes, &at), let sum = number(bytes, &at), let positiveSpans = spans(bytes, &at),
            let negativeSpans = spans(bytes, &at), let positive = numbers(bytes, &at), let negative = numbers(bytes, &at),
            let bounds = numbers(bytes, &at)
        else { return nil }
        histogram.schema = Int32(truncatingIfNeeded: Varint.unzigzag(schema))
        histogram.zeroThreshold = zeroThreshold
        histogram.zeroCount = zeroCount
        histogram.count = count
        histogram.sum = sum
        histogram.positiveSpans = positiveSpans
        histogram.negativeSpans = negativeSpans
        histogram.positiveBuckets = positive
        histogram.negativeBuckets = negative
        histogram.customBounds = bounds
        return histogram
    }

    private static func number(_ bytes: Span<UInt8>, _ at: inout Int) -> Double? {
        guard at < bytes.count else { return nil }
        let form = bytes[at]
        at += 1
        if form == 0 { return Varint.read(bytes, at: &at).map { Double(Varint.unzigzag($0)) } }
        guard at + 8 <= bytes.count else { return nil }
        defer { at += 8 }
        return Double(bitPattern: Bytes.load64(bytes, at: at))
    }

    private static func numbers(_ bytes: Span<UInt8>, _ at: inout Int) -> [Double]? {
        guard let count = Varint.read(bytes, at: &at), count <= UInt64(bytes.count) else { return nil }
        var values: [Double] = []
        for _ in 0..<count {
            guard let value = number(bytes, &at) else { return nil }
            values.append(value)
        }
        return values
    }

    private static func spans(_ bytes: Span<UInt8>, _ at: inout Int) -> [NativeHistogram.BucketSpan]? {
        guard let count = Varint.read(bytes, at: &at), count <= UInt64(bytes.count) else { return nil }
        var spans: [NativeHistogram.BucketSpan] = []
        for _ in 0..<count {
            guard let offset = Varint.read(bytes, at: &at), let length = Varint.read(bytes, at: &at) else { return nil }
            spans.append(.init(offset: Int32(truncatingIfNeeded: Varint.unzigzag(offset)), length: UInt32(truncatingIfNeeded: length)))
        }
        return spans
    }
}
