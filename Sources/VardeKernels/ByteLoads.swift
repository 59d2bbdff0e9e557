/// Little-endian loads and stores at any offset. Bounds are checked once per call; the compiler turns each into one instruction.
package enum Bytes {
    @inlinable @inline(__always)
    package static func load64(_ bytes: Span<UInt8>, at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset <= bytes.count - 8, "8-byte load out of bounds")
        // In bounds by the check above; every bit pattern is a valid UInt64.
        return unsafe UInt64(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
    }

    @inlinable @inline(__always)
    package static func load32(_ bytes: Span<UInt8>, at offset: Int) -> UInt32 {
        precondition(offset >= 0 && offset <= bytes.count - 4, "4-byte load out of bounds")
        // In bounds by the check above; every bit pattern is a valid UInt32.
        return unsafe UInt32(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self))
    }

    /// Writes the value's eight bytes over those at `offset`, lowest first.
    @inlinable @inline(__always)
    package static func store64(_ value: UInt64, at offset: Int, in output: inout [UInt8]) {
        precondition(offset >= 0 && offset <= output.count &- 8, "8-byte store out of bounds")
        // In bounds by the check above; the pointer is used inside the closure alone.
        unsafe output.withUnsafeMutableBytes { buffer in
            unsafe buffer.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt64.self)
        }
    }

    /// Appends the value's eight bytes, lowest first.
    @inlinable @inline(__always)
    package static func append64(_ value: UInt64, to output: inout [UInt8]) {
        output.append(UInt8(truncatingIfNeeded: value))
        output.append(UInt8(truncatingIfNeeded: value >> 8))
        output.append(UInt8(truncatingIfNeeded: value >> 16))
        output.append(UInt8(truncatingIfNeeded: value >> 24))
        output.append(UInt8(truncatingIfNeeded: value >> 32))
        output.append(UInt8(truncatingIfNeeded: value >> 40))
        output.append(UInt8(truncatingIfNeeded: value >> 48))
        output.append(UInt8(truncatingIfNeeded: value >> 56))
    }

    /// Appends the value's four bytes, lowest first.
    @inlinable @inline(__always)
    package static func append32(_ value: UInt32, to output: inout [UInt8]) {
        output.append(UInt8(truncatingIfNeeded: value))
        output.append(UInt8(truncatingIfNeeded: value >> 8))
        output.append(UInt8(truncatingIfNeeded: value >> 16))
        output.append(UInt8(truncatingIfNeeded: value >> 24))
    }
}

extension Bytes {
    /// Appends all bytes of a span. Complexity: O(count), at memory speed.
    @inlinable
    package static func append(_ bytes: Span<UInt8>, to output: inout [UInt8]) {
        // The closure's pointer is used inside it alone, and covers exactly the span's bytes.
        unsafe bytes.withUnsafeBufferPointer { unsafe output.append(contentsOf: $0) }
    }

    /// The bytes as an array of their own.
    @inlinable
    package static func array(_ bytes: Span<UInt8>) -> [UInt8] {
        unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// The bytes as text; invalid UTF-8 becomes U+FFFD.
    @inlinable
    package static func string(_ bytes: Span<UInt8>) -> String {
        unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
