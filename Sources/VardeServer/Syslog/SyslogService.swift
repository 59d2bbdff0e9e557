import Logging
import ServiceLifecycle

/// Listens for syslog while the server runs. Stopped before the doors for writes close: what was read is stored.
struct SyslogService: Service {
    let parts: ServerParts
    let listeners: ListenerSet<SyslogSettings>

    func run() async throws {
        let settings = parts.current().logs.syslog
        try await listeners.prepare(settings)
        await listeners.commit(settings)
        for (transport, addresses) in settings?.addresses ?? [:] {
            for address in addresses { parts.logger.info("listens for syslog", metadata: ["\(transport.rawValue)": "\(address)"]) }
        }
        try? await gracefulShutdown()
        await listeners.closeAll()
    }
}
