package import Logging
import Synchronization
package import VardeEgress
package import VardeModel

/// Keeps every target of the configuration scraped: one task a target, spread over the interval, none delaying another.
package final class ScrapeManager: Sendable {
    private struct State {
        var configs: [ScrapeConfig] = []
        /// Counts configurations put in force.
        var version = 0
        /// Groups of each job as they were last made targets of; nil where that is still to be done.
        var groups: [[TargetGroup]]?
        var running: [TargetIdentity: Running] = [:]
        var status: [TargetIdentity: TargetStatus] = [:]
        var metadata: [TargetIdentity: [String: FamilyMetadata]] = [:]
        /// What was kept last, by job, and the hash of what it came from.
        var latestMetadata: [String: (hash: Int, kept: [String: FamilyMetadata])] = [:]
        var dropped: [TargetStatus] = []
        var droppedCounts: [String: Int] = [:]
        var statistics = ScrapeStatistics()
        var isStopped = false
    }

    private struct Running {
        var config: ScrapeConfig
        var forced: ScrapeFault?
        var run: TargetRun
        var task: Task<Void, Never>
    }

    /// What discovery and relabelling come to.
    private struct Wanted {
        var targets: [TargetIdentity: (config: ScrapeConfig, discovered: Labels, forced: ScrapeFault?)] = [:]
        var dropped: [TargetStatus] = []
        var droppedCounts: [String: Int] = [:]
        var invalid = 0
    }

    private let state = Mutex(State())
    private let sink: any SampleSink
    private let fetching: any ScrapeFetching
    private let discovery: FileDiscoveryReader
    private let runs: DiscoveryRuns
    private let logger: Logger
    private let clock: any ScrapeClock
    private let queue: NewSeriesQueue
    private let failures: ScrapeFailureLog
    private let keptMetadata: @Sendable ([String: FamilyMetadata]) -> [String: FamilyMetadata]

    /// How often files of discovery are looked at, in milliseconds.
    static let discoveryInterval: Int64 = 5_000

    /// - Parameter keptMetadata: what may be kept of what a target says of its families, by family.
    package init(
        sink: any SampleSink, fetching: any ScrapeFetching, asking: any DiscoveryAsking,
        readFile: @escaping @Sendable (String) -> [DiscoveredFile],
        keptMetadata: @escaping @Sendable ([String: FamilyMetadata]) -> [String: FamilyMetadata] = { $0 }, logger: Logger,
        clock: any ScrapeClock, newSeriesReaders: Int = 1, redact: @escaping @Sendable (String) -> String = { $0 }
    ) {
        failures = ScrapeFailureLog(redact: redact)
        self.sink = sink
        self.fetching = fetching
        self.keptMetadata = keptMetadata
        self.logger = logger
        self.clock = clock
        queue = NewSeriesQueue(readers: newSeriesReaders)
        discovery = FileDiscoveryReader(read: readFile, logger: logger)
        runs = DiscoveryRuns(asking: asking, clock: clock, logger: logger)
    }

    /// Scrapes by way of `egress`, and the host itself where a job asks for it.
    ///
    /// - Parameters:
    ///   - ownPage: pages of the server by URL.
    ///   - keptMetadata: what may be kept of what a target says of its families.
    ///   - newSeriesReaders: bodies of new series that are read at once.
    ///   - redact: takes personal data out of what is written of failed scrapes.
    package convenience init(
        sink: any SampleSink, egress: EgressClient, ownPage: @escaping @Sendable (String) -> [UInt8]? = { _ in nil },
        readFile: @escaping @Sendable (String) -> [DiscoveredFile],
        keptMetadata: @escaping @Sendable ([String: FamilyMetadata]) -> [String: FamilyMetadata],
        logger: Logger, newSeriesReaders: Int, redact: @escaping @Sendable (String) -> String,
        clock: @escaping @Sendable () -> Int64
    ) {
        let authorizer = EndpointAuthorizer(egress: egress, clock: clock)
        self.init(
            sink: GatheringSink(sink),
            fetching: HostFetching(
                others: EgressFetching(egress: egress, authorizer: authorizer), egress: egress, logger: logger,
                ownPage: ownPage),
            asking: EgressAsking(egress: egress, authorizer: authorizer),
            readFile: readFile, keptMetadata: keptMetadata, logger: logger,
            clock: WallScrapeClock(clock), newSeriesReaders: newSeriesReaders, redact: redact)
    }

    /// Puts a configuration in force: targets that stay go on undisturbed, with their new options; others end with stale markers or begin.
    package func apply(_ configs: [ScrapeConfig]) {
        state.withLock { state in
            state.configs = configs
            state.version += 1
            state.groups = nil
            state.latestMetadata = state.latestMetadata.filter { job, _ in configs.contains { $0.jobName == job } }
        }
        runs.use(configs) { [weak self] in self?.refresh() }
        refresh()
    }

    /// Looks at discovery anew until cancelled, then ends every target. No stale markers then: a restart is no end of a series.
    package func run() async {
        while !Task.isCancelled {
            do { try await clock.sleep(until: clock.now() + Self.discoveryInterval) } catch { break }
            refresh()
        }
        runs.stop()
        let tasks = state.withLock { state in
            defer { state.running = [:] }
            state.isStopped = true
            return state.running.values.map(\.task)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    package var statistics: ScrapeStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.targets = state.running.count
            statistics.discoveryFailures = runs.failures
            statistics.waiting = queue.waiting
            return statistics
        }
    }

    /// Active targets sorted by job and address, those relabelling dropped, and how many it dropped by job.
    package func targets() -> (active: [TargetStatus], dropped: [TargetStatus], droppedCounts: [String: Int]) {
        let (active, dropped, counts) = state.withLock { (Array($0.status.values), $0.dropped, $0.droppedCounts) }
        return (active.sorted { ($0.job, $0.url) < ($1.job, $1.url) }, dropped, counts)
    }

    /// Metadata by family over all targets.
    package func metadata() -> [String: Set<FamilyMetadata>] {
        state.withLock { state in
            var all: [String: Set<FamilyMetadata>] = [:]
            for families in state.metadata.values { for (name, metadata) in families { all[name, default: []].insert(metadata) } }
            return all
        }
    }

    /// Metadata by family of each target, with the target's labels, sorted by these.
    package func metadataOfTargets() -> [(labels: Labels, families: [String: FamilyMetadata])] {
        state.withLock { state in state.metadata.map { ($0.key.labels, $0.value) } }.sorted { $0.labels < $1.labels }
    }

    // MARK: From configuration to targets

    private func wanted(_ configs: [ScrapeConfig], _ groups: [[TargetGroup]]) -> Wanted {
        var wanted = Wanted()
        for (config, groups) in zip(configs, groups) {
            var own: [TargetIdentity] = []
            var dropped = 0
            for group in groups {
                for address in group.addresses {
                    let discovered = TargetResolution.discovered(address, group, config)
                    do throws(ScrapeFault) {
                        if let (identity, final) = try TargetResolution.target(discovered, config) {
                            if wanted.targets[identity] == nil { own.append(identity) }
                            wanted.targets[identity] = (final, discovered, nil)
                            continue
                        }
                    } catch {
                        wanted.invalid += 1
                        logger.warning("a target cannot be used: \(error)", metadata: ["job": "\(config.jobName)"])
                    }
                    dropped += 1
                    if config.keepDroppedTargets > 0, dropped > config.keepDroppedTargets { continue }
                    wanted.dropped.append(
                        TargetStatus(
                            job: config.jobName, url: "", discovered: discovered, labels: .empty, interval: config.interval,
                            timeout: config.timeout))
                }
            }
            wanted.droppedCounts[config.jobName] = dropped
            if config.targetLimit > 0, own.count > config.targetLimit {
                // Beyond the limit no target of the job is asked: which of them to leave out would be chance.
                let fault = ScrapeFault(
                    kind: .targetLimit,
                    description: "target_limit exceeded (number of targets: \(own.count), limit: \(config.targetLimit))")
                for identity in own { wanted.targets[identity]?.forced = fault }
            }
        }
        return wanted
    }

    private func refresh() {
        let (configs, version, last) = state.withLock { ($0.configs, $0.version, $0.groups) }
        let groups = configs.map { $0.staticGroups + discovery.groups(of: $0) + runs.groups(of: $0) }
        // Mostly nothing is new: relabelling ten thousand targets every few seconds is then saved.
        if groups == last { return }
        let wanted = wanted(configs, groups)
        state.withLock { state in
            // Of another configuration meanwhile: whoever put that in force sees to its targets.
            if state.isStopped || state.version != version { return }
            state.groups = groups
            state.dropped = wanted.dropped
            state.droppedCounts = wanted.droppedCounts
            state.statistics.invalidTargets = wanted.invalid
            for (identity, running) in state.running where wanted.targets[identity] == nil {
                running.task.cancel()
                state.running[identity] = nil
                state.status[identity] = nil
                state.metadata[identity] = nil
                Task { [logger] in
                    await running.task.value
                    do { try await running.run.end() } catch {
                        logger.warning("the end of a target could not be marked: \(error)", metadata: ["job": "\(identity.job)"])
                    }
                }
            }
            for (identity, target) in wanted.targets { begin(identity, target, &state) }
        }
    }

    /// Starts a target, or gives a running one its new options.
    private func begin(
        _ identity: TargetIdentity, _ target: (config: ScrapeConfig, discovered: Labels, forced: ScrapeFault?), _ state: inout State
    ) {
        let old = state.running[identity]
        state.status[identity]?.discovered = target.discovered
        if let old, old.config == target.config, old.forced == target.forced { return }
        let run =
            old?.run ?? TargetRun(identity, target.config, sink: sink, fetching: fetching, clock: clock, queue: queue)
        var status =
            state.status[identity]
            ?? TargetStatus(
                job: target.config.jobName, url: identity.url, discovered: target.discovered, labels: identity.labels,
                interval: target.config.interval, timeout: target.config.timeout)
        status.interval = target.config.interval
        status.timeout = target.config.timeout
        state.status[identity] = status
        old?.task.cancel()
        let config = target.config
        let forced = target.forced
        let task = Task {
            if let old {
                await old.task.value
                if old.config != config { await run.use(config) }
            }
            await run.run(forced: forced, enter: { self.note(identity, $0) }) { await self.note(identity, $0, config) }
        }
        state.running[identity] = Running(config: config, forced: forced, run: run, task: task)
    }

    private func note(_ identity: TargetIdentity, _ stage: TargetRun.Stage) {
        state.withLock { state in
            switch stage {
            case .waiting:
                state.status[identity]?.lastError = "waits to be scraped, as new series of other targets are taken in before"
            case .probing: state.status[identity]?.breaker = CircuitBreaker.State.halfOpen.rawValue
            }
        }
    }

    private func note(_ identity: TargetIdentity, _ result: TargetRun.Result, _ config: ScrapeConfig) async {
        note(identity, result)
        guard let failure = result.failure, !result.isHeldBack, !config.failureLog.isEmpty else { return }
        await failures.write(failure.description, of: identity.url, job: identity.job, at: result.time, to: config.failureLog)
    }

    private func note(_ identity: TargetIdentity, _ result: TargetRun.Result) {
        // Targets of one job mostly say the same: it is kept once, and never as it came.
        let latest = result.metadata.map { metadata -> (hash: Int, kept: [String: FamilyMetadata]) in
            let hash = metadata.hashValue
            if let known = state.withLock({ $0.latestMetadata[identity.job] }), known.hash == hash { return known }
            return (hash, keptMetadata(metadata))
        }
        state.withLock { state in
            state.statistics.note(result)
            guard state.status[identity]?.note(result) != nil, let latest else { return }
            state.latestMetadata[identity.job] = latest
            state.metadata[identity] = latest.kept
        }
    }
}

