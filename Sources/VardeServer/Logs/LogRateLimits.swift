import Synchronization

/// How many bytes of lines may come in a second, of all streams together and of each: buckets that fill at a rate up to a burst.
final class LogRateLimits: Sendable {
    /// Streams remembered at once; beyond it those whose bucket is full again are forgotten, and after that new ones are not held back.
    static let maxStreams = 200_000

    private struct Bucket {
        var level: Double
        /// Milliseconds.
        var time: Int64

        /// Takes `bytes` where there are so many; else the seconds until there would be.
        mutating func take(_ bytes: Int, rate: Int, burst: Int, now: Int64) -> Int? {
            level = min(Double(burst), level + Double(max(0, now - time)) / 1000 * Double(rate))
            time = now
            if Double(bytes) <= level {
                level -= Double(bytes)
                return nil
            }
            return max(1, Int(((Double(min(bytes, burst)) - level) / Double(rate)).rounded(.up)))
        }
    }

    private struct State {
        var all: Bucket?
        var streams: [Int: Bucket] = [:]
    }

    private let state = Mutex(State())

    /// Takes bytes from what all streams share.
    ///
    /// - Parameters:
    ///   - rate: bytes a second; 0 for no limit.
    ///   - burst: bytes at once.
    ///   - now: milliseconds.
    /// - Returns: nil where they are taken, else the seconds to wait.
    func take(_ bytes: Int, rate: Int, burst: Int, now: Int64) -> Int? {
        if rate == 0 || bytes == 0 { return nil }
        return state.withLock { state in
            var bucket = state.all ?? Bucket(level: Double(burst), time: now)
            let wait = bucket.take(bytes, rate: rate, burst: burst, now: now)
            state.all = bucket
            return wait
        }
    }

    /// Takes bytes from what one stream has, known by the hash of its labels.
    func take(_ bytes: Int, stream: Int, rate: Int, burst: Int, now: Int64) -> Int? {
        if rate == 0 || bytes == 0 { return nil }
        return state.withLock { state in
            if state.streams[stream] == nil, state.streams.count >= Self.maxStreams {
                state.streams = state.streams.filter { _, bucket in
                    bucket.level + Double(now - bucket.time) / 1000 * Double(rate) < Double(burst)
                }
                if state.streams.count >= Self.maxStreams { return nil }
            }
            var bucket = state.streams[stream] ?? Bucket(level: Double(burst), time: now)
            let wait = bucket.take(bytes, rate: rate, burst: burst, now: now)
            state.streams[stream] = bucket
            return wait
        }
    }
}
