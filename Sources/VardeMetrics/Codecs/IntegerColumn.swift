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
        let first = differences(values, from: 1)
        let second = differences(first, from: 2)
        // The order whose values are smallest in the mean wins; ties go to the plainer one.
        let costs = [cost(values, from: 0), cost(first, from: 1), cost(second, from: 2)]
        var order = 0
        if values.count > 1, costs[1] < costs[order] { order = 1 }
        if values.count > 2, costs[2] < costs[order] { order = 2 }
        output.append(UInt8(order))
        if order > 0 { Varint.append(Varint.zigzag(values[0]), to: &output) }
        if order > 1 { Varint.append(Varint.zigzag(first[1]), to: &output) }
        let source = order == 0 ? values : order == 1 ? first : second
        var offsets = [UInt64](repeating: 0, count: runLength)
        var histogram = [Int](repeating: 0, count: 65)
        var start = order
        while start < source.count {
            let end = min(start + runLength, source.count)
            encodeRun(source, start..<end, &offsets, &histogram, to: &output)
            start = end
        }
    }

    /// Differences by wrapping subtraction: any 64-bit values come back. Elements before `start` stay as they are.
    private static func differences(_ values: [Int64], from start: Int) -> [Int64] {
        var out = values
        var at = values.count - 1
        while at >= start {
            out[at] = values[at] &- values[at - 1]
            at -= 1
        }
        return out
    }

    /// Bits the runs would take, by each run's range.
    private static func cost(_ values: [Int64], from first: Int) -> Int {
        if values.count <= first { return .max }
        var total = 0
        var start = first
        while start < values.count {
            let end = min(start + runLength, values.count)
            var low = values[start]
            var high = low
            for at in start..<end {
                low = min(low, values[at])
                high = max(high, values[at])
            }
            total += (64 - (UInt64(bitPattern: high) &- UInt64(bitPattern: low)).leadingZeroBitCount) * (end - start) + 24
            start = end
        }
        return total
    }

    private static func encodeRun(
        _ values: [Int64], _ run: Range<Int>, _ offsets: inout [UInt64], _ histogram: inout [Int], to output: inout [UInt8]
    ) {
        var base = values[run.lowerBound]
        for at in run { base = min(base, values[at]) }
        // How many values need so many bits.
        for bits in 0...64 { histogram[bits] = 0 }
        for at in run {
            let offset = UInt64(bitPattern: values[at]) &- UInt64(bitPattern: base)
            offsets[at &- run.lowerBound] = offset
            histogram[64 &- offset.leadingZeroBitCount] &+= 1
        }
        let width = bestWidth(histogram, count: run.count)
        let mask: UInt64 = width == 64 ? .max : (1 << UInt64(width)) - 1
        var outliers: [(position: Int, high: UInt64)] = []
        for i in 0..<run.count where offsets[i] > mask {
            outliers.append((i, offsets[i] >> UInt64(width)))
            offsets[i] &= mask
        }
        Varint.append(Varint.zigzag(base), to: &output)
        output.append(UInt8(width))
        output.append(UInt8(outliers.count))
        BitPacking.pack(offsets.span.extracting(0..<run.count), width: width, to: &output)
        for (position, high) in outliers {
            output.append(UInt8(position))
            Varint.append(high, to: &output)
        }
    }

    /// The width where packed bits and outliers (a byte of position, the high bits in sevens) together are fewest.
    private static func bestWidth(_ histogram: [Int], count: Int) -> Int {
        var width = 64
        while width > 0, histogram[width] == 0 { width -= 1 }
        var best = width
        var bestBits = width * count
        var above = 0
        var candidate = width
        while candidate > 0 {
            above += histogram[candidate]
            candidate -= 1
            if above > 32 { break }
            let bits = candidate * count + above * (8 + ((width - candidate + 6) / 7) * 8)
            if bits < bestBits {
                best = candidate
                bestBits = bits
            }
        }
        return best
    }

    /// Reads `count` values from `at` on and moves it behind them; false where the bytes are no such column. What `values` held before
    /// goes, and `run` is storage to work in.
    static func decode(_ bytes: Span<UInt8>, at: inout Int, count: Int, into values: inout [Int64], run: inout [UInt64]) -> Bool {
        guard let (order, first, second) = readStart(bytes, at: &at, count: count) else { return false }
        values.setCount(count)
        var output = values.mutableSpan
        var last = first
        var step = second
        if order > 0 { output[0] = first }
        if order > 1 {
            last &+= step
            output[1] = last
        }
        var filled = order
        while filled < count {
            let size = min(runLength, count - filled)
            guard let base = unpackRun(bytes, at: &at, size: size, into: &run) else { return false }
            switch order {
            case 0: RunSums.values(run.span, count: size, base: base, into: &output, at: filled)
            case 1: RunSums.sums(run.span, count: size, base: base, last: &last, into: &output, at: filled)
            default: RunSums.sumsOfSums(run.span, count: size, base: base, step: &step, last: &last, into: &output, at: filled)
            }
            filled += size
        }
        return true
    }

    /// Moves `at` behind a column of `count` values; false where the bytes are no such column.
    static func skip(_ bytes: Span<UInt8>, at: inout Int, count: Int) -> Bool {
        guard let (order, _, _) = readStart(bytes, at: &at, count: count) else { return false }
        var passed = order
        while passed < count {
            let size = min(runLength, count - passed)
            guard let run = readRun(bytes, at: &at, size: size) else { return false }
            for _ in 0..<run.outliers where readOutlier(bytes, at: &at, size: size) == nil { return false }
            passed += size
        }
        return true
    }

    /// What stands before the runs: the order, the first value and the first difference, zero where the order has none.
    private static func readStart(_ bytes: Span<UInt8>, at: inout Int, count: Int) -> (order: Int, first: Int64, second: Int64)? {
        guard at < bytes.count else { return nil }
        let order = Int(bytes[at])
        at += 1
        guard order <= 2, count >= order else { return nil }
        var first: Int64 = 0
        var second: Int64 = 0
        for number in 0..<order {
            guard let raw = Varint.read(bytes, at: &at) else { return nil }
            if number == 0 { first = Varint.unzigzag(raw) } else { second = Varint.unzigzag(raw) }
        }
        // A run takes three bytes at least: what is claimed beyond that is not reserved.
        guard (count - order) / runLength <= (bytes.count - at) / 3 else { return nil }
        return (order, first, second)
    }

    /// Reads a run up to its outliers.
    private static func readRun(
        _ bytes: Span<UInt8>, at: inout Int, size: Int
    ) -> (base: UInt64, width: Int, packed: Int, outliers: Int)? {
        guard let base = Varint.read(bytes, at: &at), at + 2 <= bytes.count else { return nil }
        let width = Int(bytes[at])
        let outliers = Int(bytes[at + 1])
        let packed = at + 2
        guard width <= 64, packed + BitPacking.byteCount(size, width: width) <= bytes.count else { return nil }
        at = packed + BitPacking.byteCount(size, width: width)
        return (UInt64(bitPattern: Varint.unzigzag(base)), width, packed, outliers)
    }

    private static func readOutlier(_ bytes: Span<UInt8>, at: inout Int, size: Int) -> (position: Int, high: UInt64)? {
        guard at < bytes.count, Int(bytes[at]) < size else { return nil }
        let position = Int(bytes[at])
        at += 1
        guard let high = Varint.read(bytes, at: &at) else { return nil }
        return (position, high)
    }

    /// A run's values without its base; the base, nil where the bytes are no run.
    private static func unpackRun(_ bytes: Span<UInt8>, at: inout Int, size: Int, into unpacked: inout [UInt64]) -> UInt64? {
        guard let run = readRun(bytes, at: &at, size: size) else { return nil }
        unpacked.setCount(size)
        var span = unpacked.mutableSpan
        BitPacking.unpack(bytes, at: run.packed, width: run.width, into: &span)
        for _ in 0..<run.outliers {
            guard let (position, high) = readOutlier(bytes, at: &at, size: size) else { return nil }
            span[position] |= high &<< UInt64(run.width)
        }
        return run.base
    }
}

extension Array where Element: ExpressibleByIntegerLiteral {
    /// Makes room for so many elements that will all be written.
    mutating func setCount(_ wanted: Int) {
        if count < wanted {
            append(contentsOf: repeatElement(0, count: wanted - count))
        } else {
            removeLast(count - wanted)
        }
    }
}
