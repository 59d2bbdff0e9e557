/// Runs of integers packed into as many bits each, lowest bit first.
package enum BitPacking {
    /// Bytes that `count` values of `width` bits take.
    @inlinable
    package static func byteCount(_ count: Int, width: Int) -> Int { (count * width + 7) / 8 }

    /// Appends `values` as `width` bits each; higher bits of a value must be zero.
    package static func pack(_ values: Span<UInt64>, width: Int, to output: inout [UInt8]) {
        precondition(width >= 0 && width <= 64)
        if width == 0 { return }
        output.reserveCapacity(output.count + byteCount(values.count, width: width))
        var accumulator: UInt64 = 0
        var filled = 0
        for i in values.indices {
            let value = values[i]
            accumulator |= value &<< UInt64(filled)
            if filled &+ width >= 64 {
                Bytes.append64(accumulator, to: &output)
                let used = 64 &- filled
                accumulator = used == 64 ? 0 : value &>> UInt64(used)
                filled = filled &+ width &- 64
            } else {
                filled &+= width
            }
        }
        while filled > 0 {
            output.append(UInt8(truncatingIfNeeded: accumulator))
            accumulator &>>= 8
            filled &-= 8
        }
    }

    /// Unpacks `output.count` values of `width` bits from `bytes` at `offset`.
    ///
    /// The caller has made sure that `byteCount` bytes are there.
    package static func unpack(_ bytes: Span<UInt8>, at offset: Int, width: Int, into output: inout MutableSpan<UInt64>) {
        precondition(width >= 0 && width <= 64 && offset >= 0)
        let count = output.count
        precondition(offset + byteCount(count, width: width) <= bytes.count, "packed values reach beyond the bytes")
        if width == 0 {
            for i in 0..<count { output[i] = 0 }
            return
        }
        let mask: UInt64 = width == 64 ? .max : (1 &<< UInt64(width)) &- 1
        // Whole 8-byte loads for as long as they stay inside the bytes; a value spans at most two.
        var bit = offset &* 8
        var i = 0
        let safeBits = (bytes.count &- 9) &* 8
        if width <= 56 {
            while i < count, bit <= safeBits {
                // In bounds: bit / 8 + 8 < bytes.count by the loop's condition.
                let word = unsafe bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: bit &>> 3, as: UInt64.self)
                unsafe output[unchecked: i] = (UInt64(littleEndian: word) &>> UInt64(bit & 7)) & mask
                bit &+= width
                i &+= 1
            }
        }
        while i < count {
            var value: UInt64 = 0
            var got = 0
            while got < width {
                let byte = UInt64(bytes[bit &>> 3]) &>> UInt64(bit & 7)
                let available = 8 &- (bit & 7)
                value |= byte &<< UInt64(got)
                got &+= available
                bit &+= available
            }
            bit &-= got &- width
            output[i] = value & mask
            i &+= 1
        }
    }
}

/// Variable-length integers (LEB128) and zigzag.
package enum Varint {
    @inlinable
    package static func append(_ value: UInt64, to output: inout [UInt8]) {
        var value = value
        while value >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value &>>= 7
        }
        output.append(UInt8(truncatingIfNeeded: value))
    }

    /// Reads a number and moves `at` behind it; nil where the bytes end or it has more than 10 bytes.
    @inlinable
    package static func read(_ bytes: Span<UInt8>, at: inout Int) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while at < bytes.count, shift < 70 {
            let byte = bytes[at]
            at &+= 1
            value |= UInt64(byte & 0x7f) &<< shift
            if byte < 0x80 { return value }
            shift &+= 7
        }
        return nil
    }

    @inlinable @inline(__always)
    package static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value &<< 1) ^ (value &>> 63)) }

    @inlinable @inline(__always)
    package static func unzigzag(_ value: UInt64) -> Int64 { Int64(bitPattern: value &>> 1) ^ (0 &- Int64(bitPattern: value & 1)) }
}
