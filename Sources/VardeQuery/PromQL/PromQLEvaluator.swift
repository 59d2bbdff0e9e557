internal import VardeModel

/// Evaluates expressions over grids of steps. A value: subexpressions that need other settings get a changed copy.
struct PromQLEvaluator: Sendable {
    let source: any SeriesSource
    let options: PromQLOptions
    let budget: QueryBudget
    let bounds: QueryBounds
    /// Below a function that needs counts and sums of histograms alone.
    var wantsStats = false
    /// Below anything that needs the buckets after all.
    var needsBuckets = false

    var statsOnly: Bool { wantsStats && !needsBuckets }

    init(source: any SeriesSource, options: PromQLOptions, budget: QueryBudget, bounds: QueryBounds) {
        self.source = source
        self.options = options
        self.budget = budget
        self.bounds = bounds
    }

    var withBuckets: PromQLEvaluator {
        var copy = self
        copy.needsBuckets = true
        return copy
    }

    // MARK: Scalars

    /// The values of a scalar expression, one a step.
    func scalar(_ expression: PromQLExpression, _ grid: StepGrid, _ notes: inout PromQLAnnotations) throws(QueryError) -> [Double] {
        switch expression {
        case .number(let node): return Array(repeating: node.value, count: grid.count)
        case .paren(let node): return try scalar(node.expression, grid, &notes)
        case .unary(let node):
            let values = try scalar(node.expression, grid, &notes)
            return node.isNegative ? values.map { -$0 } : values
        case .binary(let node):
            if node.operation.isTrim {
                throw .execution("operator \(node.operation.rawValue.quoted) not allowed for Scalar operations")
            }
            let left = try scalar(node.left, grid, &notes)
            let right = try scalar(node.right, grid, &notes)
            return (0..<grid.count).map { node.operation.scalar(left[$0], right[$0]) }
        case .call(let node):
            switch node.function.name {
            case "time": return (0..<grid.count).map { Double(grid.time($0)) / 1000 }
            case "pi": return Array(repeating: .pi, count: grid.count)
            case "scalar": return onlyValue(try vector(node.arguments[0], grid, &notes))
            case "max_of", "min_of":
                let left = try scalar(node.arguments[0], grid, &notes)
                let right = try scalar(node.arguments[1], grid, &notes)
                let isMax = node.function.name == "max_of"
                return (0..<grid.count).map { isMax ? GoMath.max(left[$0], right[$0]) : GoMath.min(left[$0], right[$0]) }
            default: throw .execution("function \"\(node.function.name)\" is not implemented")
            }
        default: throw .execution("scalar expression expected")
        }
    }

    /// The one float there is at each step, NaN where there is none or more than one.
    private func onlyValue(_ matrix: StepMatrix) -> [Double] {
        var values = [Double](repeating: .nan, count: matrix.grid.count)
        var counts = [Int](repeating: 0, count: matrix.grid.count)
        for series in 0..<matrix.seriesCount {
            for step in 0..<matrix.grid.count where matrix.kind(series, step) == PointKind.float {
                counts[step] += 1
                values[step] = counts[step] == 1 ? matrix.value(series, step) : .nan
            }
        }
        return values
    }

    // MARK: Vectors

    /// The points of an instant-vector expression at all steps.
    func vector(_ expression: PromQLExpression, _ grid: StepGrid, _ notes: inout PromQLAnnotations) throws(QueryError) -> StepMatrix {
        let result = try namedVector(expression, grid, &notes)
        if options.delaysNameRemoval || !result.dropsName.contains(true) { return result }
        return try result.droppingNames().mergingEqualLabels()
    }

    /// As `vector`, names that no longer fit still in place.
    func namedVector(
        _ expression: PromQLExpression, _ grid: StepGrid, _ notes: inout PromQLAnnotations
    ) throws(QueryError)
        -> StepMatrix
    {
        try budget.check()
        if grid.count == 0 { return StepMatrix(grid: grid) }
        if grid.spansTime, isStepInvariant(expression) { return try invariant(expression, grid, &notes) }
        if let pipeline = try pipeline(expression, grid, &notes) { return try collect(pipeline, grid, &notes) }
        switch expression {
        case .paren(let node): return try vector(node.expression, grid, &notes)
        case .selector(let node): return try smoothedVector(node, grid, &notes)
        case .unary(let node):
            let inner = try vector(node.expression, grid, &notes)
            return node.isNegative ? apply([.negate], to: inner, &notes) : inner
        case .aggregate(let node): return try aggregate(node, grid, &notes)
        case .binary(let node): return try binary(node, expression.range, grid, &notes)
        case .call(let node): return try call(node, grid, &notes)
        default: throw .execution("vector expression expected")
        }
    }

