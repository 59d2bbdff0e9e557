internal import VardeModel

extension StepRow {
    /// Applies an operator between the row and one scalar a step; `swapped` where the scalar stands on the left.
    mutating func combine(
        _ operation: BinaryOperator, scalar: [Double], swapped: Bool, returnsBool: Bool, onFinding: (Int, BinaryFinding) -> Void
    ) {
        if histograms.isEmpty, !operation.isTrim {
            combineFloats(operation, scalar: scalar, swapped: swapped, returnsBool: returnsBool)
            return
        }
        for step in 0..<stepCount where kinds[step] != PointKind.absent {
            let own: BinaryOperand
            if kinds[step] == PointKind.float {
                own = .float(values[step])
            } else if let histogram = histograms[step] {
                own = .histogram(histogram)
            } else {
                continue
            }
            let other = BinaryOperand.float(scalar[step])
            let outcome = swapped ? operation.combine(other, own) : operation.combine(own, other)
            remove(step)
            if let finding = outcome.finding { onFinding(step, finding) }
            guard let result = outcome.result else { continue }
            if returnsBool {
                set(step, outcome.keep ? 1 : 0)
            } else if outcome.keep {
                // A comparison keeps the vector's element, on whichever side it stands.
                switch operation.isComparison ? own : result {
                case .float(let value): set(step, value)
                case .histogram(let histogram): set(step, histogram)
                }
            }
        }
    }

    private mutating func combineFloats(_ operation: BinaryOperator, scalar: [Double], swapped: Bool, returnsBool: Bool) {
        if operation.isComparison {
            for step in 0..<stepCount where kinds[step] == PointKind.float {
                let holds = swapped ? operation.holds(scalar[step], values[step]) : operation.holds(values[step], scalar[step])
                if returnsBool { values[step] = holds ? 1 : 0 } else if !holds { kinds[step] = PointKind.absent }
            }
            return
        }
        switch (operation, swapped) {
        case (.multiply, _): for step in 0..<stepCount { values[step] *= scalar[step] }
        case (.add, _): for step in 0..<stepCount { values[step] += scalar[step] }
        case (.subtract, false): for step in 0..<stepCount { values[step] -= scalar[step] }
        case (.divide, false): for step in 0..<stepCount { values[step] /= scalar[step] }
        default:
            for step in 0..<stepCount where kinds[step] == PointKind.float {
                values[step] =
                    swapped ? operation.arithmetic(scalar[step], values[step]) : operation.arithmetic(values[step], scalar[step])
            }
        }
    }
}
