/// What start timestamps say about two samples of a counter, one after the other. Times in milliseconds, 0 for unknown starts.
enum StartTimestamps {
    /// Whether the counter began anew between the samples.
    static func isReset(_ previousStart: Int64, _ previous: Int64, _ start: Int64, _ time: Int64) -> Bool {
        if start == 0 || start >= time || start < previous { return false }
        if start > previous { return true }
        // The sample begins where the one before was taken: a delta series if that one's own start is known.
        if previousStart > previous { return false }
        return previousStart != 0 && previousStart != previous
    }

    /// Whether the sample claims to begin before the one before was taken, and not where that began.
    static func overlaps(_ previousStart: Int64, _ previous: Int64, _ start: Int64) -> Bool {
        start != 0 && start < previous && start != previousStart
    }
}
