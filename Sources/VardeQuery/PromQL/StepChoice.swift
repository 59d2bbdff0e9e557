internal import VardeModel

/// Some points of a matrix: at one step in the order they are chosen, else in the order of the series.
struct StepChoice {
    private let input: StepMatrix
    private var order: [Int] = []
    /// Series × steps.
    private var kept: [Bool]
    /// The series of which any point is kept.
    private var keptSeries: [Bool]

    init(_ input: StepMatrix) {
        self.input = input
        kept = [Bool](repeating: false, count: input.kinds.count)
        keptSeries = [Bool](repeating: false, count: input.seriesCount)
    }

    mutating func keep(_ series: Int, _ step: Int) {
        kept[series * input.grid.count + step] = true
        keptSeries[series] = true
        if input.grid.isInstant { order.append(series) }
    }

    var result: StepMatrix {
        if input.grid.isInstant { return input.reordered(order) }
        var result = StepMatrix(grid: input.grid)
        var row = StepRow(stepCount: input.grid.count)
        for series in keptSeries.indices where keptSeries[series] {
            input.read(series, into: &row)
            let base = series * input.grid.count
            for step in 0..<input.grid.count where !kept[base + step] && row.kinds[step] != PointKind.absent { row.remove(step) }
            if !row.isEmpty { result.append(input.labels[series], dropsName: input.dropsName[series], row) }
        }
        return result
    }
}

/// The best series of each group at some steps, for `topk`, `bottomk` and `limitk`. Series are offered in their order, each for all these
/// steps, as they lie.
struct BestSeries {
    /// Groups × steps at most.
    static let mostCells = 1 << 18

    private let input: StepMatrix
    private let steps: Range<Int>
    private let groupCount: Int
    /// How many a group keeps, for each of the steps.
    private let limits: [Int]
    /// Groups × steps: the series so far, best first.
    private var best: [[Int]]
    /// Groups × steps: the value of the last of them, meaningful where there are as many as may be.
    private var worst: [Double]
    private var isFull: [Bool]
    private(set) var hasMetHistogram = false

    init(_ input: StepMatrix, _ steps: Range<Int>, groupCount: Int, limits: [Double]) {
        self.input = input
        self.steps = steps
        self.groupCount = groupCount
        self.limits = limits[steps].map { min(Int($0), input.seriesCount) }
        let cells = groupCount * steps.count
        best = Array(repeating: [], count: cells)
        worst = Array(repeating: 0, count: cells)
        isFull = Array(repeating: false, count: cells)
    }

    /// Offers a series for the places of the best; of equal ones the first stands before, NaN is worse than any number.
    mutating func offer(_ series: Int, of group: Int, isBetter: (Double, Double) -> Bool) {
        let input = input
        let own = input.range(of: series).lowerBound + steps.lowerBound
        let place = own..<own + steps.count
        let values = input.values.span.extracting(place)
        let kinds = input.kinds.span.extracting(place)
        for step in values.indices where kinds[step] != PointKind.absent && limits[step] > 0 {
            if kinds[step] == PointKind.histogram {
                hasMetHistogram = true
                continue
            }
            let cell = group * steps.count + step
            let value = values[step]
            if isFull[cell], value.isNaN || !(isBetter(value, worst[cell]) || worst[cell].isNaN) { continue }
            insert(series, value, cell, step) { a, b in !a.isNaN && (b.isNaN || isBetter(a, b)) }
        }
    }

    private mutating func insert(_ series: Int, _ value: Double, _ cell: Int, _ step: Int, isBetter: (Double, Double) -> Bool) {
        let at = steps.lowerBound + step
        var place = best[cell].count
        while place > 0, isBetter(value, input.value(best[cell][place - 1], at)) { place -= 1 }
        best[cell].insert(series, at: place)
        if best[cell].count > limits[step] { best[cell].removeLast() }
        guard best[cell].count == limits[step], let last = best[cell].last else { return }
        isFull[cell] = true
        worst[cell] = input.value(last, at)
    }

    /// Offers a series for places that are taken as they come.
    mutating func offerFirst(_ series: Int, of group: Int) {
        for step in limits.indices where input.kind(series, steps.lowerBound + step) != PointKind.absent {
            let cell = group * steps.count + step
            if best[cell].count < limits[step] { best[cell].append(series) }
        }
    }

    /// Keeps what was found, at each step by groups.
    func choose(into chosen: inout StepChoice) {
        for step in limits.indices {
            for group in 0..<groupCount {
                for series in best[group * steps.count + step] { chosen.keep(series, steps.lowerBound + step) }
            }
        }
    }
}
