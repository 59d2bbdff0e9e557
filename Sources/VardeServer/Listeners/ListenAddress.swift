import VardeEgress
import VardeModel

/// Where a listener listens: `HOST:PORT`, an IPv6 address in brackets, no host for every address of the machine.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    package var host: String
    package var port: Int

    /// nil where the text is no such address.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (0...65_535).contains(port) else {
            return nil
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) } else if host.contains(":") { return nil }
        self.host = host.isEmpty ? "0.0.0.0" : host
        self.port = port
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// What carries that which is listened for.
package enum ListenTransport: String, Sendable, CaseIterable {
    case tcp, udp, tls
}

extension YAMLValue {
    /// Networks in CIDR form.
    func networks() throws(ConfigurationError) -> [Network] {
        var all: [Network] = []
        for item in try list() {
            guard let network = Network(try item.nonEmptyString()) else { throw item.error("is not a network such as 192.0.2.0/24") }
            all.append(network)
        }
        return all
    }

    /// One address or a list of them.
    func listenAddresses() throws(ConfigurationError) -> [ListenAddress] {
        var all: [ListenAddress] = []
        for item in node.isSequence ? try list() : [self] {
            guard let address = ListenAddress(try item.nonEmptyString()), address.port > 0 else {
                throw item.error("must be HOST:PORT, such as 127.0.0.1:1514")
            }
            if all.contains(address) { throw item.error("\(address) is given twice") }
            all.append(address)
        }
        return all
    }
}
