import NIOCore
import VardeModel

/// One place where something is listened for.
struct ListenPlace: Hashable, Sendable {
    var transport: ListenTransport
    var address: ListenAddress
}

/// The open listeners of one protocol. A reload opens those that are new before anything of it is in force, and closes the others after.
actor ListenerSet<Settings: Sendable & Equatable> {
    /// A listener that is open.
    enum Listener: Sendable {
        case stream(StreamListener)
        case datagram(DatagramListener)

        func close() async {
            switch self {
            case .stream(let listener): await listener.close()
            case .datagram(let listener): await listener.close()
            }
        }
    }

    /// What the protocol decides.
    struct Handling: Sendable {
        /// Where the configuration speaks of it, such as `logs.syslog`.
        var key: String
        var places: @Sendable (Settings) -> Set<ListenPlace>
        var open: @Sendable (ListenPlace, Settings) async throws -> Listener
        /// A listener that was closed to be opened with other bounds could not be opened again.
        var lost: @Sendable (_ reason: String) -> Void
    }

    private let handling: Handling
    private var open: [ListenPlace: (listener: Listener, settings: Settings)] = [:]
    /// Opened for a configuration that is not in force yet.
    private var candidates: [ListenPlace: (listener: Listener, settings: Settings)] = [:]

    init(_ handling: Handling) { self.handling = handling }

    /// Opens what a configuration wants and is not open yet.
    ///
    /// - Throws: which address cannot be listened on, and why; nothing of the configuration is open then.
    func prepare(_ settings: Settings?) async throws {
        guard let settings else { return }
        for place in handling.places(settings).subtracting(open.keys) {
            do {
                candidates[place] = (try await handling.open(place, settings), settings)
            } catch {
                await discard()
                throw VardeServer.StartError(
                    description: "\(handling.key).\(place.transport.rawValue): cannot listen on \(place.address): \(Self.words(error))")
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
    func commit(_ settings: Settings?) async {
        open.merge(candidates) { $1 }
        candidates = [:]
        let wanted = settings.map { handling.places($0) } ?? []
        for (place, one) in open where !wanted.contains(place) || one.settings != settings {
            open[place] = nil
            await one.listener.close()
            guard wanted.contains(place), let settings else { continue }
            do {
                open[place] = (try await handling.open(place, settings), settings)
            } catch {
                handling.lost("\(handling.key): cannot listen on \(place.address) again: \(Self.words(error))")
            }
        }
    }

    func closeAll() async {
        await discard()
        let all = open.values
        open = [:]
        for one in all { await one.listener.close() }
    }
}
