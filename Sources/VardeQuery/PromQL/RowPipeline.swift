internal import VardeModel

/// A leaf of the query and what is done to each of its series: all that can be done a series at a time.
struct RowPipeline: Sendable {
    enum Leaf: Sendable {
        /// The last sample at or before each step; or its time, or its start timestamp.
        case instant(InstantReading)
        case range(RangeEvaluation)
    }

    enum InstantReading: Sendable {
        case value
        case time
        case startTime
    }

    var leaf: Leaf
    var selector: PromQLSelector
    /// First and last millisecond of samples that are needed.
    var span: (from: Int64, through: Int64)
    var statsOnly: Bool
    var transforms: [RowTransform] = []
    /// Where the range function's argument stands, if it reports names that are no counters'.
    var counterCheck: SourceRange?

    /// Whether its rows, or what is made of them, depend on the values of floats and not only on there being some.
    func asksForValues(_ aggregation: AggregationOperator?) -> Bool {
        switch leaf {
        case .instant(.value): !transforms.isEmpty || aggregation != .count && aggregation != .group
        case .instant: false
        case .range(let evaluation): ![.count, .present, .timeOfFirst, .timeOfLast].contains(evaluation.function)
        }
    }

    /// Whether series lose their names.
    var dropsName: Bool {
        switch leaf {
        case .instant(.value): break
        case .instant: return true
        case .range(let evaluation): if evaluation.function.dropsName { return true }
        }
        return transforms.contains { $0.dropsName }
    }

    /// The name all its series have, where the selector says it.
    var fixedName: String? { selector.matchers.last { $0.name == Labels.metricName && $0.operation == .equal }?.value }

    /// Whether two series could be the same once their names are dropped, an error.
    var mayClash: Bool { dropsName && fixedName == nil }

    /// Whether nobody would see series that are the same, once a transform took their points.
    func mayHideClash(behind transform: RowTransform) -> Bool { mayClash && transform.removesPoints }
}

extension PromQLEvaluator {
    /// The pipeline an expression is, nil where it is more than that. Scalars it needs are evaluated here.
    func pipeline(_ expression: PromQLExpression, _ grid: StepGrid, _ notes: inout PromQLAnnotations) throws(QueryError) -> RowPipeline? {
        switch expression {
        case .paren(let node): return try pipeline(node.expression, grid, &notes)
        case .selector(let node): return node.isSmoothed ? nil : instantPipeline(node, .value, grid)
        case .unary(let node):
            guard var inner = try pipeline(node.expression, grid, &notes) else { return nil }
            if node.isNegative { inner.transforms.append(.negate) }
            return inner
        case .binary(let node):
            let leftIsScalar = node.left.type == .scalar
            if leftIsScalar == (node.right.type == .scalar) { return nil }
            let evaluator = node.operation.isTrim ? withBuckets : self
            guard var inner = try evaluator.pipeline(leftIsScalar ? node.right : node.left, grid, &notes) else { return nil }
            let transform = try scalarTransform(node, expression.range, grid, &notes)
            if inner.mayHideClash(behind: transform) { return nil }
            inner.transforms.append(transform)
            return inner
        case .call(let node): return try callPipeline(node, grid, &notes)
        default: return nil
        }
    }

    private func instantPipeline(_ node: PromQLSelector, _ reading: RowPipeline.InstantReading, _ grid: StepGrid) -> RowPipeline {
        let (first, last) = referenceTimes(node.shift, grid)
        return RowPipeline(
            leaf: .instant(reading), selector: node, span: (first - options.lookback + 1, last), statsOnly: statsOnly)
    }

    /// The times the first and last step look at.
    func referenceTimes(_ shift: PromQLTimeShift, _ grid: StepGrid) -> (first: Int64, last: Int64) {
        let fixed = shift.fixedTime
        return ((fixed ?? grid.start) - shift.offset, (fixed ?? grid.end) - shift.offset)
    }

    private func callPipeline(_ node: PromQLCall, _ grid: StepGrid, _ notes: inout PromQLAnnotations) throws(QueryError) -> RowPipeline? {
        let name = node.function.name
        if let function = RangeFunction(rawValue: name) {
            guard function != .absent else { return nil }
            guard let place = node.arguments.firstIndex(where: { $0.type == .matrix }),
                case .range(let range) = node.arguments[place].unwrapped
            else { return nil }
            return try rangePipeline(function, node, range, place, grid, &notes)
        }
        if name == "timestamp" || name == "start_timestamp", case .selector(let selector) = node.arguments[0] {
            if name == "start_timestamp", !options.usesStartTimestamps { return nil }
            var times = instantPipeline(selector, name == "timestamp" ? .time : .startTime, grid)
            // Prometheus looks at the time of an `@` itself then, among the samples the offset leads to.
            if selector.shift.at != nil { times.selector.shift.offset = 0 }
            return times
        }
        guard let first = node.arguments.first, first.type == .vector else { return nil }
        var evaluator = self
        if let function = HistogramFunction(rawValue: name), function.needsNoBuckets { evaluator.wantsStats = true }
        guard RowTransform.functions.contains(name) else { return nil }
        guard var inner = try evaluator.pipeline(first, grid, &notes) else { return nil }
        guard let transform = try transform(node, grid, &notes) else { return nil }
        if inner.mayHideClash(behind: transform) { return nil }
        inner.transforms.append(transform)
        return inner
    }

