import Synchronization
import VardeModel

@testable import VardeCollect

/// A store that remembers what it was given.
final class RecordingSink: SampleSink {
    struct State {
        var labels: [Labels] = []
        var ids: [Labels: Int] = [:]
        var samples: [Labels: [(time: Int64, value: Double)]] = [:]
        var histograms: [Labels: [NativeHistogram]] = [:]
        var exemplars: [Labels: [Exemplar]] = [:]
        var generation: UInt64 = 1
        var failure: IngestError?
        var appends = 0
    }

    let state = Mutex(State())

    func resolve(_ all: [Labels], isOwn: Bool) throws(IngestError) -> [SeriesRef] {
        state.withLock { state in
            all.map { labels in
                let id = state.ids[labels] ?? state.labels.count
                if id == state.labels.count { state.labels.append(labels) }
                state.ids[labels] = id
                return SeriesRef(id: state.generation << 32 | UInt64(id))
            }
        }
    }

    func append(_ batch: SampleBatch) async throws(IngestError) -> AppendReport {
        let result: Result<AppendReport, IngestError> = state.withLock { state in
            if let failure = state.failure { return .failure(failure) }
            state.appends += 1
            var report = AppendReport()
            var next = 0
            for index in 0..<batch.count {
                guard batch.refs[index].id >> 32 == state.generation else {
                    report.staleRefs.append(index)
                    continue
                }
                let labels = state.labels[Int(batch.refs[index].id & 0xffff_ffff)]
                if next < batch.histograms.count, batch.histograms[next].index == index {
                    state.histograms[labels, default: []].append(batch.histograms[next].histogram)
                    next += 1
                } else {
                    state.samples[labels, default: []].append((batch.timestamps[index], batch.values[index]))
                }
                for one in batch.exemplars where one.index == index { state.exemplars[labels, default: []].append(one.exemplar) }
                report.accepted += 1
            }
            return .success(report)
        }
        return try result.get()
    }

    /// Values of a series by its text; stale markers as nil.
    func values(_ series: String) -> [Double?] { samples(series).map { $0.value.isStaleMarker ? nil : $0.value } }

    func samples(_ series: String) -> [(time: Int64, value: Double)] {
        state.withLock { state in state.samples.filter { $0.key.description == series }.flatMap(\.value) }
    }

    var series: [String] { state.withLock { $0.samples.keys.map(\.description).sorted() } }
}

/// Answers made up by a test.
final class FakeFetching: ScrapeFetching {
    let answer: Mutex<@Sendable (ScrapeRequest) throws -> ScrapeAnswer>
    let requests = Mutex<[ScrapeRequest]>([])

    init(_ answer: @escaping @Sendable (ScrapeRequest) throws -> ScrapeAnswer) { self.answer = Mutex(answer) }

    convenience init(text: String, type: String = "text/plain; version=0.0.4") {
        self.init { _ in ScrapeAnswer(contentType: type, body: Array(text.utf8)) }
    }

    func set(text: String, type: String = "text/plain; version=0.0.4", status: Int = 200) {
        answer.withLock { $0 = { _ in ScrapeAnswer(status: status, contentType: type, body: Array(text.utf8)) } }
    }

    func fetch(_ request: ScrapeRequest) async throws -> ScrapeAnswer {
        requests.withLock { $0.append(request) }
        return try answer.withLock { $0 }(request)
    }
}

/// Time that moves when a test says so.
final class HandClock: ScrapeClock {
    private struct State {
        var now: Int64
        var waiting: [(until: Int64, continuation: CheckedContinuation<Void, any Error>)] = []
    }

    private let state: Mutex<State>

    init(_ now: Int64) { state = Mutex(State(now: now)) }

    func now() -> Int64 { state.withLock { $0.now } }

    func sleep(until time: Int64) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let isDue = state.withLock { state in
                    if Task.isCancelled || state.now >= time { return true }
                    state.waiting.append((time, continuation))
                    return false
                }
                if isDue {
                    if Task.isCancelled { continuation.resume(throwing: CancellationError()) } else { continuation.resume() }
                }
            }
        } onCancel: {
            // All sleepers look up; those that are not cancelled sleep on.
            wake { _ in true }
        }
        try Task.checkCancellation()
        if now() < time { try await sleep(until: time) }
    }

    /// Sets the time and wakes those who waited for it.
    func advance(to time: Int64) {
        state.withLock { $0.now = time }
        wake { $0 <= time }
    }

    private func wake(_ isDue: (Int64) -> Bool) {
        let due = state.withLock { state in
            let due = state.waiting.filter { isDue($0.until) }
            state.waiting.removeAll { isDue($0.until) }
            return due
        }
        for one in due { one.continuation.resume() }
    }

    var sleepers: Int { state.withLock { $0.waiting.count } }
}

extension ScrapeConfig {
    static func job(_ change: (inout ScrapeConfig) -> Void = { _ in }) -> ScrapeConfig {
        var config = ScrapeConfig(jobName: "j", interval: 15_000, timeout: 10_000)
        change(&config)
        return config
    }
}

/// One target with everything around it made up.
struct Bed {
    let sink = RecordingSink()
    let fetching: FakeFetching
    let run: TargetRun

    init(_ fetching: FakeFetching, _ config: ScrapeConfig = .job()) {
        self.fetching = fetching
        run = TargetRun(
            TargetIdentity(job: "j", url: "http://a:1/metrics", labels: ["job": "j", "instance": "a:1"]), config, sink: sink,
            fetching: fetching, clock: HandClock(0), queue: NewSeriesQueue(readers: 1))
    }

    init(_ text: String, type: String = "text/plain; version=0.0.4", _ config: ScrapeConfig = .job()) {
        self.init(FakeFetching(text: text, type: type), config)
    }

    @discardableResult
    func scrape(_ time: Int64 = 1_000, _ text: String? = nil) async -> TargetRun.Result? {
        if let text { fetching.set(text: text) }
        return await run.scrape(at: time, nil)
    }

    func value(_ name: String) -> [Double?] { sink.values("\(name){instance=\"a:1\", job=\"j\"}") }
}
