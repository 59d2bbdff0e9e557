import VardeEgress
import VardeModel
import VardeWire

/// The life of one target, whatever configurations it goes through: when it is scraped, what becomes of it.
actor TargetRun {
    /// What a scrape came to.
    struct Result {
        var failure: ScrapeFault?
        /// Whether the circuit breaker was open: nothing was asked, and nothing measured.
        var isHeldBack = false
        var seconds: Double
        var outcome: TargetScraper.Outcome
        var time: Int64
        var breaker: String
        /// Where it is new.
        var metadata: [String: FamilyMetadata]?
        /// Slots left out since the result before.
        var skipped = 0
    }

    /// How late a scrape may begin, as a share of its interval, and still count as of its slot: a series' timestamps are then exactly
    /// one interval apart, which compresses best. Later ones carry the time they were taken at.
    static let tolerance: Int64 = 10

    private let identity: TargetIdentity
    private let sink: any SampleSink
    private let fetching: any ScrapeFetching
    private let clock: any ScrapeClock
    private let queue: NewSeriesQueue
    private let offset: Int64
    private var scraper: TargetScraper
    private var breaker: CircuitBreaker
    /// What opened the breaker.
    private var lastFailure: ScrapeFault?

    init(
        _ identity: TargetIdentity, _ config: ScrapeConfig, sink: any SampleSink, fetching: any ScrapeFetching, clock: any ScrapeClock,
        queue: NewSeriesQueue
    ) {
        self.identity = identity
        self.sink = sink
        self.fetching = fetching
        self.clock = clock
        self.queue = queue
        offset = TargetResolution.offset(of: identity, interval: config.interval)
        scraper = TargetScraper(config: config, identity: identity, sink: sink)
        breaker = Self.newBreaker
    }

    /// A target that is down is still asked every half minute: what recovers must not stay dark, and what is asked less often
    /// anyway is asked at every slot.
    private static var newBreaker: CircuitBreaker { CircuitBreaker(longestPause: 25_000) }

    /// What a target is at between its results.
    enum Stage {
        /// Its slot has come, and it waits until new series of others are taken in.
        case waiting
        /// It is asked to see whether it has recovered.
        case probing
    }

    func use(_ config: ScrapeConfig) {
        scraper.use(config)
        breaker = Self.newBreaker
    }

    /// Scrapes at every slot until cancelled. `forced` is a fault of the job as a whole, such as too many targets: nothing is asked then.
    ///
    /// - Parameter enter: is told of stages worth knowing before the result is there.
    func run(forced: ScrapeFault?, enter: @Sendable (Stage) -> Void = { _ in }, _ note: @Sendable (Result) async -> Void) async {
        // A probe that was cut off has told nothing.
        if breaker.state == .halfOpen { breaker = Self.newBreaker }
        let interval = scraper.config.interval
        var expected: Int64?
        var skipped = 0
        while !Task.isCancelled {
            let slot = Self.slot(after: clock.now(), interval: interval, offset: offset % interval)
            if let expected { skipped += Int((slot - expected) / interval) }
            expected = slot + interval
            do { try await clock.sleep(until: slot) } catch { return }
            if forced == nil, !scraper.knowsSeries { await queue.waitToAsk { enter(.waiting) } }
            let woken = clock.now()
            let time = woken - slot > interval / Self.tolerance ? woken : slot
            guard var result = await scrape(at: time, forced, enter: enter) else { continue }
            result.skipped = skipped
            skipped = 0
            await note(result)
        }
    }

    /// The first slot behind `now`.
    static func slot(after now: Int64, interval: Int64, offset: Int64) -> Int64 {
        let passed = now - offset
        return (passed >= 0 ? passed / interval : (passed - interval + 1) / interval) * interval + interval + offset
    }

    /// One scrape; nil where the target ended meanwhile.
    func scrape(at time: Int64, _ forced: ScrapeFault?, enter: @Sendable (Stage) -> Void = { _ in }) async -> Result? {
        let began = ContinuousClock.now
        var outcome = TargetScraper.Outcome()
        var failure = forced
        var answer: (body: [UInt8], format: ExpositionFormat)?
        if forced == nil, !breaker.allows(at: time) { return await holdBack(at: time) }
        if forced == nil {
            if breaker.state == .halfOpen { enter(.probing) }
            do throws(ScrapeFault) { answer = try await fetch() } catch {
                failure = error
                if error.kind == .bodySize { outcome.bytes = -1 }
            }
            queue.hasAsked()
            if Task.isCancelled { return nil }
        }
        // What answers, whatever it says, is there: it is asked on.
        let isDown = failure?.kind == .connection || failure?.kind == .timeout
        var seconds = 0.0
        // A second time where the store has renumbered its series meanwhile; what it took already is no news to it.
        for attempt in 0..<2 {
            var batch = SampleBatch()
            if let answer, failure == nil {
                let isNew = !scraper.knowsSeries
                if isNew { await queue.waitToRead(bytes: answer.body.count) }
                defer { if isNew { queue.hasRead(bytes: answer.body.count) } }
                if Task.isCancelled { return nil }
                do throws(ScrapeFault) {
                    try scraper.read(answer.body, answer.format, at: time, into: &batch, &outcome)
                } catch {
                    failure = error
                    batch.removeAll()
                }
            }
            if attempt == 0 { seconds = (ContinuousClock.now - began) / .seconds(1) }
            do {
                try scraper.report(up: failure == nil, duration: seconds, outcome: outcome, at: time, into: &batch)
                if try await sink.append(batch).staleRefs.isEmpty { break }
                scraper.forget()
            } catch {
                failure = failure ?? ScrapeFault(kind: .store, description: "\(error)")
                scraper.forget()
                break
            }
        }
        if forced == nil {
            if isDown { breaker.failed(at: time, jitter: Double.random(in: 0...1)) } else { breaker.succeeded() }
            lastFailure = failure
        }
        return Result(
            failure: failure, seconds: seconds, outcome: outcome, time: time, breaker: breaker.state.rawValue,
            metadata: scraper.takeMetadata())
    }

    /// A slot at which the target is not asked, as it could not be reached the last times.
    private func holdBack(at time: Int64) async -> Result {
        var failure = lastFailure
        for _ in 0..<2 {
            var batch = SampleBatch()
            do {
                try scraper.reportUnasked(at: time, into: &batch)
                if try await sink.append(batch).staleRefs.isEmpty { break }
                scraper.forget()
            } catch {
                failure = ScrapeFault(kind: .store, description: "\(error)")
                scraper.forget()
                break
            }
        }
        return Result(
            failure: failure, isHeldBack: true, seconds: 0, outcome: .init(), time: time, breaker: breaker.state.rawValue)
    }

    /// The body of one scrape and what it is written in.
    private func fetch() async throws(ScrapeFault) -> (body: [UInt8], format: ExpositionFormat) {
        let answer: ScrapeAnswer
        do {
            answer = try await fetching.fetch(scraper.config.request(to: identity.url))
        } catch let fault as ScrapeFault {
            throw fault
        } catch {
            throw ScrapeFault(kind: .connection, description: "\(error)")
        }
        guard answer.status == 200 else {
            throw ScrapeFault(kind: .status, description: "server returned HTTP status \(HTTPStatusText.text(answer.status))")
        }
        do throws(WireError) {
            return (answer.body, try ExpositionFormat(contentType: answer.contentType, fallback: scraper.config.fallbackProtocol))
        } catch {
            throw ScrapeFault(kind: .format, description: "\(error)")
        }
    }

    /// The target is gone.
    func end() async throws { _ = try await sink.append(scraper.end(at: clock.now())) }
}

/// Status codes with the words Go's HTTP client gives them, as they stand in `lastError`.
enum HTTPStatusText {
    private static let words: [Int: String] = [
        204: "No Content", 301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified", 307: "Temporary Redirect",
        308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        406: "Not Acceptable", 408: "Request Timeout", 410: "Gone", 429: "Too Many Requests", 500: "Internal Server Error",
        501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
    ]

    static func text(_ status: Int) -> String { words[status].map { "\(status) \($0)" } ?? "\(status)" }
}
