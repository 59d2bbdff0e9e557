internal import VardeCompression
internal import VardeModel

/// What a query must fulfil beyond its grammar, refused in Loki's words.
enum LogQLChecker {
    /// RE2's reason as Go words it.
    static func regexText(_ error: Regex.SyntaxError) -> String {
        var reason = error.reason
        if reason.hasPrefix("missing ):") { reason = "missing closing ):" + reason.dropFirst("missing ):".count) }
        if let colon = reason.range(of: ": ") {
            reason = String(reason[..<colon.upperBound]) + "`" + reason[colon.upperBound...] + "`"
        }
        return "error parsing regexp: " + reason
    }

    static func checkPattern(of matcher: LabelMatcher) throws(LogQLParseError) {
        do {
            _ = try CompiledMatcher(matcher)
        } catch {
            throw LogQLParseError(regexText(error))
        }
    }

    /// At least one matcher must rule out streams without its label, else a query reads everything.
    static func requirePositiveMatcher(_ matchers: [LabelMatcher]) throws(LogQLParseError) {
        for matcher in matchers {
            switch matcher.operation {
            case .equal: if !matcher.value.isEmpty { return }
            case .matches: if let compiled = try? CompiledMatcher(matcher), !compiled.matches("") { return }
            case .notEqual, .notMatches: continue
            }
        }
        throw LogQLParseError(
            "queries require at least one regexp or equality matcher that does not have an empty-compatible value. "
                + "For instance, app=~\".*\" does not meet this requirement, but app=~\".+\" will")
    }

    /// A stage must compile.
    static func check(_ stage: LogQLStage) throws(LogQLParseError) {
        do {
            _ = try CompiledStage(stage, resolvePII: nil)
        } catch {
            throw LogQLParseError("stage '\(LogQLPrinter.text(stage))' : \(error.message)")
        }
    }

    static func check(_ aggregation: LogQLRangeAggregation) throws(LogQLParseError) {
        try requirePositiveMatcher(aggregation.query.matchers)
        let operation = aggregation.operation
        let name = operation.rawValue
        if operation == .quantile {
            if aggregation.parameter == nil { throw LogQLParseError("parameter required for operation \(name)") }
        } else if let parameter = aggregation.parameter {
            throw LogQLParseError("parameter \(FloatText.plain(parameter)) not supported for operation \(name)")
        }
        if aggregation.grouping != nil {
            switch operation {
            case .avg, .stddev, .stdvar, .quantile, .max, .min, .first, .last: break
            default: throw LogQLParseError("grouping not allowed for \(name) aggregation")
            }
        }
        if aggregation.unwrap != nil {
            switch operation {
            case .count, .bytes, .bytesRate: throw LogQLParseError("invalid aggregation \(name) with unwrap")
            default: break
            }
        } else {
            switch operation {
            case .count, .bytes, .bytesRate, .rate, .absent: break
            default: throw LogQLParseError("invalid aggregation \(name) without unwrap")
            }
        }
    }

    static func vectorAggregation(
        _ operation: LogQLVectorOperation, _ parameter: String?, _ grouping: LogQLGrouping?, _ operand: LogQLMetric
    ) throws(LogQLParseError) -> LogQLVectorAggregation {
        let name = operation.rawValue
        var count: Int?
        if operation.takesParameter {
            guard let parameter else { throw LogQLParseError("parameter required for operation \(name)") }
            guard let value = Int(parameter) else { throw LogQLParseError("invalid parameter \(name)(\(parameter),") }
            if value <= 0 { throw LogQLParseError("invalid parameter (must be greater than 0) \(name)(\(parameter)") }
            count = value
        } else if let parameter {
            throw LogQLParseError("unsupported parameter for operation \(name)(\(parameter),")
        }
        if grouping != nil, operation == .approxTopk || operation == .sort || operation == .sortDesc {
            throw LogQLParseError("grouping not allowed for \(name) aggregation")
        }
        if case .literal(let value) = operand {
            throw LogQLParseError("unexpected literal for aggregation \(name): " + FloatText.plain(value))
        }
        return LogQLVectorAggregation(operation: operation, parameter: count, grouping: grouping, operand: operand)
    }
}

extension String {
    /// Where a text first occurs.
    fileprivate func range(of text: String) -> Range<String.Index>? {
        var at = startIndex
        while at < endIndex {
            if self[at...].hasPrefix(text) { return at..<index(at, offsetBy: text.count) }
            at = index(after: at)
        }
        return nil
    }
}
