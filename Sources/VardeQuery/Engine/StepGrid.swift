/// The points in time an expression is evaluated at: `start`, `start + step`, …, in milliseconds since the epoch.
package struct StepGrid: Sendable, Equatable {
    package var start: Int64
    /// Distance of two steps; positive also where there is only one.
    package var step: Int64
    package var count: Int
    /// What was asked for: the last step may lie before it.
    private let askedEnd: Int64

    /// Steps from `start` up to `end` at most; none where `end` lies before `start`.
    package init(start: Int64, end: Int64, step: Int64) {
        precondition(step > 0, "step must be positive")
        self.start = start
        self.step = step
        askedEnd = end
        self.count = end < start ? 0 : Int((end - start) / step) + 1
    }

    /// One step.
    package init(at time: Int64) {
        start = time
        step = 1
        askedEnd = time
        count = 1
    }

    /// The time of a step.
    package func time(_ index: Int) -> Int64 { start + Int64(index) * step }

    /// The time of the last step, or `start` where there is none.
    package var end: Int64 { start + Int64(max(count - 1, 0)) * step }

    /// Whether there is exactly one step.
    package var isInstant: Bool { count == 1 }

    /// Whether more than one point in time was asked for, even if the steps are so long that only one lies there.
    var spansTime: Bool { askedEnd != start }

    /// The steps in stretches of so many.
    func stretches(of length: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: max(1, length)).map { $0..<min(count, $0 + max(1, length)) }
    }
}
