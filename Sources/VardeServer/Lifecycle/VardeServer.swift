import CoreMetrics
import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle
import Synchronization
import UnixSignals
import VardeCollect
import VardeDisk
import VardeEgress
import VardeForward
import VardeKernels
import VardeLogs
import VardeMetrics
import VardeModel
import VardePrivacy

/// The server: everything put together, run until it is told to stop.
package struct VardeServer {
    /// What the command line decides.
    package struct Settings: Sendable {
        package var configuration: Configuration
        package var dataDirectory: String
        package var listen: String

        package init(configuration: Configuration, dataDirectory: String, listen: String) {
            self.configuration = configuration
            self.dataDirectory = dataDirectory
            self.listen = listen
        }
    }

    /// A start that cannot be, in words for the operator.
    package struct StartError: Error, CustomStringConvertible {
        package var description: String
    }

    private let settings: Settings
    private let logger: Logger
    private let host: String
    private let port: Int
    private let lock: DirectoryLock
    private let parts: ServerParts
    private let tokens: TokenGate
    private let tls: TLSFilesReader?
    private let syslog: ListenerSet<SyslogSettings>
    private let lines: MetricListeners
    private let egress: EgressClient
    private let clock: @Sendable () -> Int64

    /// Checks what can be checked before anything runs: address, tokens, lock, keys.
    package init(_ settings: Settings, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        let configuration = settings.configuration
        (host, port) = try Self.address(settings.listen)
        if configuration.server.tokens.isEmpty, !Self.isLoopback(host) {
            throw StartError(
                description: """
                    refusing to listen on \(settings.listen) without tokens: anyone who reaches the address could read everything.
                    Run `varde token new NAME --role read write` and add what it prints to the configuration, under:
                      server: {auth: {tokens: […]}}
                    or listen on 127.0.0.1 only.
                    """)
        }
        let files = PosixFileSystem()
        do {
            try files.makeDirectories(settings.dataDirectory)
        } catch {
            throw StartError(description: "the data directory cannot be used: \(error)")
        }
        lock = try DirectoryLock.take(directory: settings.dataDirectory, fileSystem: files)
        clock = { Int64(Date().timeIntervalSince1970 * 1000) }
        let metrics = SelfMetrics()
        let redaction = try RedactionControl(configuration, dataDirectory: settings.dataDirectory, logger: logger, now: clock() / 1000)
        tokens = TokenGate(tokens: configuration.server.tokens)
        tls = try configuration.server.tls.map { try TLSFilesReader($0) }
        PrivacyPlaces(dataDirectory: settings.dataDirectory, privacy: configuration.privacy).makeKeyFolder()
        let storage = try StorageRoom(configuration, dataDirectory: settings.dataDirectory, makes: true)
        let audit = try AuditTrail(
            configuration, dataDirectory: settings.dataDirectory, fileSystem: storage.files, clock: clock, metrics: metrics, logger: logger)
        let networks = try Self.networks(configuration)
        let gate = InboundGate(clock: clock, metrics: metrics)
        gate.use(configuration.residency, networks)
        egress = EgressClient(networks: networks, onRefusal: { audit.refusedConnection($0) })
        // Scrapes begin once the stores are open; until then there is nowhere to put samples.
        let sink = DeferredSink()
        let redactOfMachine: @Sendable (String) -> String = { text in
            let bare = SecretText.address(text, showsParameters: true)
            return sink.parts.withLock { $0 }?.toldOfMachine(bare) ?? bare
        }
        // One thread is left for everything else.
        let scrapes = ScrapeManager(
            sink: sink, egress: egress, ownPage: { url in sink.parts.withLock { $0 }?.ownPage(url) },
            readFile: { DiscoveryFiles.read($0) },
            keptMetadata: { families in sink.parts.withLock { $0 }.map { $0.redacted(families) } ?? families },
            logger: RedactedLogHandler.logger(logger, redactOfMachine),
            newSeriesReaders: max(1, ProcessInfo.processInfo.activeProcessorCount - 1), redact: redactOfMachine, clock: clock)
        parts = ServerParts(
            configuration: configuration, dataDirectory: settings.dataDirectory, listen: settings.listen, clock: clock, metrics: metrics,
            redaction: redaction, audit: audit, storage: storage, gate: gate, scrapes: scrapes,
            forwarding: Forwarding(
                egress: egress, clock: clock, redact: { text in sink.parts.withLock { $0 }?.told(text) ?? "" }, logger: logger),
            logger: logger)
        sink.parts.withLock { [parts] in $0 = parts }
        syslog = .syslog(parts: parts, tls: tls)
        lines = MetricListeners(parts: parts)
        parts.reloads.note(succeeded: true, at: clock())
        MetricsSystem.bootstrap(MetricsBackend(metrics))
        SelfMetricsCollector.install(parts, egress: egress, tokens: tokens)
    }

    static func address(_ text: String) throws -> (String, Int) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (0...65_535).contains(port) else {
            throw StartError(description: "the address to listen on must be HOST:PORT, not “\(text)”")
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        return (host.isEmpty ? "0.0.0.0" : host, port)
    }

    static func isLoopback(_ host: String) -> Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    static func networks(_ configuration: Configuration) throws -> [DeclaredNetwork] {
        for proxy in configuration.residency.proxies where Network(proxy) == nil {
            throw StartError(description: "residency.proxies: “\(proxy)” is not a network such as 192.0.2.0/24")
        }
        return try configuration.residency.networks.map { declared in
            guard let network = Network(declared.cidr) else {
                throw StartError(description: "residency.networks: “\(declared.cidr)” is not a network such as 192.0.2.0/24")
            }
            var end: Int64?
            if !declared.validUntil.isEmpty {
                // Until the end of the day.
                guard let day = RFC3339.nanoseconds(declared.validUntil + "T00:00:00Z") else {
                    throw StartError(
                        description:
                            "residency.networks: \(declared.cidr): valid_until “\(declared.validUntil)” is no day such as 2027-12-31")
                }
                end = day / 1_000_000 + 86_400_000
            }
            return DeclaredNetwork(
                network, country: declared.country, operator: declared.operator, contract: declared.contract, end: end)
        }
    }

    /// Serves until SIGTERM or SIGINT, then stops in order: no new writes, running requests answered, everything synced.
    package func run() async throws {
        let parts = parts
        let reload: @Sendable () async throws -> Void = { [self] in try await self.reload() }
        var routes = RouteTable()
        LifecycleRoutes(parts: parts, reload: reload).add(to: &routes)
        PrometheusRoutes(parts: parts).add(to: &routes)
        AdminRoutes(parts: parts).add(to: &routes)
        WriteRoutes(parts: parts).add(to: &routes)
        LogRoutes(parts: parts).add(to: &routes)
        ElasticRoutes(parts: parts).add(to: &routes)
        LokiRoutes(parts: parts).add(to: &routes)
        PrivacyRoutes(parts: parts).add(to: &routes)
        KeyRoutes(parts: parts).add(to: &routes)
        StorageKeyRoutes(parts: parts).add(to: &routes)
        ReportRoutes(parts: parts).add(to: &routes)
        LokiDeleteRoutes(parts: parts).add(to: &routes)
        let responder = ServerResponder(
            routes: routes, currentLimits: { parts.limits }, redact: { parts.told($0) }, tokens: tokens,
            metrics: parts.metrics, logger: logger, audit: parts.audit,
            gate: parts.gate)
        let configuration = ApplicationConfiguration(
            address: .hostname(host, port: port), serverName: nil,
            availableConnectionsDelegate: MaximumAvailableConnections(parts.limits.maxConnections))
        var quiet = logger
        quiet.logLevel = .warning
        let http1 = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [
                    HangUpWatch(parts.metrics), WebSocketUpgrade(parts: parts, tokens: tokens), LingeringEnd(), ExpectContinue(),
                    RequestHeads(),
                ],
                idleTimeout: .seconds(120)))
        let server = try tls.map { try HTTPServerBuilder.tls(http1, tlsConfiguration: $0.configuration()) } ?? http1
        let http = Application(
            responder: responder, server: server, configuration: configuration, onServerRunning: { [self] _ in announce() }, logger: quiet)
        let storeService = StoreService(parts: parts, settings: settings, logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: storeService), .init(service: ForwardService(parts: parts, store: storeService)),
                    .init(service: ScrapeService(parts: parts, store: storeService)), .init(service: http),
                    .init(service: ReloadService(reload: reload, tls: tls, logger: logger)),
                    .init(
                        service: IntakeService(
                            parts: parts, shutdownTimeout: settings.configuration.server.shutdownTimeout, logger: logger)),
                    .init(service: SyslogService(parts: parts, listeners: syslog)),
                    .init(service: MetricListenerService(listeners: lines)), .init(service: FileTailService(parts: parts)),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: quiet
            ).bounded(settings.configuration.server.shutdownTimeout))
        parts.audit.configuration(settings.configuration, action: "start")
        do {
            try await group.run()
        } catch is CancellationError {
        } catch let error as IOError {
            throw StartError(description: "cannot listen on \(settings.listen): \(error)")
        }
        await egress.shutdown()
        storeService.closeStores()
        parts.audit.later("stop", "the server has stopped")
        parts.audit.checkpoint()
        logger.info("stopped: everything is synced")
        withExtendedLifetime(lock) {}
    }

    private func announce() {
        logger.info(
            "Varde \(BuildInfo.summary) listens on \(settings.configuration.server.tls == nil ? "http" : "https")://\(settings.listen)",
            metadata: ["data": "\(settings.dataDirectory)", "config": "\(settings.configuration.file ?? "embedded defaults")"])
    }

    /// Puts the configuration file in force as it is now: wholly, or not at all.
    private func reload() async throws {
        guard let file = settings.configuration.file else { throw StartError(description: "there is no configuration file to reload") }
        do {
            let text: String
            do { text = try String(contentsOfFile: file, encoding: .utf8) } catch {
                throw ConfigurationError(file: file, message: "cannot be read")
            }
            let fresh = try Configuration(parsing: text, file: file)
            let networks = try Self.networks(fresh)
            if fresh.server.tokens.isEmpty, !Self.isLoopback(host) {
                throw StartError(description: "server.auth.tokens is empty, but the server listens on \(settings.listen)")
            }
            let policies = try RetentionSetup.policies(fresh)
            // What could not be put together at the start refuses the whole.
            try ConfigurationCheck.run(fresh)
            try await syslog.prepare(fresh.logs.syslog)
            try await lines.prepare(fresh.collect)
            // The redactor first: what it refuses leaves everything as it was.
            try parts.redaction.use(fresh, now: clock() / 1000)
            tokens.replace(fresh.server.tokens)
            egress.declare(networks)
            parts.gate.use(fresh.residency, networks)
            if let files = fresh.server.tls { tls?.refresh(files, logger: logger) }
            parts.use(fresh)
            parts.applyScrapes()
            parts.applyForwarding()
            try parts.stores().logs.setRetention(fresh.retention.time * 1_000_000, policies: policies)
            await syslog.commit(fresh.logs.syslog)
            await lines.commit(fresh.collect)
            for warning in fresh.warnings { logger.warning("\(warning)") }
            if let listen = fresh.server.listen, listen != settings.configuration.server.listen, listen != settings.listen {
                logger.warning("server.listen is \(listen) now: that takes effect at the next start, until then it is \(settings.listen)")
            }
            for name in fresh.limits.fixed(since: settings.configuration.limits) {
                logger.warning("\(name) was changed: that takes effect at the next start")
            }
            if fresh.storage.encryption != settings.configuration.storage.encryption {
                logger.warning("storage.encryption was changed: that takes effect at the next start")
            }
            if (fresh.server.tls == nil) != (tls == nil) {
                logger.warning("server.tls was \(tls == nil ? "added" : "removed"): that takes effect at the next start")
            }
            parts.reloads.note(succeeded: true, at: clock())
            parts.audit.configuration(fresh, action: "configuration")
            logger.info("configuration reloaded")
        } catch {
            await syslog.discard()
            await lines.discard()
            parts.reloads.note(succeeded: false, at: clock())
            parts.audit.later("configuration", "refused, the old one stays: \(error)")
            logger.error("the configuration was not reloaded, the old one stays: \(error)")
            throw error
        }
    }
}

extension ServiceGroupConfiguration {
    /// With a bound on how long a graceful stop may take, in milliseconds; what goes on after that is cancelled, and ended by
    /// `IntakeService` where that does not help.
    fileprivate func bounded(_ milliseconds: Int64) -> ServiceGroupConfiguration {
        var copy = self
        copy.maximumGracefulShutdownDuration = .milliseconds(milliseconds)
        return copy
    }
}

extension Configuration {
    /// Jobs to run: those configured; without a file the server scrapes itself.
    func effectiveScrapeConfigs(listen: String) -> [ScrapeConfig] {
        let host = [collect.hostJob].compactMap { job in
            job.flatMap { job in scrapeConfigs.contains { $0.jobName == job.jobName } ? nil : job }
        }
        if file != nil { return scrapeConfigs + host }
        var own = ScrapeConfig(jobName: "varde", interval: 15_000, timeout: 10_000)
        own.staticGroups = [TargetGroup(addresses: [listen], labels: .empty, source: "embedded")]
        return [own] + host
    }
}
