/// Limits on LogQL queries, each with its reason.
package enum LogQLLimits {
    /// Bytes of a query: Loki's own bound.
    package static let maxQueryBytes = 131_072
    /// Nesting of an expression: keeps recursion over trees far from the end of any thread's stack.
    package static let maxDepth = 200
    /// Stages of one pipeline: each that rewrites the line is one level of recursion.
    package static let maxStages = 200
    /// Operands of one line filter or label filter chain.
    package static let maxOperands = 2_000
    /// Labels one line may yield: a line of nothing but keys must not fill the memory.
    package static let maxLabelsPerLine = 4_096
    /// Series a metric query may yield at a time: Loki's default is 500; more is allowed here because grouping is cheap.
    package static let maxSeries = 100_000
    /// Bytes a template may write for one line.
    package static let maxTemplateOutput = 1 << 22
    /// Nesting of a JSON document that is flattened.
    package static let maxJSONDepth = 64
    /// Nanoseconds of a range or an offset.
    package static let longestDuration: Int64 = 1 << 60
}
