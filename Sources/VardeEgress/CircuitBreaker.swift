/// Keeps an endpoint that fails from being asked over and over: closed, open, half-open. A value; the caller brings the time.
package struct CircuitBreaker: Sendable, Equatable {
    package enum State: String, Sendable {
        /// Requests go through.
        case closed
        /// No request goes through until the pause is over.
        case open
        /// One request is let through to see.
        case halfOpen = "half-open"
    }

    /// Failures in a row that open it.
    package static let threshold = 5
    /// First pause in milliseconds; doubled with each failed probe up to the last.
    package static let firstPause: Int64 = 5_000
    package static let lastPause: Int64 = 300_000

    package private(set) var state = State.closed
    private var failures = 0
    private var pause = CircuitBreaker.firstPause
    private var openUntil: Int64 = 0
    /// The longest this one's pause grows to, in milliseconds.
    private let longestPause: Int64

    package init(longestPause: Int64 = CircuitBreaker.lastPause) { self.longestPause = longestPause }

    /// Whether a request may go out at `now` (ms).
    package mutating func allows(at now: Int64) -> Bool {
        switch state {
        case .closed: return true
        case .halfOpen: return false
        case .open:
            guard now >= openUntil else { return false }
            state = .halfOpen
            return true
        }
    }

    package mutating func succeeded() { self = CircuitBreaker(longestPause: longestPause) }

    /// `jitter` in 0…1 spreads probes of many breakers over time.
    package mutating func failed(at now: Int64, jitter: Double) {
        failures += 1
        switch state {
        case .closed where failures < Self.threshold: return
        case .closed: pause = min(Self.firstPause, longestPause)
        case .halfOpen: pause = min(pause * 2, longestPause)
        case .open: return
        }
        state = .open
        openUntil = now + pause + Int64(Double(pause) * 0.2 * jitter)
    }
}
