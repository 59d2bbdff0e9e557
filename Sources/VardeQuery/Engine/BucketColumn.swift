internal import VardeModel

/// The buckets of one side of a native histogram as columns: index, count and what rounding took away, ascending by index.
struct BucketColumn: Sendable, Equatable {
    var indices: [Int32] = []
    var counts: [Double] = []
    var compensations: [Double] = []

    var count: Int { indices.count }

    init() {}

    init(_ histogram: NativeHistogram, positive: Bool) {
        let spans = positive ? histogram.positiveSpans : histogram.negativeSpans
        counts = positive ? histogram.positiveBuckets : histogram.negativeBuckets
        indices.reserveCapacity(counts.count)
        var index: Int32 = 0
        for span in spans {
            index &+= span.offset
            for _ in 0..<span.length where indices.count < counts.count {
                indices.append(index)
                index &+= 1
            }
        }
        if indices.count < counts.count { counts.removeLast(counts.count - indices.count) }
        compensations = [Double](repeating: 0, count: counts.count)
    }

    private mutating func append(_ index: Int32, _ count: Double, _ compensation: Double) {
        indices.append(index)
        counts.append(count)
        compensations.append(compensation)
    }

    private mutating func increase(at position: Int, by value: Double) {
        var sum = KahanSum(counts[position], compensation: compensations[position])
        sum.add(value)
        counts[position] = sum.sum
        compensations[position] = sum.compensation
    }

    /// The same buckets in a coarser schema.
    func reduced(from origin: Int32, to target: Int32) -> BucketColumn {
        if origin == target { return self }
        var result = BucketColumn()
        for i in 0..<count {
            let index = HistogramBounds.index(indices[i], from: origin, to: target)
            if let last = result.indices.last, last == index {
                result.increase(at: result.count - 1, by: counts[i])
                result.compensations[result.count - 1] += compensations[i]
            } else {
                result.append(index, counts[i], compensations[i])
            }
        }
        return result
    }

    /// Adds (or subtracts) the buckets of another column of the same schema.
    mutating func add(_ other: BucketColumn, negative: Bool) {
        let sign = negative ? -1.0 : 1.0
        if indices == other.indices {
            for i in 0..<count { increase(at: i, by: sign * other.counts[i]) }
            return
        }
        var merged = BucketColumn()
        var a = 0
        var b = 0
        while a < count || b < other.count {
            if b >= other.count || (a < count && indices[a] < other.indices[b]) {
                merged.append(indices[a], counts[a], compensations[a])
                a += 1
            } else if a >= count || other.indices[b] < indices[a] {
                merged.append(other.indices[b], sign * other.counts[b], 0)
                b += 1
            } else {
                merged.append(indices[a], counts[a], compensations[a])
                merged.increase(at: merged.count - 1, by: sign * other.counts[b])
                a += 1
                b += 1
            }
        }
        self = merged
    }

    /// A copy without the buckets whose upper bound does not exceed a zero threshold.
    func dropping(upTo threshold: Double, schema: Int32) -> BucketColumn {
        var first = 0
        while first < count, HistogramBounds.exponential(indices[first], schema: schema) <= threshold { first += 1 }
        return dropFirst(first)
    }

    /// A copy without the buckets whose lower bound lies below a zero threshold.
    func droppingOverlap(with threshold: Double, schema: Int32) -> BucketColumn {
        var first = 0
        while first < count, HistogramBounds.exponential(indices[first] - 1, schema: schema) < threshold { first += 1 }
        return dropFirst(first)
    }

    private func dropFirst(_ first: Int) -> BucketColumn {
        if first == 0 { return self }
        var rest = BucketColumn()
        rest.indices = Array(indices[first...])
        rest.counts = Array(counts[first...])
        rest.compensations = Array(compensations[first...])
        return rest
    }

    /// Custom buckets put into the buckets of fewer bounds, all of which are among the own ones.
    func mapped(from bounds: [Double], to target: [Double]) -> BucketColumn {
        var result = BucketColumn()
        var position = 0
        for i in 0..<count {
            var index = target.count
            if Int(indices[i]) < bounds.count, indices[i] >= 0 {
                let bound = bounds[Int(indices[i])]
                while position < target.count, target[position] < bound { position += 1 }
                index = position
            }
            if let last = result.indices.last, last == Int32(index) {
                result.increase(at: result.count - 1, by: counts[i])
                result.compensations[result.count - 1] += compensations[i]
            } else {
                result.append(Int32(index), counts[i], compensations[i])
            }
        }
        return result
    }

    /// Counts with what rounding took away, as spans and buckets without empty ones.
    func compacted() -> (spans: [NativeHistogram.BucketSpan], buckets: [Double]) {
        var spans: [NativeHistogram.BucketSpan] = []
        var buckets: [Double] = []
        buckets.reserveCapacity(count)
        var next: Int32 = 0
        for i in 0..<count {
            let total = counts[i] + compensations[i]
            if total == 0 { continue }
            if spans.isEmpty || indices[i] != next {
                spans.append(.init(offset: indices[i] &- next, length: 1))
            } else {
                spans[spans.count - 1].length += 1
            }
            buckets.append(total)
            next = indices[i] &+ 1
        }
        return (spans, buckets)
    }

    mutating func scale(by factor: Double) {
        for i in 0..<count {
            counts[i] *= factor
            compensations[i] *= factor
        }
    }

    mutating func divide(by divisor: Double) {
        for i in 0..<count {
            counts[i] /= divisor
            compensations[i] /= divisor
        }
    }

    mutating func forgetCompensations() {
        for i in 0..<count { compensations[i] = 0 }
    }

    var hasInfinity: Bool { counts.contains { $0.isInfinite } }
}
