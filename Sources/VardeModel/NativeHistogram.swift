/// A native histogram sample: exponential buckets (schema −4…8) or custom bounds (schema −53), counts as doubles.
///
/// Buckets are absolute counts (not deltas), laid out by spans: each span skips `offset` bucket indices from the end of the one
/// before (the first counts from index 0) and covers `length` buckets. Source: Prometheus native histogram specification.
package struct NativeHistogram: Equatable, Sendable {
    /// What the sender knew of a counter reset between the sample before and this one.
    package enum CounterResetHint: UInt8, Sendable {
        case unknown = 0
        case reset = 1
        case notReset = 2
        case gauge = 3
    }

    package struct BucketSpan: Equatable, Sendable {
        package var offset: Int32
        package var length: UInt32

        package init(offset: Int32, length: UInt32) {
            self.offset = offset
            self.length = length
        }
    }

    /// Schema number of histograms with custom bounds.
    package static let customBucketsSchema: Int32 = -53

    package var counterResetHint: CounterResetHint
    package var schema: Int32
    package var zeroThreshold: Double
    package var zeroCount: Double
    package var count: Double
    package var sum: Double
    package var positiveSpans: [BucketSpan]
    package var negativeSpans: [BucketSpan]
    package var positiveBuckets: [Double]
    package var negativeBuckets: [Double]
    /// Upper bounds of custom buckets, ascending, without +Inf; empty for exponential schemas.
    package var customBounds: [Double]

    package init(
        counterResetHint: CounterResetHint = .unknown, schema: Int32 = 0, zeroThreshold: Double = 0, zeroCount: Double = 0,
        count: Double = 0, sum: Double = 0, positiveSpans: [BucketSpan] = [], negativeSpans: [BucketSpan] = [],
        positiveBuckets: [Double] = [], negativeBuckets: [Double] = [], customBounds: [Double] = []
    ) {
        self.counterResetHint = counterResetHint
        self.schema = schema
        self.zeroThreshold = zeroThreshold
        self.zeroCount = zeroCount
        self.count = count
        self.sum = sum
        self.positiveSpans = positiveSpans
        self.negativeSpans = negativeSpans
        self.positiveBuckets = positiveBuckets
        self.negativeBuckets = negativeBuckets
        self.customBounds = customBounds
    }

    package var usesCustomBuckets: Bool { schema == Self.customBucketsSchema }
}
