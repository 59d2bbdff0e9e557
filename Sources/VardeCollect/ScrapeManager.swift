import Dispatch
package import Logging
import Synchronization
import VardeCompression
package import VardeEgress
import VardeKernels
package import VardeModel

/// Keeps every target of the configuration scraped: one task a target, spread over the interval, none delaying another.
package final class ScrapeManager: Sendable {
    private struct State {
        var configs: [ScrapeConfig] = []
        var running: [TargetIdentity: Running] = [:]
        var status: [TargetIdentity: TargetStatus] = [:]
        var metadata: [TargetIdentity: [String: FamilyMetadata]] = [:]
        var dropped: [TargetStatus] = []
        var discoveryFailures = 0
        var scrapes = 0
        var failures = 0
    }

    private struct Running {
        var config: ScrapeConfig
        var task: Task<Void, Never>
    }

    private let state = Mutex(State())
    private let sink: any SampleSink
    private let egress: EgressClient
    private let discovery: FileDiscoveryReader
    private let logger: Logger
    private let clock: @Sendable () -> Int64

    /// Bytes of a body where its job sets no limit, as sent and as decompressed.
    static let hardBodyLimit = 256 << 20
    /// How often files of discovery are looked at, in milliseconds.
    static let discoveryInterval: Int64 = 5_000

    package init(
        sink: any SampleSink, egress: EgressClient, readFile: @escaping @Sendable (String) -> [TargetGroup]?,
        logger: Logger, clock: @escaping @Sendable () -> Int64
    ) {
        self.sink = sink
        self.egress = egress
        self.logger = logger
        self.clock = clock
        discovery = FileDiscoveryReader(read: readFile)
    }

    /// Puts a configuration in force: targets that stay as they are go on undisturbed, others end with stale markers or begin.
    package func apply(_ configs: [ScrapeConfig]) {
        state.withLock { $0.configs = configs }
        refresh()
    }

    /// Looks at discovery anew until cancelled, then ends every target.
    package func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(Self.discoveryInterval))
            if Task.isCancelled { break }
            refresh()
        }
        let tasks = state.withLock { state in
            defer { state.running = [:] }
            return state.running.values.map(\.task)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    package var statistics: (scrapes: Int, failures: Int, targets: Int, discoveryFailures: Int) {
        state.withLock { ($0.scrapes, $0.failures, $0.running.count, $0.discoveryFailures) }
    }

    /// Active targets sorted by job and address, and those relabelling dropped.
    package func targets() -> (active: [TargetStatus], dropped: [TargetStatus]) {
        state.withLock { state in
            (state.status.values.sorted { ($0.job, $0.url) < ($1.job, $1.url) }, state.dropped)
        }
    }

    /// Metadata by family over all targets.
    package func metadata() -> [String: Set<FamilyMetadata>] {
        state.withLock { state in
            var all: [String: Set<FamilyMetadata>] = [:]
            for families in state.metadata.values { for (name, metadata) in families { all[name, default: []].insert(metadata) } }
            return all
        }
    }

    private func refresh() {
        let configs = state.withLock { $0.configs }
        var wanted: [TargetIdentity: (config: ScrapeConfig, discovered: Labels)] = [:]
        var dropped: [TargetStatus] = []
        for config in configs {
            var count = 0
            for group in config.staticGroups + discovery.groups(of: config) {
                for address in group.addresses {
                    let discovered = Self.discovered(address, group, config)
                    guard let (identity, final) = Self.target(discovered, config) else {
                        dropped.append(
                            TargetStatus(
                                job: config.jobName, url: "", discovered: discovered, labels: .empty, interval: config.interval,
                                timeout: config.timeout))
                        continue
                    }
                    count += 1
                    if config.targetLimit > 0, count > config.targetLimit { continue }
                    wanted[identity] = (final, discovered)
                }
            }
        }
        let ending = state.withLock { state -> [Task<Void, Never>] in
            state.dropped = dropped
            var ending: [Task<Void, Never>] = []
            for (identity, running) in state.running where wanted[identity]?.config != running.config {
                ending.append(running.task)
                state.running[identity] = nil
                if wanted[identity] == nil {
                    state.status[identity] = nil
                    state.metadata[identity] = nil
                }
            }
            for (identity, (config, discovered)) in wanted where state.running[identity] == nil {
                state.status[identity] = TargetStatus(
                    job: config.jobName, url: identity.url, discovered: discovered, labels: identity.labels, interval: config.interval,
                    timeout: config.timeout)
                state.running[identity] = Running(config: config, task: Task { await self.scrape(identity, config) })
            }
            return ending
        }
        for task in ending { task.cancel() }
    }

    /// A target's labels before relabelling.
    private static func discovered(_ address: String, _ group: TargetGroup, _ config: ScrapeConfig) -> Labels {
        var labels = group.labels
        labels.set("__address__", to: address)
        for (name, value) in [
            ("job", config.jobName), ("__scheme__", config.scheme), ("__metrics_path__", config.metricsPath),
            ("__scrape_interval__", DurationText.format(milliseconds: config.interval)),
            ("__scrape_timeout__", DurationText.format(milliseconds: config.timeout)),
        ] where labels[name] == nil { labels.set(name, to: value) }
        for (name, values) in config.parameters { if let first = values.first { labels.set("__param_" + name, to: first) } }
        return labels
    }

    /// A target from its discovered labels, nil where relabelling drops it or leaves no address.
    private static func target(_ discovered: Labels, _ config: ScrapeConfig) -> (TargetIdentity, ScrapeConfig)? {
        guard let labels = RelabelRule.apply(config.relabelRules, to: discovered), var address = labels["__address__"] else { return nil }
        var config = config
        if let interval = labels["__scrape_interval__"].flatMap(DurationText.milliseconds), interval > 0 { config.interval = interval }
        if let timeout = labels["__scrape_timeout__"].flatMap(DurationText.milliseconds), timeout > 0 {
            config.timeout = min(timeout, config.interval)
        }
        let scheme = labels["__scheme__"] ?? config.scheme
        if !address.contains(":") { address += scheme == "https" ? ":443" : ":80" }
        var query = config.parameters.flatMap { parameter in parameter.values.dropFirst().map { (parameter.name, $0) } }
        for label in labels where label.name.hasPrefix("__param_") { query.append((String(label.name.dropFirst(8)), label.value)) }
        var url = "\(scheme)://\(address)\(labels["__metrics_path__"] ?? config.metricsPath)"
        if !query.isEmpty { url += "?" + query.sorted { $0 < $1 }.map { "\(escape($0.0))=\(escape($0.1))" }.joined(separator: "&") }
        var own = Labels(labels.filter { !$0.name.hasPrefix("__") })
        if own["instance"] == nil { own.set("instance", to: address) }
        return (TargetIdentity(job: config.jobName, url: url, labels: own), config)
    }

    private static func escape(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."), UInt8(ascii: "~"):
                out.unicodeScalars.append(UnicodeScalar(byte))
            default: out += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return out
    }

    /// A target's place in the interval: always the same for the same target, spread evenly over all.
    static func offset(of identity: String, interval: Int64) -> Int64 {
        let utf8 = identity.utf8Span
        return Int64(KeyedHash(key0: 0, key1: 0)(utf8.span).low % UInt64(max(interval, 1)))
    }

    /// The life of one target.
    private func scrape(_ identity: TargetIdentity, _ config: ScrapeConfig) async {
        let scraper = TargetScraper(config: config, identity: identity, sink: sink)
        var breaker = CircuitBreaker()
        let offset = Self.offset(of: identity.url + identity.labels.description, interval: config.interval)
        while !Task.isCancelled {
            let now = clock()
            let next = (now - offset) / config.interval * config.interval + config.interval + offset
            do { try await Task.sleep(for: .milliseconds(next - now)) } catch { break }
            // The slot's own time, not the moment of waking: timestamps of a series are then exactly one interval apart.
            let time = next
            let began = DispatchTime.now().uptimeNanoseconds
            var outcome = TargetScraper.Outcome()
            var failure: String?
            if breaker.allows(at: time) {
                do {
                    let body = try await fetch(identity.url, config)
                    outcome = try await scraper.ingest(body, at: time)
                    breaker.succeeded()
                } catch {
                    failure = "\(error)"
                    breaker.failed(at: time, jitter: Double.random(in: 0...1))
                }
            } else {
                failure = state.withLock { $0.status[identity]?.lastError } ?? "the circuit breaker is open"
            }
            if Task.isCancelled { break }
            let seconds = Double(DispatchTime.now().uptimeNanoseconds - began) / 1e9
            do {
                try await scraper.report(up: failure == nil, duration: seconds, outcome: outcome, at: time)
            } catch {
                logger.warning("samples of a target were not taken", metadata: ["job": "\(config.jobName)", "error": "\(error)"])
            }
            note(identity, failure, seconds, outcome, time, breaker, scraper.metadata)
        }
        await scraper.end(at: clock())
    }

    private func note(
        _ identity: TargetIdentity, _ failure: String?, _ seconds: Double, _ outcome: TargetScraper.Outcome, _ time: Int64,
        _ breaker: CircuitBreaker,
        _ metadata: [String: FamilyMetadata]
    ) {
        state.withLock { state in
            state.scrapes += 1
            if failure != nil { state.failures += 1 }
            guard state.running[identity] != nil else { return }
            state.status[identity]?.health = failure == nil ? "up" : "down"
            state.status[identity]?.lastError = failure ?? ""
            state.status[identity]?.lastScrape = time
            state.status[identity]?.lastDuration = seconds
            state.status[identity]?.samples = outcome.scraped
            state.status[identity]?.breaker = breaker.state.rawValue
            if failure == nil { state.metadata[identity] = metadata }
        }
    }

    private func fetch(_ url: String, _ config: ScrapeConfig) async throws -> [UInt8] {
        var headers = [
            ("Accept", "text/plain;version=0.0.4;q=0.9,*/*;q=0.1"), ("User-Agent", "Varde/\(BuildInfo.version)"),
            ("X-Prometheus-Scrape-Timeout-Seconds", "\(Double(config.timeout) / 1000)"),
        ]
        if config.enableCompression { headers.append(("Accept-Encoding", "gzip")) }
        if let credentials = try config.credentials?.header() { headers.append(("Authorization", credentials)) }
        headers += config.headers.map { ($0.name, $0.value) }
        let limit = config.bodySizeLimit > 0 ? config.bodySizeLimit : Self.hardBodyLimit
        let response = try await egress.send(
            "GET", url, headers: headers, timeout: config.timeout, maxBytes: limit, followRedirects: config.followRedirects)
        guard response.status == 200 else { throw TargetScraper.Fault(description: "server returned HTTP status \(response.status)") }
        guard response.header("content-encoding")?.lowercased() == "gzip" else { return response.body }
        var body: [UInt8] = []
        do throws(DecompressionError) {
            try Deflate.decompress(response.body.span, from: .gzip, limit: limit, into: &body)
        } catch {
            throw TargetScraper.Fault(
                description: error == .tooLarge(encoding: "gzip", limit: limit)
                    ? "body size limit exceeded: more than \(limit) bytes" : "the gzip body is damaged")
        }
        return body
    }
}
