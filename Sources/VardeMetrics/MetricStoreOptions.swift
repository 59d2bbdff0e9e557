/// Bounds and times of a metrics store. Times are milliseconds.
package struct MetricStoreOptions: Sendable {
    package var retention: Int64 = 15 * 86_400_000
    /// How far ahead of the clock a sample may be.
    package var maxFuture: Int64 = 600_000
    package var maxSeries = 5_000_000
    package var maxSeriesPerName = 1_000_000
    package var maxLabels = 64
    package var maxNameBytes = 1_024
    package var maxValueBytes = 16_384
    /// The head is written to a block once it holds so many samples, 16 bytes each, and four a series, or is older than `maxHeadAge`.
    package var maxHeadSamples = 3_000_000
    package var maxHeadAge: Int64 = 2 * 3_600_000
    /// A head with at least so many samples is written to a block as well when the store is closed, and when none has come for
    /// `quietTime` and it has four a series or more.
    package var leastSamplesCut = 100_000
    package var quietTime: Int64 = 60_000
    /// A series without a sample for so long makes room for another where `maxSeries` is reached.
    package var idleTime: Int64 = 300_000
    /// Blocks of one day and level that are merged into one.
    package var mergeWidth = 4
    /// Log records are synced at most so often, 0 for every acknowledgement.
    package var syncInterval = 0

    package init() {}
}

/// What a store has done and holds, for `/metrics` and `status/tsdb`.
package struct MetricStoreStatistics: Sendable {
    package var series = 0
    package var labelPairs = 0
    package var headSamples = 0
    package var headFirst: Int64 = 0
    package var headLast: Int64 = 0
    package var blocks = 0
    package var blockBytes = 0
    package var blockSamples = 0
    package var walBytes = 0
    package var walSyncs = 0
    package var walSyncNanoseconds: UInt64 = 0
    package var walFailures = 0
    package var accepted: UInt64 = 0
    package var duplicates: UInt64 = 0
    package var overwritten: UInt64 = 0
    package var outOfOrder: UInt64 = 0
    package var outOfBounds: UInt64 = 0
    package var refusedSeries: UInt64 = 0
    package var flushes: UInt64 = 0
    package var compactions: UInt64 = 0
    package var expiredBlocks: UInt64 = 0
    /// Time of the oldest sample there is, and when blocks expired last, in milliseconds; nil for none (since the start).
    package var oldest: Int64?
    package var lastExpiry: Int64?
    /// Deletions that blocks still hold the samples of.
    package var tombstones = 0
    package var deletedSeries: UInt64 = 0
    package var maintenanceFailures: UInt64 = 0
    package var damagedFiles = 0
}