    /// The transform a function of one vector (and scalars) is; nil for other functions.
    func transform(_ node: PromQLCall, _ grid: StepGrid, _ notes: inout PromQLAnnotations) throws(QueryError) -> RowTransform? {
        let name = node.function.name
        if let function = FloatFunction(rawValue: name) { return .float(function) }
        if let function = DateFunction(rawValue: name) { return node.arguments.isEmpty ? nil : .date(function) }
        if let function = HistogramFunction(rawValue: name) { return .histogram(function) }
        switch name {
        case "round":
            let nearest =
                node.arguments.count > 1 ? try scalar(node.arguments[1], grid, &notes) : Array(repeating: 1, count: grid.count)
            return .round(to: nearest)
        case "clamp":
            return .clamp(low: try scalar(node.arguments[1], grid, &notes), high: try scalar(node.arguments[2], grid, &notes))
        case "clamp_min": return .clamp(low: try scalar(node.arguments[1], grid, &notes), high: nil)
        case "clamp_max": return .clamp(low: nil, high: try scalar(node.arguments[1], grid, &notes))
        case "timestamp": return .stepTime((0..<grid.count).map { Double(grid.time($0)) / 1000 })
        case "start_timestamp": return .nothing
        default: return nil
        }
    }

    private func rangePipeline(
        _ function: RangeFunction, _ node: PromQLCall, _ range: PromQLRange, _ place: Int, _ grid: StepGrid,
        _ notes: inout PromQLAnnotations
    ) throws(QueryError) -> RowPipeline {
        let evaluation = try rangeEvaluation(
            function, node, place,
            RangeWindows(
                grid: grid, range: range.duration, offset: range.selector.shift.offset, fixedTime: range.selector.shift.fixedTime),
            range.selector, grid, &notes)
        return RowPipeline(
            leaf: .range(evaluation), selector: range.selector, span: evaluation.windows.span, statsOnly: statsOnly,
            counterCheck: function == .rate || function == .increase ? node.arguments[0].range : nil)
    }

    /// The evaluation of a range function; `selector` is nil for a subquery's series.
    func rangeEvaluation(
        _ function: RangeFunction, _ node: PromQLCall, _ place: Int, _ windows: RangeWindows, _ selector: PromQLSelector?,
        _ grid: StepGrid, _ notes: inout PromQLAnnotations
    ) throws(QueryError) -> RangeEvaluation {
        var windows = windows
        if let selector {
            try check(selector, function)
            if selector.isAnchored || selector.isSmoothed { windows.extendsBefore = options.lookback }
            if selector.isSmoothed { windows.extendsAfter = options.lookback }
        }
        var parameters: [[Double]] = []
        for (i, argument) in node.arguments.enumerated() where i != place { parameters.append(try scalar(argument, grid, &notes)) }
        let ranges = node.argumentRanges
        let arguments = ranges[0].joined(to: ranges[ranges.count - 1])
        // Functions with a scalar before the range report the first argument's place.
        let position = function == .quantile ? ranges[0] : ranges[place]
        return RangeEvaluation(
            function, windows, position: position, argumentsPosition: function == .quantile ? position : arguments, parameters: parameters,
            isAnchored: selector?.isAnchored ?? false, isSmoothed: selector?.isSmoothed ?? false,
            usesStartTimestamps: options.usesStartTimestamps && function.usesStartTimestamps, budget: budget)
    }

    func check(_ selector: PromQLSelector, _ function: RangeFunction) throws(QueryError) {
        func names(_ functions: [RangeFunction]) -> String { functions.map(\.rawValue).joined(separator: ", ") }
        if selector.isAnchored, !RangeFunction.anchoredSafe.contains(function) {
            throw .execution(
                "anchored modifier can only be used with: \(names(RangeFunction.anchoredSafe)) - not with \(function.rawValue)")
        }
        if selector.isSmoothed, !RangeFunction.smoothedSafe.contains(function) {
            throw .execution(
                "smoothed modifier can only be used with: \(names(RangeFunction.smoothedSafe)) - not with \(function.rawValue)")
        }
    }
}

extension PromQLCall {
    /// Where the arguments stand, for annotations: those of a subquery's series tell the start of the query, as Prometheus' do.
    var argumentRanges: [SourceRange] {
        arguments.map { argument in
            if case .subquery = argument.unwrapped { return SourceRange(0, 0) }
            return argument.range
        }
    }
}

extension RowTransform {
    /// Names of the functions that are transforms of their first argument.
    static let functions: Set<String> = {
        var names: Set<String> = ["round", "clamp", "clamp_min", "clamp_max", "timestamp", "start_timestamp"]
        names.formUnion(
            [
                FloatFunction.abs, .ceil, .floor, .exp, .sqrt, .ln, .log2, .log10, .sin, .cos, .tan, .asin, .acos, .atan, .sinh, .cosh,
                .tanh,
                .asinh, .acosh, .atanh, .rad, .deg, .sgn,
            ].map(\.rawValue))
        names.formUnion(
            [DateFunction.daysInMonth, .dayOfMonth, .dayOfWeek, .dayOfYear, .hour, .minute, .month, .year].map(\.rawValue))
        names.formUnion([HistogramFunction.count, .sum, .avg, .stddev, .stdvar].map(\.rawValue))
        return names
    }()
}

extension PromQLTimeShift {
    /// The time an `@` names once the query's bounds are known, within what offsets and ranges can be taken from.
    var fixedTime: Int64? {
        if case .time(let time)? = at { return min(max(time, -1 << 61), 1 << 61) }
        return nil
    }
}
