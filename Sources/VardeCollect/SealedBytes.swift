import VardeDisk
import VardeKernels

/// What small files of this module have in common: `magic version(u16) zero(u16) checksum(u32) body`.
///
/// Integers are little-endian; the checksum is CRC-32C over the body.
enum SealedBytes {
    static let bodyStart = 12

    static func seal(_ body: [UInt8], magic: [UInt8], version: UInt8) -> [UInt8] {
        var out = magic + [version, 0, 0, 0]
        Bytes.append32(CRC32C.checksum(body.span), to: &out)
        return out + body
    }

    /// A reader of the body, once all before it and the checksum are as they were written.
    ///
    /// - Parameter kind: what the file should be, for the error: `a pushed group`.
    /// - Throws: `DiskError` naming the file where it is not what was written.
    static func open(_ bytes: [UInt8], magic: [UInt8], version: UInt8, kind: String, path: String) throws(DiskError) -> SealedReader {
        guard bytes.count >= bodyStart, Array(bytes[0..<4]) == magic, bytes[5..<8] == [0, 0, 0] else {
            throw DiskError(damaged: path, "not \(kind)")
        }
        guard bytes[4] == version else {
            throw DiskError(damaged: path, "version \(bytes[4]) is not known to this Varde (it knows \(version))")
        }
        let span = bytes.span
        guard CRC32C.checksum(span.extracting(bodyStart...)) == Bytes.load32(span, at: 8) else {
            throw DiskError(damaged: path, "the content does not match its checksum")
        }
        return SealedReader(at: bodyStart)
    }

    static func append(_ text: String, to out: inout [UInt8]) {
        Varint.append(UInt64(text.utf8.count), to: &out)
        out += text.utf8
    }
}

/// Walks the body of such a file; nil where it ends too soon or says what cannot be.
struct SealedReader {
    var at: Int

    mutating func byte(_ bytes: Span<UInt8>) -> UInt8? {
        guard at < bytes.count else { return nil }
        defer { at += 1 }
        return bytes[at]
    }

    mutating func fixed(_ bytes: Span<UInt8>) -> UInt64? {
        guard bytes.count - at >= 8 else { return nil }
        defer { at += 8 }
        return Bytes.load64(bytes, at: at)
    }

    mutating func number(_ bytes: Span<UInt8>, limit: UInt64 = UInt64(Int64.max)) -> UInt64? {
        Varint.read(bytes, at: &at).flatMap { $0 <= limit ? $0 : nil }
    }

    mutating func text(_ bytes: Span<UInt8>) -> String? {
        guard let length = number(bytes), length <= UInt64(bytes.count - at) else { return nil }
        defer { at += Int(length) }
        return Bytes.string(bytes.extracting(at..<(at + Int(length))))
    }
}
