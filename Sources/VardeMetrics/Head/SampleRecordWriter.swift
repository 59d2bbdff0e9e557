import VardeKernels
import VardeModel

/// A log record of samples in the making; layout: `MetricLogRecord`.
///
/// Count and sequence come first but are known last, so five bytes are kept for each: varints padded with continuation bits. Samples
/// are written eight bytes at a time into storage that is larger than what is used.
struct SampleRecordWriter {
    private static let headerSize = 10
    /// More than one sample's number, time, control byte and value can take.
    private static let slack = 48

    private(set) var count = 0
    private var bytes: [UInt8]
    private var end = headerSize
    private var number: Int64 = 0
    private var time: Int64 = 0

    /// Starts a record in storage that is no longer needed.
    init(reusing storage: consuming [UInt8]) {
        bytes = storage
        if bytes.isEmpty { bytes = [UInt8](repeating: 0, count: 4096) }
    }

    /// One float sample; `last` is the value the log was given of the series before.
    @inline(__always)
    mutating func append(_ series: UInt32, _ timestamp: Int64, _ bits: UInt64, last: UInt64) {
        begin(series, timestamp)
        let xor = bits ^ last
        if xor == 0 {
            bytes[end] = 0
            end &+= 1
            return
        }
        let trailing = xor.trailingZeroBitCount &>> 3
        let size = 8 &- trailing &- (xor.leadingZeroBitCount &>> 3)
        bytes[end] = UInt8(truncatingIfNeeded: size &<< 4 | trailing)
        Bytes.store64(xor &>> UInt64(trailing &* 8), at: end &+ 1, in: &bytes)
        end &+= 1 &+ size
    }

    /// One histogram sample.
    mutating func append(_ series: UInt32, _ timestamp: Int64, _ histogram: NativeHistogram) {
        begin(series, timestamp)
        var encoded: [UInt8] = [MetricLogRecord.histogramControl]
        var body: [UInt8] = []
        HistogramColumn.encode(histogram, to: &body)
        Varint.append(UInt64(body.count), to: &encoded)
        encoded += body
        bytes.replaceSubrange(end..<min(bytes.count, end + encoded.count), with: encoded)
        end += encoded.count
        grow()
    }

    @inline(__always)
    private mutating func begin(_ series: UInt32, _ timestamp: Int64) {
        if end &+ Self.slack > bytes.count { grow() }
        count &+= 1
        let numberStep = Varint.zigzag(Int64(series) &- number)
        let timeStep = Varint.zigzag(timestamp &- time)
        number = Int64(series)
        time = timestamp
        if numberStep | timeStep < 0x80 {
            bytes[end] = UInt8(truncatingIfNeeded: numberStep)
            bytes[end &+ 1] = UInt8(truncatingIfNeeded: timeStep)
            end &+= 2
        } else {
            put(numberStep)
            put(timeStep)
        }
    }

    private mutating func put(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes[end] = UInt8(truncatingIfNeeded: rest) | 0x80
            end += 1
            rest >>= 7
        }
        bytes[end] = UInt8(truncatingIfNeeded: rest)
        end += 1
    }

    @inline(never)
    private mutating func grow() {
        if end + Self.slack <= bytes.count { return }
        bytes.append(contentsOf: repeatElement(0, count: bytes.count + Self.slack))
    }

    /// Gives the finished record to `body`.
    mutating func finish<R>(sequence: UInt32, _ body: (Span<UInt8>) -> R) -> R {
        pad(UInt32(count), at: 0)
        pad(sequence, at: 5)
        return body(bytes.span.extracting(0..<end))
    }

    private mutating func pad(_ number: UInt32, at start: Int) {
        for i in 0..<5 { bytes[start + i] = UInt8(truncatingIfNeeded: number >> UInt32(7 * i)) & 0x7f | (i < 4 ? 0x80 : 0) }
    }

    /// The storage, for the next record.
    mutating func takeStorage() -> [UInt8] {
        var storage: [UInt8] = []
        swap(&storage, &bytes)
        return storage
    }
}
