/// Quantiles of plain numbers.
package enum Quantiles {
    /// The q-quantile, weighted between neighbours; sorts the values, NaN first. Prometheus' rules for odd q.
    package static func quantile(_ q: Double, of values: inout [Double]) -> Double {
        if values.isEmpty || q.isNaN { return .nan }
        if q < 0 { return -.infinity }
        if q > 1 { return .infinity }
        values.sort { $0.isNaN ? !$1.isNaN : $0 < $1 }
        return quantile(q, ofSorted: values)
    }

    /// The q-quantile of values that are sorted already.
    package static func quantile(_ q: Double, ofSorted values: [Double]) -> Double {
        if values.isEmpty || q.isNaN { return .nan }
        if q < 0 { return -.infinity }
        if q > 1 { return .infinity }
        let rank = q * Double(values.count - 1)
        let lower = max(0, rank.rounded(.down))
        let upper = min(Double(values.count - 1), lower + 1)
        let weight = rank - rank.rounded(.down)
        return values[Int(lower)] * (1 - weight) + values[Int(upper)] * weight
    }
}
