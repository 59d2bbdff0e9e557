internal import VardeModel

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

extension PromQLEvaluator {
    /// The expression with durations computed and what depends on the query's bounds alone put in as numbers and times.
    func resolve(_ expression: PromQLExpression) throws(QueryError) -> PromQLExpression {
        switch expression {
        case .number, .string: return expression
        case .selector(let node): return .selector(try resolve(node))
        case .range(var node):
            node.selector = try resolve(node.selector)
            if let duration = node.durationExpression { node.duration = try milliseconds(duration, mayBeNegative: false) }
            return .range(node)
        case .subquery(var node):
            node.expression = try resolve(node.expression)
            node.shift = try resolve(node.shift)
            if let step = node.stepExpression { node.step = try milliseconds(step, mayBeNegative: false) }
            if let duration = node.durationExpression { node.duration = try milliseconds(duration, mayBeNegative: false) }
            return .subquery(node)
        case .paren(var node):
            node.expression = try resolve(node.expression)
            return .paren(node)
        case .unary(var node):
            node.expression = try resolve(node.expression)
            return .unary(node)
        case .binary(var node):
            node.left = try resolve(node.left)
            node.right = try resolve(node.right)
            return .binary(node)
        case .aggregate(var node):
            node.expression = try resolve(node.expression).unwrapped
            if let parameter = node.parameter { node.parameter = try resolve(parameter).unwrapped }
            return .aggregate(node)
        case .call(var node):
            func number(_ value: Double) -> PromQLExpression { .number(PromQLNumber(value: value, range: node.range)) }
            switch node.function.name {
            case "start": return number(Double(bounds.start) / 1000)
            case "end": return number(Double(bounds.end) / 1000)
            case "range": return number(Double(bounds.end - bounds.start) / 1000)
            case "step": return number(bounds.start == bounds.end ? 0 : Double(bounds.step) / 1000)
            default:
                for i in node.arguments.indices { node.arguments[i] = try resolve(node.arguments[i]).unwrapped }
                return .call(node)
            }
        }
    }

    private func resolve(_ node: PromQLSelector) throws(QueryError) -> PromQLSelector {
        var node = node
        node.shift = try resolve(node.shift)
        return node
    }

    private func resolve(_ shift: PromQLTimeShift) throws(QueryError) -> PromQLTimeShift {
        var shift = shift
        if let offset = shift.offsetExpression { shift.offset = try milliseconds(offset, mayBeNegative: true) }
        switch shift.at {
        case .start: shift.at = .time(bounds.start)
        case .end: shift.at = .time(bounds.end)
        default: break
        }
        return shift
    }

    private func milliseconds(_ duration: PromQLDuration, mayBeNegative: Bool) throws(QueryError) -> Int64 {
        let seconds = try self.seconds(duration)
        let place = "\(duration.range.start):\(duration.range.end)"
        if !seconds.isFinite { throw .badData("\(place): duration is NaN or infinite") }
        if seconds <= 0, !mayBeNegative { throw .badData("\(place): duration must be greater than 0") }
        if seconds.magnitude > PromQLNumberText.maxSeconds { throw .badData("\(place): duration is out of range") }
        return Int64(seconds * 1000)
    }

    private func seconds(_ duration: PromQLDuration) throws(QueryError) -> Double {
        guard case .operation(let node) = duration else {
            if case .number(let number) = duration { return number.value }
            return 0
        }
        let left = try node.left.map { side throws(QueryError) in try seconds(side) } ?? 0
        let right = try node.right.map { side throws(QueryError) in try seconds(side) } ?? 0
        let place = "\(duration.range.start):\(duration.range.end)"
        switch node.kind {
        case .step: return Double(bounds.step) / 1000
        case .range: return Double(bounds.end - bounds.start) / 1000
        case .maxOf: return GoMath.max(left, right)
        case .minOf: return GoMath.min(left, right)
        case .add: return left + right
        case .subtract: return left - right
        case .multiply: return left * right
        case .divide:
            if right == 0 { throw .badData("\(place): division by zero") }
            return left / right
        case .modulo:
            if right == 0 { throw .badData("\(place): modulo by zero") }
            return fmod(left, right)
        case .power: return pow(left, right)
        }
    }
}

extension Optional {
    /// As `map`, for closures that throw a `QueryError`.
    fileprivate func map<T>(_ body: (Wrapped) throws(QueryError) -> T) throws(QueryError) -> T? {
        guard let self else { return nil }
        return try body(self)
    }
}
