import Synchronization

/// Times for lines that came without one: nanoseconds, each given once, so that lines alike of two requests stay two lines.
final class LogTimes: Sendable {
    /// How far given times may run ahead of the clock; a clock that was set back further is followed.
    private static let maxLead: Int64 = 10_000_000_000

    private let last = Mutex<Int64>(.min)

    /// The first of `count` times that follow each other by a nanosecond.
    ///
    /// - Parameter now: nanoseconds since the epoch.
    func take(_ count: Int, now: Int64) -> Int64 {
        last.withLock { last in
            let first = last >= now && last - now < Self.maxLead ? last + 1 : now
            last = first + Int64(max(count, 1)) - 1
            return first
        }
    }
}
