import VardeKernels
import VardeModel

/// A chunk as Prometheus' TSDB has it on disk and streamed remote read has it on the wire: floats after Facebook's Gorilla
/// (VLDB 2015), native histograms with float counts in the same manner, a layout of buckets a chunk. Bits go highest first.
///
///     float chunk      = count(u16 big-endian) time(varint, zigzag) value(64) delta(varint) xor … (dod xor)…
///     histogram chunk  = count(u16 big-endian) flags(u8) layout sample…
///     layout           = zero threshold, schema(varbit), positive spans, negative spans, custom bounds
///     histogram sample = time, count, zero count, sum, positive buckets, negative buckets; the first whole, others dod and xor
struct GorillaChunk {
    /// Numbers of the encodings in `prometheus.Chunk`.
    enum Encoding: UInt8 {
        case floats = 1
        case floatHistograms = 3
    }

    /// Samples a chunk holds at most: Prometheus' target.
    private static let maxSamples = 120

    var encoding: Encoding
    /// First and last time, ms.
    var first: Int64
    var last: Int64
    var bytes: [UInt8]

    /// The chunks of a series, ascending in time.
    static func chunks(of samples: SampleColumns) -> [GorillaChunk] {
        var chunks: [GorillaChunk] = []
        var at = 0
        while at < samples.count {
            if !samples.histograms.isEmpty, samples.histograms[at] != nil {
                chunks.append(histograms(samples, &at))
            } else {
                chunks.append(floats(samples, &at))
            }
        }
        return chunks
    }

    private static func setCount(_ count: Int, in bytes: inout [UInt8]) {
        bytes[0] = UInt8(truncatingIfNeeded: count >> 8)
        bytes[1] = UInt8(truncatingIfNeeded: count)
    }

    private static func floats(_ samples: SampleColumns, _ at: inout Int) -> GorillaChunk {
        let start = at
        var writer = HighBitWriter(bytes: [0, 0])
        var value = XORState()
        var delta: Int64 = 0
        while at < samples.count, at - start < maxSamples, samples.histograms.isEmpty || samples.histograms[at] == nil {
            let time = samples.timestamps[at]
            switch at - start {
            case 0:
                Varint.append(Varint.zigzag(time), to: &writer.bytes)
                value.begin(samples.values[at], &writer)
            case 1:
                delta = time - samples.timestamps[at - 1]
                Varint.append(UInt64(bitPattern: delta), to: &writer.bytes)
                value.put(samples.values[at], &writer)
            default:
                let next = time - samples.timestamps[at - 1]
                writer.deltaOfDelta(next &- delta)
                delta = next
                value.put(samples.values[at], &writer)
            }
            at += 1
        }
        setCount(at - start, in: &writer.bytes)
        return GorillaChunk(
            encoding: .floats, first: samples.timestamps[start], last: samples.timestamps[at - 1], bytes: writer.bytes)
    }

    private static func histograms(_ samples: SampleColumns, _ at: inout Int) -> GorillaChunk {
        let start = at
        var writer = HighBitWriter(bytes: [0, 0, 0])
        var states: [XORState] = []
        var delta: Int64 = 0
        var before: NativeHistogram?
        while at < samples.count, at - start < maxSamples, let histogram = samples.histograms[at].map(written) {
            if let before, !follows(histogram, before) { break }
            let fields = [histogram.count, histogram.zeroCount, histogram.sum] + histogram.positiveBuckets + histogram.negativeBuckets
            if at == start {
                writer.bytes[2] = flags(histogram.counterResetHint)
                layout(histogram, &writer)
                writer.varbit(samples.timestamps[at])
                states = Array(repeating: XORState(), count: fields.count)
                for (index, field) in fields.enumerated() { states[index].begin(field, &writer) }
            } else {
                let next = samples.timestamps[at] - samples.timestamps[at - 1]
                writer.varbit(next &- delta)
                delta = next
                for (index, field) in fields.enumerated() { states[index].put(field, &writer) }
            }
            before = histogram
            at += 1
        }
        setCount(at - start, in: &writer.bytes)
        return GorillaChunk(
            encoding: .floatHistograms, first: samples.timestamps[start], last: samples.timestamps[at - 1], bytes: writer.bytes)
    }

    /// As the chunk has it: of a stale marker the sum alone.
    private static func written(_ histogram: NativeHistogram) -> NativeHistogram {
        histogram.sum.isStaleMarker ? NativeHistogram(sum: histogram.sum) : histogram
    }

    /// Whether a sample may stand behind another in one chunk, where readers take it for no reset.
    private static func follows(_ next: NativeHistogram, _ before: NativeHistogram) -> Bool {
        let isGauge = next.counterResetHint == .gauge
        guard isGauge == (before.counterResetHint == .gauge), next.counterResetHint != .reset, next.schema == before.schema,
            next.zeroThreshold == before.zeroThreshold, next.customBounds == before.customBounds,
            next.positiveSpans == before.positiveSpans, next.negativeSpans == before.negativeSpans,
            next.sum.isStaleMarker == before.sum.isStaleMarker
        else { return false }
        if isGauge { return true }
        return next.count >= before.count && next.zeroCount >= before.zeroCount
            && zip(next.positiveBuckets, before.positiveBuckets).allSatisfy { $0 >= $1 }
            && zip(next.negativeBuckets, before.negativeBuckets).allSatisfy { $0 >= $1 }
    }

