import CVardeKernels

/// The inner loops of decoding a column of integers: each element costs a few instructions and no check of its own.
package enum RunSums {
    /// Writes `base` plus each of the first `count` offsets to `output` from `start` on.
    package static func values(
        _ offsets: Span<UInt64>, count: Int, base: UInt64, into output: inout MutableSpan<Int64>, at start: Int
    ) {
        precondition(count >= 0 && count <= offsets.count && start >= 0 && start <= output.count - count, "a run beyond its column")
        // In bounds by the check above.
        for i in 0..<count { unsafe output[unchecked: start &+ i] = Int64(bitPattern: offsets[unchecked: i] &+ base) }
    }

    /// As `values`, of differences: `last` is the value before and becomes the last written.
    package static func sums(
        _ offsets: Span<UInt64>, count: Int, base: UInt64, last: inout Int64, into output: inout MutableSpan<Int64>, at start: Int
    ) {
        precondition(count >= 0 && count <= offsets.count && start >= 0 && start <= output.count - count, "a run beyond its column")
        var sum = last
        for i in 0..<count {
            // In bounds by the check above.
            unsafe sum &+= Int64(bitPattern: offsets[unchecked: i] &+ base)
            unsafe output[unchecked: start &+ i] = sum
        }
        last = sum
    }

    /// As `sums`, of differences of differences: `step` is the difference before and becomes the last.
    package static func sumsOfSums(
        _ offsets: Span<UInt64>, count: Int, base: UInt64, step: inout Int64, last: inout Int64, into output: inout MutableSpan<Int64>,
        at start: Int
    ) {
        precondition(count >= 0 && count <= offsets.count && start >= 0 && start <= output.count - count, "a run beyond its column")
        var difference = step
        var sum = last
        for i in 0..<count {
            // In bounds by the check above.
            unsafe difference &+= Int64(bitPattern: offsets[unchecked: i] &+ base)
            sum &+= difference
            unsafe output[unchecked: start &+ i] = sum
        }
        step = difference
        last = sum
    }

    /// Writes the integers as doubles, times `factor` (wrapping), divided by `divisor`.
    package static func doubles(_ integers: Span<Int64>, factor: Int64, divisor: Double, into output: inout MutableSpan<Double>) {
        precondition(output.count == integers.count, "values beyond their column")
        varde_doubles(integers, factor, divisor, &output)
    }
}
