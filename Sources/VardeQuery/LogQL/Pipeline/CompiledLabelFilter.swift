internal import VardeModel

/// A label filter made ready.
indirect enum CompiledLabelFilter: Sendable {
    case string(CompiledMatcher)
    case number(String, LogQLComparison, Double)
    case duration(String, LogQLComparison, Int64)
    case bytes(String, LogQLComparison, UInt64)
    case address(String, negated: Bool, AddressRange)
    case tokens(String, negated: Bool, [String])
    case and(CompiledLabelFilter, CompiledLabelFilter)
    case or(CompiledLabelFilter, CompiledLabelFilter)

    init(_ filter: LogQLLabelFilter, resolvePII: (@Sendable (String) -> [String])?) throws(LogQLValueError) {
        switch filter {
        case .string(let matcher):
            do {
                self = .string(try CompiledMatcher(matcher))
            } catch {
                throw LogQLValueError(LogQLChecker.regexText(error))
            }
        case .number(let name, let operation, let value, _): self = .number(name, operation, value)
        case .duration(let name, let operation, let value): self = .duration(name, operation, value)
        case .bytes(let name, let operation, let value, _): self = .bytes(name, operation, value)
        case .ip(let name, let negated, let pattern): self = .address(name, negated: negated, try AddressRange(pattern))
        case .pii(let name, let negated, let value): self = .tokens(name, negated: negated, resolvePII?(value) ?? [])
        case .and(let a, let b): self = .and(try Self(a, resolvePII: resolvePII), try Self(b, resolvePII: resolvePII))
        case .or(let a, let b): self = .or(try Self(a, resolvePII: resolvePII), try Self(b, resolvePII: resolvePII))
        }
    }

    private static let errorKind = "LabelFilterErr"

    /// Whether the line stays. A value that cannot be converted marks the line and keeps it.
    func passes(_ labels: inout LineLabels) -> Bool {
        switch self {
        case .string(let matcher): return matcher.matches(labels.text(matcher.matcher.name))
        case .number(let name, let operation, let wanted):
            guard let text = labels.find(name)?.value else { return false }
            guard let value = LogQLUnits.goFloat(text) else {
                labels.setError(Self.errorKind, "strconv.ParseFloat: parsing \(text.quoted): invalid syntax")
                return true
            }
            return operation.holds(value, wanted)
        case .duration(let name, let operation, let wanted):
            guard let text = labels.find(name)?.value else { return false }
            switch LogQLUnits.goDuration(Array(text.utf8)) {
            case .success(let value): return operation.holds(value, wanted)
            case .failure(let error):
                labels.setError(Self.errorKind, error.message)
                return true
            }
        case .bytes(let name, let operation, let wanted):
            guard let text = labels.find(name)?.value else { return false }
            switch LogQLUnits.byteSize(Array(text.utf8)) {
            case .success(let value): return operation.holds(value, wanted)
            case .failure(let error):
                labels.setError(Self.errorKind, error.message)
                return true
            }
        case .address(let name, let negated, let range):
            if labels.hasError { return true }
            guard let text = labels.find(name)?.value else { return false }
            return range.isFound(in: Array(text.utf8).span) != negated
        case .tokens(let name, let negated, let tokens): return tokens.contains(labels.text(name)) != negated
        case .and(let a, let b): return a.passes(&labels) && b.passes(&labels)
        case .or(let a, let b): return a.passes(&labels) || b.passes(&labels)
        }
    }

    /// Whether an error of the line changes what it says.
    var readsError: Bool {
        switch self {
        case .address: true
        case .and(let a, let b), .or(let a, let b): a.readsError || b.readsError
        default: false
        }
    }

    /// Names of the labels it reads.
    func collectNames(into names: inout [String]) {
        switch self {
        case .string(let matcher): names.append(matcher.matcher.name)
        case .number(let name, _, _), .duration(let name, _, _), .bytes(let name, _, _), .address(let name, _, _), .tokens(let name, _, _):
            names.append(name)
        case .and(let a, let b), .or(let a, let b):
            a.collectNames(into: &names)
            b.collectNames(into: &names)
        }
    }

    /// Values a label must have for the line to stay, where that is known: its name and the alternatives.
    func requiredValues(into list: inout [(name: String, values: [String])]) {
        switch self {
        case .string(let matcher):
            // Errors come from parsers, not from the line.
            let isError = matcher.matcher.name == LineLabels.errorName || matcher.matcher.name == LineLabels.detailsName
            if matcher.matcher.operation == .equal, !matcher.matcher.value.isEmpty, !isError {
                list.append((matcher.matcher.name, [matcher.matcher.value]))
            }
        case .tokens(let name, false, let tokens):
            if !tokens.isEmpty { list.append((name, tokens)) }
        case .and(let a, let b):
            a.requiredValues(into: &list)
            b.requiredValues(into: &list)
        default: break
        }
    }

    /// Numbers a label must be for the line to stay, where the label is there at all only if a parser makes it.
    func requiredNumbers(into list: inout [RequiredNumber]) {
        switch self {
        case .number(let name, let operation, let value):
            // With the suffix, a label may come from a field of another name.
            guard value.isFinite, !name.hasSuffix("_extracted"), let bounds = operation.bounds(value) else { return }
            list.append(RequiredNumber(name: name, bounds: bounds))
        case .and(let a, let b):
            a.requiredNumbers(into: &list)
            b.requiredNumbers(into: &list)
        default: break
        }
    }
}

extension LogQLComparison {
    /// Numbers for which the comparison with a finite one holds, where they lie together.
    fileprivate func bounds(_ value: Double) -> ClosedRange<Double>? {
        switch self {
        case .equal: value...value
        case .notEqual: nil
        case .greater: value.nextUp...(.infinity)
        case .greaterOrEqual: value...(.infinity)
        case .less: -.infinity...value.nextDown
        case .lessOrEqual: -.infinity...value
        }
    }
}
