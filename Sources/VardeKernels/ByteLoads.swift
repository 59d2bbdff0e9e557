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

/// Offsets in runs.
package enum Offsets {
    /// Writes `first` and those that follow it over what is there from `place` on. Complexity: O(count), at memory speed.
    @inlinable
    package static func store(from first: UInt32, count: Int, at place: Int, in output: inout [UInt32]) {
        precondition(place >= 0 && count >= 0 && count <= output.count &- place, "store out of bounds")
        // In bounds by the check above; the pointer is used inside the closure alone.
        unsafe output.withUnsafeMutableBufferPointer { all in
            for i in 0..<count { unsafe all[place &+ i] = first &+ UInt32(truncatingIfNeeded: i) }
        }
    }

    /// Writes the offsets over those from `place` on.
    @inlinable
    package static func store(_ offsets: Span<UInt32>, at place: Int, in output: inout [UInt32]) {
        precondition(place >= 0 && offsets.count <= output.count &- place, "store out of bounds")
        // In bounds by the check above; the pointer is used inside the closure alone.
        unsafe output.withUnsafeMutableBufferPointer { all in
            for i in 0..<offsets.count { unsafe all[place &+ i] = offsets[i] }
        }
    }
}

extension Bytes {
    /// Writes the bytes over those from `offset` on. Complexity: O(count); of few bytes without a call.
    @inlinable @inline(__always)
    package static func store(_ bytes: Span<UInt8>, at offset: Int, in output: inout [UInt8]) {
        precondition(offset >= 0 && bytes.count <= output.count &- offset, "store out of bounds")
        // In bounds by the check above; the pointer is used inside the closure alone.
        unsafe output.withUnsafeMutableBytes { unsafe copy(bytes, to: $0.baseAddress.unsafelyUnwrapped + offset) }
    }

    /// Writes three stretches end to end over what is there from `offset` on.
    @inlinable @inline(__always)
    package static func store(
        _ first: Span<UInt8>, _ second: Span<UInt8>, _ third: Span<UInt8>, at offset: Int, in output: inout [UInt8]
    ) {
        precondition(offset >= 0 && first.count + second.count + third.count <= output.count &- offset, "store out of bounds")
        // In bounds by the check above; the pointers are used inside the closure alone.
        unsafe output.withUnsafeMutableBytes { bytes in
            let start = unsafe bytes.baseAddress.unsafelyUnwrapped + offset
            unsafe copy(first, to: start)
            unsafe copy(second, to: start + first.count)
            unsafe copy(third, to: start + first.count + second.count)
        }
    }

    /// Copies the bytes to where there is room for them; up to 32 of them without a call.
    @inlinable @inline(__always)
    static func copy(_ bytes: Span<UInt8>, to target: UnsafeMutableRawPointer) {
        let count = bytes.count
        if count >= 8, count <= 32 {
            if count > 16 {
                unsafe target.storeBytes(of: load64(bytes, at: 8), toByteOffset: 8, as: UInt64.self)
                unsafe target.storeBytes(of: load64(bytes, at: count &- 16), toByteOffset: count &- 16, as: UInt64.self)
            }
            unsafe target.storeBytes(of: load64(bytes, at: 0), as: UInt64.self)
            unsafe target.storeBytes(of: load64(bytes, at: count &- 8), toByteOffset: count &- 8, as: UInt64.self)
        } else if count < 8 {
            for i in 0..<count { unsafe target.storeBytes(of: bytes[i], toByteOffset: i, as: UInt8.self) }
        } else {
            unsafe bytes.withUnsafeBytes { unsafe target.copyMemory(from: $0.baseAddress.unsafelyUnwrapped, byteCount: count) }
        }
    }

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
