internal import VardeModel

/// Quantiles over the series of each group, at some steps.
struct GroupQuantiles: Sendable {
    /// Steps whose values are gathered at once, so that each series is read as it lies.
    private static let gathered = 16

    private let steps: Range<Int>
    /// Groups × steps; nil where the group has no value.
    private var values: [Double?]
    private(set) var hasMetHistogram = false

    /// - Parameters:
    ///   - members: the series of each group.
    ///   - parameters: which quantile, by step of the whole matrix.
    init(_ input: StepMatrix, _ members: [[Int]], _ parameters: [Double], _ steps: Range<Int>) {
        self.steps = steps
        values = Array(repeating: nil, count: members.count * steps.count)
        var columns = [[Double]](repeating: [], count: Self.gathered)
        for group in members.indices {
            for from in stride(from: steps.lowerBound, to: steps.upperBound, by: Self.gathered) {
                let own = from..<min(steps.upperBound, from + Self.gathered)
                for at in columns.indices { columns[at].removeAll(keepingCapacity: true) }
                for series in members[group] {
                    for step in own {
                        switch input.kind(series, step) {
                        case PointKind.float: columns[step - from].append(input.value(series, step))
                        case PointKind.histogram: hasMetHistogram = true
                        default: break
                        }
                    }
                }
                for step in own where !columns[step - from].isEmpty {
                    values[group * steps.count + step - steps.lowerBound] = Quantiles.quantile(parameters[step], of: &columns[step - from])
                }
            }
        }
    }

    /// Writes a group's quantiles to the steps they are of.
    func read(_ group: Int, into row: inout StepRow) {
        for step in steps {
            if let value = values[group * steps.count + step - steps.lowerBound] { row.set(step, value) }
        }
    }
}
