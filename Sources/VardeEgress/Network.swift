import VardeModel

/// A range of addresses, as CIDR writes it.
package struct Network: Sendable, Equatable, CustomStringConvertible {
    private let first: IPAddress
    private let prefix: Int
    package let description: String

    /// nil where the text is no network, or has bits set beyond its prefix.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = Network.address(of: String(parts[0])) else { return nil }
        guard let prefix = parts.count == 2 ? Int(parts[1]) : first.width, (0...first.width).contains(prefix) else { return nil }
        guard first.value & ~(UInt128.max << UInt128(first.width - prefix)) == 0 else { return nil }
        self.first = first
        self.prefix = prefix
        description = text
    }

    /// Whether an address lies in it; an IPv4 address in IPv6 clothes counts as the IPv4 address.
    package func contains(_ address: String) -> Bool {
        guard let other = Network.address(of: address), other.isV4 == first.isV4 else { return false }
        return (other.value ^ first.value) >> UInt128(first.width - prefix) == 0
    }

    /// An address in text, without its zone; IPv4-mapped ones as IPv4.
    static func address(of text: String) -> IPAddress? {
        let plain = Array((text.split(separator: "%").first ?? "").utf8)
        return IPAddress(plain.span)?.unmapped
    }

    /// Loopback, private, link-local and unique local ranges: declared without being written down.
    package static let local: [Network] = [
        "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7",
        "fe80::/10",
    ].compactMap { Network($0) }

    /// Where machines in clouds ask their vendor, for credentials among other things: within local ranges, and not local.
    package static let vendors: [Network] = ["169.254.169.254/32", "100.100.100.200/32", "fd00:ec2::254/128"].compactMap { Network($0) }
}
