/// A running sum that keeps what rounding takes away (Neumaier's variant of Kahan's method, as Prometheus sums).
package struct KahanSum: Sendable, Equatable {
    package var sum: Double
    package var compensation: Double

    @inlinable
    package init(_ sum: Double = 0, compensation: Double = 0) {
        self.sum = sum
        self.compensation = compensation
    }

    @inlinable @inline(__always)
    package mutating func add(_ value: Double) {
        let total = sum + value
        if total.isInfinite {
            compensation = 0
        } else if sum.magnitude >= value.magnitude {
            compensation += (sum - total) + value
        } else {
            compensation += (value - total) + sum
        }
        sum = total
    }

    /// The sum with what was kept; an infinite sum stays as it is.
    @inlinable @inline(__always)
    package var total: Double { sum + compensation }
}
