import VardeKernels

/// Integers in runs of 128, each run as its smallest value and the differences from it in as few bits as the largest needs.
///
///     packed = run*        run = smallest(varint) width(u8) differences(128 × width bits, the last run shorter, lowest bit first)
enum LogIntegerPacking {
    static let runLength = 128

    static func append(_ values: [UInt64], to output: inout [UInt8]) {
        var start = 0
        while start < values.count {
            let end = min(start + runLength, values.count)
            var smallest = values[start]
            var largest = smallest
            for i in start..<end {
                smallest = min(smallest, values[i])
                largest = max(largest, values[i])
            }
            let width = 64 - (largest - smallest).leadingZeroBitCount
            LogBytes.append(varint: smallest, to: &output)
            output.append(UInt8(width))
            var gathered: UInt64 = 0
            var filled = 0
            if width > 0 {
                for i in start..<end {
                    let difference = values[i] - smallest
                    gathered |= difference << UInt64(filled)
                    let room = 64 - filled
                    if width >= room {
                        Bytes.append64(gathered, to: &output)
                        gathered = room == 64 ? 0 : difference >> UInt64(room)
                        filled = width - room
                    } else {
                        filled += width
                    }
                }
                for _ in 0..<((filled + 7) / 8) {
                    output.append(UInt8(truncatingIfNeeded: gathered))
                    gathered >>= 8
                }
            }
            start = end
        }
    }

    /// Reads `count` values; nil where the bytes end too soon or make no sense.
    static func read(_ count: Int, from reader: inout LogByteReader, _ bytes: Span<UInt8>) -> [UInt64]? {
        var values: [UInt64] = []
        // A run takes two bytes at least, so a count that could not be true allocates nothing.
        guard count >= 0, count <= (bytes.count - reader.at) * 64 else { return nil }
        values.reserveCapacity(count)
        while values.count < count {
            let run = min(runLength, count - values.count)
            guard let smallest = reader.varint(bytes), let width = reader.byte(bytes).map(Int.init), width <= 64 else { return nil }
            let size = (run * width + 7) / 8
            guard let body = reader.bytes(size, bytes) else { return nil }
            if width == 0 {
                values.append(contentsOf: repeatElement(smallest, count: run))
                continue
            }
            let mask = width == 64 ? UInt64.max : (1 << UInt64(width)) - 1
            let span = bytes.extracting(body)
            var bit = 0
            for _ in 0..<run {
                let at = bit >> 3
                let shift = UInt64(bit & 7)
                var word: UInt64 = 0
                if at + 8 <= span.count {
                    word = Bytes.load64(span, at: at)
                } else {
                    for i in at..<span.count { word |= UInt64(span[i]) << UInt64(8 * (i - at)) }
                }
                var value = word >> shift
                // Wide values may reach into a ninth byte.
                if Int(shift) + width > 64, at + 8 < span.count { value |= UInt64(span[at + 8]) << (64 - shift) }
                values.append(smallest &+ (value & mask))
                bit += width
            }
        }
        return values
    }
}
