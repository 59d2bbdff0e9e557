import Logging
import Synchronization
import VardeCollect
import VardeEgress
import VardeKernels

/// Sends bodies to one endpoint: says what its answers mean, holds back while it fails, and keeps count.
package final class EndpointSender: Sendable {
    /// What an attempt came to.
    enum Outcome: Sendable {
        case accepted
        /// Refused for good; of a receiver that says so, how many items were taken all the same. `isOfContent` says that it is for what
        /// was sent, so that parts of it may be taken.
        case refused(written: Int?, isOfContent: Bool)
        /// To be sent again, after so many milliseconds where the receiver says so.
        case later(after: Int64?)
        /// The receiver does not know the newer form.
        case unknownForm
    }

    private struct State {
        var breaker = CircuitBreaker(longestPause: EndpointSender.longestPause)
        /// Milliseconds since the epoch until which the receiver wants nothing.
        var pausedUntil: Int64 = 0
        var statistics = ForwardStatistics()
        var lastSaid: Int64 = 0
        var form: ForwardForm
    }

    /// Longest pause of the breaker, in milliseconds: a receiver that is back is noticed within it.
    private static let longestPause: Int64 = 30_000
    /// Longest a receiver's Retry-After is followed, in milliseconds.
    private static let longestRetryAfter: Int64 = 300_000
    /// Milliseconds between two log lines that an endpoint fails.
    private static let sayInterval: Int64 = 60_000
    /// Bytes taken of an answer, those of them looked at, and characters shown.
    private static let answerBytes = 1 << 20
    private static let readBytes = 4_096
    private static let shownCharacters = 256
    /// Statuses that speak of what was sent. Others, as 401 and 404, speak of who sent it or where to.
    private static let ofContent: Set<Int> = [400, 413, 422]

    let target: ForwardTarget
    private let retriesTooMany: Bool
    private let egress: EgressClient
    private let authorizer: EndpointAuthorizer
    private let clock: @Sendable () -> Int64
    private let redact: @Sendable (String) -> String
    private let logger: Logger
    private let state: Mutex<State>

    init(
        _ target: ForwardTarget, retriesTooMany: Bool, form: ForwardForm, egress: EgressClient, authorizer: EndpointAuthorizer,
        clock: @escaping @Sendable () -> Int64, redact: @escaping @Sendable (String) -> String, logger: Logger
    ) {
        self.target = target
        self.retriesTooMany = retriesTooMany
        self.egress = egress
        self.authorizer = authorizer
        self.clock = clock
        self.redact = redact
        self.logger = logger
        state = Mutex(State(form: form))
    }

    var form: ForwardForm { state.withLock { $0.form } }

    /// From here on the older form is sent.
    func fallBack() {
        let isFirst = state.withLock { state in
            defer { state.form = .older }
            return state.form == .newer
        }
        if isFirst {
            logger.warning("\(target.name) (\(target.shownURL)) does not take remote write 2.0: 1.0 is sent from here on")
        }
    }

    var statistics: ForwardStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.breaker = state.breaker.state == .open ? 2 : state.breaker.state == .halfOpen ? 1 : 0
            return statistics
        }
    }

    func count(_ change: (inout ForwardStatistics) -> Void) { state.withLock { change(&$0.statistics) } }

    /// Whether a request may go out now.
    func mayGo() -> Bool {
        let now = clock()
        return state.withLock { state in now >= state.pausedUntil && state.breaker.allows(at: now) }
    }

    /// One attempt. Exactly one follows each `mayGo` that was true.
    func attempt(_ body: ForwardBody, number: Int) async -> Outcome {
        let began = ContinuousClock.now
        do {
            let (own, tls) = try await authorizer.resolve(target.access, timeout: target.timeout)
            var headers = [("User-Agent", "Varde/\(BuildInfo.version)")] + body.headers
            if number > 0 { headers.append(("Retry-Attempt", String(number))) }
            headers += own.map { ($0.name, $0.value) }
            let response = try await egress.send(
                "POST", target.url, headers: headers, body: body.bytes, timeout: target.timeout, maxBytes: Self.answerBytes,
                followRedirects: target.access.followRedirects, roundRobin: target.roundRobin, tls: tls, proxy: target.access.proxy)
            note(seconds: ContinuousClock.now - began, bytes: body.bytes.count)
            return judge(response, to: body.form)
        } catch {
            note(seconds: ContinuousClock.now - began, bytes: 0)
            if !Task.isCancelled { fail("\(error)") }
            return .later(after: nil)
        }
    }

    private func note(seconds: Duration, bytes: Int) {
        count {
            $0.requests += 1
            $0.bytes += bytes
            $0.sendSeconds += seconds / .seconds(1)
        }
    }

    private func judge(_ response: EgressResponse, to form: ForwardForm) -> Outcome {
        let status = response.status
        if (200..<300).contains(status) {
            // A receiver of the older form reads the newer one as nothing at all, and says it has taken it.
            succeed()
            return form == .newer && Self.written(response) == nil ? .unknownForm : .accepted
        }
        if status == 415, form == .newer {
            succeed()
            return .unknownForm
        }
        let isLater = status >= 500 || status == 429 && retriesTooMany
        // Receivers name the series they refuse, values and all.
        let text = String(decoding: response.body.prefix(Self.readBytes), as: UTF8.self)
        let said = String(redact(text).filter { !$0.isNewline }.prefix(Self.shownCharacters))
        guard isLater else {
            // It is there and answers: what it refuses is not its being down.
            succeed()
            say("\(target.name) (\(target.shownURL)) refuses what it is sent with \(status): \(said)")
            count { $0.lastFailure = "\(status): \(said)" }
            return .refused(written: Self.written(response), isOfContent: Self.ofContent.contains(status))
        }
        let after = response.header("retry-after").flatMap { RetryAfter.milliseconds($0, now: clock()) }
            .map { min($0, Self.longestRetryAfter) }
        if let after {
            let until = clock() + after
            state.withLock { $0.pausedUntil = max($0.pausedUntil, until) }
        }
        fail("it answers \(status): \(said)", isPressure: status == 429)
        return .later(after: after)
    }

    /// Samples and histograms a receiver of the newer form says it has written.
    private static func written(_ response: EgressResponse) -> Int? {
        let counts = ["samples", "histograms"].compactMap { response.header("x-prometheus-remote-write-\($0)-written").flatMap { Int($0) } }
        return counts.isEmpty ? nil : counts.reduce(0, +)
    }

    private func succeed() {
        let wasDown = state.withLock { state in
            defer {
                state.breaker.succeeded()
                state.statistics.lastFailure = ""
            }
            return state.breaker.state != .closed
        }
        if wasDown { logger.info("\(target.name) (\(target.shownURL)) answers again: what has waited is sent") }
    }

    /// - Parameter isPressure: it is up and asks for less; its own word when to come again counts.
    private func fail(_ reason: String, isPressure: Bool = false) {
        let now = clock()
        state.withLock { state in
            if isPressure { state.breaker.succeeded() } else { state.breaker.failed(at: now, jitter: Double.random(in: 0...1)) }
            state.statistics.lastFailure = reason
        }
        say("\(target.name) (\(target.shownURL)) does not take what it is sent, it is kept and sent again: \(reason)")
    }

    /// Logs at most once a minute.
    private func say(_ text: String) {
        let now = clock()
        let isDue = state.withLock { state in
            guard now - state.lastSaid >= Self.sayInterval else { return false }
            state.lastSaid = now
            return true
        }
        if isDue { logger.warning("\(text)") }
    }
}