    private static func flags(_ hint: NativeHistogram.CounterResetHint) -> UInt8 {
        switch hint {
        case .unknown: 0
        case .reset: 0b1000_0000
        case .notReset: 0b0100_0000
        case .gauge: 0b1100_0000
        }
    }

    private static func layout(_ histogram: NativeHistogram, _ writer: inout HighBitWriter) {
        zeroThreshold(histogram.zeroThreshold, &writer)
        writer.varbit(Int64(histogram.schema))
        for spans in [histogram.positiveSpans, histogram.negativeSpans] {
            writer.varbit(unsigned: UInt64(spans.count))
            for span in spans {
                writer.varbit(unsigned: UInt64(span.length))
                writer.varbit(Int64(span.offset))
            }
        }
        guard histogram.usesCustomBuckets else { return }
        writer.varbit(unsigned: UInt64(histogram.customBounds.count))
        for bound in histogram.customBounds {
            let scaled = bound * 1_000
            let rounded = scaled.rounded()
            if scaled >= 0, scaled <= 33_554_430, rounded / 1_000 == bound {
                writer.varbit(unsigned: UInt64(rounded) + 1)
            } else {
                writer.put(0, 1)
                writer.put(bound.bitPattern, 64)
            }
        }
    }

    /// One byte for 0 and for powers of two from 2^-243 to 2^10, else 255 and the double.
    private static func zeroThreshold(_ threshold: Double, _ writer: inout HighBitWriter) {
        if threshold == 0 { return writer.put(0, 8) }
        // The exponent where the fraction is counted as 0.5.
        let exponent = threshold.isNormal ? Int(threshold.exponent) + 1 : .min
        if threshold > 0, threshold.isNormal, threshold.significand == 1, (-242...11).contains(exponent) {
            return writer.put(UInt64(exponent + 243), 8)
        }
        writer.put(255, 8)
        writer.put(threshold.bitPattern, 64)
    }
}

/// What XORing a column of doubles goes by.
private struct XORState {
    private var bits: UInt64 = 0
    private var leading = -1
    private var trailing = 0

    mutating func begin(_ value: Double, _ writer: inout HighBitWriter) {
        bits = value.bitPattern
        writer.put(bits, 64)
    }

    mutating func put(_ value: Double, _ writer: inout HighBitWriter) {
        let xor = bits ^ value.bitPattern
        bits = value.bitPattern
        if xor == 0 { return writer.put(0, 1) }
        let zerosBefore = min(xor.leadingZeroBitCount, 31)
        let zerosBehind = xor.trailingZeroBitCount
        if leading >= 0, zerosBefore >= leading, zerosBehind >= trailing {
            writer.put(0b10, 2)
            writer.put(xor >> UInt64(trailing), 64 - leading - trailing)
        } else {
            leading = zerosBefore
            trailing = zerosBehind
            let meaningful = 64 - leading - trailing
            writer.put(0b11, 2)
            writer.put(UInt64(leading), 5)
            // 64 does not fit into six bits and 0 never occurs: it stands for 64.
            writer.put(UInt64(meaningful & 63), 6)
            writer.put(xor >> UInt64(trailing), meaningful)
        }
    }
}

/// A stream of bits, the highest of each value and byte first.
struct HighBitWriter {
    var bytes: [UInt8]
    /// Bits of the last byte that are still free.
    private var free = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Appends the low `count` bits of a value.
    mutating func put(_ value: UInt64, _ count: Int) {
        var left = count
        while left > 0 {
            if free == 0 {
                bytes.append(0)
                free = 8
            }
            let take = min(left, free)
            let part = UInt8(truncatingIfNeeded: value >> UInt64(left - take)) & UInt8(truncatingIfNeeded: (1 << take) - 1)
            bytes[bytes.count - 1] |= part << UInt8(free - take)
            free -= take
            left -= take
        }
    }

    /// A difference of differences of times, in the widths of float chunks.
    mutating func deltaOfDelta(_ value: Int64) {
        if value == 0 { return put(0, 1) }
        for (prefix, prefixBits, bits) in [(0b10, 2, 14), (0b110, 3, 17), (0b1110, 4, 20)] where Self.fits(value, bits) {
            put(UInt64(prefix), prefixBits)
            return put(UInt64(bitPattern: value), bits)
        }
        put(0b1111, 4)
        put(UInt64(bitPattern: value), 64)
    }

    /// A whole number in the widths of histogram chunks.
    mutating func varbit(_ value: Int64) {
        if value == 0 { return put(0, 1) }
        let width = Self.widths.firstIndex { Self.fits(value, $0) }
        varbit(UInt64(bitPattern: value), width)
    }

    mutating func varbit(unsigned value: UInt64) {
        if value == 0 { return put(0, 1) }
        varbit(value, Self.widths.firstIndex { value < 1 << UInt64($0) })
    }

    private static let widths = [3, 6, 9, 12, 18, 25, 56]

    /// As many ones as the width has a place in the list, a zero, and the bits; eight ones before a whole word.
    private mutating func varbit(_ value: UInt64, _ width: Int?) {
        guard let width else {
            put(0xff, 8)
            return put(value, 64)
        }
        put((1 << UInt64(width + 2)) - 2, width + 2)
        put(value, Self.widths[width])
    }

    /// Whether a number lies in -(2^(bits-1)-1)...2^(bits-1).
    private static func fits(_ value: Int64, _ bits: Int) -> Bool {
        let top = Int64(1) << Int64(bits - 1)
        return value > -top && value <= top
    }
}
