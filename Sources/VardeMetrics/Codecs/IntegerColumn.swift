import VardeKernels

/// Whole numbers as a column: the values, their differences or the differences of those, packed by 128 with patched outliers.
///
///     column   = order(u8) first(zigzag varint)×order run*
///     run      = up to 128 values: base(zigzag varint) width(u8) outliers(u8) packed outlier×outliers
///     outlier  = position(u8) high bits(varint)
///
/// Each value of a run is base plus its packed bits plus, for an outlier, its high bits above the width.
enum IntegerColumn {
    static let runLength = 128

    /// Appends the column of `values` to `output`.
    static func encode(_ values: [Int64], to output: inout [UInt8]) {
        let first = differences(values)
        let second = differences(Array(first.dropFirst()))
        // The order whose values are smallest in the mean wins; ties go to the plainer one.
        let costs = [cost(values[...]), cost(first.dropFirst()), cost(second.dropFirst())]
        var order = 0
        if values.count > 1, costs[1] < costs[order] { order = 1 }
        if values.count > 2, costs[2] < costs[order] { order = 2 }
        output.append(UInt8(order))
        var rest: ArraySlice<Int64>
        switch order {
        case 0: rest = values[...]
        case 1:
            Varint.append(Varint.zigzag(values[0]), to: &output)
            rest = first.dropFirst()
        default:
            Varint.append(Varint.zigzag(values[0]), to: &output)
            Varint.append(Varint.zigzag(first[1]), to: &output)
            rest = second.dropFirst()
        }
        while !rest.isEmpty {
            encodeRun(rest.prefix(runLength), to: &output)
            rest = rest.dropFirst(runLength)
        }
    }

    /// Differences by wrapping subtraction: any 64-bit values come back. The first element stays as it is.
    private static func differences(_ values: [Int64]) -> [Int64] {
        var out: [Int64] = []
        out.reserveCapacity(values.count)
        var last: Int64 = 0
        for value in values {
            out.append(value &- last)
            last = value
        }
        return out
    }

    /// Bits the runs would take, by each run's range.
    private static func cost(_ values: ArraySlice<Int64>) -> Int {
        if values.isEmpty { return .max }
        var total = 0
        var rest = values
        while !rest.isEmpty {
            let run = rest.prefix(runLength)
            var low = run[run.startIndex]
            var high = low
            for value in run {
                low = min(low, value)
                high = max(high, value)
            }
            total += (64 - (UInt64(bitPattern: high) &- UInt64(bitPattern: low)).leadingZeroBitCount) * run.count + 24
            rest = rest.dropFirst(runLength)
        }
        return total
    }

    private static func encodeRun(_ run: ArraySlice<Int64>, to output: inout [UInt8]) {
        let base = run.min() ?? 0
        var offsets: [UInt64] = []
        offsets.reserveCapacity(run.count)
        // How many values need so many bits.
        var histogram = [Int](repeating: 0, count: 65)
        for value in run {
            let offset = UInt64(bitPattern: value) &- UInt64(bitPattern: base)
            offsets.append(offset)
            histogram[64 - offset.leadingZeroBitCount] += 1
        }
        // The width where packed bits and outliers (a byte of position, the high bits in sevens) together are fewest.
        var width = 64
        while width > 0, histogram[width] == 0 { width -= 1 }
        var best = width
        var bestBits = width * run.count
        var above = 0
        var candidate = width
        var outlierBits = 0
        while candidate > 0 {
            above += histogram[candidate]
            candidate -= 1
            if above > 32 { break }
            outlierBits = above * (8 + ((width - candidate + 6) / 7) * 8)
            if candidate * run.count + outlierBits < bestBits {
                best = candidate
                bestBits = candidate * run.count + outlierBits
            }
        }
        let mask: UInt64 = best == 64 ? .max : (1 << UInt64(best)) - 1
        var outliers: [(position: Int, high: UInt64)] = []
        for i in offsets.indices where offsets[i] > mask {
            outliers.append((i, offsets[i] >> UInt64(best)))
            offsets[i] &= mask
        }
        Varint.append(Varint.zigzag(base), to: &output)
        output.append(UInt8(best))
        output.append(UInt8(outliers.count))
        BitPacking.pack(offsets.span, width: best, to: &output)
        for (position, high) in outliers {
            output.append(UInt8(position))
            Varint.append(high, to: &output)
        }
    }

    /// Reads `count` values from `at` on and moves it behind them; false where the bytes are no such column.
    static func decode(_ bytes: Span<UInt8>, at: inout Int, count: Int, into values: inout [Int64]) -> Bool {
        values.removeAll(keepingCapacity: true)
        guard at < bytes.count else { return false }
        let order = Int(bytes[at])
        at += 1
        guard order <= 2, count >= order, count >= 0 else { return false }
        var seeds: [Int64] = []
        for _ in 0..<order {
            guard let raw = Varint.read(bytes, at: &at) else { return false }
            seeds.append(Varint.unzigzag(raw))
        }
        values.reserveCapacity(count)
        if order > 0 { values.append(seeds[0]) }
        if order > 1 { values.append(seeds[0] &+ seeds[1]) }
        var last = values.last ?? 0
        var step = order > 1 ? seeds[1] : 0
        var unpacked = [UInt64](repeating: 0, count: runLength)
        while values.count < count {
            let size = min(runLength, count - values.count)
            guard let rawBase = Varint.read(bytes, at: &at), at + 2 <= bytes.count else { return false }
            let base = UInt64(bitPattern: Varint.unzigzag(rawBase))
            let width = Int(bytes[at])
            let outliers = Int(bytes[at + 1])
            at += 2
            guard width <= 64, at + BitPacking.byteCount(size, width: width) <= bytes.count else { return false }
            if size < runLength { unpacked.removeLast(unpacked.count - size) }
            var span = unpacked.mutableSpan
            BitPacking.unpack(bytes, at: at, width: width, into: &span)
            at += BitPacking.byteCount(size, width: width)
            for _ in 0..<outliers {
                guard at < bytes.count, Int(bytes[at]) < size else { return false }
                let position = Int(bytes[at])
                at += 1
                guard let high = Varint.read(bytes, at: &at) else { return false }
                unpacked[position] |= high &<< UInt64(width)
            }
            switch order {
            case 0: for i in 0..<size { values.append(Int64(bitPattern: unpacked[i] &+ base)) }
            case 1:
                for i in 0..<size {
                    last &+= Int64(bitPattern: unpacked[i] &+ base)
                    values.append(last)
                }
            default:
                for i in 0..<size {
                    step &+= Int64(bitPattern: unpacked[i] &+ base)
                    last &+= step
                    values.append(last)
                }
            }
        }
        return true
    }
}
