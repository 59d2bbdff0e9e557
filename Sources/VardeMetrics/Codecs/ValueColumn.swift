import VardeKernels

/// Sample values as a column, bit for bit: the smallest of a few forms.
///
///     column    = form(u8) body
///     constant  = 0: bits(u64)                                        every value the same
///     decimal   = 1: exponent(u8) unit(varint) exceptions IntegerColumn    value = (integer × unit) / 10^exponent
///     xor       = 2: XORColumn
///     raw       = 3: bits(u64)×count
///     exceptions = count(varint) (index difference(varint) bits(u64))×count
///
/// Exceptions are the values no scaled integer gives back exactly (stale markers, other NaNs, infinities, −0, odd doubles); in the
/// integers their places repeat the value before.
enum ValueColumn {
    /// Powers of ten that are exact doubles and more than any metric has decimals.
    static let maxExponent = 14
    private static let powers: [Double] = (0...maxExponent).map { (0..<$0).reduce(1.0) { power, _ in power * 10 } }
    /// Beyond this, dividing by a power of ten may round twice.
    private static let maxInteger = 9_007_199_254_740_992.0

    static func encode(_ values: [Double], to output: inout [UInt8]) {
        guard let first = values.first else { return output.append(3) }
        if values.allSatisfy({ $0.bitPattern == first.bitPattern }) {
            output.append(0)
            return Bytes.append64(first.bitPattern, to: &output)
        }
        let start = output.count
        let hasDecimal = encodeDecimal(values, to: &output)
        let decimalSize = output.count - start
        // Scaled integers that fit take far fewer bytes than any other form: nothing else is tried then.
        if hasDecimal, decimalSize < values.count * 4 { return }
        var other: [UInt8] = [2]
        XORColumn.encode(values, to: &other)
        if hasDecimal, decimalSize <= other.count { return }
        output.removeLast(decimalSize)
        if other.count < 1 + values.count * 8 {
            output += other
        } else {
            output.append(3)
            for value in values { Bytes.append64(value.bitPattern, to: &output) }
        }
    }

    /// Finds the smallest power of ten that makes (nearly) all values integers; false where none does.
    private static func encodeDecimal(_ values: [Double], to output: inout [UInt8]) -> Bool {
        var integers = [Int64](repeating: 0, count: values.count)
        var exceptions: [(index: Int, bits: UInt64)] = []
        var exponent = 0
        // A value that needs a higher power than those before begins everything anew: mostly that is the first.
        while let needed = scale(values, exponent, &integers, &exceptions) {
            if exceptions.count > 4 + values.count / 8 { return false }
            exponent = needed
        }
        if exceptions.count > 4 + values.count / 8 { return false }
        if exceptions.first?.index == 0, let base = integers.first(where: { $0 != 0 }) {
            for index in integers.indices { if integers[index] == 0 { integers[index] = base } else { break } }
        }
        let unit = commonUnit(integers)
        if unit > 1 { for index in integers.indices { integers[index] /= unit } }
        output.append(1)
        output.append(UInt8(exponent))
        Varint.append(UInt64(unit), to: &output)
        Varint.append(UInt64(exceptions.count), to: &output)
        var lastIndex = 0
        for (index, bits) in exceptions {
            Varint.append(UInt64(index - lastIndex), to: &output)
            Bytes.append64(bits, to: &output)
            lastIndex = index
        }
        IntegerColumn.encode(integers, to: &output)
        return true
    }

    /// Scales values to integers; those no power of ten makes one are exceptions and repeat the integer before.
    ///
    /// - Returns: nil once all are done or too many are exceptions, else the higher exponent a value needs.
    private static func scale(
        _ values: [Double], _ exponent: Int, _ integers: inout [Int64], _ exceptions: inout [(index: Int, bits: UInt64)]
    ) -> Int? {
        exceptions.removeAll(keepingCapacity: true)
        let power = powers[exponent]
        var last: Int64 = 0
        for index in values.indices {
            let value = values[index]
            let scaled = nearest(value * power)
            // Integers know no negative zero.
            if scaled.magnitude < maxInteger, (scaled / power).bitPattern == value.bitPattern, value.bitPattern != 1 << 63 {
                last = Int64(scaled)
            } else if let needed = (exponent...maxExponent).dropFirst().first(where: { fits(value, $0) }) {
                return needed
            } else {
                exceptions.append((index, value.bitPattern))
                if exceptions.count > 4 + values.count / 8 { return nil }
            }
            integers[index] = last
        }
        return nil
    }

