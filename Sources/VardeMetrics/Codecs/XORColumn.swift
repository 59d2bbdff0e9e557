import VardeKernels

/// True doubles as a column: each value's bits XORed with those before, as in Facebook's Gorilla (VLDB 2015), by whole bits.
///
///     column = bits(u64) of the first value, then a bit stream, lowest bit first:
///     value  = 0                                                  the same bits as before
///            | 1 0 meaningful bits in the window of the value before
///            | 1 1 leading zeros(6) length − 1 (6) meaningful bits
enum XORColumn {
    static func encode(_ values: [Double], to output: inout [UInt8]) {
        var last = values[0].bitPattern
        Bytes.append64(last, to: &output)
        var writer = BitWriter()
        var leading = 64
        var trailing = 0
        for value in values.dropFirst() {
            let xor = value.bitPattern ^ last
            last = value.bitPattern
            if xor == 0 {
                writer.put(0, 1, to: &output)
                continue
            }
            let zerosBefore = xor.leadingZeroBitCount
            let zerosBehind = xor.trailingZeroBitCount
            if leading != 64, zerosBefore >= leading, zerosBehind >= trailing {
                writer.put(1, 2, to: &output)
                writer.put(xor >> UInt64(trailing), 64 - leading - trailing, to: &output)
            } else {
                leading = zerosBefore
                trailing = zerosBehind
                let length = 64 - leading - trailing
                writer.put(3 | UInt64(leading) << 2 | UInt64(length - 1) << 8, 14, to: &output)
                writer.put(xor >> UInt64(trailing), length, to: &output)
            }
        }
        writer.finish(to: &output)
    }

    /// Reads `count` values from `at` on; false where the bytes are no such column. What `values` held before goes.
    static func decode(_ bytes: Span<UInt8>, at: inout Int, count: Int, into values: inout [Double]) -> Bool {
        if count == 0 {
            values.removeAll()
            return true
        }
        guard at + 8 <= bytes.count else { return false }
        var last = Bytes.load64(bytes, at: at)
        // A value takes a bit at least: what is claimed beyond that is not reserved.
        guard count <= (bytes.count - at) * 8 else { return false }
        values.setCount(count)
        var output = values.mutableSpan
        output[0] = Double(bitPattern: last)
        let end = bytes.count &* 8
        var bit = (at + 8) * 8
        var trailing = 0
        var length = 0
        for position in 1..<count {
            let word = peek(bytes, bit)
            if word & 1 == 0 {
                bit &+= 1
            } else {
                if word & 2 == 0 {
                    bit &+= 2
                } else {
                    let leading = Int(truncatingIfNeeded: word &>> 2) & 63
                    length = (Int(truncatingIfNeeded: word &>> 8) & 63) &+ 1
                    trailing = 64 &- leading &- length
                    if trailing < 0 { return false }
                    bit &+= 14
                }
                if length == 0 { return false }
                var meaningful = peek(bytes, bit)
                if length > 56 {
                    meaningful = meaningful & 0xffff_ffff | peek(bytes, bit &+ 32) &<< 32
                    if length < 64 { meaningful &= (1 &<< UInt64(length)) &- 1 }
                } else {
                    meaningful &= (1 &<< UInt64(length)) &- 1
                }
                bit &+= length
                last ^= meaningful &<< UInt64(trailing)
            }
            if bit > end { return false }
            output[position] = Double(bitPattern: last)
        }
        at = (bit + 7) / 8
        return true
    }

    /// At least 56 bits from a bit on, zeros behind the end.
    @inline(__always)
    private static func peek(_ bytes: Span<UInt8>, _ bit: Int) -> UInt64 {
        let at = bit &>> 3
        if at &+ 8 <= bytes.count { return Bytes.load64(bytes, at: at) &>> UInt64(bit & 7) }
        return peekAtEnd(bytes, at) &>> UInt64(bit & 7)
    }

    @inline(never)
    private static func peekAtEnd(_ bytes: Span<UInt8>, _ at: Int) -> UInt64 {
        var word: UInt64 = 0
        for i in 0..<8 where at + i < bytes.count { word |= UInt64(bytes[at + i]) << UInt64(8 * i) }
        return word
    }
}

/// Bits appended to bytes, lowest first.
private struct BitWriter {
    private var accumulator: UInt64 = 0
    private var filled = 0

    mutating func put(_ value: UInt64, _ width: Int, to output: inout [UInt8]) {
        accumulator |= value << UInt64(filled)
        if filled + width >= 64 {
            Bytes.append64(accumulator, to: &output)
            let used = 64 - filled
            accumulator = used == 64 ? 0 : value >> UInt64(used)
            filled = filled + width - 64
        } else {
            filled += width
        }
    }

    mutating func finish(to output: inout [UInt8]) {
        while filled > 0 {
            output.append(UInt8(truncatingIfNeeded: accumulator))
            accumulator >>= 8
            filled -= 8
        }
        accumulator = 0
        filled = 0
    }
}
