import Logging
import NIOCore
import Synchronization
import VardeEgress
import VardeModel

extension ListenerSet<SyslogSettings> {
    /// Listeners for syslog.
    static func syslog(parts: ServerParts, tls: TLSFilesReader?) -> ListenerSet<SyslogSettings> {
        ListenerSet(
            Handling(
                key: "logs.syslog",
                places: { settings in
                    Set(settings.addresses.flatMap { transport, all in all.map { ListenPlace(transport: transport, address: $0) } })
                },
                open: { try await Self.open($0, $1, parts, tls) },
                lost: { reason in
                    parts.metrics.count("varde_syslog_refused_connections_total", ["reason": "listen"])
                    parts.logger.error("\(reason)")
                }))
    }

    private static func open(
        _ place: ListenPlace, _ settings: SyslogSettings, _ parts: ServerParts, _ tls: TLSFilesReader?
    ) async throws -> Listener {
        let session = SyslogSession(parts: parts, settings: settings, transport: place.transport)
        let networks = settings.networks
        let admits: @Sendable (String) -> Bool = { address in address.isEmpty || networks.contains { $0.contains(address) } }
        if place.transport == .udp {
            let batch = Mutex(SyslogBatch(settings))
            return .datagram(
                try await DatagramListener.open(
                    place.address,
                    handling: DatagramListener.Handling(
                        admits: admits, take: { await session.take($0, into: batch) }, dropped: { session.dropped($0, 1) })))
        }
        let metrics = parts.metrics
        let handling = StreamListener.Handling(
            admits: admits, serve: { try await session.read($0) },
            refused: { metrics.count("varde_syslog_refused_connections_total", ["reason": $0]) })
        return .stream(
            try await StreamListener.open(
                place.address, tls: place.transport == .tls ? tls?.configuration() : nil,
                limits: StreamListener.Limits(connections: settings.connections, idle: .milliseconds(settings.idle)), handling: handling))
    }
}
