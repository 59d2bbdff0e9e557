internal import VardeModel

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Operators between two expressions, as PromQL and LogQL write them.
package enum BinaryOperator: String, Sendable, CaseIterable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case modulo = "%"
    case power = "^"
    case atan2
    case equal = "=="
    case notEqual = "!="
    case greater = ">"
    case less = "<"
    case greaterOrEqual = ">="
    case lessOrEqual = "<="
    case trimUpper = "</"
    case trimLower = ">/"
    case and
    case or
    case unless

    package var isComparison: Bool {
        switch self {
        case .equal, .notEqual, .greater, .less, .greaterOrEqual, .lessOrEqual: true
        default: false
        }
    }

    package var isSet: Bool { self == .and || self == .or || self == .unless }

    /// Whether the result is another quantity than the operands, so that the metric's name no longer fits.
    package var changesMetricSchema: Bool {
        switch self {
        case .add, .subtract, .divide, .multiply, .power, .modulo, .atan2: true
        default: false
        }
    }

    /// Whether the operator cuts histograms.
    package var isTrim: Bool { self == .trimLower || self == .trimUpper }

    /// How strongly the operator binds; higher binds first.
    package var precedence: Int {
        switch self {
        case .or: 1
        case .and, .unless: 2
        case .equal, .notEqual, .greater, .less, .greaterOrEqual, .lessOrEqual, .trimUpper, .trimLower: 3
        case .add, .subtract: 4
        case .multiply, .divide, .modulo, .atan2: 5
        case .power: 6
        }
    }

    /// The result for two scalars; comparisons yield 0 or 1.
    package func scalar(_ a: Double, _ b: Double) -> Double {
        switch self {
        case .equal: a == b ? 1 : 0
        case .notEqual: a != b ? 1 : 0
        case .greater: a > b ? 1 : 0
        case .less: a < b ? 1 : 0
        case .greaterOrEqual: a >= b ? 1 : 0
        case .lessOrEqual: a <= b ? 1 : 0
        default: arithmetic(a, b)
        }
    }

    /// The result of an arithmetic operator.
    @inline(__always)
    func arithmetic(_ a: Double, _ b: Double) -> Double {
        switch self {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .modulo: fmod(a, b)
        case .power: pow(a, b)
        case .atan2: atan2Of(a, b)
        default: .nan
        }
    }

    private func atan2Of(_ a: Double, _ b: Double) -> Double {
        #if canImport(Glibc)
            Glibc.atan2(a, b)
        #elseif canImport(Musl)
            Musl.atan2(a, b)
        #else
            Darwin.atan2(a, b)
        #endif
    }

    /// Whether a comparison holds.
    @inline(__always)
    func holds(_ a: Double, _ b: Double) -> Bool {
        switch self {
        case .equal: a == b
        case .notEqual: a != b
        case .greater: a > b
        case .less: a < b
        case .greaterOrEqual: a >= b
        case .lessOrEqual: a <= b
        default: true
        }
    }
}

/// What two elements could not be combined for, or what had to be settled to combine them.
package enum BinaryFinding: Hashable, Sendable {
    /// Kinds of the operands the operator does not know: `float` or `histogram` each.
    case incompatibleTypes(left: String, right: String)
    case incompatibleBuckets
    case counterResetCollision
    case boundsReconciled
}

/// One element of a vector: a float or a histogram.
enum BinaryOperand {
    case float(Double)
    case histogram(NativeHistogram)

    fileprivate var kindName: String {
        switch self {
        case .float: "float"
        case .histogram: "histogram"
        }
    }
}

extension BinaryOperator {
    /// The result of an operator between two elements: nil where there is none; `keep` says whether a comparison held.
    func combine(_ a: BinaryOperand, _ b: BinaryOperand) -> (result: BinaryOperand?, keep: Bool, finding: BinaryFinding?) {
        switch (a, b) {
        case (.float(let x), .float(let y)):
            if isComparison { return (a, holds(x, y), nil) }
            if isTrim { break }
            return (.float(arithmetic(x, y)), true, nil)
        case (.float(let x), .histogram(let h)):
            if self == .multiply { return (.histogram(h.multiplied(by: x).compacted()), true, nil) }
        case (.histogram(let h), .float(let y)):
            switch self {
            case .multiply: return (.histogram(h.multiplied(by: y).compacted()), true, nil)
            case .divide: return (.histogram(h.divided(by: y).compacted()), true, nil)
            case .trimUpper: return (.histogram(h.trimmed(above: y)), true, nil)
            case .trimLower: return (.histogram(h.trimmed(below: y)), true, nil)
            default: break
            }
        case (.histogram(let x), .histogram(let y)):
            switch self {
            case .add, .subtract:
                var sum = HistogramSum(x, compensates: false)
                guard let outcome = try? sum.add(y, negative: self == .subtract) else { return (nil, false, .incompatibleBuckets) }
                if outcome.counterResetCollision { return (nil, false, .counterResetCollision) }
                let result = sum.histogram(hint: self == .subtract ? .gauge : nil)
                return (.histogram(result), true, outcome.boundsReconciled ? .boundsReconciled : nil)
            case .equal: return (a, x.hasSameData(as: y), nil)
            case .notEqual: return (a, !x.hasSameData(as: y), nil)
            default: break
            }
        }
        return (nil, false, .incompatibleTypes(left: a.kindName, right: b.kindName))
    }
}
