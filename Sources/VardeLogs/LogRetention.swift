import VardeModel

/// How long lines of which streams are kept.
struct LogRetention: Sendable {
    let standard: Int64
    private let policies: [(test: StreamTest, duration: Int64)]

    init(standard: Int64, policies: [LogRetentionPolicy]) throws(LogStoreError) {
        self.standard = standard
        var tests: [(test: StreamTest, duration: Int64)] = []
        for policy in policies { tests.append((try StreamTest(policy.matchers), policy.duration)) }
        self.policies = tests
    }

    var isUniform: Bool { policies.isEmpty }

    /// Nanoseconds lines of a stream are kept: by the first policy that matches it.
    func duration(of labels: Labels) -> Int64 { policies.first { $0.test.matches(labels) }?.duration ?? standard }

    /// Lines of the stream before this time have expired.
    func cutoff(of labels: Labels, now: Int64) -> Int64 { now.subtractingClamped(duration(of: labels)) }
}

extension Int64 {
    /// The difference, held at the smallest and largest value.
    func subtractingClamped(_ other: Int64) -> Int64 {
        let (value, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? .min : .max) : value
    }

    func addingClamped(_ other: Int64) -> Int64 {
        let (value, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : value
    }
}
