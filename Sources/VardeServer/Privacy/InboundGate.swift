import NIOCore
import Synchronization
import VardeEgress

/// From where requests may come: reading from elsewhere is a transfer as much as sending to elsewhere is.
final class InboundGate: Sendable {
    private struct State {
        var isOn = false
        var networks = DeclaredNetworks([])
        var proxies: [Network] = []
    }

    private let state = Mutex(State())
    private let clock: @Sendable () -> Int64
    private let metrics: SelfMetrics

    init(clock: @escaping @Sendable () -> Int64, metrics: SelfMetrics) {
        self.clock = clock
        self.metrics = metrics
    }

    /// Puts declarations in force.
    func use(_ residency: ResidencySettings, _ networks: [DeclaredNetwork]) {
        state.withLock { state in
            state.isOn = residency.inbound
            state.networks = DeclaredNetworks(networks)
            state.proxies = residency.proxies.compactMap { Network($0) }
        }
    }

    /// The client's address: the peer's, or, where the peer is a proxy the configuration names, the last the proxy was told of that is
    /// no proxy itself.
    func client(peer: SocketAddress?, forwarded: String?) -> String {
        guard let address = peer?.ipAddress else { return "" }
        let proxies = state.withLock { $0.proxies }
        guard let forwarded, proxies.contains(where: { $0.contains(address) }) else { return address }
        for part in forwarded.split(separator: ",").reversed() {
            let one = part.trimmingBlanks
            if !proxies.contains(where: { $0.contains(one) }) { return one }
        }
        return address
    }

    /// - Throws: 403 where the address is in no declared network and inbound requests are held against them.
    func admit(_ address: String) throws {
        let (isOn, networks) = state.withLock { ($0.isOn, $0.networks) }
        // Connections without an address are of this machine: a unix socket, a test.
        guard isOn, !address.isEmpty else { return }
        if case .declared = networks.verdict(on: address, at: clock()) { return }
        metrics.count("varde_inbound_refused_total")
        throw APIFailure(
            status: 403, type: "forbidden",
            message: "requests from \(address) are refused: the address is in no network of residency.networks")
    }
}

extension Substring {
    fileprivate var trimmingBlanks: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
