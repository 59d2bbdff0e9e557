import Logging
import Synchronization
import VardeDisk
import VardeEgress
import VardeModel

/// Asks every entry of discovery at its interval; what was said last stands for as long as nothing better comes.
final class DiscoveryRuns: Sendable {
    private struct State {
        var running: [Discovery: Task<Void, Never>] = [:]
        var groups: [Discovery: [TargetGroup]] = [:]
        /// Jobs an entry is of, for what is said of it.
        var jobs: [Discovery: [String]] = [:]
        var failures = 0
    }

    private let state = Mutex(State())
    private let asking: any DiscoveryAsking
    private let clock: any ScrapeClock
    private let logger: Logger

    init(asking: any DiscoveryAsking, clock: any ScrapeClock, logger: Logger) {
        self.asking = asking
        self.clock = clock
        self.logger = logger
    }

    var failures: Int { state.withLock { $0.failures } }

    func groups(of config: ScrapeConfig) -> [TargetGroup] {
        state.withLock { state in config.discoveries.flatMap { state.groups[$0] ?? [] } }
    }

    /// Keeps the entries of a configuration asked, and no others. `changed` is called when an answer differs from the one before.
    func use(_ configs: [ScrapeConfig], changed: @escaping @Sendable () -> Void) {
        let wanted = Set(configs.flatMap(\.discoveries))
        state.withLock { state in
            state.jobs = [:]
            for config in configs { for entry in Set(config.discoveries) { state.jobs[entry, default: []].append(config.jobName) } }
            for (entry, task) in state.running where !wanted.contains(entry) {
                task.cancel()
                state.running[entry] = nil
                state.groups[entry] = nil
            }
            for entry in wanted where state.running[entry] == nil {
                state.running[entry] = Task { await self.run(entry, changed) }
            }
        }
    }

    func stop() { use([]) {} }

    private final class LastError: Sendable {
        let text = Mutex("")
    }

    private func take(_ groups: [TargetGroup], of entry: Discovery, _ changed: @Sendable () -> Void) {
        let isNew = state.withLock { state in
            guard state.running[entry] != nil, state.groups[entry] != groups else { return false }
            state.groups[entry] = groups
            return true
        }
        if isNew { changed() }
    }

    private func note(_ error: any Error, of entry: Discovery, _ last: LastError) {
        let jobs = state.withLock { state in
            state.failures += 1
            return state.jobs[entry] ?? []
        }
        let text = "\(error)"
        let isNew = last.text.withLock { last in
            defer { last = text }
            return last != text
        }
        if isNew {
            logger.warning(
                "\(entry.place) for \(jobs.joined(separator: ", ")) failed, what it said last stands: \(text)")
        }
    }

    private func run(_ entry: Discovery, _ changed: @escaping @Sendable () -> Void) async {
        // Said once as long as it stays the same.
        let lastError = LastError()
        if case .kubernetes(let kubernetes) = entry.kind, entry.access.proxy == nil {
            let asker = DiscoveryAsker(asking: asking, access: entry.access)
            let watch = KubernetesWatch(kubernetes, asker) { [self] groups in
                lastError.text.withLock { $0 = "" }
                do { take(try Discovery.checked(groups), of: entry, changed) } catch { note(error, of: entry, lastError) }
            } failed: { [self] error in
                note(error, of: entry, lastError)
            }
            return await watch.run()
        }
        if case .consul(let consul) = entry.kind {
            let asker = DiscoveryAsker(asking: asking, access: entry.access)
            let watch = ConsulWatch(consul, asker, pause: entry.refreshInterval, clock: clock) { [self] groups in
                lastError.text.withLock { $0 = "" }
                do { take(try Discovery.checked(groups), of: entry, changed) } catch { note(error, of: entry, lastError) }
            } failed: { [self] error in
                note(error, of: entry, lastError)
            }
            return await watch.run()
        }
        while !Task.isCancelled {
            do {
                let groups = try await entry.groups(asking)
                lastError.text.withLock { $0 = "" }
                take(groups, of: entry, changed)
            } catch {
                if Task.isCancelled { return }
                note(error, of: entry, lastError)
            }
            do { try await clock.sleep(until: clock.now() + entry.refreshInterval) } catch { return }
        }
    }
}

/// Asks by way of the one way out, and the name servers of `/etc/resolv.conf`.
struct EgressAsking: DiscoveryAsking {
    let egress: EgressClient
    let authorizer: EndpointAuthorizer
    /// Where the name servers are named, and the port they have.
    var resolver = "/etc/resolv.conf"
    var port = 53

    func get(_ url: String, headers: [(String, String)], access: EndpointAccess, timeout: Int64) async throws -> EgressResponse {
        let (own, tls) = try await authorizer.resolve(access, timeout: timeout)
        let headers = headers + own.map { ($0.name, $0.value) }
        if url.hasPrefix("unix://") {
            let parts = url.dropFirst(7).split(separator: "|", maxSplits: 1)
            return try await egress.get(
                unixSocket: String(parts.first ?? ""), String(parts.last ?? "/"), headers: headers, timeout: timeout,
                maxBytes: Discovery.maxBytes)
        }
        return try await egress.send(
            "GET", url, headers: headers, timeout: timeout, maxBytes: Discovery.maxBytes, followRedirects: access.followRedirects, tls: tls,
            proxy: access.proxy)
    }

    func lines(
        _ url: String, headers: [(String, String)], access: EndpointAccess, longest: Int, timeout: Int64,
        onLine: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> Int {
        let (own, tls) = try await authorizer.resolve(access, timeout: Discovery.timeout)
        return try await egress.receiveLines(
            url, headers: headers + own.map { ($0.name, $0.value) }, tls: tls, timeout: timeout, longest: longest, onLine: onLine)
    }

    private var configuration: ResolverConfiguration {
        ResolverConfiguration(parsing: (try? PosixFileSystem().read(resolver)).map { String(decoding: $0, as: UTF8.self) } ?? "")
    }

    func names(for name: String) -> [String] { configuration.names(for: name) }

    func ask(_ message: [UInt8]) async throws -> [UInt8] {
        var servers = configuration.nameServers
        if servers.isEmpty { servers = ["127.0.0.1"] }
        var refusal: [UInt8]?
        var last: any Error = EgressError.timeout
        // Each server twice: a datagram may be lost.
        for server in servers + servers {
            do {
                var answer = try await egress.exchange(datagram: message, with: server, port: port, timeout: 2_000)
                // Cut to fit: the whole answer comes over TCP.
                if answer.count > 3, answer[2] & 0x02 != 0 {
                    answer = try await egress.exchange(framed: message, with: server, port: port, timeout: 5_000)
                }
                // That there is no such name is an answer; one that cannot tell leaves it to the next.
                if answer.count > 3, [0, 3].contains(answer[3] & 0x0F) { return answer }
                refusal = answer
            } catch { last = error }
        }
        if let refusal { return refusal }
        throw last
    }
}
