import VardeKernels
import VardeModel

/// Decoders of formats whose labels do not lie in the body as remote write has them write each series' labels anew, in that form: so
/// there is one form of label bytes, read by `RemoteWrite.labels`, and the same series has the same bytes whatever brought it.
extension RawSampleBatch {
    /// Most label bytes a body may unfold to: symbols and resource attributes are stated once and used by many series.
    static let maxLabelBytes = 256 << 20

    /// Where the labels of the next series begin.
    @inline(__always)
    mutating func beginSeries() {
        labelStarts.append(UInt32(truncatingIfNeeded: bytes.count))
    }

    @inline(__always)
    mutating func label(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        pair(name.count, value.count)
        Bytes.append(name, to: &bytes)
        bytes.append(0x12)
        ProtobufWriter.varint(UInt64(value.count), to: &bytes)
        Bytes.append(value, to: &bytes)
    }

    mutating func label(_ name: String, _ value: String) {
        let name = name.utf8
        let value = value.utf8
        pair(name.count, value.count)
        bytes.append(contentsOf: name)
        bytes.append(0x12)
        ProtobufWriter.varint(UInt64(value.count), to: &bytes)
        bytes.append(contentsOf: value)
    }

    mutating func label(_ name: String, _ value: Span<UInt8>) {
        let name = name.utf8
        pair(name.count, value.count)
        bytes.append(contentsOf: name)
        bytes.append(0x12)
        ProtobufWriter.varint(UInt64(value.count), to: &bytes)
        Bytes.append(value, to: &bytes)
    }

    /// The field's tag and length, and those of the name within.
    @inline(__always)
    private mutating func pair(_ name: Int, _ value: Int) {
        bytes.append(0x0A)
        ProtobufWriter.varint(UInt64(2 + Self.varintSize(name) + name + Self.varintSize(value) + value), to: &bytes)
        bytes.append(0x0A)
        ProtobufWriter.varint(UInt64(name), to: &bytes)
    }

    @inline(__always)
    private static func varintSize(_ value: Int) -> Int { value < 0x80 ? 1 : (70 - (UInt64(value) | 1).leadingZeroBitCount) / 7 }

    /// The labels of the series are complete; samples follow.
    mutating func endLabels(from offset: Int = 0) throws(WireError) {
        guard bytes.count <= Self.maxLabelBytes else { throw Self.unfoldsTooFar(at: offset) }
        labelEnds.append(UInt32(truncatingIfNeeded: bytes.count))
    }

    static func unfoldsTooFar(at offset: Int) -> WireError {
        WireError("the labels of the body's series unfold to more than \(maxLabelBytes) bytes", at: offset)
    }

    @inline(__always)
    mutating func sample(_ timestamp: Int64, _ value: Double, start: Int64 = 0) {
        if start != 0 || !startTimestamps.isEmpty { note(start: start) }
        timestamps.append(timestamp)
        values.append(value)
    }

    mutating func sample(_ timestamp: Int64, _ histogram: NativeHistogram, start: Int64 = 0) {
        histograms.append((timestamps.count, histogram))
        sample(timestamp, 0, start: start)
    }

    private mutating func note(start: Int64) {
        if startTimestamps.isEmpty { startTimestamps = Array(repeating: 0, count: timestamps.count) }
        startTimestamps.append(start)
    }

    @inline(__always)
    mutating func endSeries() {
        sampleEnds.append(UInt32(truncatingIfNeeded: timestamps.count))
    }
}
