import Logging
import NIOCore
import Synchronization
import VardeEgress
import VardeModel

/// The open listeners for syslog. A reload opens those that are new before anything of it is in force, and closes the others after.
actor SyslogListeners {
    private struct Place: Hashable {
        var transport: SyslogSettings.Transport
        var address: ListenAddress
    }

    private enum Listener {
        case stream(StreamListener)
        case datagram(DatagramListener)

        func close() async {
            switch self {
            case .stream(let listener): await listener.close()
            case .datagram(let listener): await listener.close()
            }
        }
    }

    private let parts: ServerParts
    private let tls: TLSFilesReader?
    private var open: [Place: (listener: Listener, settings: SyslogSettings)] = [:]
    /// Opened for a configuration that is not in force yet.
    private var candidates: [Place: (listener: Listener, settings: SyslogSettings)] = [:]

    init(parts: ServerParts, tls: TLSFilesReader?) {
        self.parts = parts
        self.tls = tls
    }

    private static func places(_ settings: SyslogSettings?) -> Set<Place> {
        guard let settings else { return [] }
        return Set(settings.addresses.flatMap { transport, addresses in addresses.map { Place(transport: transport, address: $0) } })
    }

    /// Opens what a configuration wants and is not open yet.
    ///
    /// - Throws: which address cannot be listened on, and why; nothing of the configuration is open then.
    func prepare(_ settings: SyslogSettings?) async throws {
        guard let settings else { return }
        for place in Self.places(settings).subtracting(open.keys) {
            do {
                candidates[place] = (try await listener(place, settings), settings)
            } catch {
                await discard()
                throw VardeServer.StartError(
                    description: "logs.syslog.\(place.transport.rawValue): cannot listen on \(place.address): \(Self.words(error))")
            }
        }
    }

    private static func words(_ error: any Error) -> String {
        (error as? IOError).map { String(describing: $0.description.split(separator: ":").last ?? "") } ?? "\(error)"
    }

    /// Closes what was opened for a configuration that was refused.
    func discard() async {
        let all = candidates.values
        candidates = [:]
        for one in all { await one.listener.close() }
    }

    /// Closes what the configuration in force does not want; what has other bounds now is opened anew.
    func commit(_ settings: SyslogSettings?) async {
        open.merge(candidates) { $1 }
        candidates = [:]
        let wanted = Self.places(settings)
        for (place, one) in open where !wanted.contains(place) || one.settings != settings {
            open[place] = nil
            await one.listener.close()
            guard wanted.contains(place), let settings else { continue }
            do {
                open[place] = (try await listener(place, settings), settings)
            } catch {
                parts.metrics.count("varde_syslog_refused_connections_total", ["reason": "listen"])
                parts.logger.error("logs.syslog: cannot listen on \(place.address) again: \(Self.words(error))")
            }
        }
    }

    func closeAll() async {
        await discard()
        let all = open.values
        open = [:]
        for one in all { await one.listener.close() }
    }

    private func listener(_ place: Place, _ settings: SyslogSettings) async throws -> Listener {
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
