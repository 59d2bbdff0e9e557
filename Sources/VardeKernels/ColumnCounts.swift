import CVardeKernels

/// Questions to a whole column of values, answered some values at a time.
package enum ColumnCounts {
    /// How many of the values have exactly these bits.
    package static func count(of bits: UInt64, in values: Span<Double>) -> Int {
        // A double and its bits lie in memory alike.
        unsafe values.withUnsafeBufferPointer { buffer in
            unsafe buffer.withMemoryRebound(to: UInt64.self) { unsafe Int(varde_count_equal($0.baseAddress, $0.count, bits)) }
        }
    }

    /// How many of the values are less than the one before; NaN is neither less nor more than any.
    package static func falls(in values: Span<Double>) -> Int { Int(varde_count_falls(values)) }

    /// Whether both columns are the same, place by place.
    package static func areEqual(_ left: Span<Int64>, _ right: Span<Int64>) -> Bool {
        left.count == right.count && varde_columns_differ(left, right) == 0
    }
}

extension Array where Element: BitwiseCopyable {
    /// Appends elements of another array without taking hold of it: threads that read the same arrays would wait for each other at their
    /// counts of references.
    @inlinable
    package mutating func append(copying range: Range<Int>, of other: borrowing [Element]) {
        unsafe other.span.extracting(range).withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