    /// Whether `value` times the power is an integer that divides back to the same bits.
    @inline(__always)
    private static func fits(_ value: Double, _ exponent: Int) -> Bool {
        let power = powers[exponent]
        let scaled = nearest(value * power)
        guard scaled.magnitude < maxInteger, value.bitPattern != 1 << 63 else { return false }
        return (scaled / power).bitPattern == value.bitPattern
    }

    /// The nearest integer. Adding and taking away a number whose last bit is worth 1 rounds without a call.
    @inline(__always)
    private static func nearest(_ value: Double) -> Double {
        value.magnitude < 0x1p51 ? (value + 0x1.8p52) - 0x1.8p52 : value.rounded()
    }

    /// Greatest common divisor of all, at least 1: memory comes in pages, disks in sectors.
    private static func commonUnit(_ integers: [Int64]) -> Int64 {
        var unit: UInt64 = 0
        for integer in integers {
            var a = unit
            var b = integer.magnitude
            while b != 0 { (a, b) = (b, a % b) }
            unit = a
            if unit == 1 { return 1 }
        }
        return unit == 0 || unit > UInt64(Int64.max) ? 1 : Int64(unit)
    }

    /// Storage reused from column to column while decoding.
    struct Scratch: Sendable {
        var integers: [Int64] = []
        var run: [UInt64] = []
    }

    /// Reads `count` values from `at` on; false where the bytes are no such column. What `values` held before goes.
    ///
    /// - Parameter staleMarkersOnly: any number may stand for a value that is no stale marker; that takes far less time.
    static func decode(
        _ bytes: Span<UInt8>, at: inout Int, count: Int, staleMarkersOnly: Bool = false, into values: inout [Double],
        scratch: inout Scratch
    ) -> Bool {
        guard at < bytes.count else { return false }
        let form = bytes[at]
        at += 1
        switch form {
        case 0:
            guard at + 8 <= bytes.count else { return false }
            let value = Double(bitPattern: Bytes.load64(bytes, at: at))
            at += 8
            values.removeAll(keepingCapacity: true)
            values.append(contentsOf: repeatElement(value, count: count))
            return true
        case 1: return decodeDecimal(bytes, at: &at, count: count, staleMarkersOnly, into: &values, scratch: &scratch)
        case 2: return XORColumn.decode(bytes, at: &at, count: count, into: &values)
        case 3:
            guard at + count * 8 <= bytes.count else { return false }
            values.removeAll(keepingCapacity: true)
            for i in 0..<count { values.append(Double(bitPattern: Bytes.load64(bytes, at: at + i * 8))) }
            at += count * 8
            return true
        default: return false
        }
    }

    private static func decodeDecimal(
        _ bytes: Span<UInt8>, at: inout Int, count: Int, _ staleMarkersOnly: Bool, into values: inout [Double], scratch: inout Scratch
    ) -> Bool {
        guard at < bytes.count else { return false }
        let exponent = Int(bytes[at])
        at += 1
        guard exponent <= maxExponent, let unit = Varint.read(bytes, at: &at), let exceptionCount = Varint.read(bytes, at: &at),
            exceptionCount <= UInt64(count)
        else { return false }
        var exceptions: [(index: Int, bits: UInt64)] = []
        var index = 0
        for _ in 0..<exceptionCount {
            guard let step = Varint.read(bytes, at: &at), step <= UInt64(count), at + 8 <= bytes.count else { return false }
            index += Int(step)
            guard index < count else { return false }
            exceptions.append((index, Bytes.load64(bytes, at: at)))
            at += 8
        }
        if staleMarkersOnly {
            guard IntegerColumn.skip(bytes, at: &at, count: count) else { return false }
            values.removeAll(keepingCapacity: true)
            values.append(contentsOf: repeatElement(0, count: count))
        } else {
            guard IntegerColumn.decode(bytes, at: &at, count: count, into: &scratch.integers, run: &scratch.run) else { return false }
            values.setCount(count)
            var output = values.mutableSpan
            RunSums.doubles(
                scratch.integers.span, factor: Int64(bitPattern: unit), divisor: powers[exponent], into: &output)
        }
        for (index, bits) in exceptions { values[index] = Double(bitPattern: bits) }
        return true
    }
}