    /// Evaluates once what is the same at every step.
    private func invariant(
        _ expression: PromQLExpression, _ grid: StepGrid, _ notes: inout PromQLAnnotations
    ) throws(QueryError)
        -> StepMatrix
    {
        let once = try vector(expression, StepGrid(at: grid.start), &notes)
        try budget.hold(once.seriesCount * grid.count)
        var result = StepMatrix(grid: grid)
        result.reserve(once.seriesCount)
        for series in 0..<once.seriesCount {
            result.labels.append(once.labels[series])
            result.dropsName.append(once.dropsName[series])
            result.values.append(contentsOf: repeatElement(once.value(series, 0), count: grid.count))
            result.kinds.append(contentsOf: repeatElement(once.kind(series, 0), count: grid.count))
            let histogram = once.histogram(series, 0)
            result.histograms.append(histogram == nil ? [] : Array(repeating: histogram, count: grid.count))
        }
        return result
    }

    /// Functions whose result depends on the step's time even if nothing they are given does.
    private static let timeDependent: Set<String> = [
        "days_in_month", "day_of_month", "day_of_week", "day_of_year", "end", "hour", "minute", "month", "year", "predict_linear", "range",
        "start", "step", "time", "timestamp",
    ]

    /// Whether an expression has the same value at every step, as `@` makes it.
    func isStepInvariant(_ expression: PromQLExpression) -> Bool {
        switch expression {
        case .number, .string: return true
        case .selector(let node): return node.shift.at != nil
        case .range(let node): return node.selector.shift.at != nil
        case .subquery(let node): return node.shift.at != nil
        case .paren(let node): return isStepInvariant(node.expression)
        case .unary(let node): return isStepInvariant(node.expression)
        case .aggregate(let node): return isStepInvariant(node.expression)
        case .binary(let node): return isStepInvariant(node.right) && isStepInvariant(node.left)
        case .call(let node):
            if node.function.name == "timestamp", case .selector(let selector) = node.arguments[0].unwrapped {
                return selector.shift.at != nil
            }
            return !Self.timeDependent.contains(node.function.name) && node.arguments.allSatisfy(isStepInvariant)
        }
    }

    // MARK: Binary operators

    private func binary(
        _ node: PromQLBinary, _ range: SourceRange, _ grid: StepGrid, _ notes: inout PromQLAnnotations
    )
        throws(QueryError) -> StepMatrix
    {
        let inner = node.operation.isTrim ? withBuckets : self
        if node.left.type == .scalar || node.right.type == .scalar {
            let swapped = node.left.type == .scalar
            let operand = try inner.vector(swapped ? node.right : node.left, grid, &notes)
            let transform = try scalarTransform(node, range, grid, &notes)
            return apply([transform], to: operand, &notes)
        }
        let left = try inner.vector(node.left, grid, &notes)
        let right = try inner.vector(node.right, grid, &notes)
        let matching = node.matching ?? VectorMatching()
        if node.operation.isSet { return try StepMatrix.combine(node.operation, left, right, matching) }
        var findings: Set<BinaryFinding> = []
        let result = try StepMatrix.combine(
            node.operation, left, right, matching, returnsBool: node.returnsBool, dropsNamesAtOnce: !options.delaysNameRemoval,
            findings: &findings)
        for finding in findings { notes.add(finding, node.operation, range) }
        return result
    }

    /// The transform a vector goes through where the other side is a scalar.
    func scalarTransform(
        _ node: PromQLBinary, _ range: SourceRange, _ grid: StepGrid, _ notes: inout PromQLAnnotations
    )
        throws(QueryError) -> RowTransform
    {
        let swapped = node.left.type == .scalar
        let values = try scalar(swapped ? node.left : node.right, grid, &notes)
        return .operate(node.operation, scalar: values, swapped: swapped, returnsBool: node.returnsBool, position: range)
    }

    /// Puts each series through transforms.
    func apply(_ transforms: [RowTransform], to matrix: StepMatrix, _ notes: inout PromQLAnnotations) -> StepMatrix {
        var result = StepMatrix(grid: matrix.grid)
        result.reserve(matrix.seriesCount)
        var row = StepRow(stepCount: matrix.grid.count)
        for series in 0..<matrix.seriesCount {
            matrix.read(series, into: &row)
            var drops = matrix.dropsName[series]
            for transform in transforms {
                transform.apply(to: &row, &notes)
                drops = drops || transform.dropsName
            }
            if !row.isEmpty { result.append(matrix.labels[series], dropsName: drops, row) }
        }
        return result
    }
}
