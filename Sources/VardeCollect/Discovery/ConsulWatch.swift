import VardeModel

/// The services of a Consul and their instances, each asked for by a query that waits until there is something new, as Prometheus asks.
actor ConsulWatch {
    /// Milliseconds a query waits at the server, and those it may be late: the server adds up to a sixteenth of its own.
    private static let wait: Int64 = 120_000
    private static let margin: Int64 = 15_000
    /// Services that are waited for at once: a server has 200 connections for a client unless told otherwise. Where there are more, all
    /// are asked for in turn, without waiting.
    private static let maxWaiting = 100
    /// Changes that come together are told together.
    private static let gathering = Duration.milliseconds(100)

    private let consul: ConsulDiscovery
    private let asker: DiscoveryAsker
    private let pause: Int64
    private let retry: Int64
    private let clock: any ScrapeClock
    private let publish: @Sendable ([TargetGroup]) -> Void
    private let failed: @Sendable (any Error) -> Void
    private var datacenter: String
    private var instances: [String: [TargetGroup]] = [:]
    private var following: [String: Task<Void, Never>] = [:]
    private var polling: Task<Void, Never>?
    private var isDue = false

    /// - Parameters:
    ///   - pause: milliseconds between the beginnings of two queries for the same, at least.
    ///   - retry: milliseconds until it is asked again after a failure.
    ///   - publish: is told the groups whenever they may have changed.
    ///   - failed: is told what goes wrong; what was known stands, and it is tried again.
    init(
        _ consul: ConsulDiscovery, _ asker: DiscoveryAsker, pause: Int64, retry: Int64 = 15_000, clock: any ScrapeClock,
        publish: @escaping @Sendable ([TargetGroup]) -> Void, failed: @escaping @Sendable (any Error) -> Void
    ) {
        self.consul = consul
        self.asker = asker
        self.pause = pause
        self.retry = retry
        self.clock = clock
        self.publish = publish
        self.failed = failed
        datacenter = consul.datacenter
    }

    /// Follows until cancelled.
    func run() async {
        while datacenter.isEmpty, !Task.isCancelled {
            do { datacenter = try await consul.ownDatacenter(asker) } catch {
                if Task.isCancelled { return }
                failed(error)
                try? await clock.sleep(until: clock.now() + retry)
            }
        }
        if consul.asksCatalog {
            await follow(nil)
        } else {
            use(consul.services)
            while !Task.isCancelled { try? await clock.sleep(until: clock.now() + Self.wait) }
        }
        for task in following.values { task.cancel() }
        polling?.cancel()
    }

    /// Asks for a service's instances, or the catalog where it is nil, again and again: each time for what came after the answer before.
    private func follow(_ service: String?) async {
        let url = service.map(consul.url(ofService:)) ?? consul.catalogURL
        var index: UInt64 = 0
        while !Task.isCancelled {
            let begun = clock.now()
            do {
                let (answer, next) = try await asker.indexed(
                    consul.waiting(url, after: index, milliseconds: Self.wait), headers: consul.headers, timeout: Self.wait + Self.margin)
                if Task.isCancelled { return }
                // The same index: the wait was over with nothing new. A server without indices is asked without waiting.
                if next != index || index == 0 { try take(answer, service) }
                // An index that goes back is that of a server that began anew: so is begun here.
                index = next < index ? 0 : next
                try? await clock.sleep(until: max(clock.now(), begun + pause))
            } catch {
                if Task.isCancelled { return }
                failed(error)
                index = 0
                try? await clock.sleep(until: clock.now() + max(retry, pause))
            }
        }
    }

    /// Follows these services and no others.
    private func use(_ names: [String]) {
        let wanted = Set(names)
        guard wanted.count <= Self.maxWaiting else {
            for task in following.values { task.cancel() }
            following = [:]
            if polling == nil { polling = Task { [weak self] in await self?.poll() } }
            return
        }
        polling?.cancel()
        polling = nil
        for (name, task) in following where !wanted.contains(name) {
            task.cancel()
            following[name] = nil
        }
        instances = instances.filter { wanted.contains($0.key) }
        for name in wanted where following[name] == nil {
            following[name] = Task { [weak self] in await self?.follow(name) }
        }
        changed()
    }

    private func take(_ answer: JSONTree, _ service: String?) throws {
        guard let service else { return use(consul.names(in: answer)) }
        instances[service] = try Discovery.checked(answer.list.map { consul.group($0, service, datacenter) })
        changed()
    }

    /// Asks for all services in turn.
    private func poll() async {
        while !Task.isCancelled {
            let begun = clock.now()
            do {
                let groups = try await consul.groups(asker)
                if Task.isCancelled { return }
                instances = Dictionary(grouping: groups, by: \.source)
                changed()
            } catch {
                if Task.isCancelled { return }
                failed(error)
            }
            try? await clock.sleep(until: max(clock.now() + 1, begun + pause))
        }
    }

    private func changed() {
        guard !isDue else { return }
        isDue = true
        Task {
            try? await Task.sleep(for: Self.gathering)
            isDue = false
            publish(instances.sorted { $0.key < $1.key }.flatMap(\.value))
        }
    }
}
