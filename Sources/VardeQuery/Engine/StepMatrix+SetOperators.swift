internal import VardeModel

extension StepMatrix {
    /// `and`, `or`, `unless` between two vectors, step by step.
    package static func combine(
        _ operation: BinaryOperator, _ left: StepMatrix, _ right: StepMatrix, _ matching: VectorMatching
    )
        throws(QueryError) -> StepMatrix
    {
        precondition(operation.isSet && left.grid == right.grid, "not a set operation over one grid")
        let steps = left.grid.count
        let groups = matching.groups(left.labels, right.labels)
        let deciding = operation == .or ? left : right
        let decidingGroups = operation == .or ? groups.left : groups.right
        var present = [Bool](repeating: false, count: groups.count * steps)
        for series in 0..<deciding.seriesCount {
            let base = decidingGroups[series] * steps
            for step in 0..<steps where deciding.kind(series, step) != PointKind.absent { present[base + step] = true }
        }
        if operation == .or {
            var result = left
            right.appendPoints(to: &result, of: groups.right, present, where: false)
            return left.grid.isInstant ? result : try result.mergingEqualLabels()
        }
        var result = StepMatrix(grid: left.grid)
        left.appendPoints(to: &result, of: groups.left, present, where: operation == .and)
        return result
    }

    /// Appends the series' points at steps where their group is marked so; series left without a point are not appended.
    private func appendPoints(to result: inout StepMatrix, of groups: [Int], _ marks: [Bool], where wanted: Bool) {
        var row = StepRow(stepCount: grid.count)
        for series in 0..<seriesCount {
            read(series, into: &row)
            let base = groups[series] * grid.count
            for step in 0..<grid.count where row.kinds[step] != PointKind.absent && marks[base + step] != wanted { row.remove(step) }
            if !row.isEmpty { result.append(labels[series], dropsName: dropsName[series], row) }
        }
    }
}
