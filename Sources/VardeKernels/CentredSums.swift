import CVardeKernels

/// Sums over two columns of equal length, each taken around a centre, added up in no certain order.
package struct CentredSums {
    /// Of `y` less its centre.
    package let deviations: Double
    /// Of `x` less its centre times `y` less its own.
    package let products: Double

    package init(_ x: Span<Double>, around xCentre: Double, _ y: Span<Double>, around yCentre: Double) {
        precondition(x.count == y.count, "columns of different length")
        let sums = varde_sum_centred(x, y, xCentre, yCentre)
        deviations = sums.deviations
        products = sums.products
    }
}
