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

    static func decode(_ bytes: Span<UInt8>, at: inout Int, count: Int, into values: inout [Double]) -> Bool {
        if count == 0 { return true }
        guard at + 8 <= bytes.count else { return false }
        var last = Bytes.load64(bytes, at: at)
        values.reserveCapacity(values.count + count)
        values.append(Double(bitPattern: last))
        var reader = BitReader(byte: at + 8)
        var leading = 64
        var trailing = 0
        for _ in 1..<max(count, 1) {
            guard let first = reader.take(1, bytes) else { return false }
            if first == 1 {
                guard let second = reader.take(1, bytes) else { return false }
                if second == 1 {
                    guard let header = reader.take(12, bytes) else { return false }
                    leading = Int(header & 63)
                    let length = Int(header >> 6) + 1
                    guard leading + length <= 64 else { return false }
                    trailing = 64 - leading - length
                }
                guard leading < 64, let meaningful = reader.take(64 - leading - trailing, bytes) else { return false }
                last ^= meaningful << UInt64(trailing)
            }
            values.append(Double(bitPattern: last))
        }
        at = reader.nextByte
        return true
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

private struct BitReader {
    private var bit: Int

    init(byte: Int) { bit = byte * 8 }

    var nextByte: Int { (bit + 7) / 8 }

    mutating func take(_ width: Int, _ bytes: Span<UInt8>) -> UInt64? {
        guard bit + width <= bytes.count * 8 else { return nil }
        var value: UInt64 = 0
        var got = 0
        while got < width {
            let byte = UInt64(bytes[bit >> 3]) >> UInt64(bit & 7)
            let available = min(8 - (bit & 7), width - got)
            value |= (byte & ((1 << UInt64(available)) - 1)) << UInt64(got)
            got += available
            bit += available
        }
        return value
    }
}
