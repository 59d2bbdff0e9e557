import VardeKernels
import VardeModel

/// Integers of variable length, texts and label sets as the log store's files and records hold them.
enum LogBytes {
    /// Seven bits a byte, lowest first, the high bit set on all but the last.
    @inline(__always)
    static func append(varint value: UInt64, to output: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Small magnitudes of either sign as small numbers.
    @inline(__always)
    static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value << 1) ^ (value >> 63)) }

    @inline(__always)
    static func unzigzag(_ value: UInt64) -> Int64 { Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }

    static func append(text: String, to output: inout [UInt8]) {
        append(varint: UInt64(text.utf8.count), to: &output)
        output.append(contentsOf: text.utf8)
    }

    /// count(varint), then name and value of each as length(varint) bytes.
    static func append(labels: Labels, to output: inout [UInt8]) {
        append(varint: UInt64(labels.count), to: &output)
        for label in labels {
            append(text: label.name, to: &output)
            append(text: label.value, to: &output)
        }
    }
}

/// A place in bytes that are read forward; every read is nil where the bytes end too soon.
struct LogByteReader {
    var at: Int

    init(at: Int = 0) { self.at = at }

    @inline(__always)
    mutating func byte(_ bytes: Span<UInt8>) -> UInt8? {
        guard at < bytes.count else { return nil }
        defer { at += 1 }
        return bytes[at]
    }

    @inline(__always)
    mutating func varint(_ bytes: Span<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while at < bytes.count, shift < 64 {
            let byte = bytes[at]
            at += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    /// A varint that counts something, at most `limit`.
    mutating func count(_ bytes: Span<UInt8>, limit: Int) -> Int? {
        guard let value = varint(bytes), value <= UInt64(limit) else { return nil }
        return Int(value)
    }

    mutating func bytes(_ count: Int, _ bytes: Span<UInt8>) -> Range<Int>? {
        guard count >= 0, count <= bytes.count - at else { return nil }
        defer { at += count }
        return at..<(at + count)
    }

    mutating func text(_ bytes: Span<UInt8>) -> String? {
        guard let length = count(bytes, limit: bytes.count), let range = self.bytes(length, bytes) else { return nil }
        return Bytes.string(bytes.extracting(range))
    }

    mutating func labels(_ bytes: Span<UInt8>) -> Labels? {
        guard let count = count(bytes, limit: bytes.count) else { return nil }
        var labels: [Label] = []
        for _ in 0..<count {
            guard let name = text(bytes), let value = text(bytes) else { return nil }
            labels.append(Label(name, value))
        }
        return Labels(labels)
    }
}