extension TargetStatus {
    fileprivate mutating func note(_ result: TargetRun.Result) {
        health = result.failure == nil ? "up" : "down"
        lastError = result.failure?.description ?? ""
        breaker = result.breaker
        if result.isHeldBack { return }
        lastScrape = result.time
        lastDuration = result.seconds
        samples = result.outcome.scraped
    }
}

/// What scraping has done since the start.
package struct ScrapeStatistics: Sendable {
    package var scrapes = 0
    package var failures = 0
    package var targets = 0
    /// Scrapes that were left out, as the one before it was not over.
    package var skipped = 0
    /// Slots at which a target was not asked, as its circuit breaker was open.
    package var heldBack = 0
    /// Targets that wait until new series of others are taken in, at this moment.
    package var waiting = 0
    package var discoveryFailures = 0
    /// Targets whose address or interval cannot be used, at this moment.
    package var invalidTargets = 0
    package var samples = 0
    package var duplicates = 0
    package var exemplars = 0
    /// Failed scrapes by what failed.
    package var failuresByReason: [String: Int] = [:]

    mutating func note(_ result: TargetRun.Result) {
        skipped += result.skipped
        if result.isHeldBack {
            heldBack += 1
            return
        }
        scrapes += 1
        samples += result.outcome.kept
        duplicates += result.outcome.duplicates
        exemplars += result.outcome.exemplars
        guard let failure = result.failure else { return }
        failures += 1
        failuresByReason[failure.kind.rawValue, default: 0] += 1
    }
}
